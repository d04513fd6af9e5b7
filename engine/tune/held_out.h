#pragma once
// The rows that a run never learns from, as conversations to ask and compare with.

#include <filesystem>

#include "engine/data/dataset.h"
#include "engine/model/model.h"
#include "engine/tune/recipe.h"

namespace scalewright {

// Which of `rows`, by their Example::row, the recipe holds back to validate on, by split_dataset's own choice; empty: none.
std::vector<int64_t> held_out_numbers(const EncodedDataset& rows, const TuneRecipe& recipe);
// Those of the recipe's data, or of its validation file, whose answer is at most `longest` bytes; no examples where there
// are none, or the data are plain text. Errors as import_dataset and encode_dataset.
Result<Dataset> held_out_rows(const Model& model, const TuneRecipe& recipe, size_t longest);

// The same of the run in this folder. InvalidArgument where the data are not those that it learned from: which rows it never
// saw cannot be told then. Reads and encodes them once.
Result<Dataset> held_out_rows_of_run(const Model& model, const std::filesystem::path& run_folder, size_t longest);

}  // namespace scalewright
