#pragma once
// The pane beside the table of models: what the chosen model is, its tensors by layer, its template, its file, and what can be done.

#include <QFrame>
#include <memory>

#include "ui/jobs/model_details.h"
#include "ui/models/model_entry.h"

class QLabel;
class QStackedWidget;
class QStandardItemModel;

namespace scalewright::ui {

class AppContext;
class Button;
class Chip;
class ElidedLabel;
class FactsGrid;
class HeatMap;
class HeatRamp;
class Histogram;
class LearnedText;
class ProgressBar;
class Segmented;
class TableView;

class ModelDetail : public QFrame {
  Q_OBJECT
 public:
  explicit ModelDetail(AppContext& app, QWidget* parent = nullptr);
  void showEntry(const ModelEntry& entry);  // same path and state: only the figures change
  void showNothing();
  void setProblemTold(bool told);  // a banner says why it cannot be used: not twice
  QString path() const { return m_entry.path; }

 signals:
  void tuneRequested(const QString& path);
  void chatRequested(const QString& path);
  void exportRequested(const QString& path);
  void quantizeRequested(const QString& path);
  void removeRequested(const QString& path);
  void showFolderRequested(const QString& path);

 private:
  QWidget* buildTensors();
  QWidget* buildTemplate();
  QWidget* buildFile();
  QWidget* buildProblem();
  void startReading();
  void takeFigures(const std::vector<TensorFigures>& batch);
  void takeDetails(const ModelDetails& details);
  void refreshHeat();
  void showTensor(int layer, int row);
  void refreshFacts();
  const TensorFigures* tensor(int layer, int row) const;

  AppContext& m_app;
  ModelEntry m_entry;
  std::shared_ptr<Job> m_job;
  QStringList m_rows;
  int m_layers = 0;
  QList<QList<std::shared_ptr<const TensorFigures>>> m_tensors;  // [row][layer]
  qint64 m_scales = 0;
  QString m_hash;
  bool m_read = false;
  int m_reading = 0;

  ElidedLabel* m_name;
  Chip *m_state, *m_template, *m_tunable;
  Button *m_tune, *m_chat, *m_export, *m_more;
  Segmented *m_tabs, *m_measure;
  QStackedWidget* m_stack;
  FactsGrid *m_facts, *m_fileFacts;
  HeatMap* m_heat;
  HeatRamp* m_ramp;
  QLabel *m_rampWords, *m_tensorError, *m_tensorScales, *m_templateNote, *m_problem;
  QWidget* m_problemPane;
  bool m_bitsAlone = false;    // shown in place of errors, of which there are none
  QWidget* m_tensorLine;
  ElidedLabel* m_tensorName;
  Histogram* m_histogram;
  LearnedText* m_rendered;
  TableView* m_fileTable;
  QStandardItemModel* m_fileModel;
  ProgressBar* m_progress;
};

}  // namespace scalewright::ui
