#include "app/cli/model_argument.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <vector>

#include "app/cli/context.h"
#include "engine/core/file.h"
#include "engine/format/gguf.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhatIsOne = " A model is a .gguf file, or a folder of safetensors with its config.json.";

tl::unexpected<Error> no_model(const std::string& path, const std::string& why, const std::string& advice = {}) {
  return fail(ErrorCode::Format, path + ": this is no model: " + why + "." + (advice.empty() ? kWhatIsOne : " " + advice));
}

Result<void> check_run(const std::string& path, Takes takes) {
  if (takes == Takes::ModelOrRun) return {};
  SW_ASSIGN(const TuneRecipe recipe, read_run_recipe(path));
  return fail(ErrorCode::InvalidArgument, path + ": this is the folder of a run, which tuned the model " + recipe.model.string() +
                                              ". Give that model, or write the tuned one first: scalewright-cli export " + shell_word(path) + " --to gguf -o FILE.gguf");
}

// The .gguf files in a folder that is no model itself: one of them is likely meant.
Result<void> check_other_folder(const fs::path& path) {
  std::vector<std::string> inside;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".gguf") inside.push_back(it->path().string());
  std::sort(inside.begin(), inside.end());
  const std::string why = "the folder has no config.json";
  if (inside.empty()) return no_model(path.string(), why);
  return no_model(path.string(), why, "Give a .gguf file in it, as " + shell_word(inside.front()) + ".");
}

Result<void> check_file(const fs::path& path) {
  if (path.extension() == ".safetensors") {
    if (scale_pack_info(path))
      return no_model(path.string(), "it is a scale pack, which holds learned scales alone", "Put it on its base model: scalewright-cli apply BASE --pack " + shell_word(path.string()) + " -o FILE.gguf");
    return no_model(path.string(), "it is one file of a folder", "Give the folder that holds it and its config.json.");
  }
  SW_ASSIGN(const InputFile file, InputFile::open(path));
  if (file.size() == 0) return no_model(path.string(), "the file is empty");
  std::array<char, 4> magic{};
  const size_t there = std::min<size_t>(file.size(), magic.size());
  SW_TRY(file.read_at(0, std::as_writable_bytes(std::span(magic).first(there))));
  if (std::memcmp(magic.data(), "GGUF", there) != 0) return no_model(path.string(), "it does not begin with 'GGUF'");
  if (file.size() < kShortestGguf) return no_model(path.string(), "the file ends after " + std::to_string(file.size()) + " bytes, inside its header", "The download is incomplete; get the file again.");
  return {};
}

}  // namespace

Result<void> check_model_argument(const std::string& path, Takes takes) {
  if (path.empty()) return fail(ErrorCode::InvalidArgument, std::string("The model has no name.") + kWhatIsOne);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return fail(ErrorCode::Io, path + ": there is no such file or folder. Check the path; a model is a .gguf file or a folder of safetensors.");
  if (is_run_folder(path)) return check_run(path, takes);
  if (!fs::is_directory(status)) return check_file(path);
  if (!fs::exists(fs::path(path) / "config.json", error)) return check_other_folder(path);
  return {};
}

Result<void> check_pack_argument(const std::string& path) {
  if (!is_run_folder(path)) return {};
  return fail(ErrorCode::InvalidArgument, path + ": this is the folder of a run. Give the scale pack in it: --pack " + shell_word((fs::path(path) / kPackFile).string()));
}

}  // namespace scalewright::cli
