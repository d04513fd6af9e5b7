#pragma once
// Outputs that appear whole. A file or folder is made under its own name in a folder beside its place,
// "out.gguf.part-4711-0/out.gguf", can be opened there, and is moved to its place by commit().

#include <filesystem>
#include <string>

#include "engine/core/error.h"

namespace scalewright {

class StagedOutput {
 public:
  // `folder`: whether the output is one. A folder that is there already is replaced as a whole, so it must be empty or
  // hold a model and nothing else (belongs_to_model); the first other name in it is told.
  static Result<StagedOutput> create(const std::filesystem::path& target, bool folder);
  StagedOutput(StagedOutput&& other) noexcept;
  StagedOutput& operator=(StagedOutput&&) = delete;
  ~StagedOutput();  // removes what was not committed

  const std::filesystem::path& path() const noexcept { return made_; }  // write here
  Result<void> commit();
  // What failed, told of the place that the output was to have instead of the one where it was made.
  Error told(Error error) const;

 private:
  StagedOutput() = default;
  Result<void> give_place();
  std::filesystem::path target_, stage_, made_;
  int descriptor_ = -1;  // of the stage, which is locked through it
  bool folder_ = false;
};

}  // namespace scalewright
