#include "engine/tune/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/core/file.h"
#include "engine/tune/checkpoint.h"
#include "engine/tune/scale_optimizer.h"
#include "engine/tune/scale_pack.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockFile = "lock";
// Its recipe last: it makes a folder a run.
constexpr std::array kRunFiles = {"checkpoint.bin", kReportFile, kPackFile, kRecipeFile};

std::string reason(const std::error_code& error) {
  return error.message();
}

}  // namespace

Result<RunLock> RunLock::take(const fs::path& run_folder) {
  const fs::path path = run_folder / kLockFile;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return fail(ErrorCode::Io, run_folder.string() + ": the folder cannot be written: " +
                                   reason(std::error_code(errno, std::generic_category())) +
                                   ". Choose another folder for the run.");
  }
  int held = ::flock(descriptor, LOCK_EX | LOCK_NB);
  if (held != 0 && errno == EWOULDBLOCK) {  // somebody may only be looking (run_goes_on)
    ::usleep(20000);
    held = ::flock(descriptor, LOCK_EX | LOCK_NB);
  }
  if (held != 0) {
    const int error = errno;
    ::close(descriptor);
    if (error == EWOULDBLOCK) {
      return fail(ErrorCode::Io,
                  run_folder.string() +
                      ": this run is going on in another window or terminal. Stop it there, or choose another folder.");
    }
    return RunLock(-1);  // a file system without locks
  }
  return RunLock(descriptor);
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}
RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool run_goes_on(const fs::path& run_folder) {
  const int descriptor = ::open((run_folder / kLockFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

NewRunFolder::NewRunFolder(fs::path run_folder) : folder_(std::move(run_folder)) {
  std::error_code error;
  had_lock_ = fs::exists(folder_ / kLockFile, error);
  for (fs::path at = folder_; !at.empty() && !fs::exists(at, error); at = at.parent_path()) absent_.push_back(at);
}
NewRunFolder::~NewRunFolder() {
  if (kept_) return;
  std::error_code error;
  if (!had_lock_) fs::remove(folder_ / kLockFile, error);
  for (const fs::path& made : absent_) {
    if (fs::exists(made, error) && !fs::is_empty(made, error)) return;
    fs::remove(made, error);
  }
}

Result<void> make_run_folder(const fs::path& run_folder) {
  if (run_folder.empty()) return fail(ErrorCode::InvalidArgument, "No folder is given for the run; choose one.");
  std::error_code error;
  fs::create_directories(run_folder, error);
  if (error || !fs::is_directory(run_folder)) {
    return fail(ErrorCode::Io, run_folder.string() + ": the folder of the run cannot be made: " +
                                   (error ? reason(error) : "a file of this name exists") + ". Choose another folder.");
  }
  return {};
}

void remove_leftovers(const fs::path& run_folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(run_folder, error)) {
    const std::string name = entry.path().filename().string();
    for (const char* file : kRunFiles) {
      std::error_code ignored;
      if (name.starts_with(std::string(file) + ".part-")) fs::remove(entry.path(), ignored);
    }
  }
}

Result<fs::path> move_earlier_run_aside(const fs::path& run_folder) {
  std::error_code error;
  fs::path aside;
  for (const char* name : kRunFiles) {
    const fs::path file = run_folder / name;
    if (!fs::exists(file, error)) continue;
    for (int number = 1; aside.empty(); ++number) {
      const fs::path candidate = run_folder / ("earlier-" + std::to_string(number));
      if (fs::exists(candidate, error)) continue;
      fs::create_directory(candidate, error);
      if (error) break;
      aside = candidate;
    }
    if (!error) fs::rename(file, aside / file.filename(), error);
    if (error) {
      return fail(ErrorCode::Io, file.string() + ": the file of an earlier run cannot be moved aside: " +
                                     reason(error) + ". Choose another folder for the run.");
    }
  }
  return aside;
}

fs::path newest_earlier_run(const fs::path& run_folder) {
  std::error_code error;
  fs::path newest;
  for (int number = 1;; ++number) {
    const fs::path candidate = run_folder / ("earlier-" + std::to_string(number));
    if (!fs::is_directory(candidate, error)) return newest;
    newest = candidate;
  }
}

bool holds_only_a_run(const fs::path& run_folder) {
  if (!is_run_folder(run_folder)) return false;
  std::error_code error;
  fs::directory_iterator entry(run_folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool own = name == "data" || name == kLockFile || std::ranges::any_of(kRunFiles, [&](const char* file) {
                       return name == file || name.starts_with(std::string(file) + ".part-");
                     });
    if (!own) return false;
  }
  return !error;
}

Result<TuneRecipe> read_run_recipe(const fs::path& run_folder) {
  const fs::path file = run_folder / kRecipeFile;
  SW_ASSIGN(const std::string text, read_text_file(file, uint64_t{16} << 20));
  auto recipe = recipe_from_json(text, file.string());
  if (!recipe) {
    return fail(recipe.error().code, recipe.error().message +
                                         " The file of this run is damaged; start the run again in another folder.");
  }
  return recipe;
}

Result<void> keep_sample_prompt(const fs::path& run_folder, const std::string& prompt) {
  SW_ASSIGN(TuneRecipe recipe, read_run_recipe(run_folder));
  if (recipe.sample_prompt == prompt) return {};
  recipe.sample_prompt = prompt;
  return write_text_file(run_folder / kRecipeFile, recipe_to_json(recipe));
}

bool is_run_folder(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return false;
  return fs::exists(path / kRecipeFile, error) &&
         (fs::exists(checkpoint_path(path), error) || fs::exists(path / kPackFile, error));
}

Result<OpenRun> open_run(const fs::path& run_folder, Observer& observer, std::stop_token stop) {
  SW_ASSIGN(TuneRecipe recipe, read_run_recipe(run_folder));
  std::error_code error;
  if (!fs::exists(recipe.model, error)) {
    return fail(ErrorCode::Io, run_folder.string() + ": the model of this run is not at " + recipe.model.string() +
                                   " any more. Put it back there; the run holds only its learned scales.");
  }
  OpenRun open;
  open.recipe = recipe;
  SW_ASSIGN(open.model, load_model(recipe.model, observer, stop));
  Model& model = *open.model;
  const TrainableLayout layout = trainable_layout(model, recipe.granularity);
  open.base_scales = snapshot_scales(model, layout);

  // The checkpoint is always as new as the pack, which is written only at the end.
  const fs::path checkpoint = checkpoint_path(run_folder);
  if (!fs::exists(checkpoint, error)) {
    SW_ASSIGN(const ScalePack pack, ScalePack::load(run_folder / kPackFile, model));
    pack.apply(model, open.base_scales);
    return open;
  }
  SW_ASSIGN(const Checkpoint saved, read_checkpoint(checkpoint));
  const std::string hash = model.codes_hash();
  if (saved.codes_hash != hash || saved.trainable != layout.total) {
    return fail(ErrorCode::InvalidArgument, run_folder.string() + ": this run tuned the codes " + saved.codes_hash +
                                                " (" + saved.model_name + "), but " + recipe.model.string() +
                                                " now has the codes " + hash + ". Put the model of the run back.");
  }
  if (saved.scales_hash != hash_of_scales(open.base_scales)) {
    return fail(ErrorCode::InvalidArgument,
                run_folder.string() + ": " + recipe.model.string() +
                    " has other scales than when this run began (was it overwritten by a tuned export?). "
                    "Put the model of the run back.");
  }
  std::vector<float> memory(ScaleOptimizer::bytes(layout.total, saved.recipe.parametrization) / sizeof(float) + 16);
  const auto aligned = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
  ArenaCursor cursor(reinterpret_cast<void*>(aligned));
  ScaleOptimizer scales(model, layout, saved.recipe.parametrization, cursor);
  SW_TRY(read_arrays(checkpoint, saved, {.parameters = scales.parameters()}));
  scales.refresh();
  store_scales(model, layout, scales.stored_values(), open.base_scales);
  model.tuned_by = own_name(run_folder);
  return open;
}

Result<std::shared_ptr<Model>> open_model_or_run(const fs::path& path, Observer& observer, std::stop_token stop) {
  if (!is_run_folder(path)) return load_model(path, observer, stop);
  SW_ASSIGN(OpenRun run, open_run(path, observer, stop));
  return run.model;
}

}  // namespace scalewright
