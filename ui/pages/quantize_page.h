#pragma once
// Quantize: choose, see what it will cost and give, run with the error of each layer growing, then perplexity before and after.

#include <memory>

#include "ui/jobs/quantize_work.h"
#include "ui/pages/page.h"

class QBoxLayout;

namespace scalewright::ui {

class Button;
class ElidedLabel;
class PageStack;
class QuantizeForecastCard;
class QuantizeForm;
class QuantizeRunView;

class QuantizePage : public Page {
  Q_OBJECT
 public:
  explicit QuantizePage(AppContext& app, QWidget* parent = nullptr);
  void activate() override;
  void receive(const PageMessage& message) override;
  void primary() override;
  void setNarrow(bool narrow) override;
  void saveState() override;
  QWidget* firstField() const override;

 private:
  enum class View { Empty, Form, Running, Done };
  QWidget* buildEmpty();
  QuantizeRunView* run();        // made when the first one starts
  void showView(View view);
  void chosen();                 // any choice of the form changed
  void start();
  void refuseStart(const QString& why);
  void refuseOutput(const QString& why);
  void cancel();
  void finished(Result<QuantizeOutcome> outcome);

  View m_view = View::Empty;
  bool m_narrow = false;
  PageStack* m_stack;
  QBoxLayout* m_formPanes;
  QuantizeForm* m_form;
  QuantizeForecastCard* m_forecast;
  QuantizeRunView* m_run = nullptr;
  std::shared_ptr<Job> m_job;
  QString m_running, m_runningContainer, m_written;
  quint64 m_originalBytes = 0;
  // Header actions.
  ElidedLabel* m_why;  // of a start that is refused, beside it
  Button *m_startButton, *m_cancelButton, *m_againButton, *m_chatButton, *m_tuneButton;
};

}  // namespace scalewright::ui
