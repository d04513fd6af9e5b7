#include "engine/export/staged_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/core/file.h"
#include "engine/core/part_name.h"
#include "engine/export/hf_files.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

// Whether nothing is lost with the folder but a model.
Result<void> may_replace(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error)) || (fs::is_directory(folder, error) && fs::is_empty(folder, error))) return {};
  if (!fs::is_directory(folder, error) || !fs::exists(folder / "config.json", error)) {
    return fail(ErrorCode::InvalidArgument,
                folder.string() + ": something else than a model is here already; choose another folder.");
  }
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && belongs_to_model(name)) continue;
    return fail(ErrorCode::InvalidArgument, folder.string() + ": beside a model this folder holds " + name +
                                                ", which would be deleted with it; choose another folder, or move it elsewhere first.");
  }
  if (error) return fail(ErrorCode::Io, folder.string() + ": the folder cannot be read: " + error.message() + ".");
  return {};
}

std::string last_reason() {
  return std::generic_category().message(errno);
}

}  // namespace

Result<StagedOutput> StagedOutput::create(const fs::path& target, bool folder) {
  StagedOutput output;
  // "out/" names the same folder as "out".
  output.target_ = target.has_filename() ? target : target.parent_path();
  output.folder_ = folder;
  if (output.target_.empty()) return fail(ErrorCode::InvalidArgument, "A folder to write to is missing.");
  std::error_code ignored;
  if (folder) {
    // A link to a folder stays, and the folder is replaced.
    if (fs::is_symlink(output.target_, ignored) && fs::is_directory(output.target_, ignored)) output.target_ = fs::canonical(output.target_, ignored);
    SW_TRY(may_replace(output.target_));
    remove_abandoned_parts(output.target_);
  } else {
    SW_TRY(AtomicFile::create(output.target_));  // what stands against the file itself; it clears abandoned parts away
  }
  for (int tries = 0; tries < kPartNames; ++tries) {
    const fs::path stage = next_part(output.target_);
    if (::mkdir(stage.c_str(), 0777) != 0) {
      if (errno == EEXIST) continue;
      break;
    }
    output.descriptor_ = ::open(stage.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output.descriptor_ >= 0 && !hold_part(output.descriptor_)) {
      ::close(std::exchange(output.descriptor_, -1));
      continue;
    }
    output.stage_ = stage;
    output.made_ = stage / output.target_.filename();
    return output;
  }
  return fail(ErrorCode::Io, output.target_.string() + ": the folder cannot be made: " + last_reason() + ".");
}

StagedOutput::StagedOutput(StagedOutput&& other) noexcept
    : target_(std::move(other.target_)),
      stage_(std::exchange(other.stage_, {})),
      made_(std::move(other.made_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      folder_(other.folder_) {}

StagedOutput::~StagedOutput() {
  std::error_code ignored;
  if (!stage_.empty()) fs::remove_all(stage_, ignored);
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> StagedOutput::commit() {
  if (folder_) SW_TRY(may_replace(target_));  // the work may have taken hours
  SW_TRY(give_place());
  sync_folder(target_.parent_path());
  return {};
}

// A file replaces a file, and a folder an empty one, in one step. So does a folder a full one where the file system can
// exchange the two; what was there goes with the stage. Elsewhere there are two steps, and for a moment between them the old
// folder stands under a name that nothing removes.
Result<void> StagedOutput::give_place() {
  if (::rename(made_.c_str(), target_.c_str()) == 0) return {};
  if (folder_ && (errno == ENOTEMPTY || errno == EEXIST)) {
    if (::renameat2(AT_FDCWD, made_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) return {};
    fs::path old = next_part(target_);
    old += "-old";
    if (::rename(target_.c_str(), old.c_str()) != 0)
      return fail(ErrorCode::Io, target_.string() + ": the folder cannot be replaced: " + last_reason() + ".");
    if (::rename(made_.c_str(), target_.c_str()) == 0) {
      std::error_code ignored;
      fs::remove_all(old, ignored);
      return {};
    }
    const int error = errno;
    ::rename(old.c_str(), target_.c_str());
    errno = error;
  }
  return fail(ErrorCode::Io, target_.string() + ": the finished " + (folder_ ? "folder" : "file") + " cannot be given its name: " + last_reason() + ".");
}

Error StagedOutput::told(Error error) const {
  const std::string made = made_.string(), target = target_.string();
  for (size_t at = 0; (at = error.message.find(made, at)) != std::string::npos; at += target.size())
    error.message.replace(at, made.size(), target);
  return error;
}

}  // namespace scalewright
