#include "engine/tune/batch_recorder.h"

#include <span>
#include <string>
#include <vector>

#include "engine/format/safetensors.h"

namespace scalewright {

Result<void> save_batches(const std::filesystem::path& path, std::shared_ptr<const EncodedDataset> data,
                          const TuneRecipe& recipe, int64_t steps) {
  std::vector<SafetensorsTensor> tensors;
  const std::vector<int64_t> shape{recipe.accumulate * recipe.batch, recipe.context};
  for (int64_t step = 0; step < steps; ++step) {
    for (const char* name : {"ids.", "targets.", "segments."}) {
      tensors.push_back({.name = name + std::to_string(step), .dtype = "I32", .shape = shape});
    }
  }
  SW_ASSIGN(SafetensorsWriter file, SafetensorsWriter::create(path, std::move(tensors), {{"first_step", "0"}}));
  BatchStream stream(std::move(data), recipe.batch, recipe.context, recipe.seed, true);
  std::vector<Batch> batches(static_cast<size_t>(recipe.accumulate));
  for (int64_t step = 0; step < steps; ++step) {
    for (Batch& batch : batches) stream.next(batch);
    for (const auto member : {&Batch::ids, &Batch::targets, &Batch::segments}) {
      for (const Batch& batch : batches) SW_TRY(file.write(std::as_bytes(std::span(batch.*member))));
    }
  }
  return file.commit();
}

}  // namespace scalewright
