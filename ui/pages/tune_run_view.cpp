#include "ui/pages/tune_run_view.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progress_bar.h"
#include "ui/widgets/segmented.h"

namespace scalewright::ui {
namespace {

constexpr int kMostAnswers = 5, kFewAnswers = 3;
constexpr int kStrip = 46;          // look pixels of learning rate and gradient norm
constexpr int kLossHeight = 340;    // likewise, of the loss with both strips, axis and legend
constexpr double kMegabyte = 1e6;
constexpr double kHeadroom = 1.25;  // above the most memory: the words of the reserved line lie there
constexpr int kParts = 5;           // of the ledger; one more is what lies beyond it

QString stepTitle(double x) { return TuneRunView::tr("Step %1").arg(std::lround(x)); }
QString megabytes(double v) { return TuneRunView::tr("%1 MB").arg(std::lround(v)); }

}  // namespace

TuneRunView::TuneRunView(Settings& settings, QWidget* parent) : QWidget(parent), m_settings(settings) {
  auto* left = vbox({grow(buildLoss()), buildAnswers()}, 12);
  auto* right = vbox({grow(buildMemory(), 55), grow(buildSpeed(), 45)}, 12);
  m_columnsLayout = hbox({grow(wrap(left), 66), grow(wrap(right), 34)}, 12);
  setLayout(vbox({buildHead(), grow(wrap(m_columnsLayout))}, 12));
  setNarrow(false);
  m_lossChart->linkX(m_memoryChart);
  m_lossChart->linkX(m_speedChart);
  for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) connect(chart, &Chart::xRangeChanged, m_whole, [this] { m_whole->setVisible(m_lossChart->zoomed()); });
}

TuneRunView::~TuneRunView() = default;

void TuneRunView::addSave(Card* card, Chart* chart, const QString& name) {
  auto* save = new Button(Button::Icon, tr("Save as PNG, SVG or CSV"), QStringLiteral("save"));
  connect(save, &QPushButton::clicked, chart, [this, chart, name] { chart->saveAs(name, m_settings); });
  card->addTool(save);
}

QWidget* TuneRunView::buildHead() {
  m_step = label(tr("Preparing"), FontRole::CardTitle);
  m_epoch = label({}, FontRole::Body, Ink::Text2);
  m_left = label({}, FontRole::Strong);
  m_clock = new IconLabel(QStringLiteral("clock"), &ThemeTokens::text2, 14);
  m_bar = new ProgressBar(8);
  // Each figure keeps its place: shares of the width, not what the digits take.
  auto* numbers = hbox({}, 16);
  m_loss = metric(numbers, tr("train loss"));
  m_validation = metric(numbers, tr("validation"), &m_validationWords);
  m_speed = metric(numbers, tr("tokens a second"));
  m_memory = metric(numbers, tr("used"), &m_memoryWords, 3);
  m_memoryWords->setHint(tr("What the run holds now, against what was reserved for it when it started. The plan before said about as much: this program held other things then. A chat beside the run and the window itself come on top."));
  m_codes = label(tr("codes frozen"), FontRole::Help, Ink::Ok);
  addItems(numbers, {hbox({new IconLabel(QStringLiteral("lock"), &ThemeTokens::ok, 14), m_codes}, 6)});
  auto* head = new Card;
  head->add({hbox({m_step, m_epoch, fill(), m_clock, m_left}, 10), m_bar, numbers});
  return head;
}

QWidget* TuneRunView::buildLoss() {
  m_lossChart = new Chart;
  m_lossChart->setAccessibleName(tr("Loss, learning rate and gradient norm"));
  m_raw = m_lossChart->addSeries({.name = tr("train, raw"), .token = &ThemeTokens::seriesRaw, .width = 1.0});
  m_smooth = m_lossChart->addSeries({.name = tr("train, smoothed"), .token = &ThemeTokens::seriesSmooth, .width = 2.2});
  m_valid = m_lossChart->addSeries({.name = tr("validation"), .token = &ThemeTokens::seriesValidation, .width = 2.0, .circles = true});
  const int strip = m_lossChart->addStrip(kStrip);
  m_rate = m_lossChart->addSeries({.name = tr("learning rate"), .token = &ThemeTokens::seriesRate, .width = 2.0, .dashes = {4, 3}}, strip);
  m_lossChart->setYFormat([](double v) { return rateText(v); }, strip);
  m_lossChart->setYFromZero(true, strip);
  const int gradientStrip = m_lossChart->addStrip(kStrip);
  m_gradient = m_lossChart->addSeries({.name = tr("gradient norm"), .token = &ThemeTokens::seriesGradient, .width = 1.5}, gradientStrip);
  m_lossChart->setYFromZero(true, gradientStrip);
  m_lossChart->setBoxTitle(stepTitle);
  m_lossChart->setBoxFormat([](double v) { return std::abs(v) < 0.01 && v != 0.0 ? rateText(v) : numberText(v, 3); });
  m_scale = new Segmented({tr("Linear"), tr("Log")});
  m_scale->setName(tr("Scale of the loss"));
  m_whole = new Button(Button::Icon, tr("Show all of it"), QStringLiteral("zoom"));
  m_whole->hide();  // nothing is left out yet
  auto* card = new Card(tr("Loss"));
  card->addTool(m_scale);
  card->addTool(m_whole);
  addSave(card, m_lossChart, QStringLiteral("loss"));
  card->add({grow(m_lossChart)});
  connect(m_scale, &Segmented::chosen, this, [this](int index) { m_lossChart->setLogarithmic(index == 1); });
  connect(m_whole, &QPushButton::clicked, m_lossChart, &Chart::resetZoom);
  return card;
}

