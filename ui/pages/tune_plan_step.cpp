#include "ui/pages/tune_plan_step.h"

#include <QCheckBox>
#include <QFileInfo>
#include <cmath>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/jobs/tune_job.h"
#include "ui/models/ledger_view.h"
#include "ui/pages/make_it_fit.h"
#include "ui/pages/tune_method_step.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/ledger_bar.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/timeline.h"

namespace scalewright::ui {
TunePlanStep::TunePlanStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  m_verdict = new Banner;
  m_ledger = new LedgerBar;
  m_all = new Button(Button::Quiet, tr("Show all entries"), QStringLiteral("lines"));
  m_all->setCheckable(true);
  m_list = new FactsGrid(1, 4);
  m_list->hide();
  m_ledgerCard = new Card(tr("Memory ledger"), tr("every byte, before the start"));
  m_ledgerCard->addTool(m_all);
  m_ledgerCard->add({m_ledger, m_list});
  m_fit = new MakeItFit;
  m_fit->hide();
  m_steps = new Metric(tr("steps"));
  m_steps->setToolTip(TuneMethodStep::lengthWords());
  m_time = new Metric(tr("until done"));
  m_speed = new Metric(tr("a second"));
  m_pack = new Metric(tr("on disk for the pack"));
  m_metrics = new Card;
  m_metrics->add({hbox({grow(m_steps), grow(m_time), grow(m_speed), grow(m_pack)}, 16)});
  m_timeline = new Timeline;
  m_timelineCard = new Card(tr("Timeline"));
  m_timelineCard->add({m_timeline});
  auto* left = wrap(vbox({m_verdict, m_ledgerCard, m_fit, m_metrics, m_timelineCard, fill()}, 14));

  m_recipe = new FactsGrid;
  auto* edit = new Button(Button::Quiet, tr("Edit"), QStringLiteral("edit"));
  edit->setHint(tr("Back to the method"));
  auto* recipe = new Card(tr("Recipe"));
  recipe->addTool(edit);
  recipe->add({m_recipe});
  m_safety = new FactsGrid;
  auto* safety = new Card(tr("Safety"), tr("resumes to the bit"));
  safety->add({m_safety});
  m_awake = new QCheckBox(tr("Keep this machine awake"));
  m_notify = new QCheckBox(tr("Notify me when it ends"));
  m_leave = new QCheckBox(tr("Leave cores for other work"));
  m_awake->setToolTip(tr("Asks the desktop not to suspend while the run goes on"));
  m_notify->setToolTip(tr("A message of the desktop when the window is not in front"));
  m_leave->setToolTip(tr("Computes on half of the cores: slower, and the machine stays pleasant to use"));
  if (processor_count() < 2) m_leave->hide();
  m_leave->setChecked(app.settings().value(QStringLiteral("page/tune/leave_cores"), false).toBool());
  m_awake->setChecked(app.settings().value(QStringLiteral("page/tune/awake"), true).toBool());
  m_notify->setChecked(app.settings().notifyWhenDone());
  auto* meanwhile = new Card(tr("While it runs"));
  meanwhile->add({m_awake, m_notify, m_leave});
  m_right = wrap(vbox({recipe, safety, meanwhile, fill()}, 12));
  setScaledWidth(m_right, 322);
  m_columnsLayout = hbox({grow(left), m_right}, 16);
  setLayout(m_columnsLayout);
  connect(edit, &QPushButton::clicked, this, &TunePlanStep::editWanted);
  connect(m_all, &QPushButton::toggled, this, [this](bool on) {
    m_list->setVisible(on);
    if (m_plan) m_all->setText(on ? tr("Hide entries") : tr("Show all %1 entries").arg(m_entries));
  });
  connect(m_leave, &QCheckBox::toggled, this, [this](bool on) { this->app().settings().setValue(QStringLiteral("page/tune/leave_cores"), on); });
  connect(m_fit, &MakeItFit::applied, this, &TunePlanStep::apply);
  connect(m_awake, &QCheckBox::toggled, this, [this](bool on) { this->app().settings().setValue(QStringLiteral("page/tune/awake"), on); });
  connect(m_notify, &QCheckBox::toggled, this, [this](bool on) { this->app().settings().setNotifyWhenDone(on); });
}

