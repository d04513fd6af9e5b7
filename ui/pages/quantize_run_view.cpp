#include "ui/pages/quantize_run_view.h"

#include <QMap>
#include <cmath>

#include "engine/core/system.h"
#include "ui/settings/format.h"
#include "ui/widgets/bar_chart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/table.h"

namespace scalewright::ui {
namespace {

const QString kUnknown = QStringLiteral("–");
constexpr int kWide = 1290;  // look pixels from which the side pane takes more

}  // namespace

QuantizeRunView::QuantizeRunView(Settings& settings, QWidget* parent) : QWidget(parent), m_settings(settings) {
  setObjectName(QStringLiteral("clear"));
  m_done = label({}, FontRole::CardTitle);
  m_now = label({}, FontRole::Body, Ink::Text2);
  m_now->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_left = label({}, FontRole::Strong);
  m_passed = label({}, FontRole::Help, Ink::Text3);
  m_progress = new ProgressBar(8);
  m_progressCard = new Card;
  m_progressCard->setBodyMargins(16, 14, 16, 14);
  m_progressCard->add({hbox({m_done, grow(m_now), m_left}), m_progress, hbox({m_passed, fill()})});

  m_size = new Metric;
  m_bits = new Metric;
  m_perplexity = new Metric;
  m_resultCard = new Card;
  m_resultCard->setBodyMargins(16, 14, 16, 14);
  m_resultCard->add({hbox({grow(m_size), grow(m_bits), grow(m_perplexity)}, 12)});
  m_resultCard->hide();

  m_bars = new BarChart;
  m_bars->setAccessibleName(tr("Error by layer"));
  m_bars->setFormat([](double v) { return percentText(v, v < 0.0995 && v != 0 ? 2 : 0); });
  m_barsBy = new Segmented({tr("Layers"), tr("Tensors")}, 0);
  m_barsBy->setName(tr("Bars by"));
  connect(m_barsBy, &Segmented::chosen, this, &QuantizeRunView::refreshBars);
  auto* save = new Button(Button::Icon, tr("Save the chart as PNG, SVG or CSV"), QStringLiteral("save"));
  connect(save, &Button::clicked, this, &QuantizeRunView::saveChart);
  m_chartCard = new Card(tr("Error by layer"));
  m_chartCard->addTool(m_barsBy);
  m_chartCard->addTool(save);
  m_chartCard->add({grow(m_bars)});

  m_soFar = new FactsGrid(1, 7);
  m_soFarCard = new Card;
  m_soFarCard->add({m_soFar});
  m_soFarCard->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  m_logTable = new TableView(30);
  m_logTable->setModel(&m_log);
  m_logTable->setColumns({150, 52, 70, 78}, 0);
  m_logTable->setSelectionMode(QAbstractItemView::NoSelection);
  m_logTable->setFocusPolicy(Qt::NoFocus);
  m_logTable->setAccessibleName(tr("Last tensors"));
  auto* log = new Card(tr("Last tensors"));
  log->setBodyMargins(0, 4, 0, 8);
  log->add({grow(m_logTable)});
  m_side = wrap(vbox({m_soFarCard, grow(log)}, 16));
  m_panes = hbox({grow(vbox({m_progressCard, m_resultCard, grow(m_chartCard)}, 16)), m_side}, 16);
  setLayout(m_panes);
  fitPanes();
}

void QuantizeRunView::setNarrow(bool narrow) {
  m_panes->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  m_narrow = narrow;
  fitPanes();
}
void QuantizeRunView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitPanes();
}
void QuantizeRunView::fitPanes() { m_narrow ? releaseWidth(m_side) : setScaledWidth(m_side, width() > px(kWide) ? 420 : 356); }

void QuantizeRunView::begin(int layers, bool full, const QString& container, double bitsPerWeight) {
  m_layers = layers;
  m_log.clear();
  m_log.setType(container.section(QLatin1Char(' '), 0, 0));
  refreshBars();
  m_chartCard->setHint(full ? tr("Relative, against the full-precision weights") : tr("Relative, against the weights of the file"));
  m_progressCard->show();
  m_resultCard->hide();
  m_soFarCard->setTitle(tr("So far"));
  m_bars->setMeanWords(tr("mean so far %1"));
  m_progress->setFraction(0);
  m_done->setText(tr("Starting"));
  for (QLabel* text : {m_now, m_left, m_passed}) text->clear();
  m_soFar->setFacts({{tr("Bits per weight"), numberText(bitsPerWeight, 2)}, {tr("Tensors"), QStringLiteral("0")}, {tr("Memory"), bytesText(resident_bytes())}, {tr("Mean error"), kUnknown}});
}

