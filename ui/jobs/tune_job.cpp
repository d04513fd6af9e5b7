#include "ui/jobs/tune_job.h"

#include <QCoreApplication>

#include "engine/tune/recording_observer.h"
#include "engine/tune/run_store.h"

namespace scalewright::ui {
namespace {

// From the trainer's thread into the event stream and the job's progress; never blocks.
class EventObserver : public TuneObserver {
 public:
  EventObserver(JobContext& context, const EventStream<TuneEvent>& events) : m_context(context), m_events(events) {}
  void progress(const Progress& progress) override { m_context.progress(progress); }
  void warning(std::string_view text) override { m_context.warning(text); }
  void planned(const TunePlan& plan) override { m_events.push(plan); }
  void step(const StepRecord& record) override {
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
    if (on) m_context.progress({.step = QCoreApplication::translate("TuneJob", "paused").toStdString(), .fraction = m_fraction, .seconds_left = -1.0});
  }

 private:
  JobContext& m_context;
  EventStream<TuneEvent> m_events;
  double m_fraction = -1.0;
};

Result<TuneReport> tune(EngineHost& engine, const TuneRequest& request, const std::shared_ptr<TuneControl>& control,
                        const EventStream<TuneEvent>& events, JobContext& context) {
  SW_ASSIGN(Backend* const backend, engine.backend());
  SW_ASSIGN(const std::shared_ptr<OpenModel> open, engine.open(request.recipe.model, context));
  EventObserver observer(context, events);
  std::string warning;
  auto store = RunStore::open(RunStore::default_file(), &warning);
  if (!store) warning = store.error().message;
  if (!warning.empty()) context.warning(warning);
  std::unique_ptr<RecordingObserver> recording;
  if (store) recording = std::make_unique<RecordingObserver>(**store, request.recipe, request.folder, request.name.toStdString(), observer);
  TuneObserver& watcher = recording ? static_cast<TuneObserver&>(*recording) : observer;
  engine.setActiveTune({request.recipe.model, request.folder, control});
  Result<TuneReport> report = Trainer::run(open->model, *backend, request.recipe, request.folder, request.resume, watcher, *control, context.stop());
  engine.clearActiveTune();
  // A recording that is not ended counts as interrupted: the window was closed on it, and the next start offers it again.
  const bool byPerson = request.stoppedByPerson && request.stoppedByPerson->load();
  const bool closing = report && report->outcome == Outcome::Cancelled && !byPerson;
  if (recording && !closing) recording->ended(report);
  restore_scales(*open->model, open->layout, open->baseScales);
  open->pack.clear();
  return report;
}

}  // namespace

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
      [&engine, request, control, events](JobContext& context) { return tune(engine, request, control, events, context); }, guard, std::move(done));
  job->listen(events);
  jobs.start(job);
  return job;
}

}  // namespace scalewright::ui
