#include "ui/pages/tune_method_step.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QFileInfo>
#include <QLineEdit>
#include <algorithm>
#include <cmath>

#include "engine/tune/held_out.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/jobs/tune_job.h"
#include "ui/models/ledger_view.h"
#include "ui/settings/format.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/number_boxes.h"
#include "ui/widgets/option_card.h"

namespace scalewright::ui {
namespace {

constexpr int kLargestContext = 131072;  // of a model that does not say its own

}  // namespace

TuneMethodStep::TuneMethodStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  m_presets = new QButtonGroup(this);
  auto* presetRow = hbox({}, 10);
  const QStringList names = {tr("Quick"), tr("Balanced"), tr("Thorough")};
  const QStringList lines = {tr("Shows whether your data works."), tr("Right for a few hundred rows."), tr("Learns most, takes longest.")};
  for (int i = 0; i < 3; ++i) {
    auto* card = new OptionCard(names[i], lines[i]);
    if (i == 1) card->setChip(tr("Recommended"), Tone::Accent);
    QSizePolicy policy = card->sizePolicy();
    policy.setVerticalPolicy(QSizePolicy::Preferred);  // all as high as the highest
    card->setSizePolicy(policy);
    m_presets->addButton(card, i);
    m_presetCards.append(card);
    addItems(presetRow, {grow(card)});
  }
  m_length = new Card(tr("How long to learn"));
  m_length->add({presetRow, label(lengthWords(), FontRole::Help, Ink::Text3, true)});

  m_what = new QButtonGroup(this);
  auto* whatRow = hbox({}, 10);
  const QStringList what = {tr("Scales of groups"), tr("Row multipliers")};
  for (int i = 0; i < 2; ++i) {
    auto* card = new OptionCard(what[i], i == 0 ? tr("Every scale learns. Learns most.") : tr("One factor an output row: a small pack, faster steps. Fits any file type."));
    m_what->addButton(card, i);
    m_whatCards.append(card);
    addItems(whatRow, {grow(card)});
  }
  auto* learns = new Card(tr("What learns"));
  learns->add({whatRow});

  m_prompt = new QLineEdit;
  m_prompt->setPlaceholderText(tr("A question of yours"));
  m_prompt->setAccessibleName(tr("A prompt of your own"));
  m_prompt->setToolTip(tr("Answered at each validation; empty: none"));
  auto* prompt = new Card(tr("A prompt of your own"));
  m_promptFrom = label({}, FontRole::Help, Ink::Text3, true);
  prompt->add({m_prompt, m_promptFrom});

  m_fold = new Button(Button::Quiet, tr("Advanced"), QStringLiteral("right"));
  m_fold->setCheckable(true);
  m_advanced = buildAdvanced();
  m_advanced->hide();
  auto* advanced = new Card;
  m_line = new ElidedLabel({}, FontRole::Help, Ink::Text3);
  advanced->setBodyMargins(8, 6, 16, 6);
  advanced->add({hbox({m_fold, grow(m_line)}, 4), m_advanced});

  m_facts = new FactsGrid;
  m_rateChart = new Chart;
  m_rateChart->setAccessibleName(tr("Learning rate"));
  m_rateChart->setYFromZero(true);
  m_rateChart->setTickCount(4, 2);
  m_rateChart->setYFormat([](double v) { return rateText(v); });
  m_rateSeries = m_rateChart->addSeries({.name = tr("learning rate"), .token = &ThemeTokens::seriesRate, .width = 2.0, .dashes = {4, 3}});
  m_rateChart->setLegendVisible(false);
  setScaledMinimum(m_rateChart, 0, 130);
  auto* expect = new Card(tr("What to expect"));
  expect->add({m_facts, horizontalLine(), label(tr("Learning rate"), FontRole::Strong), m_rateChart});
  m_name = new QLineEdit;
  auto* name = new Card;
  name->add({new FormField(tr("Name"), m_name, tr("Shown in Runs, and the name of the pack: the small file with what was learned."))});

  auto* left = wrap(vbox({m_length, learns, prompt, advanced, fill()}, 16));
  m_right = wrap(vbox({expect, name, fill()}, 16));
  setScaledWidth(m_right, 322);
  m_columnsLayout = hbox({grow(left), m_right}, 16);
  setLayout(m_columnsLayout);

