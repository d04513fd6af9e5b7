#pragma once
// Writes a run into the history while it goes on, and passes everything on to another observer (the terminal, the
// window). Steps are written about once a second in one transaction, on the trainer's thread; a history that cannot be
// written is a warning, once, and never stops a run: what it has missed is kept and written when it can be again.

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "engine/tune/run_store.h"
#include "engine/tune/trainer.h"

namespace scalewright {

class RecordingObserver final : public TuneObserver {
 public:
  // Both must outlive it. Enters the run as running (its folder, recipe and start) once it is planned: one that is refused
  // before that is not in the history, and an earlier run in the same folder keeps its entry.
  RecordingObserver(RunStore& store, const TuneRecipe& recipe, const std::filesystem::path& run_folder,
                    const std::string& name, TuneObserver& next);
  // A run that ended without ended() (the window was closed, an exception) is marked interrupted.
  ~RecordingObserver() override;
  // The last word, where the run began: finished, stopped or failed. Call it with what Trainer::run returned.
  void ended(const Result<TuneReport>& result);
  int64_t run() const noexcept { return row_.id; }  // 0: not planned yet, or the history could not be written

  void progress(const Progress& progress) override { next_.progress(progress); }
  void warning(std::string_view text) override { next_.warning(text); }
  void planned(const TunePlan& plan) override;
  void step(const StepRecord& record) override;
  void validation(const ValidationRecord& record) override;
  void sample(const SampleRecord& record) override;
  void checkpointed(int64_t step) override { next_.checkpointed(step); }
  void paused(bool paused) override;

 private:
  void flush();
  Result<void> write();  // what is not written yet, and the row
  void check(const Result<void>& written);

  RunStore& store_;
  TuneObserver& next_;
  TuneRecipe recipe_;
  RunRow row_;
  // Not written yet.
  std::vector<StepRecord> steps_;
  std::deque<ValidationRecord> validations_;
  std::deque<SampleRecord> samples_;
  std::chrono::steady_clock::time_point flushed_;
  bool warned_ = false, over_ = false;
};

}  // namespace scalewright