void QuantizeRunView::take(const std::vector<QuantizedTensor>& batch) {
  m_log.add(batch);
  refreshBars();
}

void QuantizeRunView::progress(const Job& job) {
  m_progress->setFraction(job.fraction());
  m_now->setText(tr("now %1").arg(job.step()));
  m_left->setText(timeLeftText(job.secondsLeft()));
  m_passed->setText(tr("%1 passed").arg(durationText(std::floor(job.secondsPassed()))));
  m_soFar->setValue(tr("Memory"), bytesText(resident_bytes()));
}

void QuantizeRunView::finish(const QuantizeOutcome& outcome, quint64 originalBytes) {
  const QStringList size = bytesText(outcome.bytes).split(QLatin1Char(' '));
  m_size->setFigure(size.value(0), size.value(1), tr("on disk, from %1").arg(bytesText(originalBytes)));
  m_bits->setFigure(numberText(outcome.bitsPerWeight, 2), tr("bits"), tr("per weight, in %1").arg(durationText(outcome.seconds)));
  if (outcome.after > 0)
    m_perplexity->setFigure(numberText(outcome.after, 2), {}, tr("perplexity, from %1").arg(numberText(outcome.before, 2)));
  else
    m_perplexity->setFigure(kUnknown, {}, tr("perplexity: no text was chosen"));
  m_progressCard->hide();
  m_resultCard->show();
  m_soFarCard->setTitle(tr("In all"));
  m_bars->setMeanWords(tr("mean %1"));
  m_soFar->setValue(tr("Bits per weight"), numberText(outcome.bitsPerWeight, 2));
}

void QuantizeRunView::refreshBars() {
  const auto& tensors = m_log.tensors();
  QList<double> values;
  QStringList names;
  int count = 0;
  double sum = 0;
  for (const QuantizedTensor& tensor : tensors) sum += tensor.error;
  if (m_barsBy->current() == 1) {
    for (const QuantizedTensor& tensor : tensors) {
      values << tensor.error;
      names << QString::fromStdString(tensor.name);
    }
    count = tensors.isEmpty() ? 0 : tensors.last().total;
  } else {
    QMap<int, QPair<double, int>> byLayer;
    for (const QuantizedTensor& tensor : tensors) {
      const int layer = QString::fromStdString(tensor.name).section(QLatin1Char('.'), 1, 1).toInt();
      auto& entry = byLayer[layer];
      entry.first += tensor.error;
      ++entry.second;
    }
    const int perLayer = m_layers > 0 && !tensors.isEmpty() ? std::max(1, tensors.last().total / m_layers) : 1;
    for (auto it = byLayer.constBegin(); it != byLayer.constEnd(); ++it) {
      if (it->second < perLayer) continue;  // the one at work is not drawn before it is whole
      values << it->first / it->second;
      names << tr("Layer %1").arg(it.key());
    }
    count = std::max(m_layers, int(values.size()));
  }
  m_bars->setBars(values, count, names);
  m_soFar->setValue(tr("Tensors"), tensors.isEmpty() ? QStringLiteral("0") : tr("%1 of %2").arg(tensors.size()).arg(tensors.last().total));
  m_soFar->setValue(tr("Mean error"), tensors.isEmpty() ? kUnknown : percentText(sum / double(tensors.size()), 2));
  if (!tensors.isEmpty() && m_layers > 0)
    m_done->setText(tr("%1 of %2 layers done").arg(tensors.size() * m_layers / std::max(1, tensors.last().total)).arg(m_layers));
}

void QuantizeRunView::saveChart() {
  const QString path = askToSave(this, m_settings, Purpose::Chart, tr("Save the chart"), tr("quantization-error.png"), tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)"));
  QString error;
  if (!path.isEmpty() && !m_bars->save(path, &error)) emit failed(tr("The chart was not saved"), error);
}

}  // namespace scalewright::ui