  connect(m_presets, &QButtonGroup::idClicked, this, &TuneMethodStep::choosePreset);
  connect(m_what, &QButtonGroup::idClicked, this, [this] { takeOver(); });
  connect(m_fold, &QPushButton::toggled, this, [this](bool open) {
    m_advanced->setVisible(open);
    m_fold->setIconName(open ? QStringLiteral("down") : QStringLiteral("right"));
    show();
  });
  connect(m_prompt, &QLineEdit::textEdited, this, [this] { showPromptFrom({}); });
  connect(m_prompt, &QLineEdit::editingFinished, this, [this] { this->draft().recipe.sample_prompt = m_prompt->text().trimmed().toStdString(); });
  connect(m_name, &QLineEdit::textEdited, this, [this](const QString& text) {
    this->draft().name = text.trimmed();
    emit changed();
  });
}

QString TuneMethodStep::lengthWords() {
  return tr("An epoch reads every row once. A step reads some of them, short rows packed together, and then corrects the scales a little.");
}

QWidget* TuneMethodStep::buildAdvanced() {
  m_epochs = new RealBox(0.01, 1000, 2, tr("Epochs: how often every row is read"));
  m_steps = wholeBox(1, 100'000'000, tr("Steps in all, whatever the number of rows. Each corrects the scales once."));
  m_lengthBy = new Combo;
  m_lengthBy->addItems({tr("epochs"), tr("steps")});
  m_lengthBy->setToolTip(tr("Counted in passes over the data, or in steps"));
  m_lengthBy->setAccessibleName(tr("Length counted in"));
  m_epochs->setAccessibleName(tr("Epochs"));
  m_steps->setAccessibleName(tr("Steps"));
  for (QAbstractSpinBox* box : {static_cast<QAbstractSpinBox*>(m_epochs), static_cast<QAbstractSpinBox*>(m_steps)}) box->setMinimumWidth(px(84));  // seven digits
  auto* length = wrap(hbox({grow(m_epochs), grow(m_steps), m_lengthBy}, 6));
  length->setFocusProxy(m_epochs);
  m_context = wholeBox(16, kLargestContext, tr("Tokens of a row: longer rows are cut"));
  m_batch = wholeBox(1, 256, tr("Contexts full of rows that are computed at once: more is faster and takes more memory"));
  m_accumulate = wholeBox(1, 1024, tr("Batches that are read before a step corrects the scales: more is steadier, and makes fewer steps of the same rows"));
  m_rate = new RealBox(0, 1, 6, tr("0: the default for the bits of this model"));
  m_warmup = new RealBox(0, 0.5, 3, tr("Part of the steps in which the rate goes up"));
  m_clip = new RealBox(0, 100, 3, tr("Largest gradient norm; 0: none"));
  m_decay = new RealBox(0, 1, 4, tr("Pulls the scales back to where they were"));
  m_seed = wholeBox(0, 1'000'000, tr("Same seed, same run, to the bit"));
  m_schedule = new Combo;
  m_schedule->addItems({tr("constant"), tr("cosine"), tr("linear")});
  m_schedule->setToolTip(tr("How the learning rate goes down"));
  m_form = new Combo;
  m_form->addItems({tr("relative"), tr("raw")});
  m_form->setToolTip(tr("Relative: s = s0 (1 + θ), a step means the same for every model. Raw: s itself, the form of the paper."));
  m_system = new QLineEdit;
  m_system->setToolTip(tr("For rows that have none"));
  auto* grid = flow({}, 10);
  setScaledMargins(grid, 8, 8, 8, 8);
  grid->setColumns(4);
  const QList<QPair<QString, QWidget*>> fields = {{tr("Length"), length}, {tr("Context"), m_context}, {tr("Batch"), m_batch}, {tr("Accumulate"), m_accumulate},
                                                  {tr("Learning rate"), m_rate}, {tr("Warm-up"), m_warmup}, {tr("Gradient clip"), m_clip}, {tr("Weight decay"), m_decay},
                                                  {tr("Schedule"), m_schedule}, {tr("Form"), m_form}, {tr("Seed"), m_seed}, {tr("System prompt"), m_system}};
  for (int i = 0; i < fields.size(); ++i) {
    auto* field = new FormField(fields[i].first, fields[i].second);
    grid->addWidget(field);
    if (fields[i].second == m_rate) m_rateField = field;
  }
  for (QSpinBox* box : {m_steps, m_context, m_batch, m_accumulate, m_seed}) connect(box, &QSpinBox::editingFinished, this, &TuneMethodStep::takeOver);
  for (RealBox* box : {m_epochs, m_rate, m_warmup, m_clip, m_decay}) connect(box, &QDoubleSpinBox::editingFinished, this, &TuneMethodStep::takeOver);
  connect(m_lengthBy, &QComboBox::activated, this, [this](int by) {
    // The other way to say the same length.
    if (by == 1) m_steps->setValue(static_cast<int>(this->draft().recipe.steps > 0 ? this->draft().recipe.steps : m_plan ? m_plan->steps : 100));
    takeOver();
  });
  for (QComboBox* box : {m_schedule, m_form}) connect(box, &QComboBox::activated, this, &TuneMethodStep::takeOver);
  connect(m_system, &QLineEdit::editingFinished, this, &TuneMethodStep::takeOver);
  auto* reset = new Button(Button::Quiet, tr("Reset to defaults"), QStringLiteral("undo"));
  reset->setHint(tr("Everything here as the program would choose it; the system prompt stays"));
  connect(reset, &QPushButton::clicked, this, &TuneMethodStep::resetToDefaults);
  return wrap(vbox({wrap(grid), hbox({fill(), reset}, 0)}, 8));
}

