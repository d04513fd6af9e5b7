#pragma once
// Step 5: the run, live. Charts of loss, rate, memory and speed; pause, stop and keep, try it now.

#include <QLabel>
#include <QWidget>

#include "ui/jobs/tune_job.h"
#include "ui/models/smoothing.h"
#include "ui/widgets/ledger_bar.h"

class QHBoxLayout;

class QBoxLayout;
class QLineEdit;

namespace scalewright::ui {

class Button;
class Card;
class Chart;
class ElidedLabel;
class IconLabel;
class ProgressBar;
class Segmented;
class Settings;

class TuneRunView : public QWidget {
  Q_OBJECT
 public:
  explicit TuneRunView(Settings& settings, QWidget* parent = nullptr);
  ~TuneRunView() override;
  void begin(const QString& samplePrompt);
  void take(const std::vector<TuneEvent>& events);
  void finish(const Result<TuneReport>& report, bool stoppedBeforeStart);
  void setNarrow(bool narrow);
  QString lossText() const { return m_loss->text(); }
  Chart* lossChart() const { return m_lossChart; }

 signals:
  void promptChanged(const QString& prompt);  // by the person, during the run

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QLabel* metric(QHBoxLayout* row, const QString& words, ElidedLabel** wordsLabel = nullptr, int share = 2);
  void addSave(Card* card, Chart* chart, const QString& name);
  QWidget* buildHead();
  QWidget* buildLoss();
  QWidget* buildAnswers();
  QWidget* buildMemory();
  QWidget* buildSpeed();
  void takePlan(const TunePlan& plan);
  void takeStep(const StepRecord& record);
  void takeValidation(const ValidationRecord& record);
  void dropAfter(int64_t step);
  void drawMemory(int64_t step, double held);
  void showPaused(bool paused);
  void showSamples();
  void editPrompt(bool on);
  void takePrompt();
  void smoothAgain();          // the curve of all the losses so far

  int answersShown() const;

  Settings& m_settings;
  QLabel *m_step, *m_epoch, *m_left, *m_loss, *m_validation, *m_speed, *m_memory, *m_codes;
  ElidedLabel *m_prompt, *m_validationWords, *m_memoryWords;
  QLineEdit* m_promptEdit;
  Button *m_change, *m_whole;
  QString m_promptText;
  ProgressBar* m_bar;
  Chart *m_lossChart, *m_memoryChart, *m_speedChart;
  Segmented* m_scale;
  int m_raw, m_smooth, m_valid, m_rate, m_gradient, m_speedSeries, m_reserved = -1;
  QList<int> m_memorySeries;
  QList<ElidedLabel*> m_answers;
  QList<QBoxLayout*> m_metrics;  // figure and words: beside each other, or below where that is narrow
  std::vector<SampleRecord> m_samples;
  Smoother m_smoother;
  std::vector<std::pair<int64_t, double>> m_losses, m_validations;  // step, loss
  std::vector<std::pair<int64_t, double>> m_held;    // step, megabytes of the process; 0: not known
  int64_t m_total = 0;         // steps of the plan; 0: not known yet
  QString m_reservedText;
  double m_reservedMegabytes = 0.0, m_topMegabytes = 0.0;
  QList<double> m_parts;       // planned bytes by part, bottom to top
  QBoxLayout* m_columnsLayout;
  IconLabel* m_clock;
};

}  // namespace scalewright::ui
