#include "engine/tune/held_out.h"

#include <algorithm>
#include <unordered_set>

#include "engine/tune/checkpoint.h"
#include "engine/tune/tuning_data.h"

namespace scalewright {

std::vector<int64_t> held_out_lines(const EncodedDataset& rows, const TuneRecipe& recipe) {
  EncodedDataset lines;  // without what the rows say: only their order counts
  lines.examples.resize(rows.examples.size());
  for (size_t i = 0; i < rows.examples.size(); ++i) lines.examples[i].line = rows.examples[i].line;
  std::vector<int64_t> held;
  for (const EncodedExample& row : split_dataset(std::move(lines), recipe.validation_split, recipe.seed).second.examples)
    held.push_back(row.line);
  return held;
}

Result<Dataset> held_out_rows(const Model& model, const TuneRecipe& recipe, size_t longest) {
  const bool file = !recipe.validation.empty();
  if (!file && recipe.validation_split <= 0.0) return Dataset();
  SW_ASSIGN(Dataset dataset, import_dataset(file ? recipe.validation : recipe.data,
                                            {.format = recipe.data_format, .columns = recipe.columns, .limit = 0}));
  std::unordered_set<int64_t> held;
  if (!file) {
    SW_ASSIGN(const EncodedDataset encoded,
              encode_dataset(dataset, model,
                             {.context = recipe.context,
                              .truncation = recipe.truncation,
                              .train_on_inputs = recipe.train_on_inputs,
                              .system_prompt = recipe.system_prompt}));
    for (const int64_t line : held_out_lines(encoded, recipe)) held.insert(line);
  }
  std::erase_if(dataset.examples, [&](const Example& row) {
    if (row.messages.empty() || row.messages.back().role != "assistant") return true;
    return row.messages.back().content.size() > longest || (!file && !held.contains(row.line));
  });
  if (!recipe.system_prompt.empty()) {
    for (Example& row : dataset.examples)
      if (row.messages.front().role != "system")
        row.messages.insert(row.messages.begin(), {"system", recipe.system_prompt});
  }
  return dataset;
}

Result<void> check_data_unchanged(const Model& model, const std::filesystem::path& run_folder) {
  SW_ASSIGN(const Checkpoint saved, read_checkpoint(checkpoint_path(run_folder)));
  Observer nobody;
  SW_ASSIGN(const TuningData now, load_tuning_data(model, saved.recipe, nobody));
  if (now.hash == saved.data_hash) return {};
  return fail(ErrorCode::InvalidArgument,
              run_folder.string() + ": its data have changed since it learned from them, so which rows it never saw "
                                    "cannot be told. Put the files back as they were, or score a file of other rows.");
}

}  // namespace scalewright
