#pragma once
// A project: a folder the person picked with links to models and datasets, and the runs and packs made there.

#include <QObject>
#include <QStringList>
#include <QTimer>
#include <memory>

class QLockFile;

namespace scalewright::ui {

class Settings;

class Project : public QObject {
  Q_OBJECT
 public:
  explicit Project(Settings& settings, QObject* parent = nullptr);
  ~Project() override;

  bool isOpen() const { return !m_folder.isEmpty(); }
  QString name() const;        // the folder's name; "No project yet"
  QString folder() const { return m_folder; }
  QString runsFolder() const;  // folder()/runs
  // Opens or creates; false with a message that says what to do. An empty folder means none.
  bool open(const QString& folder, QString* error = nullptr);
  // Opens the default project in the user's data folder if none is open; so that work can begin without a question.
  bool ensureOpen(QString* error = nullptr);
  void close();

  QStringList models() const { return m_models; }  // files and folders that the person added
  void addModel(const QString& path);
  void removeModel(const QString& path);
  QStringList datasets() const { return m_datasets; }
  void addDataset(const QString& path);

  // Whether another window works in this folder: both write the same list of models and runs.
  bool inUse() const { return m_inUse; }

 signals:
  void changed();

 private:
  bool read(QString* error);
  bool write(QString* error = nullptr) const;
  Settings& m_settings;
  void lock();
  void tryLock();
  QString m_folder;
  std::unique_ptr<QLockFile> m_lock;  // held while the folder is open
  bool m_inUse = false;
  QTimer m_again;                     // while another window holds it: the lock is taken when that one closes
  QStringList m_models, m_datasets;
};

}  // namespace scalewright::ui
