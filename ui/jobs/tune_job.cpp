#include "ui/jobs/tune_job.h"

#include <QCoreApplication>
#include <functional>
#include <utility>

#include "engine/core/system.h"
#include "engine/tune/recording_observer.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_preparation.h"
#include "engine/tune/run_store.h"
#include "engine/tune/sample_answer.h"

namespace scalewright::ui {
namespace {

// From the trainer's thread into the event stream and the job's progress; never blocks.
class EventObserver : public TuneObserver {
 public:
  EventObserver(EngineHost& engine, JobContext& context, const EventStream<TuneEvent>& events) : m_engine(engine), m_context(context), m_events(events) {}
  void progress(const Progress& progress) override { m_context.progress(progress); }
  void warning(std::string_view text) override {
    m_context.warning(text);
    if (m_stepped) m_events.push(TroubleEvent{std::string(text)});
  }
  void planned(const TunePlan& plan) override { m_events.push(plan); }
  void step(const StepRecord& record) override {
    m_stepped = true;
    m_step = record.step;
    m_engine.noteDevice();
    m_events.push(record);
    m_fraction = record.steps > 0 ? static_cast<double>(record.step) / static_cast<double>(record.steps) : -1.0;
    m_context.progress({.step = QCoreApplication::translate("TuneJob", "step %1 of %2").arg(record.step).arg(record.steps).toStdString(),
                        .fraction = m_fraction,
                        .seconds_left = record.seconds_left});
  }
  void validation(const ValidationRecord& record) override { m_events.push(record); }
  void sample(const SampleRecord& record) override { m_events.push(record); }
  void checkpointed(int64_t step) override { m_events.push(CheckpointEvent{step}); }
  void paused(bool on) override {
    m_events.push(PauseEvent{on});
    if (on) m_context.progress({.step = QCoreApplication::translate("TuneJob", "paused at step %1").arg(m_step).toStdString(), .fraction = m_fraction, .seconds_left = -1.0});
  }

 private:
  EngineHost& m_engine;
  JobContext& m_context;
  EventStream<TuneEvent> m_events;
  double m_fraction = -1.0;
  bool m_stepped = false;
  qint64 m_step = 0;
};

// After the run: what is asked of its held-out rows, for the live page and for the job's progress.
class AskingObserver : public Observer {
 public:
  AskingObserver(JobContext& context, const EventStream<TuneEvent>& events) : m_context(context), m_events(events) {}
  void progress(const Progress& progress) override {
    m_context.progress(progress);
    m_events.push(AskingEvent{QString::fromStdString(progress.step)});
  }
  void warning(std::string_view text) override { m_context.warning(text); }

 private:
  JobContext& m_context;
  EventStream<TuneEvent> m_events;
};

// Between the run and who watches it: while the person's own prompt is another than the recipe's, it is answered at the next step and
// where a validation is due, and the answers to the recipe's are kept back.
class PromptObserver : public TuneObserver {
 public:
  PromptObserver(TuneObserver& next, const TuneRequest& request, std::shared_ptr<const Model> model, Backend& backend, TuneControl& control, std::stop_token stop)
      : m_next(next), m_request(request), m_model(std::move(model)), m_backend(backend), m_control(control), m_stop(std::move(stop)) {}
  void progress(const Progress& progress) override { m_next.progress(progress); }
  void warning(std::string_view text) override { m_next.warning(text); }
  void planned(const TunePlan& plan) override { m_next.planned(plan); }
  void validation(const ValidationRecord& record) override { m_next.validation(record); }
  void checkpointed(int64_t step) override { m_next.checkpointed(step); }
  void paused(bool on) override { m_next.paused(on); }
  void step(const StepRecord& record) override {
    m_step = record.step;
    m_next.step(record);
    if (!changed()) return;
    keep();
    const bool due = record.step % validation_interval(m_request.recipe, record.steps) == 0 || record.step == record.steps;
    if (m_answered != m_request.prompt->text() || due) ask();
  }
  void sample(const SampleRecord& record) override {
    if (!changed()) m_next.sample(record);
  }

  // In the run's folder, so that a restart goes on with it.
  void keep() {
    if (!changed() || m_request.prompt->text() == m_kept) return;
    m_kept = m_request.prompt->text();
    if (const auto kept = keep_sample_prompt(m_request.folder, m_kept); !kept) m_next.warning(kept.error().message);
  }

 private:
  bool changed() const { return m_request.prompt && m_request.prompt->changed(); }
  // After this step, with the scales of it.
  void ask() {
    m_answered = m_request.prompt->text();
    if (m_answered.empty()) return;
    m_control.post([this, prompt = m_answered, step = m_step](Model&) {
      TuneRecipe recipe = m_request.recipe;
      recipe.sample_prompt = prompt;
      auto sample = SampleAnswer::create(m_model, m_backend, recipe);
      if (!sample) return m_next.warning(sample.error().message);
      if (!*sample) return;
      auto answer = (*sample)->answer(m_stop);
      if (answer) m_next.sample({step, prompt, std::move(*answer)});
    });
  }
  TuneObserver& m_next;
  const TuneRequest& m_request;
  std::shared_ptr<const Model> m_model;
  Backend& m_backend;
  TuneControl& m_control;
  std::stop_token m_stop;
  int64_t m_step = 0;
  std::string m_answered, m_kept;
};

// The time in which a run has the model. Whatever ends it, chat is no longer answered within the run, and the model has the scales of its
// file again.
class Tenancy {
 public:
  Tenancy(EngineHost& engine, OpenModel& open, EngineHost::ActiveTune tune, std::function<void()> stepsEnded) : m_engine(engine), m_open(open), m_stepsEnded(std::move(stepsEnded)) {
    m_engine.setActiveTune(std::move(tune));
  }
  ~Tenancy() {
    endSteps();
    restore_scales(*m_open.model, m_open.layout, m_open.baseScales);
    m_open.pack.clear();
  }
  Tenancy(const Tenancy&) = delete;
  Tenancy& operator=(const Tenancy&) = delete;
  void endSteps() {
    if (!m_stepsEnded) return;
    m_engine.clearActiveTune();
    std::exchange(m_stepsEnded, {})();
  }

