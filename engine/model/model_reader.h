#pragma once
// Reads a model layer by layer, so that quantizing needs memory for a few layers and not for the whole model.

#include <filesystem>
#include <memory>

#include "engine/core/error.h"
#include "engine/model/model.h"

namespace scalewright {

class ModelReader {
 public:
  virtual ~ModelReader() = default;
  static Result<std::unique_ptr<ModelReader>> open(const std::filesystem::path& path);
  // Everything but weights: config, tokenizer, template, metadata; weights.layers has config.layers empty layers.
  virtual std::shared_ptr<Model> skeleton() const = 0;
  virtual Result<Layer> read_layer(int index) const = 0;
  virtual Result<void> read_rest(Weights& weights) const = 0;  // embedding, output norm, head
};

}  // namespace scalewright
