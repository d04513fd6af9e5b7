#include "ui/pages/tune_run_view.h"

#include <QHBoxLayout>
#include <cmath>

#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"

namespace scalewright::ui {
namespace {

constexpr int kAnswersShown = 3;
constexpr double kSmoothing = 0.9;  // of the exponential mean that the thick line shows
constexpr double kMegabyte = 1e6;

}  // namespace

TuneRunView::TuneRunView(QWidget* parent) : QWidget(parent) {
  m_step = label(tr("Preparing"), FontRole::CardTitle);
  m_epoch = label({}, FontRole::Body, Ink::Text2);
  m_left = label({}, FontRole::Strong);
  m_bar = new ProgressBar(8);
  auto* numbers = hbox({}, 24);
  m_loss = metric(numbers, tr("train loss"));
  m_validation = metric(numbers, tr("validation"), &m_validationWords);
  m_speed = metric(numbers, tr("tokens a second"));
  m_memory = metric(numbers, tr("used"), &m_memoryWords);
  m_codes = label(tr("codes frozen"), FontRole::Help, Ink::Ok);
  addItems(numbers, {fill(), new IconLabel(QStringLiteral("lock"), &ThemeTokens::ok, 14), m_codes});
  auto* head = new Card;
  head->add({hbox({m_step, m_epoch, fill(), new IconLabel(QStringLiteral("clock"), &ThemeTokens::text2, 14), m_left}, 10), m_bar, numbers});

  m_lossChart = new Chart;
  m_raw = m_lossChart->addSeries({.name = tr("train, raw"), .token = &ThemeTokens::seriesRaw, .width = 1.0});
  m_smooth = m_lossChart->addSeries({.name = tr("train, smoothed"), .token = &ThemeTokens::seriesSmooth, .width = 2.2});
  m_valid = m_lossChart->addSeries({.name = tr("validation"), .token = &ThemeTokens::seriesValidation, .width = 2.0, .circles = true});
  const int strip = m_lossChart->addStrip(58);
  m_rate = m_lossChart->addSeries({.name = tr("learning rate"), .token = &ThemeTokens::seriesRate, .width = 2.0, .dashes = {4, 3}}, strip);
  m_lossChart->setYFormat([](double v) { return rateText(v); }, strip);
  m_lossChart->setYFromZero(true, strip);
  const int gradientStrip = m_lossChart->addStrip(58);
  m_gradient = m_lossChart->addSeries({.name = tr("gradient norm"), .token = &ThemeTokens::seriesGradient, .width = 1.5}, gradientStrip);
  m_lossChart->setYFromZero(true, gradientStrip);
  m_lossChart->setBoxTitle([](double x) { return TuneRunView::tr("Step %1").arg(std::lround(x)); });
  m_lossChart->setBoxFormat([](double v) { return std::abs(v) < 0.01 && v != 0.0 ? rateText(v) : numberText(v, 3); });
  m_lossChart->setEmptyText(tr("The first steps are being computed"));
  m_scale = new Segmented({tr("Linear"), tr("Log")});
  m_scale->setName(tr("Scale of the loss"));
  auto* reset = new Button(Button::Icon, tr("Show all of it"), QStringLiteral("zoom"));
  auto* save = new Button(Button::Icon, tr("Save as PNG, SVG or CSV"), QStringLiteral("save"));
  auto* loss = new Card(tr("Loss"));
  loss->addTool(m_scale);
  loss->addTool(reset);
  loss->addTool(save);
  loss->add({grow(m_lossChart)});
  connect(m_scale, &Segmented::chosen, this, [this](int index) { m_lossChart->setLogarithmic(index == 1); });
  connect(reset, &QPushButton::clicked, m_lossChart, &Chart::resetZoom);
  connect(save, &QPushButton::clicked, this, [this] { m_lossChart->saveAs(QStringLiteral("loss.png")); });

  m_prompt = label({}, FontRole::Help, Ink::Text2);
  m_prompt->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  auto* answers = new Card(tr("Your own prompt, at each validation"));
  answers->add({m_prompt});
  for (int i = 0; i < kAnswersShown; ++i) {
    m_answers.append(new ElidedLabel({}, FontRole::MonoSmall, i + 1 == kAnswersShown ? Ink::Text : Ink::Text2));
    answers->add({m_answers.back()});
  }

  m_memoryChart = new Chart;
  const struct { QString name; Token token; } parts[] = {{tr("Weights, frozen"), &ThemeTokens::memoryWeights},
                                                         {tr("Scales, optimizer"), &ThemeTokens::memoryScales},
                                                         {tr("Activations"), &ThemeTokens::memoryActivations},
                                                         {tr("Logits"), &ThemeTokens::memoryLogits},
                                                         {tr("Workspace, program"), &ThemeTokens::memoryWorkspace}};
  for (const auto& part : parts) m_memorySeries.append(m_memoryChart->addSeries({.name = part.name, .token = part.token, .width = 1.0, .area = true}));
  m_memoryChart->setYFromZero(true);
  m_memoryChart->setTickCount(4, 4);
  m_memoryChart->setYFormat([](double v) { return QString::number(std::lround(v)); });
  m_memoryChart->setEmptyText(tr("Nothing reserved yet"));
  auto* memory = new Card(tr("Memory"), tr("MB by part"));
  memory->add({grow(m_memoryChart)});
  m_speedChart = new Chart;
  m_speedChart->setLegendVisible(false);
  m_speedSeries = m_speedChart->addSeries({.name = tr("tokens a second"), .token = &ThemeTokens::seriesSmooth, .width = 1.5});
  m_speedChart->setYFromZero(true);
  m_speedChart->setTickCount(4, 3);
  m_speedChart->setEmptyText(tr("No step done yet"));
  auto* speed = new Card(tr("Speed"), tr("tokens a second"));
  speed->add({grow(m_speedChart)});
  m_lossChart->linkX(m_memoryChart);
  m_lossChart->linkX(m_speedChart);

  auto* left = wrap(vbox({grow(loss), answers}, 12));
  auto* right = wrap(vbox({grow(memory, 55), grow(speed, 45)}, 12));
  m_columnsLayout = hbox({grow(left, 66), grow(right, 34)}, 12);
  auto* columns = wrap(m_columnsLayout);
  setLayout(vbox({head, grow(columns)}, 12));
}

QLabel* TuneRunView::metric(QHBoxLayout* row, const QString& words, QLabel** wordsLabel) {
  auto* number = label(QStringLiteral("–"), FontRole::MonoStrong);
  auto* text = label(words, FontRole::Help, Ink::Text2);
  if (wordsLabel) *wordsLabel = text;
  addItems(row, {hbox({number, text}, 8)});
  return number;
}

void TuneRunView::setNarrow(bool narrow) { m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight); }

