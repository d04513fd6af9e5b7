#include "ui/pages/tune_page.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <algorithm>
#include <utility>

#include "engine/core/system.h"
#include "engine/tune/sample_recipe.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/pages/tune_data_step.h"
#include "ui/pages/tune_method_step.h"
#include "ui/pages/tune_model_step.h"
#include "ui/pages/tune_plan_step.h"
#include "ui/pages/tune_run_view.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/page_stack.h"
#include "ui/widgets/stepper.h"
#include "ui/widgets/tab_order.h"

namespace scalewright::ui {
namespace {

constexpr double kClearlyLower = 1.01;  // a validation loss less than a hundredth above the lowest says nothing

}  // namespace

TunePage::TunePage(AppContext& app, QWidget* parent) : Page(app, Place::Tune, tr("Fine-tune"), tr("Teach the model your answers. Only its scales learn; the codes never change."), parent) {
  m_draft.recipe.validation_split = 0.1;
  m_back = new Button(Button::Default, tr("Back"), QStringLiteral("left"));
  m_next = new Button(Button::Primary, tr("Next"));
  m_stop = new Button(Button::Default, tr("Stop and keep"), QStringLiteral("stop"));
  m_stop->setHint(tr("Ends after this step; everything learned so far is kept and can go on later"));
  m_pause = new Button(Button::Default, tr("Pause"), QStringLiteral("pause"));
  m_try = new Button(Button::Primary, tr("Try it now"), QStringLiteral("chat"));
  m_try->setHint(tr("Talk to the model as it is at this step; training goes on after each answer"));
  m_chat = new Button(Button::Primary, tr("Chat: original | tuned"), QStringLiteral("chat"));
  m_export = new Button(Button::Default, tr("Export…"), QStringLiteral("export"));
  m_again = new Button(Button::Default, tr("New run"), QStringLiteral("plus"));
  for (Button* button : {m_back, m_next, m_stop, m_pause, m_try, m_again, m_export, m_chat}) header()->addAction(button);

  m_stepper = new Stepper({tr("Model"), tr("Data"), tr("Method"), tr("Plan"), tr("Run")});
  m_stack = new PageStack;
  for (int i = 0; i < StepCount; ++i) m_stack->addWidget(wrap(vbox({}, 0)));
  body()->addWidget(m_stepper);
  body()->addWidget(m_stack, 1);

  connect(m_stepper, &Stepper::stepClicked, this, [this](int to) {
    if (m_step != RunStep) goTo(to);
  });
  connect(m_back, &QPushButton::clicked, this, [this] { goTo(m_step - 1); });
  connect(m_next, &QPushButton::clicked, this, &TunePage::next);
  connect(m_stop, &QPushButton::clicked, this, [this] {
    if (m_control) m_control->resume();  // a paused run ends too
    m_byPerson->store(true);
    if (m_job) m_job->cancel();
    m_stop->setBusy(true, tr("Stopping"));
  });
  connect(m_pause, &QPushButton::clicked, this, [this] {
    if (!m_control) return;
    m_control->is_paused() ? m_control->resume() : m_control->pause();
    showStep();
  });
  connect(m_try, &QPushButton::clicked, this, [this] { send(Place::Chat, page_messages::kUseModel, {{"path", QString::fromStdString(m_draft.recipe.model.string())}}); });
  connect(m_chat, &QPushButton::clicked, this, [this] { send(Place::Chat, page_messages::kCompare, {{"path", m_runFolder}}); });
  connect(m_export, &QPushButton::clicked, this, [this] { send(Place::Export, page_messages::kUseModel, {{"path", m_runFolder}}); });
  connect(m_again, &QPushButton::clicked, this, [this] {
    if (std::exchange(m_finished, false)) m_draft.name.clear();  // a run that did not get there is tried again under its name
    if (m_draft.hasModel() && m_draft.hasData()) return goTo(MethodStep);
    // It was resumed: its model and rows were not looked at here yet, and are, step by step.
    m_reached = ModelStep;
    goTo(ModelStep);
    modelStep()->setModel(QString::fromStdString(m_draft.recipe.model.string()));
  });
  goTo(ModelStep);
}

TunePage::~TunePage() = default;

template <class T>
T* TunePage::make(int index) {
  auto* made = new T(app(), m_draft);
  m_steps[static_cast<size_t>(index)] = made;
  m_stack->widget(index)->layout()->addWidget(made);
  connect(made, &TuneStep::changed, this, &TunePage::showStep);
  connect(made, &TuneStep::failed, this, [this](const QString& title, const QString& text) { showError(title, text); });
  connect(made, &TuneStep::worked, this, [this] { banner()->dismiss(); });
  made->setNarrow(m_narrow);
  return made;
}

TuneStep* TunePage::step(int index) {
  if (index < 0 || index >= RunStep) return nullptr;
  if (TuneStep* made = m_steps[static_cast<size_t>(index)]) return made;
  switch (index) {
    case ModelStep: {
      auto* model = make<TuneModelStep>(index);
      connect(model, &TuneModelStep::quantizeWanted, this, [this](const QString& path) { send(Place::Quantize, page_messages::kUseModel, {{"path", path}}); });
      return model;
    }
    case DataStep: return make<TuneDataStep>(index);
    case MethodStep: return make<TuneMethodStep>(index);
    default: {
      auto* plan = make<TunePlanStep>(index);
      connect(plan, &TunePlanStep::editWanted, this, [this] { goTo(MethodStep); });
      return plan;
    }
  }
}

TuneModelStep* TunePage::modelStep() { return static_cast<TuneModelStep*>(step(ModelStep)); }
TunePlanStep* TunePage::planStep() { return static_cast<TunePlanStep*>(step(PlanStep)); }

TuneRunView* TunePage::run() {
  if (!m_run) {
    m_run = new TuneRunView(app().settings());
    m_stack->widget(RunStep)->layout()->addWidget(m_run);
    m_run->setNarrow(m_narrow);
    connect(m_run, &TuneRunView::promptChanged, this, [this](const QString& prompt) {
      m_draft.recipe.sample_prompt = prompt.toStdString();
      if (m_prompt) m_prompt->change(m_draft.recipe.sample_prompt);
    });
  }
  return m_run;
}

QWidget* TunePage::firstField() const {
  const TuneStep* current = m_step < RunStep ? m_steps[static_cast<size_t>(m_step)] : nullptr;
  return current ? current->firstField() : m_try;
}

void TunePage::setNarrow(bool narrow) {
  m_narrow = narrow;
  for (TuneStep* made : m_steps)
    if (made) made->setNarrow(narrow);
  if (m_run) m_run->setNarrow(narrow);
}

void TunePage::activate() {
  if (running() || m_finished) return;
  if (step(m_step)) step(m_step)->enter();
}

void TunePage::receive(const PageMessage& message) {
  const QString path = message.values.value(QStringLiteral("path")).toString();
  if (message.what == page_messages::kResumeRun) {
    if (running()) return showError(tr("A run is going on"), tr("One run at a time: stop it or wait until it is done, then resume the other."));
    resumeRun(path);
    return;
  }
  if (message.what != page_messages::kUseModel && message.what != page_messages::kSample) return;
  if (running()) return goTo(RunStep);
  m_finished = false;
  m_draft.name.clear();
  if (message.what == page_messages::kSample) return trySample();
  m_draft.fromSample = false;
  goTo(ModelStep);
  modelStep()->setModel(path);
}

// The sample model, dataset and recipe, ready to be looked at and started with Next.
void TunePage::trySample() {
  m_draft.recipe = sample_recipe(true);
  m_draft.recipe.validation_split = 0.1;
  m_draft.recipe.data = sample_dataset_path(false);
  m_draft.preset = 3;
  m_draft.fromSample = true;
  m_draft.dataset.reset();
  m_draft.encoded.reset();
  goTo(ModelStep);
  modelStep()->setModel(QString::fromStdString(sample_model_path().string()));
}

void TunePage::goTo(int target) {
  if (target > ModelStep && m_steps[ModelStep]) modelStep()->accept();
  // The keyboard goes on in the step that it led to: what had the focus is hidden then.
  const QWidget* focus = QApplication::focusWidget();
  const bool here = isVisible() && (!focus || isAncestorOf(focus));
  m_step = std::clamp<int>(target, ModelStep, RunStep);
  m_reached = std::max(m_reached, m_step);
  m_stack->setCurrentIndex(m_step);
  scrollToTop();
  banner()->dismiss();
  if (step(m_step)) step(m_step)->enter();
  showStep();
  orderTabs(this);
  if (QWidget* field = firstField(); here && field) field->setFocus(Qt::OtherFocusReason);
}

void TunePage::showStep() {
  const bool onRun = m_step == RunStep;
  const bool active = running();
  m_stepper->setVisible(!onRun);
  m_stepper->setCurrent(m_step);
  m_stepper->setReached(m_reached);
  for (int i = 0; i < RunStep; ++i) {
    const TuneStep* made = m_steps[static_cast<size_t>(i)];
    m_stepper->setStepValue(i, made && i < m_reached ? made->value() : QString());
  }
  const QStringList names = {tr("Next: Data"), tr("Next: Method"), tr("Next: Plan"), tr("Start")};
  QList<QWidget*> actions;
  if (!onRun) {
    if (m_step > ModelStep) actions << m_back;
    actions << m_next;
    m_next->setText(names[m_step]);
    m_next->setIconName(m_step == PlanStep ? QStringLiteral("play") : QString());
    m_next->setRefusal(step(m_step)->refusal());
    header()->setTitle(tr("Fine-tune"));
    header()->setPurpose(step(m_step)->purpose());
  } else {
    if (active) actions << m_stop << m_pause << m_try;
    else if (m_finished) actions << m_again << m_export << m_chat;
    else actions << m_again;
    const bool paused = m_control && m_control->is_paused();
    m_pause->setText(paused ? tr("Resume") : tr("Pause"));
    m_pause->setIconName(paused ? QStringLiteral("play") : QStringLiteral("pause"));
    header()->setTitle(paused ? tr("%1, paused").arg(m_draft.name) : m_draft.name);
    const QFileInfo model(QString::fromStdString(m_draft.recipe.model.string())), rows(QString::fromStdString(m_draft.recipe.data.string()));
    const QString what = tr("%1 learns %2.").arg(model.isDir() ? model.fileName() : model.completeBaseName(), rows.fileName());
    header()->setPurpose(active ? tr("%1 Safe to close: the next start offers it again.").arg(what) : what);
  }
  header()->setActions(actions);
}

void TunePage::primary() {
  if (m_step == RunStep) {
    if (running()) m_try->click();
    else if (m_finished) m_chat->click();
    return;
  }
  if (m_next->isEnabled()) next();
}

void TunePage::next() {
  if (!step(m_step)->refusal().isEmpty()) return;
  if (m_step != PlanStep) return goTo(m_step + 1);
  start(false, freshFolder());
}

// runs/<name>, or <name>-2 and so on where that is taken.
QString TunePage::freshFolder() const {
  const QString name = fileNameText(m_draft.name);
  const QString base = app().project().runsFolder() + '/' + name;
  QString folder = base;
  for (int i = 2; QFileInfo::exists(folder); ++i) folder = base + '-' + QString::number(i);
  return folder;
}

void TunePage::start(bool resume, const QString& folder) {
  QString error;
  if (!resume && !app().project().ensureOpen(&error)) return showError(tr("There is no place for the run"), error);
  m_runFolder = resume ? folder : freshFolder();
  m_byPerson = std::make_shared<std::atomic<bool>>(false);
  m_finished = m_stepped = false;
  m_score = {};
  m_stop->setBusy(false);
  run()->begin(QString::fromStdString(m_draft.recipe.sample_prompt));
  if (!resume) return launch(false);
  // Its curves so far come first, so that it goes on where it was left on the screen too.
  m_job = app().jobs().run<std::vector<TuneEvent>>(
      tr("Reading the history"), Place::None, [folder = folder.toStdString()](JobContext&) { return eventsSoFar(folder); }, this,
      [this](Result<std::vector<TuneEvent>> events) {
        if (m_job->wasCancelled()) return onDone(fail(ErrorCode::InvalidArgument, "It was stopped before it began."));
        if (events) run()->take(*events);
        launch(true);
      },
      Lane::Quick);
  goTo(RunStep);
}

void TunePage::launch(bool resume) {
  m_control = std::make_shared<TuneControl>();
  TuneRequest request;
  request.recipe = m_draft.recipe;
  request.recipe.threads = planStep()->threads();
  request.folder = m_runFolder.toStdString();
  request.name = m_draft.name;
  request.resume = resume;
  request.stoppedByPerson = m_byPerson;
  request.prompt = m_prompt = std::make_shared<LivePrompt>();
  const EventStream<TuneEvent> events([guard = QPointer<TunePage>(this)](std::vector<TuneEvent> list) {
    if (!guard) return;
    for (const TuneEvent& event : list) {
      guard->m_stepped = guard->m_stepped || std::holds_alternative<StepRecord>(event);
      if (const auto* score = std::get_if<HeldOutScore>(&event)) guard->m_score = *score;
      if (const auto* trouble = std::get_if<TroubleEvent>(&event)) guard->banner()->show(Tone::Warn, TunePage::tr("The run goes on, but"), inWords(trouble->text));
    }
    guard->run()->take(list);
  });
  m_awake = planStep()->keepAwake() ? std::make_unique<Desktop::StayAwake>(tr("A model is being tuned")) : nullptr;
  m_job = startTune(app().jobs(), app().engine(), request, m_control, events, this, [this](Result<TuneReport> report) { onDone(std::move(report)); });
  goTo(RunStep);
}

void TunePage::onDone(Result<TuneReport> report) {
  m_awake.reset();
  // Stopped while it was getting ready is no failure; an error while it was stopping is: then nothing more was kept.
  const bool cancelledBeforeStart = !report && m_byPerson->load() && !m_stepped;
  run()->finish(report, cancelledBeforeStart);
  m_job.reset();
  m_control.reset();
  m_prompt.reset();
  m_stop->setBusy(false);
  m_finished = report.has_value();
  showStep();
  const bool kept = QFileInfo::exists(m_runFolder + QStringLiteral("/checkpoint.bin"));
  if (cancelledBeforeStart) {
    banner()->show(Tone::Info, tr("Stopped before its first step"),
                   kept ? tr("What the run learned earlier is kept, and it can go on from there.") : tr("Nothing was learned, and nothing was written."));
    if (kept) connect(banner()->addAction(tr("Go on")), &QPushButton::clicked, this, [this] { start(true, m_runFolder); });
  } else if (!report) {
    showError(tr("The run stopped"), inWords(report.error()));
    if (kept) connect(banner()->addAction(tr("Resume")), &QPushButton::clicked, this, [this] { start(true, m_runFolder); });
  } else {
    const bool stopped = report->outcome == Outcome::Cancelled;
    // That it learned shows in its answers, where some were asked for; a few right ones are not yet what was wanted.
    const bool better = m_score.rows == 0 || m_score.after > m_score.before, well = better && (m_score.rows == 0 || m_score.after >= 0.5);
    banner()->show(stopped || !well ? Tone::Info : Tone::Ok,
                   stopped ? tr("Stopped, and kept") : well ? tr("It has learned") : better ? tr("It has learned a part of it") : tr("The run is done"),
                   stopped ? tr("The run can go on later from this very step. What it has learned so far can be tried and exported.") + QLatin1Char(' ') + keptWords(*report)
                           : learned() + keptWords(*report) + QLatin1Char(' ') + tr("The codes are unchanged and the file keeps its size. Talk to it beside the original, or export it."));
    if (stopped) connect(banner()->addAction(tr("Go on")), &QPushButton::clicked, this, [this] { start(true, m_runFolder); });
  }
}

// What the held-out rows say of it; empty where there were none.
QString TunePage::learned() const {
  if (m_score.rows == 0) return {};
  const auto count = [this](double share) { return countText(std::llround(share * static_cast<double>(m_score.rows))); };
  return tr("Of %1 rows that it never learned from, it answers %2 exactly; the original answered %3.").arg(countText(m_score.rows), count(m_score.after), count(m_score.before)) + QLatin1Char(' ');
}

// Which of its steps is kept, and where another one may have been better.
QString TunePage::keptWords(const TuneReport& report) {
  const auto& all = report.validation;
  const auto lowest = std::min_element(all.begin(), all.end(), [](const ValidationRecord& a, const ValidationRecord& b) { return a.loss < b.loss; });
  if (lowest == all.end() || all.back().loss <= lowest->loss * kClearlyLower) return tr("The scales of its last step are kept.");
  const QString before = numberText(lowest->loss, 3), now = numberText(all.back().loss, 3);
  if (lowest->step == 0) return tr("The scales of its last step are kept, with a validation loss of %1. Before the first step it was %2: a lower learning rate may do better.").arg(now, before);
  return tr("The scales of its last step are kept, with a validation loss of %1. At step %2 it was %3: a run of about so many steps may do better.").arg(now, countText(lowest->step), before);
}

void TunePage::resumeRun(const QString& folder) {
  m_draft.fromSample = false;
  QFile file(folder + QStringLiteral("/recipe.json"));
  if (!file.open(QIODevice::ReadOnly)) return showError(tr("This run cannot go on"), tr("%1 holds no recipe.json: the folder was moved or deleted.").arg(folder));
  auto recipe = recipe_from_json(file.readAll().toStdString());
  if (!recipe) return showError(tr("This run cannot go on"), inWords(recipe.error()));
  m_draft.recipe = std::move(*recipe);
  m_draft.preset = presetOf(m_draft.recipe);
  m_draft.summary = {};
  m_draft.open.reset();
  m_draft.dataset.reset();
  m_draft.encoded.reset();
  m_draft.validation.reset();
  m_draft.name = QFileInfo(folder).fileName();
  start(true, folder);
}

}  // namespace scalewright::ui