QWidget* TuneRunView::buildAnswers() {
  m_prompt = new ElidedLabel({}, FontRole::Help, Ink::Text2);
  m_promptEdit = new QLineEdit;
  m_promptEdit->setAccessibleName(tr("A prompt of your own"));
  m_promptEdit->setToolTip(tr("Answered after the next step and at each validation (Return)"));
  m_promptEdit->hide();
  m_promptEdit->installEventFilter(this);
  connect(m_promptEdit, &QLineEdit::returnPressed, this, &TuneRunView::takePrompt);
  m_change = new Button(Button::Quiet, tr("Change…"), QStringLiteral("edit"));
  m_change->setHint(tr("Asks another question from now on; the run goes on"));
  connect(m_change, &QPushButton::clicked, this, [this] { m_promptEdit->isVisible() ? takePrompt() : editPrompt(true); });
  auto* card = new Card(tr("Your own prompt, at each validation"));
  card->addTool(m_change);
  auto* lines = vbox({m_prompt, m_promptEdit}, 5);
  for (int i = 0; i < kMostAnswers; ++i) {
    m_answers.append(new ElidedLabel({}, FontRole::MonoSmall, i + 1 == kMostAnswers ? Ink::Text : Ink::Text2));
    lines->addWidget(m_answers.back());
    m_answers.back()->hide();
  }
  card->add({lines});
  return card;
}

QWidget* TuneRunView::buildMemory() {
  m_memoryChart = new Chart;
  m_memoryChart->setAccessibleName(tr("Memory by part"));
  const struct { QString name; Token token; } parts[] = {{tr("Weights, frozen"), &ThemeTokens::memoryWeights},
                                                         {tr("Scales, optimizer"), &ThemeTokens::memoryScales},
                                                         {tr("Activations"), &ThemeTokens::memoryActivations},
                                                         {tr("Logits"), &ThemeTokens::memoryLogits},
                                                         {tr("Workspace"), &ThemeTokens::memoryWorkspace},
                                                         {tr("Chat, window"), &ThemeTokens::learned}};
  for (const auto& part : parts) m_memorySeries.append(m_memoryChart->addSeries({.name = part.name, .token = part.token, .width = 1.0, .area = true}));
  m_memoryChart->setYFromZero(true);
  m_memoryChart->setTickCount(4, 4);
  m_memoryChart->setYFormat([](double v) { return QString::number(std::lround(v)); });
  m_memoryChart->setBoxTitle(stepTitle);
  m_memoryChart->setBoxFormat(megabytes);
  m_memoryChart->setEmptyText(tr("Nothing reserved yet"));
  auto* card = new Card(tr("Memory"), tr("MB by part"));
  addSave(card, m_memoryChart, QStringLiteral("memory"));
  card->add({grow(m_memoryChart)});
  return card;
}

QWidget* TuneRunView::buildSpeed() {
  m_speedChart = new Chart;
  m_speedChart->setAccessibleName(tr("Tokens a second"));
  m_speedChart->setLegendVisible(false);
  m_speedSeries = m_speedChart->addSeries({.name = tr("tokens a second"), .token = &ThemeTokens::seriesSmooth, .width = 1.5});
  m_speedChart->setYFromZero(true);
  m_speedChart->setTickCount(4, 3);
  m_speedChart->setBoxTitle(stepTitle);
  m_speedChart->setBoxFormat([](double v) { return QString::number(std::lround(v)); });
  m_speedChart->setEmptyText(tr("No step done yet"));
  auto* card = new Card(tr("Speed"), tr("tokens a second"));
  addSave(card, m_speedChart, QStringLiteral("speed"));
  card->add({grow(m_speedChart)});
  return card;
}