QWidget* TuneMethodStep::firstField() const { return m_presetCards[std::clamp(draft().preset, 0, 2)]; }
void TuneMethodStep::setNarrow(bool narrow) {
  m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  narrow ? releaseWidth(m_right) : setScaledWidth(m_right, 322);
}
QString TuneMethodStep::refusal() const { return draft().name.isEmpty() ? tr("Give the run a name") : QString(); }

QString TuneMethodStep::value() const {
  const QStringList names = {tr("Quick"), tr("Balanced"), tr("Thorough"), tr("Own")};
  return names[std::clamp(draft().preset, 0, 3)];
}

void TuneMethodStep::enter() {
  if (draft().name.isEmpty() && draft().fromSample) draft().name = QStringLiteral("sample-requests");
  if (draft().name.isEmpty()) draft().name = QFileInfo(QString::fromStdString(draft().recipe.data.string())).completeBaseName() + '-' + value().toLower();
  // The model's own: a longer context has no meaning for it.
  const int64_t most = draft().summary.context_length > 0 ? draft().summary.context_length : kLargestContext;
  m_context->setMaximum(static_cast<int>(std::clamp<int64_t>(most, m_context->minimum(), kLargestContext)));
  m_context->setToolTip(tr("Tokens of a row: longer rows are cut. The model takes up to %1.").arg(countText(m_context->maximum())));
  if (draft().recipe.context > m_context->maximum()) {
    draft().recipe.context = m_context->maximum();
    draft().encoded.reset();
  }
  offerPrompt();
  show();
  estimate();
}

// A question of the rows, best one that is held back: the answer to a row that is learned proves nothing.
void TuneMethodStep::offerPrompt() {
  const auto& dataset = draft().dataset;
  const std::string& prompt = draft().recipe.sample_prompt;
  // What was offered is offered anew: other rows may be held back by now.
  if ((!prompt.empty() && prompt != m_offered.toStdString()) || !dataset || !draft().hasData()) return showPromptFrom({});
  const auto offer = [this](const Dataset& rows, int64_t number) {
    draft().recipe.sample_prompt.clear();
    for (const Example& example : rows.examples) {
      if (example.row != number) continue;
      for (const Message& message : example.messages)
        if (message.role == "user") draft().recipe.sample_prompt = message.content;
      break;
    }
    m_offered = QString::fromStdString(draft().recipe.sample_prompt);
  };
  if (const auto& rows = draft().validation; rows && !rows->examples.empty()) {
    // One that is learned from too would prove little.
    const auto alone = std::find_if(rows->examples.begin(), rows->examples.end(), [&](const Example& row) {
      return std::none_of(dataset->examples.begin(), dataset->examples.end(), [&](const Example& learned) { return learned.messages == row.messages && learned.text == row.text; });
    });
    offer(*rows, alone == rows->examples.end() ? rows->examples.front().row : alone->row);
    return showPromptFrom(tr("It is a row of the file that is validated on: the model never learns from it."));
  }
  const std::vector<int64_t> held = held_out_numbers(*draft().encoded, draft().recipe);
  offer(*dataset, held.empty() ? draft().encoded->examples.front().row : held.front());
  showPromptFrom(held.empty() ? tr("It is a row of your data that is learned from, so a right answer proves little.")
                              : tr("It is a row of your data that is held back: the model never learns from it."));
}

void TuneMethodStep::showPromptFrom(const QString& from) {
  m_from = from;
  m_promptFrom->setText((tr("Answered at each validation, so that progress can be read and not only plotted.") + QLatin1Char(' ') + from).trimmed());
}

