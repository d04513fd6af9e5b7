#pragma once
// Export: what the model can be written as, said before writing; then writing, and the self-check as a table.

#include <memory>

#include "ui/jobs/export_work.h"
#include "ui/pages/page.h"

class QBoxLayout;
class QButtonGroup;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QStandardItemModel;

namespace scalewright::ui {

class Button;
class Card;
class ElidedLabel;
class EmptyState;
class FormField;
class Metric;
class OptionCard;
class ProgressBar;
class TableView;
struct ModelEntry;

class ExportPage : public Page {
  Q_OBJECT
 public:
  explicit ExportPage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void receive(const PageMessage& message) override;
  void primary() override;
  void setNarrow(bool narrow) override;
  QWidget* firstField() const override;


 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fitPanes();
  enum class View { Empty, Checking, Ready, Running, Done };
  QWidget* buildTargets();
  QWidget* buildSide();
  void showView(View view);
  void fillModels();
  void check();
  void showChoices();
  void targetChosen();
  void suggestOutput();
  void browse();
  void start();
  void refuseOutput(const QString& why);
  void finished(Result<ExportOutcome> outcome);
  void saveReport();
  const ModelEntry* model() const;
  ExportTarget target() const;
  QString output() const;

  View m_view = View::Empty;
  bool m_narrow = false;
  QStackedWidget *m_stack, *m_side;
  QBoxLayout* m_panes;
  Card* m_targetCard;
  QComboBox* m_model;
  QButtonGroup* m_group;
  QList<OptionCard*> m_cards;
  FormField* m_outputField;
  QLineEdit* m_output;
  QCheckBox* m_modelfile;
  bool m_outputByHand = false;
  QString m_agreed;              // may be replaced: written before, or the dialog asked
  int m_checkNumber = 0;
  ExportChoices m_choices;
  QString m_checkedPath;
  std::shared_ptr<Job> m_checkJob, m_job;
  // Right side.
  QLabel *m_readyTitle, *m_readyText, *m_opens;
  QLabel *m_runStep, *m_runLeft;
  ProgressBar* m_progress;
  EmptyState* m_checking;
  TableView* m_table;
  QStandardItemModel* m_rows;
  Card *m_changed, *m_ollama;
  Metric *m_before, *m_after;
  ElidedLabel* m_command;
  ExportOutcome m_outcome;
  QString m_written;
  Button *m_start, *m_cancel, *m_chat, *m_again;
};

}  // namespace scalewright::ui