void TuneRunView::begin(const QString& samplePrompt) {
  m_any = false;
  m_lastValidation = -1.0;
  m_samples.clear();
  m_parts.clear();
  for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) chart->clearXRange();
  for (const int series : {m_raw, m_smooth, m_valid, m_rate, m_gradient}) m_lossChart->setData(series, {}, {});
  for (const int series : m_memorySeries) m_memoryChart->setData(series, {}, {});
  m_speedChart->setData(m_speedSeries, {}, {});
  m_step->setText(tr("Preparing"));
  m_epoch->clear();
  m_left->clear();
  m_bar->setFraction(-1.0);
  for (QLabel* number : {m_loss, m_validation, m_speed, m_memory}) number->setText(QStringLiteral("–"));
  m_codes->setText(tr("codes frozen"));
  m_prompt->setText(samplePrompt.isEmpty() ? tr("No prompt was given: choose one under Method next time.") : QStringLiteral("“%1”").arg(samplePrompt.simplified()));
  showSamples();
}

void TuneRunView::take(const std::vector<TuneEvent>& events) {
  for (const TuneEvent& event : events) {
    if (const auto* plan = std::get_if<TunePlan>(&event)) {
      m_parts = QList<double>(5, 0.0);
      for (const MemoryItem& item : plan->ledger.items) m_parts[std::min(4, static_cast<int>(item.part))] += static_cast<double>(item.bytes) / kMegabyte;
      const double reserved = static_cast<double>(plan->ledger.total_bytes) / kMegabyte;
      const QString words = tr("reserved %1").arg(bytesText(plan->ledger.total_bytes));
      if (m_reserved < 0) m_reserved = m_memoryChart->addLine(Qt::Horizontal, reserved, &ThemeTokens::text, words);
      else m_memoryChart->setLine(m_reserved, reserved, words);
      m_memoryChart->setYRange(0.0, reserved * 1.15);
      m_memoryWords->setText(tr("used, of %1 reserved").arg(bytesText(plan->ledger.total_bytes)));
      for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) chart->setXRange(0.0, static_cast<double>(std::max<int64_t>(1, plan->steps)));
    } else if (const auto* step = std::get_if<StepRecord>(&event)) {
      takeStep(*step);
    } else if (const auto* validation = std::get_if<ValidationRecord>(&event)) {
      m_lossChart->append(m_valid, static_cast<double>(validation->step), validation->loss);
      m_validation->setText(numberText(validation->loss, 3));
      m_validationWords->setText(m_lastValidation < 0 ? tr("validation") : validation->loss < m_lastValidation ? tr("validation, falling") : tr("validation, rising"));
      m_lastValidation = validation->loss;
    } else if (const auto* sample = std::get_if<SampleRecord>(&event)) {
      m_samples.push_back(*sample);
      showSamples();
    }
  }
}

