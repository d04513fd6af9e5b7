#include "engine/tune/held_out.h"

#include "engine/tune/checkpoint.h"
#include "engine/tune/tuning_data.h"

namespace scalewright {
namespace {

// Only what can be asked and compared, and how the run asked it.
void keep_questions(Dataset& rows, const TuneRecipe& recipe, size_t longest) {
  std::erase_if(rows.examples, [&](const Example& row) {
    return row.messages.empty() || row.messages.back().role != "assistant" ||
           row.messages.back().content.size() > longest;
  });
  if (recipe.system_prompt.empty()) return;
  for (Example& row : rows.examples)
    if (row.messages.front().role != "system")
      row.messages.insert(row.messages.begin(), {"system", recipe.system_prompt});
}

}  // namespace

std::vector<int64_t> held_out_numbers(const EncodedDataset& rows, const TuneRecipe& recipe) {
  EncodedDataset numbers;  // without what the rows say: only their order counts
  numbers.examples.resize(rows.examples.size());
  for (size_t i = 0; i < rows.examples.size(); ++i) numbers.examples[i].row = rows.examples[i].row;
  std::vector<int64_t> held;
  for (const EncodedExample& example :
       split_dataset(std::move(numbers), recipe.validation_split, recipe.seed).second.examples)
    held.push_back(example.row);
  return held;
}

Result<Dataset> held_out_rows(const Model& model, const TuneRecipe& recipe, size_t longest) {
  Dataset rows;
  if (!recipe.validation.empty()) {  // without reading what is learned from
    SW_ASSIGN(rows, import_dataset(recipe.validation, {.format = recipe.data_format, .columns = recipe.columns, .limit = 0}));
  } else if (recipe.validation_split > 0.0) {
    Observer nobody;
    SW_TRY(load_tuning_data(model, recipe, nobody, &rows));
  }
  keep_questions(rows, recipe, longest);
  return rows;
}

Result<Dataset> held_out_rows_of_run(const Model& model, const std::filesystem::path& run_folder, size_t longest) {
  SW_ASSIGN(const Checkpoint saved, read_checkpoint(checkpoint_path(run_folder)));
  Observer nobody;
  Dataset rows;
  SW_ASSIGN(const TuningData now, load_tuning_data(model, saved.recipe, nobody, &rows));
  if (now.hash != saved.data_hash) {
    return fail(ErrorCode::InvalidArgument,
                run_folder.string() + ": its data have changed since it learned from them, so which rows it never saw "
                                      "cannot be told. Put the files back as they were, or score a file of other rows.");
  }
  keep_questions(rows, saved.recipe, longest);
  return rows;
}

}  // namespace scalewright
