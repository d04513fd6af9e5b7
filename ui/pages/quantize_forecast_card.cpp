#include "ui/pages/quantize_forecast_card.h"

#include <QFileInfo>
#include <QLocale>
#include <QTimer>
#include <cmath>
#include <limits>

#include "engine/core/system.h"
#include "engine/export/output_check.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/size_bars.h"

namespace scalewright::ui {
namespace {

constexpr int kBits[] = {2, 3, 4, 5, 6, 8};
constexpr double kMegabyte = 1e6;
constexpr double kNear = 0.3;  // of the logarithm of perplexity: words of such points would lie on each other

// The request with other bits, its zero points placed as the container wants them then.
QuantizeRequest withBits(const ForecastOrder& order, int bits) {
  QuantizeRequest request = order.request;
  if (needs_calibration(request.method) && request.calibration.empty()) request.method = QuantMethod::Clip;
  request.spec.bits = bits;
  request.spec.symmetric = order.target == ExportTarget::Gguf && !order.freeZeros && symmetricIsSmaller(*order.summary, request);
  return request;
}

}  // namespace

QuantizeForecastCard::QuantizeForecastCard(AppContext& app, QWidget* parent) : Card(tr("Forecast"), tr("Before anything is written"), parent), m_app(app) {
  m_bitsMetric = new Metric(tr("per weight"));
  m_pplMetric = new Metric(tr("expected perplexity"));
  m_memoryMetric = new Metric(tr("memory it needs"));
  m_timeMetric = new Metric(tr("on this machine"));
  m_sizes = new SizeBars;
  m_sizeShare = label({}, FontRole::Help, Ink::Text3);
  m_trialWords = new ElidedLabel({}, FontRole::Help, Ink::Text3);
  m_note = label({}, FontRole::Help, Ink::Text3, true);
  m_noteIcon = new IconLabel(QStringLiteral("warn"), &ThemeTokens::warn, 14);
  m_noteIcon->hide();
  m_trialButton = new Button(Button::Quiet, tr("Try it"), QStringLiteral("play"));
  m_trialButton->setHint(tr("Quantizes three layers at each size and measures the text: some seconds to a minute"));
  connect(m_trialButton, &Button::clicked, this, [this] { trying() ? m_trialJob->cancel() : startTrial(); });
  m_chart = new Chart;
  m_chart->setAccessibleName(tr("Perplexity against size"));
  m_chart->setLegendVisible(false);
  m_chart->setEmptyText(tr("Choose a text, and a trial on three layers shows what each size costs in quality."));
  m_chart->setXFormat([](double megabytes) { return bytesText(quint64(std::max(0.0, megabytes) * kMegabyte)); });
  m_chart->setYFormat([](double v) { return v >= 100 ? QLocale().toString(v, 'f', 0) : QLocale().toString(v, 'g', 3); });
  m_chart->setBoxFormat([](double v) { return QLocale().toString(v, 'f', 2); });
  m_chart->addSeries({.name = tr("Perplexity"), .token = &ThemeTokens::accent, .width = 2, .circles = true, .inLegend = false});
  m_chart->addLine(Qt::Horizontal, std::numeric_limits<double>::quiet_NaN(), &ThemeTokens::seriesValidation);
  m_timer = new QTimer(this);
  m_timer->setSingleShot(true);
  m_timer->setInterval(60);
  connect(m_timer, &QTimer::timeout, this, &QuantizeForecastCard::ask);

  setBodyMargins(16, 8, 16, 10);
  add({hbox({grow(m_bitsMetric, 3), grow(m_pplMetric, 7), grow(m_memoryMetric, 5), grow(m_timeMetric, 4)}, 12), hbox({m_noteIcon, grow(m_note)}, 6), horizontalLine(),
       hbox({label(tr("Size on disk"), FontRole::Strong), fill(), m_sizeShare}), m_sizes, horizontalLine(),
       hbox({label(tr("Perplexity against size"), FontRole::Strong), grow(m_trialWords), m_trialButton}), grow(m_chart)});
  setScaledSpacing(body(), 10);
}

bool QuantizeForecastCard::trying() const { return m_trialJob && !m_trialJob->finished(); }
void QuantizeForecastCard::stopTrial() {
  if (m_trialJob) m_trialJob->cancel();
}

void QuantizeForecastCard::setOrder(const ForecastOrder& order) {
  m_order = order;
  m_timer->start();
  const QString key = QStringLiteral("%1|%2|%3|%4|%5|%6")
                          .arg(order.path, order.text)
                          .arg(order.request.spec.group)
                          .arg(order.request.method == QuantMethod::Rtn)
                          .arg(order.target == ExportTarget::Gguf)
                          .arg(order.freeZeros);
  if (key != m_trialKey) {
    m_trialKey = key;
    stopTrial();
    m_trial = {};
  }
  m_chart->setEmptyText(order.text.isEmpty() ? tr("Choose a text, and a trial on three layers shows what each size costs in quality.") : tr("A trial on three layers shows what each size costs in quality on %1.").arg(QFileInfo(order.text).fileName()));
  m_trialButton->setRefusal(order.path.isEmpty() ? tr("Choose a model first") : order.text.isEmpty() ? tr("Choose a text for the trial first") : QString());
  showTrial();
}

void QuantizeForecastCard::ask() {
  if (!m_order.summary) return;
  const int number = ++m_number;
  struct Answer {
    QuantizeForecast forecast;
    QMap<int, quint64> sizes;
    std::string refusal;
  };
  m_app.jobs().run<Answer>(
      tr("Forecast"), Place::None,
      [order = m_order](JobContext&) -> Result<Answer> {
        Answer answer;
        const QuantizeRequest request = withBits(order, order.request.spec.bits);
        SW_ASSIGN(answer.forecast, forecastOrder(*order.summary, request, order.target, !order.text.isEmpty()));
        for (int bits : kBits) {
          const QuantizeRequest other = withBits(order, bits);
          if (order.target != ExportTarget::Gguf && !checkHolds(*order.summary, other, order.target)) continue;  // no such folder
          if (const auto forecast = forecast_target(*order.summary, other, order.target, {})) answer.sizes.insert(bits, forecast->file_bytes);
        }
        if (const auto held = checkHolds(*order.summary, request, order.target); !held) answer.refusal = held.error().message;
        return answer;
      },
      this,
      [this, number](Result<Answer> answer) {
        if (number != m_number) return;
        if (!answer) {
          m_note->setText(inWords(answer.error()));
          setInk(m_note, Ink::Text3);
          m_noteIcon->hide();
          m_note->show();
          emit known(m_note->text());
          return;
        }
        m_forecast = answer->forecast;
        m_sizesByBits = answer->sizes;
        showForecast();
        if (!answer->refusal.empty()) emit containerRefused(inWords(answer->refusal));
        const MemoryStatus machine = memory_status();
        emit known(!answer->refusal.empty() ? inWords(answer->refusal)
                   : m_forecast.memory_bytes > machine.available_bytes
                       ? tr("Needs %1 of memory; %2 is free. Close other programs.").arg(bytesText(m_forecast.memory_bytes), bytesText(machine.available_bytes))
                       : QString());
      },
      Lane::Quick);
}

// The most bits that a file of this size would hold; 0: no more than were chosen.
int QuantizeForecastCard::bitsForNothing() const {
  const int chosen = m_order.request.spec.bits;
  int most = 0;
  for (auto it = m_sizesByBits.constBegin(); it != m_sizesByBits.constEnd(); ++it)
    if (it.key() > chosen && it.value() <= m_sizesByBits.value(chosen)) most = it.key();
  return most;
}

void QuantizeForecastCard::showForecast() {
  m_bitsMetric->setFigure(numberText(m_forecast.bits_per_weight, 2), tr("bits"), tr("per weight"));
  const QStringList memory = bytesText(m_forecast.memory_bytes).split(QLatin1Char(' '));
  m_memoryMetric->setFigure(memory.value(0), memory.value(1), tr("memory it needs"));
  if (m_forecast.seconds > 0) {
    const QString words = durationText(std::max(1.0, std::round(m_forecast.seconds)));
    m_timeMetric->setFigure(words.section(QLatin1Char(' '), 0, 0), words.section(QLatin1Char(' '), 1), !m_order.text.isEmpty() ? tr("with measuring") : m_forecast.seconds < 1 ? tr("or less, on this machine") : tr("on this machine"));
  } else {
    m_timeMetric->setFigure(QStringLiteral("–"), {}, tr("time not known yet"));
  }
  QString note = inWords(m_forecast.explanation);
  if (!note.isEmpty()) note[0] = note[0].toUpper();
  const int more = bitsForNothing();
  if (more > 0) note += QLatin1Char(' ') + tr("%1 bits take no more room here, and keep more.").arg(more);
  m_note->setText(note);
  m_note->setVisible(!note.isEmpty());
  setInk(m_note, more > 0 ? Ink::Warn : Ink::Text3);
  m_noteIcon->setVisible(more > 0);
  m_sizes->setBytes(m_order.bytes, m_forecast.file_bytes);
  const double share = m_order.bytes ? double(m_forecast.file_bytes) / double(m_order.bytes) : 0.0;
  m_sizeShare->setText(share <= 0 ? QString() : share > 1 ? tr("%1 of the original: it grows").arg(percentText(share, 0)) : tr("%1 of the original").arg(percentText(share, 0)));
  showTrial();
}

void QuantizeForecastCard::startTrial() {
  if (!m_order.summary || m_order.text.isEmpty()) return;
  TrialRequest trial;
  trial.model = m_order.path.toStdString();
  trial.text = m_order.text.toStdString();
  trial.method = m_order.request.method;
  for (int bits : kBits) trial.specs.push_back(withBits(m_order, bits).spec);
  m_trial = {};
  const QString key = m_trialKey;
  EngineHost* engine = &m_app.engine();
  const EventStream<TrialPoint> points([this, key](std::vector<TrialPoint> batch) {
    if (key != m_trialKey) return;
    m_trial.points.insert(m_trial.points.end(), batch.begin(), batch.end());
    showTrial();
  });
  auto job = std::make_shared<WorkJob<TrialReport>>(
      tr("A trial on %1").arg(m_order.name), Place::Quantize, [engine, trial, points](JobContext& context) { return runTrial(*engine, trial, points, context); }, this,
      [this, key](Result<TrialReport> report) {
        const bool stopped = m_trialJob && m_trialJob->cancelling();
        m_trialJob.reset();
        if (key != m_trialKey) return;
        if (report)
          m_trial = *report;
        else if (!stopped)
          emit trialFailed(inWords(report.error()));
        showTrial();
      });
  job->listen(points);
  connect(job.get(), &Job::progressed, this, &QuantizeForecastCard::showTrial);
  m_trialJob = job;
  m_app.jobs().start(job);
  showTrial();
}

// Megabytes on the chart. A file of one size can hold several bits: they stand beside each other by less than can be seen, so that
// each can be pointed at.
double QuantizeForecastCard::positionOf(int bits) const { return double(m_sizesByBits.value(bits)) / kMegabyte + 1e-3 * bits; }

void QuantizeForecastCard::showTrial() {
  const bool running = trying();
  m_trialButton->setText(running ? tr("Stop") : tr("Try it"));
  m_trialButton->setIconName(running ? QStringLiteral("stop") : QStringLiteral("play"));
  QStringList layers;
  for (int layer : m_trial.layers) layers << QString::number(layer);
  m_trialWords->setFullText(running ? m_trialJob->step() : layers.isEmpty() ? tr("lower is better") : tr("lower is better; a trial on layers %1").arg(layers.join(QStringLiteral(", "))));
  QList<double> x, y;
  QList<QPair<QPointF, QString>> names;
  double expected = 0, marked = std::numeric_limits<double>::quiet_NaN();
  for (const TrialPoint& point : m_trial.points) {
    if (!m_sizesByBits.contains(point.bits) || !std::isfinite(point.perplexity)) continue;
    x << positionOf(point.bits);
    y << point.perplexity;
    // Bits that a file of one size holds nearly equally well share their words.
    const QString words = point.bits == 2 ? tr("2 bits") : QString::number(point.bits);
    const bool beside = !names.isEmpty() && std::abs(names.last().first.x() - x.last()) < 0.1 && std::abs(std::log(names.last().first.y() / y.last())) < kNear;
    beside ? void(names.last().second += QStringLiteral(", ") + words) : names.append(qMakePair(QPointF(x.last(), y.last()), words));
    if (point.bits == m_order.request.spec.bits) {
      expected = point.perplexity;
      marked = x.last();
    }
  }
  m_chart->setData(0, x, y);
  // Two bits by rounding alone go through the roof; a logarithmic axis keeps the rest readable.
  double low = 1e300, high = 0;
  for (double v : y) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  m_chart->setLogarithmic(y.size() > 1 && high > 8 * low);
  const double original = m_trial.original > 0 ? m_trial.original : std::numeric_limits<double>::quiet_NaN();
  m_chart->setLine(0, original, m_trial.original > 0 ? tr("original %1").arg(QLocale().toString(m_trial.original, 'f', 1)) : QString());
  m_chart->setPointLabels(names);
  m_chart->setMarked(marked);
  if (x.size() > 1) m_chart->setXRange(x.first() * 0.9, x.last() * 1.07);
  m_chart->setBoxTitle([this](double at) {
    const int group = m_order.request.spec.group;
    for (auto it = m_sizesByBits.constBegin(); it != m_sizesByBits.constEnd(); ++it)
      if (std::abs(positionOf(it.key()) - at) < 1e-6) return group ? tr("%1 bits, group %2").arg(it.key()).arg(group) : tr("%1 bits, a row").arg(it.key());
    return bytesText(quint64(at * kMegabyte));
  });
  if (expected > 0)
    m_pplMetric->setFigure(QLocale().toString(expected, 'f', expected < 100 ? 1 : 0), QString(),
                           m_trial.original > 0 ? tr("expected perplexity, from %1").arg(QLocale().toString(m_trial.original, 'f', 1)) : tr("expected perplexity"));
  else
    m_pplMetric->setFigure(QStringLiteral("–"), {}, m_order.text.isEmpty() ? tr("quality: choose a text") : running ? tr("being tried") : tr("quality: try it"));
}

}  // namespace scalewright::ui