 private:
  EngineHost& m_engine;
  OpenModel& m_open;
  std::function<void()> m_stepsEnded;
};

// `stepsEnded`: called on this thread once nobody is answered between two steps any more.
Result<TuneReport> tune(EngineHost& engine, const TuneRequest& request, const std::shared_ptr<TuneControl>& control,
                        const EventStream<TuneEvent>& events, std::function<void()> stepsEnded, JobContext& context) {
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  SW_ASSIGN(const std::shared_ptr<OpenModel> open, engine.open(request.recipe.model, context));
  forget_peak_resident_bytes();  // what this process did before is not the run's
  EventObserver observer(engine, context, events);
  std::string warning;
  auto store = RunStore::open(RunStore::default_file(), &warning);
  if (!store) warning = store.error().message;
  if (!warning.empty()) context.warning(warning);
  std::unique_ptr<RecordingObserver> recording;
  if (store) recording = std::make_unique<RecordingObserver>(**store, request.recipe, request.folder, request.name.toStdString(), observer);
  TuneObserver& watcher = recording ? static_cast<TuneObserver&>(*recording) : observer;
  PromptObserver prompts(watcher, request, open->model, *backend, *control, context.stop());
  Tenancy tenancy(engine, *open, {request.recipe.model, request.folder, control, backend}, std::move(stepsEnded));
  Result<TuneReport> report = Trainer::run(open->model, *backend, request.recipe, request.folder, request.resume, prompts, *control, context.stop());
  if (report) prompts.keep();  // changed after the last step
  tenancy.endSteps();
  // A recording that is not ended counts as interrupted: the window was closed on it, and the next start offers it again.
  const bool byPerson = request.stoppedByPerson && request.stoppedByPerson->load();
  const bool closing = report && report->outcome == Outcome::Cancelled && !byPerson;
  if (recording && !closing) recording->ended(report);
  if (report && report->outcome == Outcome::Finished) {
    AskingObserver asking(context, events);
    const auto scored = scoreHeldOut(*open, *backend, request.recipe, store ? store->get() : nullptr, recording ? recording->run() : 0, asking, context.stop());
    if (!scored) context.warning(scored.error().message);
    else if (scored->rows > 0) EventStream<TuneEvent>(events).push(*scored);
  }
  return report;
}

}  // namespace

Result<TunePlan> planTune(EngineHost& engine, const TuneRecipe& recipe, JobContext& context) {
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  SW_ASSIGN(const auto open, engine.open(recipe.model, context));
  forget_peak_resident_bytes();
  return Trainer::plan(*open->model, *backend, recipe);
}

Result<std::vector<TuneEvent>> eventsSoFar(const std::filesystem::path& folder) {
  std::vector<TuneEvent> events;
  std::error_code error;
  if (!std::filesystem::exists(RunStore::default_file(), error)) return events;
  SW_ASSIGN(const auto store, RunStore::open(RunStore::default_file()));
  SW_ASSIGN(const std::vector<RunRow> runs, store->runs());
  for (const RunRow& run : runs) {
    if (!std::filesystem::equivalent(run.folder, folder, error)) continue;
    SW_ASSIGN(const auto steps, store->steps(run.id));
    SW_ASSIGN(const auto validations, store->validations(run.id));
    SW_ASSIGN(const auto samples, store->samples(run.id));
    events.insert(events.end(), steps.begin(), steps.end());
    events.insert(events.end(), validations.begin(), validations.end());
    events.insert(events.end(), samples.begin(), samples.end());
    break;
  }
  return events;
}

std::shared_ptr<Job> startTune(JobQueue& jobs, EngineHost& engine, const TuneRequest& request, const std::shared_ptr<TuneControl>& control,
                               const EventStream<TuneEvent>& events, QObject* guard, std::function<void(Result<TuneReport>)> done) {
  auto job = std::make_shared<WorkJob<TuneReport>>(
      QCoreApplication::translate("TuneJob", "Tuning %1").arg(request.name), Place::Tune,
      [&engine, &jobs, request, control, events](JobContext& context) {
        // Who asked between the last step and here is answered behind the run.
        const auto stepsEnded = [&] { context.post([&jobs, control] { jobs.leaveTune(control.get()); }); };
        return tune(engine, request, control, events, stepsEnded, context);
      },
      guard, std::move(done));
  job->listen(events);
  jobs.start(job);
  return job;
}

}  // namespace scalewright::ui