bool TunePlanStep::keepAwake() const { return m_awake->isChecked(); }
bool TunePlanStep::notify() const { return m_notify->isChecked(); }
int TunePlanStep::threads() const {
  const int chosen = app().settings().threads(), all = chosen > 0 ? chosen : processor_count();
  return m_leave->isChecked() ? std::max(1, all / 2) : chosen;
}

// The chosen way becomes the recipe; rows are encoded anew where the context is another.
void TunePlanStep::apply(const MemoryRemedy& way) {
  TuneRecipe& recipe = draft().recipe;
  if (recipe.context != way.context) draft().encoded.reset();
  recipe.context = way.context;
  recipe.batch = way.batch;
  recipe.accumulate = way.accumulate;
  recipe.granularity = way.granularity;
  if (!way.sample_prompt) recipe.sample_prompt.clear();
  plan();
}
void TunePlanStep::setNarrow(bool narrow) {
  m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  narrow ? releaseWidth(m_right) : setScaledWidth(m_right, 322);
}

QString TunePlanStep::refusal() const {
  if (!m_plan) return tr("The memory is being planned");
  return m_plan->ledger.fits ? QString() : tr("It does not fit this machine: choose one of the ways to make it fit");
}

QString TunePlanStep::value() const { return m_plan ? bytesText(workedIn(m_plan->ledger).total) : QString(); }

void TunePlanStep::enter() { plan(); }

void TunePlanStep::plan() {
  m_plan.reset();
  show();
  emit changed();
  const int number = ++m_number;
  app().jobs().run<TunePlan>(
      tr("Planning the memory"), Place::Tune,
      [engine = &app().engine(), recipe = draft().recipe](JobContext& context) -> Result<TunePlan> {
        return planTune(*engine, recipe, context);
      },
      this,
      [this, number](Result<TunePlan> plan) {
        if (number != m_number) return;
        if (!plan) return emit failed(tr("This cannot be planned"), inWords(plan.error()));
        m_plan = std::make_shared<TunePlan>(std::move(*plan));
        show();
        emit changed();
      });
}

qint64 TunePlanStep::longestRow() const {
  size_t longest = 0;
  if (draft().encoded)
    for (const EncodedExample& example : draft().encoded->examples) longest = std::max(longest, example.ids.size());
  return static_cast<qint64>(longest);
}

