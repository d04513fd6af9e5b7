#pragma once
// One run of the trainer, from an empty folder or a checkpoint to the report. Not for use outside this room:
// Trainer::run is.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/data/batch_stream.h"
#include "engine/tune/arena.h"
#include "engine/tune/checkpoint.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/replica_team.h"
#include "engine/tune/run_preparation.h"
#include "engine/tune/sample_answer.h"
#include "engine/tune/scale_optimizer.h"
#include "engine/tune/trainer.h"

namespace scalewright {

class TuneJob {
 public:
  TuneJob(std::shared_ptr<Model> model, Backend& backend, TuneRecipe recipe, std::filesystem::path folder,
          TuneObserver& observer, TuneControl& control, std::stop_token stop);
  Result<TuneReport> run(bool resume);

 private:
  using Clock = std::chrono::steady_clock;
  enum class StepEnd { Done, Stopped };

  Result<void> prepare(bool resume);
  Result<std::optional<Checkpoint>> find_checkpoint(bool resume);
  Result<void> move_aside();
  Result<void> check_same_run(const Checkpoint& saved) const;
  Result<void> take_memory();
  Result<void> restore(Checkpoint saved);
  Result<Outcome> loop();
  Result<StepEnd> step();
  Result<void> validate_if_due();
  Result<double> validation_loss();  // NaN when stopped in the middle
  void serve_control();
  void with_scales(const std::function<void()>& work);
  Result<void> verify_last_update();
  void checkpoint_if_due();
  Result<void> write_checkpoint();
  void collect_checkpoint();  // says how the last one went, if it is written
  void settle_checkpoint();   // waits for it
  void report_step(const StepRecord& record);
  double validation_seconds(int64_t step) const;  // of the passes and sample answers due after `step`, estimated
  Result<TuneReport> finish(Outcome outcome);
  Error diverged(int64_t step, const char* what);
  double seconds() const;

  std::shared_ptr<Model> model_;
  Backend& backend_;
  TuneRecipe recipe_;
  std::filesystem::path folder_;
  TuneObserver& observer_;
  TuneControl& control_;
  std::stop_token stop_;

  std::optional<RunLock> lock_;
  Preparation prepared_;
  std::vector<std::vector<uint16_t>> base_;  // halves before tuning; the records hold them whenever a step runs
  std::optional<Arena> arena_;
  std::optional<ScaleOptimizer> optimizer_;
  std::unique_ptr<TrainGraph> graph_;
  std::unique_ptr<ReplicaTeam> team_;
  std::unique_ptr<SampleAnswer> sample_;
  std::unique_ptr<BatchStream> stream_;
  std::unique_ptr<BatchStream> validation_stream_;
  std::vector<Batch> batches_;  // of a step
  Batch validation_batch_;

  Checkpoint state_;            // after the last finished step
  int64_t verified_step_ = -1;  // the last whose scales gave a finite loss
  CheckpointWriter writer_;
  std::optional<int64_t> writing_step_;
  int64_t saved_step_ = -1;
  Clock::time_point last_checkpoint_, started_, last_progress_;
  double checkpoint_cost_ = 0.0, paused_seconds_ = 0.0, seconds_before_ = 0.0;
  double smooth_step_seconds_ = 0.0, smooth_rate_ = 0.0;
  double pass_seconds_ = 0.0;  // of the last validation with its sample answer; before it: the plan's
  int64_t validate_every_ = 1;
  bool tuned_ = false;  // the records hold the tuned scales for good
};

}  // namespace scalewright
