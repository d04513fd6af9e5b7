#pragma once
// "Score…" of a run: on which rows, and what counts as right; then how many answers are, beside those of the model as it was.
// It blocks nothing: the window goes on while the answers come, and closing it stops them.

#include <QDialog>
#include <memory>

#include "engine/tune/run_store.h"
#include "ui/jobs/score_work.h"

class QLabel;
class QLineEdit;
class QSpinBox;
class QStackedLayout;
class QStandardItemModel;

namespace scalewright::ui {

class AppContext;
class Banner;
class Button;
class Combo;
class FormField;
class Job;
class Metric;
class ProgressBar;
class Segmented;
class TableView;

class ScoreDialog : public QDialog {
  Q_OBJECT
 public:
  ScoreDialog(AppContext& app, const RunRow& run, QWidget* parent = nullptr);
  void reject() override;

 protected:
  void closeEvent(QCloseEvent* event) override;

 signals:
  void scored();  // what the history says of the run is another

 private:
  enum View { Form, Working, Answers };
  QWidget* buildForm(const TuneRecipe& recipe);
  QWidget* buildWork();
  QWidget* buildAnswers();
  void showView(View view);
  void showRule();
  void chooseFile();
  void start();
  void onDone(Result<ScoreOutcome> outcome);
  void showOutcome(const ScoreOutcome& outcome, AnswerMatch match);

  AppContext& m_app;
  RunRow m_run;
  std::shared_ptr<Job> m_job;
  bool m_closing = false;  // once the work has stopped
  QStackedLayout* m_views;
  Banner* m_trouble;
  Combo* m_rows;
  Segmented* m_match;
  QLineEdit* m_pattern;
  FormField *m_rowsField, *m_matchField, *m_patternField;
  QSpinBox* m_limit;
  QLabel *m_step, *m_left, *m_verdict;
  ProgressBar* m_bar;
  Metric *m_tuned, *m_original;
  QStandardItemModel* m_list;
  TableView* m_table;
  Button *m_start, *m_close, *m_again;
};

}  // namespace scalewright::ui