void TuneRunView::takeStep(const StepRecord& s) {
  const auto x = static_cast<double>(s.step);
  m_smoothed = m_any ? kSmoothing * m_smoothed + (1.0 - kSmoothing) * s.loss : s.loss;
  m_any = true;
  m_lossChart->append(m_raw, x, s.loss);
  m_lossChart->append(m_smooth, x, m_smoothed);
  m_lossChart->append(m_rate, x, s.learning_rate);
  m_lossChart->append(m_gradient, x, s.gradient_norm);
  m_speedChart->append(m_speedSeries, x, s.tokens_per_second);
  // The parts are planned; what the process really holds is set against them: the topmost part ends at the measured bytes.
  if (!m_parts.isEmpty()) {
    double top = 0.0;
    const double resident = static_cast<double>(s.resident_bytes) / kMegabyte;
    for (int part = 0; part < 5; ++part) {
      top += m_parts[part];
      m_memoryChart->append(m_memorySeries[part], x, part == 4 && resident > 0 ? std::max(resident, top - m_parts[4]) : std::min(top, resident > 0 ? resident : top));
    }
  }
  m_step->setText(tr("Step %1 of %2").arg(countText(s.step), countText(s.steps)));
  m_epoch->setText(tr("epoch %1").arg(numberText(s.epoch, 2)));
  m_left->setText(timeLeftText(s.seconds_left));
  m_bar->setFraction(s.steps > 0 ? x / static_cast<double>(s.steps) : -1.0);
  m_loss->setText(numberText(m_smoothed, 3));
  m_speed->setText(QString::number(std::lround(s.tokens_per_second)));
  m_memory->setText(bytesText(s.resident_bytes));
}

void TuneRunView::showSamples() {
  const int count = static_cast<int>(m_samples.size());
  for (int i = 0; i < kAnswersShown; ++i) {
    const int index = count - kAnswersShown + i;
    m_answers[i]->setVisible(index >= 0);
    if (index < 0) continue;
    const SampleRecord& sample = m_samples[static_cast<size_t>(index)];
    m_answers[i]->setFullText(tr("step %1   %2").arg(sample.step, 4).arg(QString::fromStdString(sample.answer).simplified()));
  }
}

void TuneRunView::finish(const Result<TuneReport>& report) {
  if (!report) {
    m_step->setText(tr("Stopped by an error"));
    m_left->clear();
    return;
  }
  const bool stopped = report->outcome == Outcome::Cancelled;
  m_step->setText(stopped ? tr("Stopped at step %1, everything kept").arg(countText(report->steps)) : tr("Done: %1 steps").arg(countText(report->steps)));
  m_left->setText(tr("%1 in all").arg(durationText(report->seconds)));
  if (!stopped) m_bar->setFraction(1.0);
  const bool same = report->codes_hash_before == report->codes_hash_after;
  m_codes->setText(same ? tr("codes unchanged, %1").arg(hashText(QString::fromStdString(report->codes_hash_after))) : tr("CODES CHANGED"));
  setInk(m_codes, same ? Ink::Ok : Ink::Danger);
}

}  // namespace scalewright::ui
