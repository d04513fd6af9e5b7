#pragma once
// The data of a run: imported, rendered, masked, split.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/observer.h"
#include "engine/data/dataset.h"
#include "engine/tune/recipe.h"

namespace scalewright {

struct TuningData {
  std::shared_ptr<const EncodedDataset> train;
  std::shared_ptr<const EncodedDataset> validation;  // null: none
  std::vector<RowProblem> problems;                  // rows left out
  uint64_t bytes = 0;                                // held by both
  std::string hash;                                  // of every id and mask: the same data give the same batches
};

// Warns `observer` of rows that were left out. InvalidArgument where nothing is left to learn. `held_out` gets the rows to
// validate on as conversations, as they stand in the file; null: not wanted.
Result<TuningData> load_tuning_data(const Model& model, const TuneRecipe& recipe, Observer& observer,
                                    Dataset* held_out = nullptr);

// How many of the rows to validate on are learned from too, token by token.
int64_t rows_also_learned(const EncodedDataset& validation, const EncodedDataset& train);

}  // namespace scalewright