// What the program would choose; model, data, what learns and the prompts stay.
void TuneMethodStep::resetToDefaults() {
  TuneRecipe& r = draft().recipe;
  const TuneRecipe own = r;
  r = TuneRecipe();
  r.model = own.model;
  r.data = own.data;
  r.validation = own.validation;
  r.data_format = own.data_format;
  r.validation_split = own.validation_split;
  r.columns = own.columns;
  r.granularity = own.granularity;
  r.train_on_inputs = own.train_on_inputs;
  r.system_prompt = own.system_prompt;
  r.sample_prompt = own.sample_prompt;
  r.memory_limit = own.memory_limit;
  r.context = std::min<int64_t>(r.context, m_context->maximum());
  if (r.context != own.context) draft().encoded.reset();
  choosePreset(1);
}

void TuneMethodStep::choosePreset(int preset) {
  const QString before = value().toLower();
  draft().preset = preset;
  draft().recipe.epochs = kPresetEpochs[preset];
  draft().recipe.steps = 0;
  if (draft().name.endsWith('-' + before)) draft().name = draft().name.chopped(before.size()) + value().toLower();
  show();
  estimate();
  emit changed();
}

void TuneMethodStep::takeOver() {
  TuneRecipe& r = draft().recipe;
  const int64_t context = r.context;
  r.granularity = m_what->checkedId() == 1 ? Granularity::Row : Granularity::Group;
  r.steps = m_lengthBy->currentIndex() == 1 ? m_steps->value() : 0;
  r.epochs = m_epochs->value();
  r.context = m_context->value();
  r.batch = m_batch->value();
  r.accumulate = m_accumulate->value();
  r.learning_rate = m_rate->value();
  r.warmup = m_warmup->value();
  r.clip = m_clip->value();
  r.weight_decay = m_decay->value();
  r.seed = static_cast<uint64_t>(m_seed->value());
  r.schedule = static_cast<Schedule>(m_schedule->currentIndex());
  r.parametrization = static_cast<Parametrization>(m_form->currentIndex());
  r.system_prompt = m_system->text().toStdString();
  if (r.context != context) draft().encoded.reset();  // rows are cut elsewhere now: the data step reads them again
  draft().preset = presetOf(r);
  show();
  estimate();
  emit changed();
}

QString TuneMethodStep::advancedLine() const {
  const TuneRecipe& r = draft().recipe;
  return tr("context %1, batch %2, rate %3, warm-up %4, clip %5, seed %6")
      .arg(r.context)
      .arg(r.batch * r.accumulate)
      .arg(r.learning_rate > 0 ? rateText(r.learning_rate) : m_plan ? rateText(m_plan->learning_rate) : tr("default"))
      .arg(percentText(r.warmup, 0))
      .arg(r.clip)
      .arg(r.seed);
}

void TuneMethodStep::show() {
  const TuneRecipe& r = draft().recipe;
  m_presets->setExclusive(false);
  for (int i = 0; i < 3; ++i) m_presetCards[i]->setChecked(draft().preset == i);
  m_presets->setExclusive(true);
  m_whatCards[r.granularity == Granularity::Row ? 1 : 0]->setChecked(true);
  m_epochs->setValue(r.epochs);
  if (r.steps > 0) m_steps->setValue(static_cast<int>(r.steps));
  m_lengthBy->setCurrentIndex(r.steps > 0 ? 1 : 0);
  m_epochs->setVisible(r.steps == 0);
  m_steps->setVisible(r.steps > 0);
  m_context->setValue(static_cast<int>(r.context));
  m_batch->setValue(static_cast<int>(r.batch));
  m_accumulate->setValue(static_cast<int>(r.accumulate));
  m_rate->setHint(m_plan ? tr("%1 (default)").arg(m_rate->textFromValue(m_plan->usual_learning_rate)) : tr("default"));
  m_rate->setValue(r.learning_rate);
  m_warmup->setValue(r.warmup);
  m_clip->setValue(r.clip);
  m_decay->setValue(r.weight_decay);
  m_seed->setValue(static_cast<int>(r.seed));
  m_schedule->setCurrentIndex(static_cast<int>(r.schedule));
  m_form->setCurrentIndex(static_cast<int>(r.parametrization));
  m_system->setText(QString::fromStdString(r.system_prompt));
  m_prompt->setText(QString::fromStdString(r.sample_prompt));
  m_prompt->setCursorPosition(0);
  if (m_name->text() != draft().name) m_name->setText(draft().name);
  m_line->setFullText(m_fold->isChecked() ? QString() : advancedLine());
  m_length->setHint(draft().preset != 3 ? QString()
                    : draft().fromSample && r.steps > 0 ? tr("the sample's own recipe: %n step(s), or choose one", nullptr, static_cast<int>(r.steps))
                    : r.steps > 0               ? tr("own: %n step(s)", nullptr, static_cast<int>(r.steps))
                                                : tr("own: %1 epochs").arg(r.epochs));
  showEstimate();
}