QLabel* TuneRunView::metric(QHBoxLayout* row, const QString& words, ElidedLabel** wordsLabel, int share) {
  auto* number = label(QStringLiteral("–"), FontRole::MonoStrong);
  auto* text = new ElidedLabel(words, FontRole::Help, Ink::Text2);
  text->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  if (wordsLabel) *wordsLabel = text;
  m_metrics << hbox({number, grow(text)}, 8);
  addItems(row, {grow(m_metrics.last(), share)});
  return number;
}

// The charts keep a height that can be read, and the page scrolls.
void TuneRunView::setNarrow(bool narrow) {
  m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  for (QBoxLayout* figure : m_metrics) {
    figure->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    setScaledSpacing(figure, narrow ? 1 : 8);
  }
  setScaledMinimum(m_lossChart, 0, kLossHeight);
  setScaledMinimum(m_memoryChart, 0, 170);
  setScaledMinimum(m_speedChart, 0, 120);
}

void TuneRunView::begin(const QString& samplePrompt) {
  m_smoother = Smoother();
  m_losses.clear();
  m_held.clear();
  m_total = 0;
  m_validations.clear();
  m_topMegabytes = m_reservedMegabytes = 0.0;
  m_samples.clear();
  m_parts.clear();
  for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) chart->clearXRange();
  for (const int series : {m_raw, m_smooth, m_valid, m_rate, m_gradient}) m_lossChart->setData(series, {}, {});
  for (const int series : m_memorySeries) m_memoryChart->setData(series, {}, {});
  m_speedChart->setData(m_speedSeries, {}, {});
  m_lossChart->setEmptyText(tr("The first steps are being computed"));
  m_validationWords->setFullText(tr("validation"));
  m_memoryWords->setFullText(tr("used"));
  if (m_reserved >= 0) m_memoryChart->setLine(m_reserved, std::numeric_limits<double>::quiet_NaN(), {});
  m_step->setText(tr("Preparing"));
  m_epoch->clear();
  m_left->clear();
  m_clock->hide();
  m_bar->setFraction(-1.0);
  for (QLabel* number : {m_loss, m_validation, m_speed, m_memory}) number->setText(QStringLiteral("–"));
  m_codes->setText(tr("codes frozen"));
  setInk(m_codes, Ink::Ok);
  m_promptText = samplePrompt;
  m_change->show();
  editPrompt(false);
  showSamples();
}

void TuneRunView::take(const std::vector<TuneEvent>& events) {
  for (const TuneEvent& event : events) {
    if (const auto* plan = std::get_if<TunePlan>(&event)) {
      takePlan(*plan);
    } else if (const auto* step = std::get_if<StepRecord>(&event)) {
      takeStep(*step);
    } else if (const auto* validation = std::get_if<ValidationRecord>(&event)) {
      takeValidation(*validation);
    } else if (const auto* sample = std::get_if<SampleRecord>(&event)) {
      std::erase_if(m_samples, [&](const SampleRecord& before) { return before.step == sample->step && before.prompt == sample->prompt; });
      m_samples.push_back(*sample);
      showSamples();
    } else if (const auto* pause = std::get_if<PauseEvent>(&event)) {
      showPaused(pause->paused);
    } else if (const auto* asking = std::get_if<AskingEvent>(&event)) {
      m_left->setText(asking->words);
      m_clock->show();
    }
  }
}

void TuneRunView::takeValidation(const ValidationRecord& v) {
  // A checkpoint may be older than the validation of its step: that is then made again.
  std::erase_if(m_validations, [&](const auto& before) { return before.first >= v.step; });
  // Beside its lowest: a small fall behind a large rise is no progress.
  const auto lower = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto lowest = std::min_element(m_validations.begin(), m_validations.end(), lower);
  const bool first = lowest == m_validations.end();
  m_validationWords->setFullText(first ? tr("validation") : v.loss < lowest->second ? tr("validation, its lowest") : tr("validation, lowest %1").arg(numberText(lowest->second, 3)));
  m_validation->setText(numberText(v.loss, 3));
  m_validations.emplace_back(v.step, v.loss);
  QList<double> x, y;
  for (const auto& [step, loss] : m_validations) {
    x.append(static_cast<double>(step));
    y.append(loss);
  }
  m_lossChart->setData(m_valid, x, y);
}

