#pragma once
// --save-batches: every batch of a run in one safetensors file, so that any other program can replay it.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/core/error.h"
#include "engine/data/batch_stream.h"
#include "engine/tune/recipe.h"

namespace scalewright {

// For each step N from 0: ids.N, targets.N, segments.N, int32 [B, T]; with accumulation the rows of all its batches, [A
// * B, T]. Batches follow from seed and data alone, so the file is written before the first step, and a run cut short
// has them all.
Result<void> save_batches(const std::filesystem::path& path, std::shared_ptr<const EncodedDataset> data,
                          const TuneRecipe& recipe, int64_t steps);

}  // namespace scalewright
