// The steps of a run.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/ascii.h"
#include "engine/core/system.h"
#include "engine/tune/tune_job.h"

namespace scalewright {
namespace {

constexpr double kProgressInterval = 0.1;  // seconds between two calls of Observer::progress
constexpr double kCheckpointShare =
    0.01;  // of the time that writing checkpoints may cost, however short the interval asked for
constexpr double kSmoothing = 0.9;

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

int64_t tokens_of(const Batch& batch) {
  return std::count_if(batch.segments.begin(), batch.segments.end(), [](int32_t segment) { return segment >= 0; });
}

}  // namespace

Result<Outcome> TuneJob::loop() {
  started_ = last_checkpoint_ = Clock::now();
  last_progress_ = started_ - std::chrono::hours(1);
  validate_every_ = validation_interval(recipe_, state_.steps);
  const TunePlan& plan = prepared_.plan;
  const double steps = plan.seconds_per_step * static_cast<double>(plan.steps);
  if (plan.validations > 0) pass_seconds_ = std::max(0.0, plan.seconds - steps) / static_cast<double>(plan.validations);
  for (;;) {
    SW_TRY(validate_if_due());
    if (state_.step >= state_.steps) return Outcome::Finished;
    serve_control();
    if (stop_.stop_requested()) return Outcome::Cancelled;
    SW_ASSIGN(const StepEnd end, step());
    if (end == StepEnd::Stopped) return Outcome::Cancelled;
    collect_checkpoint();
  }
}

Result<TuneJob::StepEnd> TuneJob::step() {
  const Clock::time_point begin = Clock::now();
  int64_t counted = 0, tokens = 0;
  for (Batch& batch : batches_) {
    stream_->next(batch);
    counted += batch.counted();
    tokens += tokens_of(batch);
  }
  std::vector<double> sums(static_cast<size_t>(team_->size()));  // of each device: -log p of its learned tokens
  std::atomic<bool> stopped = false;
  SW_TRY(team_->each([&](ReplicaTeam::Member& device, int number) -> Result<void> {
    device.optimizer->clear_gradient(*device.backend);
    const std::vector<Batch> own = team_->size() > 1 ? team_->rows_of(batches_, number) : std::vector<Batch>();
    for (const Batch& batch : team_->size() > 1 ? own : batches_) {
      if (stop_.stop_requested()) stopped = true;
      if (stopped) return {};
      sums[static_cast<size_t>(number)] +=
          device.graph
              ->forward_backward(batch, device.optimizer->values(), 1.0f / static_cast<float>(counted),
                                 device.optimizer->gradient())
              .nll;
    }
    return {};
  }));
  if (stopped) {
    stream_->seek(state_.cursor);
    return StepEnd::Stopped;
  }
  SW_TRY(team_->add_gradients());
  std::vector<double> norms(sums.size());
  SW_TRY(team_->each([&](ReplicaTeam::Member& device, int number) -> Result<void> {
    norms[static_cast<size_t>(number)] = device.optimizer->finish_gradient(*device.backend);
    return {};
  }));
  const double loss = std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(counted);
  const double norm = norms.front();
  const int64_t number = state_.step + 1;
  if (!std::isfinite(loss)) return tl::unexpected(diverged(number, "the loss"));
  if (!std::isfinite(norm)) return tl::unexpected(diverged(number, "the gradient"));
  if (!optimizer_->storable(backend_)) return tl::unexpected(diverged(number, "a scale"));
  if (const auto other = std::find_if(norms.begin(), norms.end(), [&](double one) { return one != norm; });
      other != norms.end()) {
    return fail(ErrorCode::Device, "Step " + std::to_string(number) + ": the devices no longer hold the same scales (device " +
                                       std::to_string(other - norms.begin() + 1) +
                                       " differs). Go on from the last checkpoint with one device.");
  }
  verified_step_ = state_.step;
  checkpoint_if_due();  // of the step before: only now its scales are known to give a finite loss

  const double rate = learning_rate_at(recipe_, state_.learning_rate, state_.step, state_.steps);
  const double shrink = recipe_.clip > 0.0 ? std::min(1.0, recipe_.clip / (norm + 1e-6)) : 1.0;
  const AdamStep update{.learning_rate = static_cast<float>(rate),
                        .beta1 = static_cast<float>(recipe_.beta1),
                        .beta2 = static_cast<float>(recipe_.beta2),
                        .epsilon = static_cast<float>(recipe_.epsilon),
                        .weight_decay = static_cast<float>(recipe_.weight_decay),
                        .step = number,
                        .gradient_scale = static_cast<float>(shrink)};
  SW_TRY(team_->each([&](ReplicaTeam::Member& device, int) -> Result<void> {
    device.optimizer->update(*device.backend, update);
    return {};
  }));
  state_.step = number;
  state_.cursor = stream_->cursor();
  state_.tokens += tokens;
  state_.losses.push_back(loss);
  state_.gradient_norms.push_back(norm);
  state_.learning_rates.push_back(rate);

  StepRecord record;
  record.step = number;
  record.steps = state_.steps;
  record.epoch = static_cast<double>(state_.cursor.epoch) +
                 static_cast<double>(state_.cursor.batch) /
                     static_cast<double>(std::max<int64_t>(stream_->batches_per_epoch(), 1));
  record.loss = loss;
  record.gradient_norm = norm;
  record.learning_rate = rate;
  record.tokens = tokens;
  record.seconds = since(begin);
  report_step(record);
  return StepEnd::Done;
}

void TuneJob::report_step(const StepRecord& finished) {
  StepRecord record = finished;
  const double rate = static_cast<double>(record.tokens) / std::max(record.seconds, 1e-9);
  const bool first = smooth_step_seconds_ == 0.0;
  smooth_step_seconds_ =
      first ? record.seconds : kSmoothing * smooth_step_seconds_ + (1.0 - kSmoothing) * record.seconds;
  smooth_rate_ = first ? rate : kSmoothing * smooth_rate_ + (1.0 - kSmoothing) * rate;
  record.tokens_per_second = smooth_rate_;
  record.seconds_left = smooth_step_seconds_ * static_cast<double>(record.steps - record.step) +
                        validation_seconds(record.step - 1);
  record.resident_bytes = resident_bytes();
  observer_.step(record);
  if (since(last_progress_) < kProgressInterval && record.step < record.steps) return;
  last_progress_ = Clock::now();
  observer_.progress({"step " + std::to_string(record.step) + " of " + std::to_string(record.steps),
                      static_cast<double>(record.step) / static_cast<double>(record.steps), record.seconds_left});
}

double TuneJob::validation_seconds(int64_t step) const {
  if (!validation_stream_ && !sample_) return 0.0;
  const int64_t whole = state_.steps / validate_every_ - std::max<int64_t>(step, 0) / validate_every_;
  const int64_t last = state_.steps % validate_every_ != 0 && step < state_.steps ? 1 : 0;
  return pass_seconds_ * static_cast<double>(whole + last);
}

// Kept by step, so that a resumed run does what was due where it was left, and nothing twice.
Result<void> TuneJob::validate_if_due() {
  if (state_.step % validate_every_ != 0 && state_.step != state_.steps) return {};
  const auto done = [&](const auto& records) { return !records.empty() && records.back().step == state_.step; };
  const bool fresh = !done(state_.validation) && !done(state_.samples);
  const Clock::time_point begin = Clock::now();
  if (validation_stream_ && !done(state_.validation) && !stop_.stop_requested()) {
    SW_ASSIGN(const double loss, validation_loss());
    if (!std::isnan(loss)) {
      state_.validation.push_back({state_.step, loss});
      observer_.validation(state_.validation.back());
    }
  }
  if (sample_ && !done(state_.samples) && !stop_.stop_requested()) {
    Result<std::string> answer;
    with_scales([&] { answer = sample_->answer(stop_); });
    if (!answer) return tl::unexpected(std::move(answer).error());
    if (stop_.stop_requested()) return {};
    state_.samples.push_back({state_.step, recipe_.sample_prompt, std::move(*answer)});
    observer_.sample(state_.samples.back());
  }
  if (fresh && !stop_.stop_requested()) pass_seconds_ = since(begin);
  return {};
}

Result<double> TuneJob::validation_loss() {
  validation_stream_->seek({0, 0});
  const int64_t batches = validation_stream_->batches_per_epoch();
  TrainGraph::Sums sums;
  const Clock::time_point begin = Clock::now();
  const double left = smooth_step_seconds_ * static_cast<double>(state_.steps - state_.step) +
                      validation_seconds(state_.step - 1);
  for (int64_t i = 0; i < batches; ++i) {
    if (stop_.stop_requested()) return std::numeric_limits<double>::quiet_NaN();
    if (since(last_progress_) >= kProgressInterval) {
      last_progress_ = Clock::now();
      observer_.progress({"validation " + std::to_string(i + 1) + " of " + std::to_string(batches),
                          static_cast<double>(state_.step) / static_cast<double>(std::max<int64_t>(state_.steps, 1)),
                          smooth_step_seconds_ == 0.0 ? -1.0 : std::max(left - since(begin), 0.0)});
    }
    validation_stream_->next(validation_batch_);
    const TrainGraph::Sums part = graph_->forward(validation_batch_, optimizer_->values());
    sums.nll += part.nll;
    sums.counted += part.counted;
  }
  const double loss = sums.nll / static_cast<double>(std::max<int64_t>(sums.counted, 1));
  if (!std::isfinite(loss)) return tl::unexpected(diverged(state_.step, "the validation loss"));
  return loss;
}

// The scales of the last update have not been used by any forward pass yet. What is saved at the end must be known to
// work.
Result<void> TuneJob::verify_last_update() {
  if (verified_step_ == state_.step) return {};
  stream_->next(batches_.front());
  const std::vector<Batch> some = take_rows({&batches_.front(), 1}, 0, prepared_.shares.rows_at_once, recipe_.batch);
  const TrainGraph::Sums sums = graph_->forward(some.front(), optimizer_->values());
  stream_->seek(state_.cursor);
  if (!std::isfinite(sums.nll)) return tl::unexpected(diverged(state_.step + 1, "the loss"));
  if (!optimizer_->storable(backend_)) return tl::unexpected(diverged(state_.step + 1, "a scale"));
  verified_step_ = state_.step;
  return {};
}

void TuneJob::with_scales(const std::function<void()>& work) {
  // A step reads the records' own halves too (an offset moves with the ratio of its scale to them), so they go back as
  // they were.
  struct Restore {
    TuneJob& job;
    ~Restore() { restore_scales(*job.model_, job.prepared_.layout, job.base_); }
  } restore{*this};
  store_scales(*model_, prepared_.layout, optimizer_->stored_values(), base_);
  work();
}

// Pauses, and runs what was posted.
void TuneJob::serve_control() {
  bool announced = false;
  Clock::time_point paused_at{};
  for (;;) {
    std::function<void(Model&)> work;
    bool paused = false;
    {
      std::unique_lock lock(control_.mutex_);
      paused = control_.paused_ && !tuned_ && !stop_.stop_requested();
      if (paused && !announced) {
        // Said first, below, without the lock.
      } else if (!control_.work_.empty()) {
        work = std::move(control_.work_.front());
        control_.work_.pop_front();
      } else if (paused) {
        control_.changed_.wait(lock, stop_, [&] { return !control_.paused_ || !control_.work_.empty(); });
      } else {
        break;
      }
    }
    if (paused && !announced) {
      announced = true;
      paused_at = Clock::now();
      observer_.paused(true);
    }
    if (work) {
      const auto guarded = [&] {
        try {
          work(*model_);
        } catch (const std::exception& error) {  // of the poster's code; the run goes on
          observer_.warning(std::string("Work with the model between two steps failed: ") + error.what());
        }
      };
      if (tuned_) {
        guarded();
      } else {
        with_scales(guarded);
      }
    }
  }
  if (announced) {
    paused_seconds_ += since(paused_at);
    observer_.paused(false);
  }
}

void TuneJob::checkpoint_if_due() {
  if (saved_step_ == state_.step || writing_step_ == state_.step) return;
  if (recipe_.checkpoint_every > 0.0) {
    if (since(last_checkpoint_) < std::max(recipe_.checkpoint_every, checkpoint_cost_ / kCheckpointShare)) return;
    if (writer_.busy()) return;  // a slow disk
  }
  const Clock::time_point begin = Clock::now();
  state_.seconds = seconds();
  if (auto written = write_checkpoint(); !written) {
    observer_.warning("The checkpoint of step " + std::to_string(state_.step) +
                      " could not be written: " + written.error().message + " Training goes on; it is tried again.");
  }
  last_checkpoint_ = Clock::now();
  checkpoint_cost_ = since(begin);
}

Result<void> TuneJob::write_checkpoint() {
  settle_checkpoint();
  SW_TRY(writer_.write(state_, {optimizer_->parameters(), optimizer_->first_moment(), optimizer_->second_moment()}));
  writing_step_ = state_.step;
  return {};
}

void TuneJob::collect_checkpoint() {
  if (!writer_.busy()) settle_checkpoint();
}

void TuneJob::settle_checkpoint() {
  if (!writing_step_) return;
  const int64_t step = *writing_step_;
  writing_step_.reset();
  if (auto written = writer_.finish(); !written) {
    observer_.warning("The checkpoint of step " + std::to_string(step) +
                      " could not be written: " + written.error().message + " Training goes on; it is tried again.");
    return;
  }
  saved_step_ = step;
  observer_.checkpointed(step);
}

Error TuneJob::diverged(int64_t step, const char* what) {
  settle_checkpoint();
  const int64_t before = std::max<int64_t>(step - 2, 0);
  const double rate = learning_rate_at(recipe_, state_.learning_rate, std::min(before, state_.steps - 1), state_.steps);
  std::string text = "Step " + std::to_string(step) + ": " + what + " is no number that can be used any more";
  text += state_.step > 0 ? "; the updates before it, at a learning rate of " + short_number(rate) + ", went too far. "
                          : ". ";
  text += "The state of step " + std::to_string(std::max<int64_t>(saved_step_, 0)) +
          " is kept in " + folder_.string() + ". ";
  text += "Start again with a lower learning rate (" + short_number(state_.learning_rate / 10.0) + ")";
  text += recipe_.clip > 0.0 ? ", a longer warm-up or a smaller gradient clip." : ", and with a gradient clip (0.3).";
  return {ErrorCode::InvalidArgument, text};
}

}  // namespace scalewright
