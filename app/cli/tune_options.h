#pragma once
// The options that tune and plan share, and the recipe they make.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/context.h"
#include "engine/tune/recipe.h"

namespace scalewright::cli {

// "prompt=Question,completion=Answer", in one word or several.
Result<std::map<std::string, std::string>> columns_from(const std::vector<std::string>& words);

struct TuneOptions {
  std::string model, data_format = "auto", run, schedule = "cosine", parametrization = "relative", granularity = "group", truncation = "end";
  std::string validation, save_batches, system_prompt, sample_prompt;
  std::vector<std::string> data, columns;
  TuneRecipe values;  // numbers are parsed straight into it
  bool resume = false, train_on_inputs = false, exact_products = false;

  void add_to(CLI::App& verb);
  // After parsing: MODEL and --data may be missing only where a run that is resumed knows them.
  void check_required() const;
  // What is not given is taken from the run in the output folder when it is resumed.
  Result<TuneRecipe> recipe(const Context& context) const;
  // Whether the examples can be read at all, before anything that takes time.
  static Result<void> check_data(const TuneRecipe& recipe);
  // Where several files were given: their rows as one file in `folder`, which the recipe names from then on.
  Result<void> merge_data(TuneRecipe& recipe, const std::filesystem::path& folder) const;

 private:
  Result<TuneRecipe> given(const Context& context) const;
  // What an option decides.
  using Take = std::function<void(TuneRecipe& to, const TuneRecipe& from)>;
  std::vector<std::pair<const CLI::Option*, Take>> takes_;
};

}  // namespace scalewright::cli