// While it pauses there is no time left to tell.
void TuneRunView::showPaused(bool paused) {
  if (m_losses.empty()) return;
  m_step->setText(paused ? tr("Paused at step %1 of %2").arg(countText(m_losses.back().first), countText(m_total)) : tr("Step %1 of %2").arg(countText(m_losses.back().first), countText(m_total)));
  if (paused) m_left->clear();
  m_clock->setVisible(!paused && !m_left->text().isEmpty());
}

void TuneRunView::takePlan(const TunePlan& plan) {
  m_parts = QList<double>(kParts, 0.0);
  for (const MemoryItem& item : plan.ledger.items) m_parts[std::min(kParts - 1, static_cast<int>(item.part))] += static_cast<double>(item.bytes) / kMegabyte;
  m_reservedMegabytes = m_topMegabytes = static_cast<double>(plan.ledger.total_bytes) / kMegabyte;
  const QString words = tr("reserved %1").arg(bytesText(plan.ledger.total_bytes));
  if (m_reserved < 0) m_reserved = m_memoryChart->addLine(Qt::Horizontal, m_reservedMegabytes, &ThemeTokens::text, words);
  else m_memoryChart->setLine(m_reserved, m_reservedMegabytes, words);
  m_memoryChart->setYRange(0.0, m_topMegabytes * kHeadroom);
  m_reservedText = bytesText(plan.ledger.total_bytes);
  m_memory->setText(QStringLiteral("–"));  // what an earlier part of the run held says nothing of this plan
  m_memoryWords->setFullText(tr("now, of %1 reserved").arg(m_reservedText));
  m_total = plan.steps;
  dropAfter(plan.done_steps);
  // What earlier parts of the run held is drawn against this plan.
  for (const int series : m_memorySeries) m_memoryChart->setData(series, {}, {});
  for (const auto& [step, held] : m_held) drawMemory(step, held);
  for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) chart->setXRange(0.0, static_cast<double>(std::max<int64_t>(1, plan.steps)));
}

void TuneRunView::smoothAgain() {
  m_smoother = m_total > 0 ? Smoother(m_total) : Smoother();
  QList<double> x, y;
  for (const auto& [step, loss] : m_losses) {
    x.append(static_cast<double>(step));
    y.append(m_smoother.add(loss));
  }
  m_lossChart->setData(m_smooth, x, y);
  m_loss->setText(y.isEmpty() ? QStringLiteral("–") : numberText(y.last(), 3));
}

// It goes on from a checkpoint before the last step that was seen: what came after it is computed anew.
void TuneRunView::dropAfter(int64_t step) {
  const auto later = [step](const auto& seen) { return seen.first > step; };
  std::erase_if(m_losses, later);
  std::erase_if(m_held, later);
  std::erase_if(m_validations, later);
  std::erase_if(m_samples, [step](const SampleRecord& sample) { return sample.step > step; });
  for (Chart* chart : {m_lossChart, m_memoryChart, m_speedChart}) chart->dropAfter(static_cast<double>(step) + 0.5);
  smoothAgain();
  showSamples();
}

// The parts are planned; what the process really held is set against them: the topmost part ends at the measured bytes. A chat
// beside the run and the window's own needs are not of the plan: they lie above it.
void TuneRunView::drawMemory(int64_t step, double held) {
  if (held <= 0) held = m_reservedMegabytes;
  double top = 0.0;
  for (int part = 0; part < kParts; ++part) {
    top += m_parts[part];
    m_memoryChart->append(m_memorySeries[part], static_cast<double>(step), std::min(part + 1 == kParts ? m_reservedMegabytes : top, held));
  }
  m_memoryChart->append(m_memorySeries[kParts], static_cast<double>(step), held);
  if (held <= m_topMegabytes) return;
  m_topMegabytes = held;
  m_memoryChart->setYRange(0.0, m_topMegabytes * kHeadroom);
}

