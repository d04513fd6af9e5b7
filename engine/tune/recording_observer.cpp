#include "engine/tune/recording_observer.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "engine/core/system.h"
#include "engine/tune/run_folder.h"

namespace scalewright {
namespace {

constexpr auto kFlushInterval = std::chrono::seconds(1);
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::string absolute_text(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return (error ? path : whole).lexically_normal().string();
}

}  // namespace

RecordingObserver::RecordingObserver(RunStore& store, const TuneRecipe& recipe, const std::filesystem::path& run_folder,
                                     const std::string& name, TuneObserver& next)
    : store_(store), next_(next), recipe_(recipe), flushed_(std::chrono::steady_clock::now()) {
  row_.folder = absolute_text(run_folder);
  row_.name = name.empty() ? std::filesystem::path(row_.folder).filename().string() : name;
  row_.model = absolute_text(recipe.model);
  row_.data = absolute_text(recipe.data);
  row_.state = "running";
  row_.recipe_json = recipe_to_json(recipe);
  row_.last_loss = row_.best_validation = kNone;
}

RecordingObserver::~RecordingObserver() {
  if (over_) return;
  row_.state = "interrupted";
  row_.ended = std::time(nullptr);
  flush();
}

void RecordingObserver::ended(const Result<TuneReport>& result) {
  if (!result) {
    row_.state = "failed";
    row_.error = result.error().message;
  } else {
    row_.state = result->outcome == Outcome::Finished ? "finished" : "stopped";
    row_.step = result->steps;
    row_.peak_bytes = result->peak_bytes;
    if (!result->losses.empty()) row_.last_loss = result->losses.back();
  }
  row_.ended = std::time(nullptr);
  flush();
  over_ = true;
}

void RecordingObserver::planned(const TunePlan& plan) {
  // The history says the rate that was used, where the recipe left it to the program.
  recipe_.learning_rate = plan.learning_rate;
  row_.recipe_json = recipe_to_json(recipe_);
  row_.steps = plan.steps;
  row_.step = plan.done_steps;
  row_.started = std::time(nullptr);
  // A new run in an old folder: the trainer has moved the earlier one's files aside, and its entry follows them.
  if (const auto earlier = newest_earlier_run(row_.folder); plan.done_steps == 0 && !earlier.empty()) {
    if (const auto moved = store_.moved(row_.folder, earlier.string()); !moved) check(tl::unexpected(moved.error()));
  }
  if (auto id = store_.begin(row_)) {
    row_.id = *id;
    row_.started = 0;
  } else {
    check(tl::unexpected(id.error()));
  }
  const bool resumed = plan.done_steps > 0;
  if (!resumed) row_.started = std::time(nullptr);
  if (row_.id != 0) check(store_.forget_after(row_.id, resumed ? plan.done_steps : -1));
  flush();
  row_.started = 0;  // from here on the history's own
  next_.planned(plan);
}

void RecordingObserver::step(const StepRecord& record) {
  if (row_.id != 0) steps_.push_back(record);
  row_.step = record.step;
  row_.steps = record.steps;
  row_.last_loss = record.loss;
  row_.peak_bytes = std::max(row_.peak_bytes, record.resident_bytes);
  if (std::chrono::steady_clock::now() - flushed_ >= kFlushInterval) flush();
  next_.step(record);
}

void RecordingObserver::validation(const ValidationRecord& record) {
  if (std::isnan(row_.best_validation) || record.loss < row_.best_validation) row_.best_validation = record.loss;
  if (row_.id != 0) validations_.push_back(record);
  flush();
  next_.validation(record);
}

void RecordingObserver::sample(const SampleRecord& record) {
  if (row_.id != 0) samples_.push_back(record);
  flush();
  next_.sample(record);
}

void RecordingObserver::paused(bool paused) {
  row_.state = paused ? "paused" : "running";
  flush();
  next_.paused(paused);
}

void RecordingObserver::flush() {
  if (row_.id != 0) check(write());
  flushed_ = std::chrono::steady_clock::now();
}

Result<void> RecordingObserver::write() {
  if (!steps_.empty()) SW_TRY(store_.add_steps(row_.id, steps_));
  steps_.clear();
  for (; !validations_.empty(); validations_.pop_front())
    SW_TRY(store_.add_validation(row_.id, validations_.front()));
  for (; !samples_.empty(); samples_.pop_front()) SW_TRY(store_.add_sample(row_.id, samples_.front()));
  return store_.update(row_);
}

void RecordingObserver::check(const Result<void>& written) {
  if (written || warned_) return;
  warned_ = true;
  next_.warning("The history could not be written: " + written.error().message + " The run itself is not affected.");
}

}  // namespace scalewright
