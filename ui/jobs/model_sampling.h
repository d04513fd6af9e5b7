#pragma once
// How a model itself wants to be sampled: generation_config.json of a folder, general.sampling.* of a GGUF.

#include <filesystem>

#include "engine/chat/generator.h"
#include "engine/core/error.h"

namespace scalewright {
struct FileMetadata;
}

namespace scalewright::ui {

struct ModelSampling {
  SamplingOptions options;   // what the model says, over the program's own defaults
  bool fromModel = false;    // it says something
};

ModelSampling samplingOf(const FileMetadata& metadata);
// Reads the header of a model file or folder; no weights.
Result<ModelSampling> readModelSampling(const std::filesystem::path& path);

}  // namespace scalewright::ui
