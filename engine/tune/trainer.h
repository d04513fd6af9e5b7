#pragma once
// PEQA tuning as a job: plan the memory, take it, run, checkpoint every few seconds, resume to the bit.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/core/observer.h"
#include "engine/tune/recipe.h"

namespace scalewright {

// A change of the recipe that a person may make when it does not fit.
struct MemoryRemedy {
  std::string words;  // "context 256"
  int64_t context = 0, batch = 1, accumulate = 1;
  Granularity granularity = Granularity::Group;
  bool sample_prompt = true;  // false: without it
  uint64_t bytes = 0;         // that it needs
  bool fits = false;
};
// What a run on a card keeps in the card's memory, bytes.
struct DeviceLedger {
  std::string name;               // "NVIDIA GeForce RTX 4090"
  std::vector<MemoryItem> items;
  uint64_t total_bytes = 0;
  uint64_t memory_bytes = 0;      // of the card
  uint64_t available_bytes = 0;   // of it, what other programs leave (what this one holds included)
  uint64_t limit_bytes = 0;       // the smaller of the limit asked for and available
  uint64_t offloaded_bytes = 0;   // matrices of blocks that stay in the machine's memory and are fetched in time
};
struct MemoryLedger {
  std::vector<MemoryItem> items;  // bottom to top: weights, scales + optimizer, activations, logits, workspace, program
  uint64_t total_bytes = 0;
  uint64_t machine_bytes = 0;    // memory of the machine
  uint64_t available_bytes = 0;  // of it, free for us now (what this process already holds included)
  uint64_t limit_bytes = 0;      // the smaller of the limit asked for and available
  std::optional<DeviceLedger> device; // of a run on a card; all above is then about the machine's memory alone
  std::vector<DeviceLedger> more_devices;  // of a run on several cards: those beside that one
  bool fits = false;                  // in all of them
  std::vector<std::string> remedies;  // when it does not, what would: "context 256 needs 410 MB: fits"
  std::vector<MemoryRemedy> ways;     // changes to be applied, those that are not enough too
  std::optional<MemoryRemedy> least;  // nothing makes it fit: the least that the run can be made to need
};
struct TunePlan {
  MemoryLedger ledger;
  int64_t steps = 0, batches_per_epoch = 0, trainable = 0;
  int64_t done_steps = 0;         // of a run that is resumed
  int devices = 1;                // that share a step
  int kept_layers = 0;            // chosen for the memory allowed
  double seconds_per_step = 0.0;  // estimated from a product timed on this machine; 0: not known
  double seconds = 0.0;           // of all: steps, validations and sample answers; 0: not known
  int64_t validations = 0;        // passes over the validation data (and sample answers)
  uint64_t checkpoint_bytes = 0, pack_bytes = 0;
  int64_t rows = 0, tokens = 0, learned_tokens = 0, cut = 0, dropped = 0, validation_rows = 0;
  double learning_rate = 0.0;  // the one that will be used
  double usual_learning_rate = 0.0;  // the default for the model and the form
};

struct StepRecord {
  int64_t step = 0;  // 1-based, finished
  int64_t steps = 0;
  double epoch = 0.0;          // passes over the data so far
  double loss = 0.0;           // mean -log p of the step's learned tokens, before its update
  double gradient_norm = 0.0;  // before clipping
  double learning_rate = 0.0;
  int64_t tokens = 0;              // of this step, padding not counted
  double seconds = 0.0;            // of this step
  double tokens_per_second = 0.0;  // smoothed
  uint64_t resident_bytes = 0;
  double seconds_left = -1.0;
};
struct ValidationRecord {
  int64_t step = 0;
  double loss = 0.0;
};
struct SampleRecord {
  int64_t step = 0;
  std::string prompt, answer;
};

class TuneObserver : public Observer {
 public:
  virtual void planned(const TunePlan&) {}
  virtual void step(const StepRecord&) {}
  virtual void validation(const ValidationRecord&) {}
  virtual void sample(const SampleRecord&) {}
  virtual void checkpointed(int64_t /*step*/) {}
  virtual void paused(bool) {}
};

// From another thread: pause, go on, or run something with the model at its present scales between two steps ("try it
// now").
class TuneControl {
 public:
  void pause();
  void resume();
  bool is_paused() const;
  // Runs on the trainer's thread, with the model's records holding the scales of this step; training goes on after it.
  void post(std::function<void(Model&)> work);

 private:
  friend class TuneJob;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_ = false;
  std::deque<std::function<void(Model&)>> work_;
};

struct TuneReport {
  Outcome outcome = Outcome::Finished;
  int64_t steps = 0, trainable = 0, tokens = 0;
  std::vector<double> losses, gradient_norms, learning_rates;  // one a step, resumed ones included
  std::vector<ValidationRecord> validation;
  std::vector<SampleRecord> samples;
  double seconds = 0.0, tokens_per_second = 0.0;
  uint64_t reserved_bytes = 0, peak_bytes = 0;  // the ledger's total; VmHWM of the process
  std::string codes_hash_before, codes_hash_after;
};

class Trainer {
 public:
  // Nothing is run. `model` is open already (its bytes are counted as held).
  // `observer` (or null) hears the warnings about the data that run() would give.
  static Result<TunePlan> plan(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                               Observer* observer = nullptr);
  // Runs in `run_folder` (made if absent; with `resume` the last checkpoint there goes on, without it the files of an
  // earlier run are moved to run_folder/earlier-N). At the end, or when stopped, the model's records hold the tuned
  // scales and the folder holds checkpoint.bin, recipe.json, report.json and the scale pack (tuned.safetensors). After
  // an error they hold the scales from before, and the folder the last checkpoint whose loss was finite. A memory plan
  // that does not fit is an OutOfMemory error that says what would.
  static Result<TuneReport> run(std::shared_ptr<Model> model, Backend& backend, const TuneRecipe& recipe,
                                const std::filesystem::path& run_folder, bool resume, TuneObserver& observer,
                                TuneControl& control, std::stop_token stop);
};

// A run folder as the argument of chat, eval, export ...: its model with its tuned scales.
bool is_run_folder(const std::filesystem::path& path);
struct OpenRun {
  std::shared_ptr<Model> model;
  std::vector<std::vector<uint16_t>> base_scales;
  TuneRecipe recipe;
};
Result<OpenRun> open_run(const std::filesystem::path& run_folder, Observer& observer, std::stop_token stop = {});
// MODEL | RUN of the command line.
Result<std::shared_ptr<Model>> open_model_or_run(const std::filesystem::path& path, Observer& observer,
                                                 std::stop_token stop = {});

}  // namespace scalewright
