#pragma once
// A tuning run as a job of the window: events for the live page, rows for the history, and the model that chat may use meanwhile.

#include <QString>
#include <atomic>
#include <memory>
#include <mutex>
#include <variant>

#include "engine/tune/trainer.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/held_out_score.h"
#include "ui/jobs/job.h"
#include "ui/jobs/job_queue.h"

namespace scalewright::ui {

struct CheckpointEvent { int64_t step = 0; };
struct PauseEvent { bool paused = false; };
struct TroubleEvent { std::string text; };   // the run goes on, but; what was wrong with the rows is said before the first step
struct AskingEvent { QString words; };      // all is learned; which held-out rows are asked now
using TuneEvent = std::variant<TunePlan, StepRecord, ValidationRecord, SampleRecord, CheckpointEvent, PauseEvent, TroubleEvent, AskingEvent, HeldOutScore>;

// The prompt that a run answers at each validation, as the person changed it while the run goes on. Any thread.
class LivePrompt {
 public:
  void change(std::string text) {
    const std::lock_guard lock(m_mutex);
    m_text = std::move(text);
    m_changed = true;
  }
  bool changed() const {
    const std::lock_guard lock(m_mutex);
    return m_changed;
  }
  std::string text() const {
    const std::lock_guard lock(m_mutex);
    return m_text;
  }

 private:
  mutable std::mutex m_mutex;
  std::string m_text;
  bool m_changed = false;
};

struct TuneRequest {
  TuneRecipe recipe;
  std::filesystem::path folder;   // of the run
  QString name;
  bool resume = false;
  // Set before a cancel that the person asked for: the run then counts as stopped. Otherwise (the window closes) it counts as
  // interrupted and is offered again at the next start.
  std::shared_ptr<std::atomic<bool>> stoppedByPerson;
  // Once changed it is answered after each validation in place of the recipe's prompt. Null: it stays.
  std::shared_ptr<LivePrompt> prompt;
};

// Engine thread: what a run of the recipe would reserve. What this process held before, for an earlier run too, is not counted.
Result<TunePlan> planTune(EngineHost& engine, const TuneRecipe& recipe, JobContext& context);

// What the history knows of the run in `folder`: its steps, validations and sample answers, in order. Nothing known: empty.
Result<std::vector<TuneEvent>> eventsSoFar(const std::filesystem::path& folder);

// Starts it on the engine thread. `events` and `done` arrive on the UI thread while `guard` lives. The model goes back to its
// base scales at the end: what was learned is in the run's folder.
std::shared_ptr<Job> startTune(JobQueue& jobs, EngineHost& engine, const TuneRequest& request, const std::shared_ptr<TuneControl>& control,
                               const EventStream<TuneEvent>& events, QObject* guard, std::function<void(Result<TuneReport>)> done);

}  // namespace scalewright::ui
