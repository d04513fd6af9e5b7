#pragma once
// Before anything is written: bits a weight, memory, time, size on disk, and by a trial on three layers what each size costs in
// quality.

#include <QMap>
#include <memory>

#include "engine/quant/quantize_job.h"
#include "ui/jobs/quantize_work.h"
#include "ui/widgets/card.h"

class QLabel;
class QTimer;

namespace scalewright::ui {

class AppContext;
class Button;
class Chart;
class ElidedLabel;
class IconLabel;
class Metric;
class SizeBars;

// What the forecast is of. Compared as a whole: another order gets another forecast.
struct ForecastOrder {
  QString path, name, text;                     // of the model; text empty: none
  quint64 bytes = 0;                            // of the model's file
  std::shared_ptr<const ModelSummary> summary;  // null: no model
  QuantizeRequest request;
  ExportTarget target = ExportTarget::Gguf;
  bool freeZeros = false;
};

class QuantizeForecastCard : public Card {
  Q_OBJECT
 public:
  explicit QuantizeForecastCard(AppContext& app, QWidget* parent = nullptr);
  void setOrder(const ForecastOrder& order);
  const QuantizeForecast& forecast() const { return m_forecast; }
  void stopTrial();

 signals:
  // Empty refusal: it can be carried out.
  void known(const QString& refusal);
  // The container cannot hold what is asked for: why, and what it would hold.
  void containerRefused(const QString& why);
  void trialFailed(const QString& why);

 private:
  void ask();
  int bitsForNothing() const;
  void showForecast();
  void startTrial();
  void showTrial();
  bool trying() const;
  double positionOf(int bits) const;

  AppContext& m_app;
  ForecastOrder m_order;
  QTimer* m_timer;
  int m_number = 0;
  QuantizeForecast m_forecast;
  QMap<int, quint64> m_sizesByBits;
  std::shared_ptr<Job> m_trialJob;
  TrialReport m_trial;
  QString m_trialKey;
  Metric *m_bitsMetric, *m_pplMetric, *m_memoryMetric, *m_timeMetric;
  QLabel *m_sizeShare, *m_note;
  IconLabel* m_noteIcon;
  ElidedLabel* m_trialWords;
  SizeBars* m_sizes;
  Chart* m_chart;
  Button* m_trialButton;
};

}  // namespace scalewright::ui
