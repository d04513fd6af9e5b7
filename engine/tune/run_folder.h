#pragma once
// The files of a run: recipe.json, checkpoint.bin, report.json, tuned.safetensors, and lock (held while it runs).

#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/tune/recipe.h"

namespace scalewright {

inline constexpr const char* kRecipeFile = "recipe.json";
inline constexpr const char* kReportFile = "report.json";
inline constexpr const char* kPackFile = "tuned.safetensors";

// Keeps a second program out of a run's folder. The system gives the lock back when the process ends, however it ends.
class RunLock {
 public:
  static Result<RunLock> take(const std::filesystem::path& run_folder);
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// Whether a program, this one too, works in this folder now. False where the file system has no locks.
bool run_goes_on(const std::filesystem::path& run_folder);

// Takes back the folder and the lock of a run that is refused before it wrote anything: what was there before it stays.
class NewRunFolder {
 public:
  explicit NewRunFolder(std::filesystem::path run_folder);  // before the folder is made
  NewRunFolder(const NewRunFolder&) = delete;
  NewRunFolder& operator=(const NewRunFolder&) = delete;
  ~NewRunFolder();
  void keep() { kept_ = true; }

 private:
  std::vector<std::filesystem::path> absent_;  // innermost first
  std::filesystem::path folder_;
  bool had_lock_ = false, kept_ = false;
};

// Makes the folder where it is absent. An Io error that says why it cannot be written.
Result<void> make_run_folder(const std::filesystem::path& run_folder);
// Temporary files of a process that was killed. Only while the lock is held.
void remove_leftovers(const std::filesystem::path& run_folder);
// Moves the files of an earlier run in the same folder to a new folder in it; its path, or empty where there was none.
Result<std::filesystem::path> move_earlier_run_aside(const std::filesystem::path& run_folder);
// The newest of those folders; empty: there is none.
std::filesystem::path newest_earlier_run(const std::filesystem::path& run_folder);
// Whether a run is all that the folder holds (its files, and the rows of several data files that were made one for it), so
// that nothing else goes with the folder. False where an earlier run was moved aside in it.
bool holds_only_a_run(const std::filesystem::path& run_folder);
// The recipe as it was begun (to resume, or to show).
Result<TuneRecipe> read_run_recipe(const std::filesystem::path& run_folder);
// The run answers another prompt from now on, also when it is resumed. Nothing else of its recipe changes.
Result<void> keep_sample_prompt(const std::filesystem::path& run_folder, const std::string& prompt);

}  // namespace scalewright
