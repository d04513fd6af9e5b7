#pragma once
// Which models there are: the project's, those of scanned folders, and the runs that finished; read on the quick lane.

#include <QObject>
#include <QSet>
#include <functional>

#include "ui/models/model_table_model.h"

namespace scalewright::ui {

class JobQueue;
class Project;
class Settings;

class ModelCatalog : public QObject {
  Q_OBJECT
 public:
  ModelCatalog(Settings& settings, Project& project, JobQueue& jobs, QObject* parent = nullptr);

  ModelTableModel& table() { return m_table; }
  const ModelTableModel& table() const { return m_table; }
  bool reading() const { return m_reading > 0; }
  int usableCount() const;                     // listed ones that can be used
  int folderCount() const;                     // folders that hold those
  // Models to choose from before anything is read: recent ones first, then the project's, those found, the sample; `present` is
  // among them. Runs are not, nor what is not there any more, was
  // removed from the list or read and found unusable.
  QStringList known(const QString& present = {}) const;
  // Reads everything anew: project, folders, runs. Files that did not change keep their line.
  void refresh();
  // Adds files and folders (a folder that is no model is scanned and remembered) to the project.
  void add(const QStringList& paths);
  void remove(const QString& path);            // from the list; the file stays
  void restore(const QString& path);           // undo of remove()
  // What a person last chose on the Models page, opened or made; pages that have no choice of their own begin with it.
  void choose(const QString& path) { m_chosen = path; }
  // The chosen one where it suits, else the only one that does; empty: there is none, or a person has to say which.
  QString offered(const std::function<bool(const ModelEntry&)>& suits) const;
  QString chosen() const { return m_chosen; }

 signals:
  void changed();                              // lines came, went or were read
  void added(const QString& path, const QString& problem);  // a path given to add() was read; empty problem: usable
  void nothingFound(const QString& folder);    // a folder without models was added

 private:
  void read(const QStringList& models, const QStringList& folders, bool tell);
  Settings& m_settings;
  Project& m_project;
  JobQueue& m_jobs;
  ModelTableModel m_table;
  QSet<QString> m_hidden;
  QString m_chosen;
  int m_reading = 0;
};

// What `path` is; used by the catalog's job and by tests. Never fails: problems are in the entry.
ModelEntry readModelEntry(const QString& path);
// Models below a folder: .gguf files and model folders, four levels deep; links are not followed.
QStringList findModels(const QString& folder);
// Run folders (with a finished pack) below a project's runs.
QStringList findRuns(const QString& runsFolder);
bool looksLikeModelFolder(const QString& folder);

}  // namespace scalewright::ui
