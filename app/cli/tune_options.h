#pragma once
// The options that tune and plan share, and the recipe they make.

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "engine/tune/recipe.h"

namespace scalewright::cli {

struct TuneOptions {
  std::string model, data, data_format = "auto", run, schedule = "cosine", parametrization = "relative", granularity = "group", truncation = "end";
  std::string validation, save_batches, system_prompt, sample_prompt;
  std::vector<std::string> columns;
  TuneRecipe values;  // numbers are parsed straight into it
  bool resume = false, train_on_inputs = false;

  void add_to(CLI::App& verb);
  Result<TuneRecipe> recipe(const Context& context) const;
};

}  // namespace scalewright::cli
