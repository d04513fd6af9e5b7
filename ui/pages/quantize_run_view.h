#pragma once
// Quantizing as it goes on: progress, the error of each layer as bars that grow, the last tensors; at the end what came of it.

#include <QWidget>

#include "ui/jobs/quantize_work.h"
#include "ui/models/tensor_log_model.h"

class QBoxLayout;
class QLabel;

namespace scalewright::ui {

class BarChart;
class Card;
class FactsGrid;
class Metric;
class ProgressBar;
class Segmented;
class Settings;
class TableView;

class QuantizeRunView : public QWidget {
  Q_OBJECT
 public:
  explicit QuantizeRunView(Settings& settings, QWidget* parent = nullptr);
  // `layers` of the model, which is in full precision or quantized already; `container` the tensors are written as; bits a weight as
  // forecast.
  void begin(int layers, bool full, const QString& container, double bitsPerWeight);
  void take(const std::vector<QuantizedTensor>& batch);
  void progress(const Job& job);
  void finish(const QuantizeOutcome& outcome, quint64 originalBytes);
  void setNarrow(bool narrow);

 signals:
  void failed(const QString& title, const QString& text);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fitPanes();
  void refreshBars();
  void saveChart();

  Settings& m_settings;
  bool m_narrow = false;
  int m_layers = 0;
  QBoxLayout* m_panes;
  QWidget* m_side;
  QLabel *m_done, *m_now, *m_left, *m_passed;
  ProgressBar* m_progress;
  Card *m_chartCard, *m_progressCard, *m_resultCard, *m_soFarCard;
  Metric *m_size, *m_bits, *m_perplexity;
  BarChart* m_bars;
  Segmented* m_barsBy;
  FactsGrid* m_soFar;
  TensorLogModel m_log;
  TableView* m_logTable;
};

}  // namespace scalewright::ui
