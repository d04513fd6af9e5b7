#pragma once
// Small runs of the trainer for tests: golden GGUF files (they have tokenizers), data made here, observers that keep
// what they hear.

#include <unistd.h>

#include <QTemporaryDir>
#include <fstream>
#include <string>
#include <vector>

#include "engine/tune/trainer.h"
#include "tests/testkit/golden_model.h"

namespace scalewright::testkit {

inline void need(const Result<void>& result) {
  if (!result) qFatal("%s", result.error().message.c_str());
}

// Golden GGUF files whose block linears are all quantized and whose tokenizer is inside, sorted by name.
inline std::vector<fs::path> tunable_models() {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(golden_folder() / "formats" / "gguf", error)) {
    if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Rows of a small task: "the word a" -> "a A". Each has another length, so that packing has something to do.
inline void write_rows(const fs::path& path, int rows, int first = 0) {
  std::ofstream out(path);
  for (int i = first; i < first + rows; ++i) {
    std::string word, upper;
    for (int j = 0; j < 1 + i % 5; ++j) {
      word += static_cast<char>('a' + (i * 7 + j * 3) % 26);
      upper += static_cast<char>('A' + (i * 7 + j * 3) % 26);
    }
    out << nlohmann::json{{"prompt", "the word " + word}, {"completion", word + " " + upper}}.dump() << "\n";
  }
}

inline TuneRecipe small_recipe(const fs::path& model, const fs::path& folder, int64_t steps) {
  const fs::path data = folder / "rows.jsonl";
  if (!fs::exists(data)) write_rows(data, 40);
  TuneRecipe recipe;
  recipe.model = model;
  recipe.data = data;
  recipe.data_format = DatasetFormat::PromptCompletion;
  recipe.steps = steps;
  recipe.context = 64;
  recipe.learning_rate = 5e-3;
  recipe.validation_split = 0.1;
  return recipe;
}

class KeepingObserver : public TuneObserver {
 public:
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void planned(const TunePlan& p) override { plans.push_back(p); }
  void step(const StepRecord& r) override { steps.push_back(r); }
  void validation(const ValidationRecord& r) override { validations.push_back(r); }
  void sample(const SampleRecord& r) override { samples.push_back(r); }
  void checkpointed(int64_t s) override { checkpoints.push_back(s); }
  void paused(bool p) override { pauses.push_back(p); }
  std::vector<std::string> warnings;
  std::vector<TunePlan> plans;
  std::vector<StepRecord> steps;
  std::vector<ValidationRecord> validations;
  std::vector<SampleRecord> samples;
  std::vector<int64_t> checkpoints;
  std::vector<bool> pauses;
};

// This program again, as `name --worker arguments...`; its process id. For what only a process of its own can show:
// being killed, and the highest memory it ever had.
inline pid_t start_worker(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {fs::read_symlink("/proc/self/exe").string(), "--worker"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(raw[0], raw.data());
    ::_exit(127);
  }
  return child;
}

inline Result<TuneReport> tune(std::shared_ptr<Model> model, const TuneRecipe& recipe, const fs::path& run,
                               bool resume = false, TuneObserver* observer = nullptr, TuneControl* control = nullptr,
                               std::stop_token stop = {}) {
  KeepingObserver quiet;
  TuneControl none;
  auto backend = make_backend({.threads = 1, .isa = Isa::Auto, .device = "cpu"});
  const std::unique_ptr<Backend> device = backend ? std::move(*backend) : make_reference_backend();
  return Trainer::run(std::move(model), *device, recipe, run, resume, observer ? *observer : quiet,
                      control ? *control : none, stop);
}

}  // namespace scalewright::testkit