void TuneRunView::takeStep(const StepRecord& s) {
  const auto x = static_cast<double>(s.step);
  if (!m_losses.empty() && m_losses.back().first >= s.step) dropAfter(s.step - 1);
  m_losses.emplace_back(s.step, s.loss);
  m_held.emplace_back(s.step, static_cast<double>(s.resident_bytes) / kMegabyte);
  const double smoothed = m_smoother.add(s.loss);
  m_lossChart->append(m_raw, x, s.loss);
  m_lossChart->append(m_smooth, x, smoothed);
  m_lossChart->append(m_rate, x, s.learning_rate);
  m_lossChart->append(m_gradient, x, s.gradient_norm);
  m_speedChart->append(m_speedSeries, x, s.tokens_per_second);
  if (!m_parts.isEmpty()) {
    const double held = s.resident_bytes > 0 ? m_held.back().second : m_reservedMegabytes;
    drawMemory(s.step, held);
    const double beyond = held - m_reservedMegabytes;
    m_memoryWords->setFullText(beyond > 1.0 ? tr("now, of %1 reserved; beside it %2").arg(m_reservedText, bytesText(quint64(beyond * kMegabyte))) : tr("now, of %1 reserved").arg(m_reservedText));
    m_memory->setText(bytesText(quint64(std::min(held, m_reservedMegabytes) * kMegabyte)));
  }
  m_step->setText(tr("Step %1 of %2").arg(countText(s.step), countText(s.steps)));
  m_epoch->setText(tr("epoch %1").arg(numberText(s.epoch, 2)));
  m_left->setText(s.step >= s.steps ? tr("validating and saving") : timeLeftText(s.seconds_left));
  m_clock->setVisible(!m_left->text().isEmpty());
  m_bar->setFraction(s.steps > 0 ? x / static_cast<double>(s.steps) : -1.0);
  m_loss->setText(numberText(smoothed, 3));
  m_speed->setText(QString::number(std::lround(s.tokens_per_second)));
}

// Five lines where there is room, else three.
int TuneRunView::answersShown() const { return height() > px(780) ? kMostAnswers : kFewAnswers; }

void TuneRunView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  showSamples();
}

void TuneRunView::editPrompt(bool on) {
  m_prompt->setFullText(m_promptText.isEmpty() ? tr("No prompt was given.") : QStringLiteral("“%1”").arg(m_promptText.simplified()));
  m_prompt->setVisible(!on);
  m_promptEdit->setVisible(on);
  m_change->setText(on ? tr("Ask it") : tr("Change…"));
  m_change->setIconName(on ? QStringLiteral("check") : QStringLiteral("edit"));
  if (!on) return;
  m_promptEdit->setText(m_promptText);
  m_promptEdit->selectAll();
  m_promptEdit->setFocus(Qt::OtherFocusReason);
}

void TuneRunView::takePrompt() {
  const QString text = m_promptEdit->text().trimmed();
  const bool other = !text.isEmpty() && text != m_promptText;
  if (other) m_promptText = text;
  editPrompt(false);
  m_change->setFocus(Qt::OtherFocusReason);
  if (other) emit promptChanged(text);
}

// Escape leaves the prompt as it was.
bool TuneRunView::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_promptEdit && event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    editPrompt(false);
    m_change->setFocus(Qt::OtherFocusReason);
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

void TuneRunView::showSamples() {
  const int count = static_cast<int>(m_samples.size());
  for (int i = 0; i < kMostAnswers; ++i) {
    const int index = count - kMostAnswers + i;
    const bool shown = index >= 0 && i >= kMostAnswers - answersShown();
    m_answers[i]->setVisible(shown);
    if (!shown) continue;
    const SampleRecord& sample = m_samples[static_cast<size_t>(index)];
    m_answers[i]->setFullText(tr("step %1   %2").arg(sample.step, 4).arg(QString::fromStdString(sample.answer).simplified()));
  }
}

void TuneRunView::finish(const Result<TuneReport>& report, bool stoppedBeforeStart) {
  editPrompt(false);
  m_change->hide();
  if (!report) {
    m_step->setText(stoppedBeforeStart ? tr("Stopped before its first step") : tr("Stopped by an error"));
    m_lossChart->setEmptyText(tr("No step was done"));
    m_bar->setFraction(m_losses.empty() || m_total == 0 ? 0.0 : static_cast<double>(m_losses.back().first) / static_cast<double>(m_total));
    m_left->clear();
    m_clock->hide();
    return;
  }
  const bool stopped = report->outcome == Outcome::Cancelled;
  m_step->setText(stopped ? tr("Stopped at step %1, everything kept").arg(countText(report->steps)) : tr("Done: %1 steps").arg(countText(report->steps)));
  m_left->setText(tr("%1 in all").arg(durationText(report->seconds)));
  m_clock->show();
  if (!stopped) m_bar->setFraction(1.0);
  const bool same = report->codes_hash_before == report->codes_hash_after;
  m_codes->setText(same ? tr("codes unchanged, %1").arg(hashText(QString::fromStdString(report->codes_hash_after))) : tr("CODES CHANGED"));
  setInk(m_codes, same ? Ink::Ok : Ink::Danger);
}

}  // namespace scalewright::ui
