#pragma once
// Quantize: choose, see what it will cost and give, run with the error of each layer growing, then perplexity before and after.

#include <memory>

#include "engine/quant/quantize_job.h"
#include "ui/jobs/quantize_work.h"
#include "ui/models/tensor_log_model.h"
#include "ui/pages/page.h"

class QBoxLayout;
class QComboBox;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QTimer;

namespace scalewright::ui {

class BarChart;
class Button;
class Card;
class Chart;
class EmptyState;
class FactsGrid;
class FormField;
class Metric;
class OptionCard;
class ProgressBar;
class Segmented;
class SizeBars;
class TableView;
struct ModelEntry;

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


 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fitPanes();
  enum class View { Empty, Form, Running, Done };
  QWidget* buildForm();
  QWidget* buildForecast();
  QWidget* buildRun();
  void makeRun();
  void showView(View view);
  void fillModels();
  void fillTexts();
  void chosen();                 // any choice of the form changed
  void askForecast();
  void showForecast(const QuantizeForecast& forecast);
  void startTrial();
  void showTrial();
  void start();
  void refuseOutput(const QString& why);
  void cancel();
  void takeTensors(const std::vector<QuantizedTensor>& batch);
  void refreshBars();
  void jobProgressed();
  void finished(Result<QuantizeOutcome> outcome);
  void browseText();
  void browseOutput();
  void suggestOutput();
  QuantizeRequest request() const;
  ExportTarget target() const;
  QuantMethod method() const;
  void showOther();
  int bits() const;
  int group() const;
  const ModelEntry* model() const;
  QString textPath() const;
  QString outputPath() const;

  View m_view = View::Form;
  bool m_narrow = false;
  QStackedWidget* m_stack;
  EmptyState* m_empty;
  QBoxLayout *m_formPanes, *m_runPanes = nullptr;  // the run: null until the first one starts
  QWidget *m_formPane, *m_sidePane;
  // The form.
  QComboBox *m_model, *m_text, *m_container, *m_others;
  Segmented *m_bits, *m_group;
  OptionCard *m_rtn, *m_clip, *m_gptq, *m_other;
  FormField *m_bitsField, *m_groupField, *m_modelField, *m_outputField, *m_textField;
  QLineEdit* m_output;
  bool m_outputByHand = false;
  QString m_agreed;              // may be replaced: written before, or the dialog asked
  // The forecast.
  Metric *m_bitsMetric, *m_pplMetric, *m_memoryMetric, *m_timeMetric;
  QLabel *m_sizeShare, *m_trialWords, *m_forecastNote;
  SizeBars* m_sizes;
  Chart* m_trialChart;
  Button* m_trialButton;
  QTimer* m_forecastTimer;
  std::shared_ptr<Job> m_trialJob, m_job;
  QuantizeForecast m_forecast;
  int m_forecastNumber = 0;
  TrialReport m_trial;
  QString m_trialKey;
  QMap<int, quint64> m_sizesByBits;
  // The run.
  QLabel *m_doneLayers, *m_now, *m_left, *m_passed, *m_rate;
  ProgressBar* m_progress;
  Card *m_progressCard, *m_resultCard;
  Metric *m_resultSize, *m_resultBits, *m_resultPpl;
  BarChart* m_bars;
  Segmented* m_barsBy;
  FactsGrid* m_soFar;
  TensorLogModel m_log;
  TableView* m_logTable;
  QString m_running, m_runningContainer, m_written;
  quint64 m_originalBytes = 0;
  int m_runningLayers = 0;
  // Header actions.
  Button *m_startButton, *m_cancelButton, *m_againButton, *m_chatButton, *m_tuneButton;
};

}  // namespace scalewright::ui
