#include "ui/pages/tune_plan_step.h"

#include <QCheckBox>
#include <QFileInfo>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/facts_grid.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/ledger_bar.h"

namespace scalewright::ui {
namespace {

QList<LedgerPart> partsOf(const MemoryLedger& ledger) {
  quint64 bytes[5] = {};
  for (const MemoryItem& item : ledger.items) {
    switch (item.part) {
      case MemoryPart::Weights: bytes[0] += item.bytes; break;
      case MemoryPart::Scales: bytes[1] += item.bytes; break;
      case MemoryPart::Activations: bytes[2] += item.bytes; break;
      case MemoryPart::Logits: bytes[3] += item.bytes; break;
      case MemoryPart::Workspace: case MemoryPart::Program: bytes[4] += item.bytes; break;
    }
  }
  return {{TunePlanStep::tr("Weights, frozen"), bytes[0], &ThemeTokens::memoryWeights},
          {TunePlanStep::tr("Scales, optimizer"), bytes[1], &ThemeTokens::memoryScales},
          {TunePlanStep::tr("Activations"), bytes[2], &ThemeTokens::memoryActivations},
          {TunePlanStep::tr("Logits"), bytes[3], &ThemeTokens::memoryLogits},
          {TunePlanStep::tr("Workspace, program"), bytes[4], &ThemeTokens::memoryWorkspace}};
}

QWidget* figureOf(QLabel*& number, QLabel*& below) {
  number = label(QStringLiteral("–"), FontRole::Metric);
  below = label({}, FontRole::Help, Ink::Text2);
  return wrap(vbox({number, below}, 2));
}

}  // namespace

TunePlanStep::TunePlanStep(AppContext& app, TuneDraft& draft, QWidget* parent) : TuneStep(app, draft, parent) {
  m_verdict = new Banner;
  m_ledger = new LedgerBar;
  m_all = new Button(Button::Quiet, tr("Show all entries"), QStringLiteral("lines"));
  m_all->setCheckable(true);
  m_list = new FactsGrid(1, 4);
  m_list->hide();
  auto* ledger = new Card(tr("Memory ledger"), tr("every byte, before the start"));
  ledger->addTool(m_all);
  ledger->add({m_ledger, m_list});
  m_fit = new Card(tr("Make it fit"));
  m_remedies = wrap(vbox({}, 8));
  m_fit->add({m_remedies});
  auto* metrics = new Card;
  metrics->add({hbox({grow(figureOf(m_steps, m_stepsText)), grow(figureOf(m_time, m_timeText)), grow(figureOf(m_speed, m_speedText)), grow(figureOf(m_pack, m_packText))}, 16)});
  m_stepsText->setText(tr("steps"));
  auto* left = wrap(vbox({m_verdict, ledger, m_fit, metrics, fill()}, 16));

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
  m_awake->setChecked(app.settings().value(QStringLiteral("page/tune/awake"), true).toBool());
  m_notify->setChecked(app.settings().notifyWhenDone());
  auto* meanwhile = new Card(tr("While it runs"));
  meanwhile->add({m_awake, m_notify});
  auto* right = wrap(vbox({recipe, safety, meanwhile, fill()}, 12));
  setScaledWidth(right, 322);
  m_columnsLayout = hbox({grow(left), right}, 16);
  setLayout(m_columnsLayout);
  connect(edit, &QPushButton::clicked, this, &TunePlanStep::editWanted);
  connect(m_all, &QPushButton::toggled, this, [this](bool on) {
    m_list->setVisible(on);
    m_all->setText(on ? tr("Hide entries") : tr("Show all entries"));
  });
  connect(m_awake, &QCheckBox::toggled, this, [this](bool on) { this->app().settings().setValue(QStringLiteral("page/tune/awake"), on); });
  connect(m_notify, &QCheckBox::toggled, this, [this](bool on) { this->app().settings().setNotifyWhenDone(on); });
}

bool TunePlanStep::keepAwake() const { return m_awake->isChecked(); }
bool TunePlanStep::notify() const { return m_notify->isChecked(); }
void TunePlanStep::setNarrow(bool narrow) { m_columnsLayout->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight); }