void TunePlanStep::show() {
  const TuneRecipe& r = draft().recipe;
  const TunePlan* plan = m_plan.get();
  if (!plan) {
    m_verdict->show(Tone::Neutral, tr("Planning the memory"), tr("Every buffer is laid out before anything starts."), false);
    m_fit->hide();
    m_ledger->setLedger({});
    return;
  }
  const MemoryLedger& ledger = plan->ledger;
  const LedgerView view = workedIn(ledger);
  const auto beside = besideCard(ledger);
  const QList<LedgerView> others = moreCards(ledger);
  quint64 missing = view.missing;
  for (const LedgerView& other : others) missing = std::max(missing, other.missing);
  m_ledger->setLedger(view);
  m_ledgerCard->setHint(view.where.isEmpty() ? tr("every byte, before the start") : others.isEmpty() ? tr("on %1").arg(view.where) : tr("on %1, and %n more GPU(s)", nullptr, int(others.size())).arg(view.where));
  if (ledger.fits)
    m_verdict->show(Tone::Ok, tr("It fits, and is reserved before step 1"),
                    beside ? tr("%1 on the card and %2 of this machine's memory will be set aside at the start. The run never asks for more.").arg(bytesText(view.total), bytesText(beside->total))
                           : tr("About %1 will be set aside: counted again at the start, with what this program holds by then. The run never asks for more.").arg(bytesText(view.total)), false);
  else
    m_verdict->show(Tone::Danger,
                    beside && missing > 0 ? tr("This plan needs %1 more than the card has free").arg(bytesText(missing))
                                               : tr("This plan needs %1 more than the machine has free").arg(bytesText(beside ? beside->missing : view.missing)),
                    tr("Nothing was started. Choose a way to make it fit, or close programs that hold memory."), false);
  m_fit->setVisible(!ledger.fits);
  if (!ledger.fits) m_fit->setWays(ledger.ways, r, longestRow());
  m_timelineCard->setVisible(ledger.fits);
  m_metrics->setVisible(ledger.fits);
  QList<FactsGrid::Fact> entries;
  for (const auto& [name, bytes] : view.entries) entries.append({name, bytesText(bytes)});
  for (const LedgerView& other : others)
    for (const auto& [name, bytes] : other.entries) entries.append({tr("%1, on %2").arg(name, other.where), bytesText(bytes)});
  if (view.offloaded > 0) entries.append({tr("Blocks that do not fit the card and are fetched as they are needed"), bytesText(view.offloaded)});
  if (beside)
    for (const auto& [name, bytes] : beside->entries) entries.append({tr("%1, in this machine's memory").arg(name), bytesText(bytes)});
  m_list->setFacts(entries);
  m_entries = int(entries.size());
  m_all->setText(m_all->isChecked() ? tr("Hide entries") : tr("Show all %1 entries").arg(entries.size()));

  const double seconds = plan->seconds;  // with validations and sample answers
  const double tokens = static_cast<double>(r.context * r.batch * r.accumulate);
  const double perEpoch = std::max(1.0, static_cast<double>(plan->batches_per_epoch) / static_cast<double>(std::max<int64_t>(1, r.accumulate)));
  const double epochs = static_cast<double>(plan->steps) / perEpoch;
  const QString words = epochs < 1 ? percentText(epochs, 0) : numberText(epochs, std::abs(epochs - std::round(epochs)) < 0.05 ? 0 : 1);
  m_steps->setFigure(countText(plan->steps), {}, epochs < 1 ? tr("steps, %1 of the rows").arg(words) : tr("steps, %n epoch(s)", nullptr, static_cast<int>(std::lround(epochs))));
  const QString time = seconds > 0 ? durationText(seconds) : QStringLiteral("–");
  m_time->setFigure(time.section(QLatin1Char(' '), 0, 0), time.section(QLatin1Char(' '), 1), tr("until done, estimated"));
  m_speed->setFigure(plan->seconds_per_step > 0 ? countText(static_cast<qint64>(tokens / plan->seconds_per_step)) : QStringLiteral("–"), tr("tokens"), tr("a second"));
  const QStringList pack = bytesText(plan->pack_bytes).split(QLatin1Char(' '));
  m_pack->setFigure(pack.value(0), pack.value(1), tr("on disk for the pack"));
  const qint64 every = r.validate_every > 0 ? r.validate_every : std::max<qint64>(1, plan->steps / 10);
  m_timeline->setPlan(plan->steps, epochs, every, seconds);
  m_timelineCard->setHint(plan->validation_rows == 0    ? tr("nothing is held back to validate on")
                          : r.sample_prompt.empty() ? tr("a validation every %n step(s)", nullptr, static_cast<int>(every))
                                                    : tr("a validation every %n step(s), with your own prompt", nullptr, static_cast<int>(every)));
  m_recipe->setFacts({{tr("Model"), QString::fromStdString(draft().summary.name)},
                      {tr("Data"), tr("%1 rows, %2 to validate").arg(countText(plan->rows), countText(plan->validation_rows))},
                      {tr("What learns"), tr("%1 scales").arg(countText(plan->trainable))},
                      {tr("Granularity"), r.granularity == Granularity::Row ? tr("per row") : tr("per group")},
                      {tr("Context × batch"), QStringLiteral("%1 × %2").arg(r.context).arg(r.batch * r.accumulate)},
                      {tr("Learning rate"), rateText(plan->learning_rate)},
                      {tr("Layers kept"), tr("%1 of %2").arg(plan->kept_layers).arg(draft().summary.layers)},
                      {tr("Seed"), QString::number(r.seed)}});
  const QString folder = app().project().runsFolder();
  m_safety->setFacts({{tr("Checkpoint"), tr("every %1 s").arg(r.checkpoint_every)},
                      {tr("Size of one"), bytesText(plan->checkpoint_bytes)},
                      {tr("Folder"), QStringLiteral("%1/%2").arg(QFileInfo(folder).fileName(), draft().name), folderText(folder)},
                      {tr("Free on disk"), bytesText(free_disk_bytes(QFileInfo(folder).absolutePath().toStdString()))}});
}

}  // namespace scalewright::ui
