#pragma once
// Second models of one file.

#include <memory>

#include "engine/model/model.h"

namespace scalewright {

// All of a model but its weights.
std::shared_ptr<Model> without_weights(const Model& model);

}  // namespace scalewright
