#pragma once
// The history: runs, steps, validations, evaluations in one SQLite file (data_folder()/scalewright.sqlite).

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/tune/trainer.h"

namespace scalewright {

struct RunRow {
  int64_t id = 0;
  std::string folder;                    // absolute; identifies the run
  std::string name, model, data, state;  // state: running | paused | stopped | finished | failed | interrupted
  std::string notes, recipe_json;
  int64_t started = 0, ended = 0;  // Unix seconds; 0: not yet
  int64_t step = 0, steps = 0;
  double last_loss = 0.0, best_validation = 0.0;  // NaN: none; as read, the lowest of all its validations
  uint64_t peak_bytes = 0;
  std::string error;
};
// The state of the row as of now. A program that was killed could not say so, and nothing holds the lock of its run any
// more: what says running or paused is "interrupted" then.
std::string present_state(const RunRow& run);
struct EvaluationRow {
  int64_t run = 0;
  int64_t when = 0;
  std::string kind, subject, text;
  double value = 0.0;
};

class RunStore {
 public:
  // Creates the file and its tables; a damaged database is moved aside (its new name in the error's or warning's text).
  static Result<std::unique_ptr<RunStore>> open(const std::filesystem::path& file, std::string* warning = nullptr);
  // Neither creates a file nor moves one aside: an Io error where there is none, or a damaged one.
  static Result<std::unique_ptr<RunStore>> open_existing(const std::filesystem::path& file);
  static std::filesystem::path default_file();
  ~RunStore();

  Result<int64_t> begin(const RunRow& run);  // inserts, or takes over the row of the same folder
  // The entry of the folder `from` is that of `to` from now on, where its files went. False: there is none, or `to` has one.
  Result<bool> moved(const std::string& from, const std::string& to);
  Result<void> update(const RunRow& run);  // by id; started 0 keeps the time, name only fills an empty one, notes stay
  Result<void> forget_after(
      int64_t run, int64_t step);  // steps, validations, samples above it; -1: all (a new run in an old folder)
  Result<void> add_steps(int64_t run, const std::vector<StepRecord>& steps);  // one transaction; replaces same steps
  Result<void> add_validation(int64_t run, const ValidationRecord& record);
  Result<void> add_sample(int64_t run, const SampleRecord& record);
  Result<void> add_evaluation(const EvaluationRow& row);
  Result<std::vector<RunRow>> runs() const;  // newest first; deleted ones not
  Result<std::vector<StepRecord>> steps(int64_t run) const;
  Result<std::vector<ValidationRecord>> validations(int64_t run) const;
  Result<std::vector<SampleRecord>> samples(int64_t run) const;
  Result<std::vector<EvaluationRow>> evaluations(int64_t run) const;
  Result<void> set_deleted(int64_t run, bool deleted);  // undo: false
  Result<void> rename(int64_t run, const std::string& name);
  Result<void> set_notes(int64_t run, const std::string& notes);

 private:
  struct Impl;
  static Result<std::unique_ptr<RunStore>> usable(std::unique_ptr<Impl> impl);
  explicit RunStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