// The plan of the present settings, made off the UI thread; nothing is run.
void TuneMethodStep::estimate() {
  m_plan.reset();
  showEstimate();
  const int number = ++m_estimate;
  app().jobs().run<TunePlan>(
      tr("Planning"), Place::Tune,
      [engine = &app().engine(), recipe = draft().recipe](JobContext& context) -> Result<TunePlan> {
        return planTune(*engine, recipe, context);
      },
      this,
      [this, number](Result<TunePlan> plan) {
        if (number != m_estimate) return;
        if (!plan) return emit failed(tr("This cannot be planned"), inWords(plan.error()));
        m_plan = std::make_shared<TunePlan>(std::move(*plan));
        show();
      });
}

void TuneMethodStep::showEstimate() {
  const QString unknown = QStringLiteral("–");
  const TunePlan* plan = m_plan.get();
  const double seconds = plan ? plan->seconds_per_step : 0.0;
  // About as many validations and sample answers whatever the length.
  const double beside = plan ? std::max(0.0, plan->seconds - seconds * static_cast<double>(plan->steps)) : 0.0;
  for (int i = 0; i < 3; ++i) {
    const double steps = plan ? std::ceil(kPresetEpochs[i] * static_cast<double>(plan->batches_per_epoch) / static_cast<double>(draft().recipe.accumulate)) : 0.0;
    const double minutes = (steps * seconds + beside) / 60.0;
    m_presetCards[i]->setMetric(plan ? (minutes < 1 ? tr("< 1") : QString::number(std::lround(minutes))) : unknown, tr("min"),
                                plan ? tr("%n epoch(s), %1 steps", nullptr, static_cast<int>(kPresetEpochs[i])).arg(countText(static_cast<qint64>(steps)))
                                     : tr("%n epoch(s)", nullptr, static_cast<int>(kPresetEpochs[i])));
  }
  if (plan) {
    const int active = draft().recipe.granularity == Granularity::Row ? 1 : 0;
    m_whatCards[active]->setLine(tr("%1 numbers learn; a pack of %2. %3").arg(countText(plan->trainable), bytesText(plan->pack_bytes), active ? tr("Fits any file type.") : tr("Learns most.")));
  }
  // Of the whole run: passes over the rows, in part too.
  const qint64 learned = plan ? std::llround(static_cast<double>(plan->learned_tokens) * static_cast<double>(plan->steps * draft().recipe.accumulate) / static_cast<double>(std::max<int64_t>(1, plan->batches_per_epoch))) : 0;
  m_facts->setFacts({{tr("Time"), plan ? durationText(plan->seconds) : unknown},
                     {tr("Steps"), plan ? countText(plan->steps) : unknown},
                     {tr("Tokens learned"), plan ? countText(learned) : unknown},
                     {tr("Memory, about"), plan ? bytesText(workedIn(plan->ledger).total) : unknown, tr("Estimated for this method. It is counted again at the start, with what this program holds by then, and reserved before step 1.")},
                     {tr("Checkpoints"), tr("every %1 s").arg(draft().recipe.checkpoint_every)},
                     {tr("Fits"), !plan ? unknown : plan->ledger.fits ? tr("yes, %1 stay free").arg(bytesText(workedIn(plan->ledger).stillFree())) : tr("no: see the plan")}});
  if (!plan) return;  // how many steps there will be is not known yet
  const int64_t steps = plan->steps;
  QList<double> x, y;
  constexpr int kPoints = 120;
  for (int i = 0; i <= kPoints; ++i) {
    const int64_t step = std::min<int64_t>(steps - 1, steps * i / kPoints);
    x.append(static_cast<double>(step));
    y.append(learning_rate_at(draft().recipe, plan->learning_rate, step, steps));
  }
  m_rateChart->setData(m_rateSeries, x, y);
  m_rateChart->setXRange(0.0, static_cast<double>(std::max<int64_t>(1, steps)));
  const QString far = inWords(learning_rate_warning(plan->learning_rate, plan->usual_learning_rate));
  m_rateField->setError(far.isEmpty() ? QString() : tr("Usual: %1").arg(rateText(plan->usual_learning_rate)));
  m_rateField->setToolTip(far);
}

}  // namespace scalewright::ui