QString TunePlanStep::refusal() const {
  if (!m_plan) return tr("The memory is being planned");
  return m_plan->ledger.fits ? QString() : tr("It does not fit this machine: choose one of the ways to make it fit");
}

QString TunePlanStep::value() const { return m_plan ? bytesText(m_plan->ledger.total_bytes) : QString(); }

void TunePlanStep::enter() { plan(); }

void TunePlanStep::plan() {
  m_plan.reset();
  show();
  emit changed();
  const int number = ++m_number;
  app().jobs().run<TunePlan>(
      tr("Planning the memory"), Place::Tune,
      [engine = &app().engine(), recipe = draft().recipe](JobContext& context) -> Result<TunePlan> {
        SW_ASSIGN(Backend* const backend, engine->backend());
        SW_ASSIGN(const auto open, engine->open(recipe.model, context));
        return Trainer::plan(*open->model, *backend, recipe);
      },
      this,
      [this, number](Result<TunePlan> plan) {
        if (number != m_number) return;
        if (!plan) return emit failed(tr("This cannot be planned"), QString::fromStdString(plan.error().message));
        m_plan = std::make_shared<TunePlan>(std::move(*plan));
        show();
        emit changed();
      });
}

void TunePlanStep::show() {
  const TuneRecipe& r = draft().recipe;
  const TunePlan* plan = m_plan.get();
  if (!plan) {
    m_verdict->show(Tone::Neutral, tr("Planning the memory"), tr("Every buffer is laid out before anything starts."), false);
    m_fit->hide();
    return;
  }
  const MemoryLedger& ledger = plan->ledger;
  const quint64 others = ledger.machine_bytes - std::min(ledger.machine_bytes, ledger.available_bytes);
  m_ledger->setLedger(ledger.machine_bytes, others, partsOf(ledger));
  if (ledger.fits)
    m_verdict->show(Tone::Ok, tr("It fits, and is reserved before step 1"), tr("%1 will be set aside at the start. The run never asks for more.").arg(bytesText(ledger.total_bytes)), false);
  else
    m_verdict->show(Tone::Danger, tr("It does not fit this machine"), tr("The run would need %1 and %2 are free. Nothing was started.").arg(bytesText(ledger.total_bytes), bytesText(ledger.limit_bytes)), false);
  m_fit->setVisible(!ledger.fits && !ledger.remedies.empty());
  clearLayout(m_remedies->layout());
  for (const std::string& remedy : ledger.remedies)
    m_remedies->layout()->addWidget(label(QString::fromStdString(remedy), FontRole::Body, Ink::Text, true));
  QList<FactsGrid::Fact> entries;
  for (const MemoryItem& item : ledger.items) entries.append({QString::fromStdString(item.name), bytesText(item.bytes)});
  m_list->setFacts(entries);

  const double seconds = plan->seconds_per_step * static_cast<double>(plan->steps);
  const double tokens = static_cast<double>(r.context * r.batch * r.accumulate);
  m_steps->setText(countText(plan->steps));
  m_stepsText->setText(tr("steps, %1 epochs").arg(r.epochs));
  m_time->setText(plan->seconds_per_step > 0 ? durationText(seconds) : QStringLiteral("–"));
  m_timeText->setText(tr("until done, estimated"));
  m_speed->setText(plan->seconds_per_step > 0 ? countText(static_cast<qint64>(tokens / plan->seconds_per_step)) : QStringLiteral("–"));
  m_speedText->setText(tr("tokens a second"));
  m_pack->setText(bytesText(plan->pack_bytes));
  m_packText->setText(tr("on disk for the pack"));
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
                      {tr("Folder"), folderText(folder)},
                      {tr("Free on disk"), bytesText(free_disk_bytes(QFileInfo(folder).absolutePath().toStdString()))}});
}

}  // namespace scalewright::ui
