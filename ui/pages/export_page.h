#pragma once
// Export: what the model can be written as, said before writing; then writing, and the self-check as a table.

#include <memory>

#include "ui/jobs/export_work.h"
#include "ui/pages/page.h"

class QBoxLayout;
class QLabel;

namespace scalewright::ui {

class Button;
class EmptyState;
class ExportResult;
class ExportTargets;
class PageStack;
class ProgressBar;

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
  enum class View { Empty, Checking, Ready, Running, Done };
  QWidget* buildSide();
  void fitPanes();
  void showView(View view);
  void modelsChanged();
  void modelAdded(const QString& path, const QString& problem);
  void check(bool again = false);
  void forgetCheck();
  void targetChosen();
  void start();
  void refuseOutput(const QString& why);
  void finished(Result<ExportOutcome> outcome);

  View m_view = View::Empty;
  bool m_narrow = false;
  PageStack *m_stack, *m_side;
  QBoxLayout* m_panes;
  ExportTargets* m_targets;
  QWidget* m_beside;             // of the targets
  int m_checkNumber = 0;
  ExportChoices m_choices;
  QString m_checked;             // the file that m_choices are about or that is being looked at; empty: none
  std::shared_ptr<Job> m_checkJob, m_job;
  // Right side.
  QLabel *m_readyTitle, *m_readyText, *m_opens;
  QLabel *m_runStep, *m_runLeft;
  ProgressBar* m_progress;
  EmptyState* m_checking;
  ExportResult* m_result;
  QString m_written;
  bool m_pack = false;           // what was written is a scale pack
  Button *m_start, *m_cancel, *m_chat, *m_again;
};

}  // namespace scalewright::ui
