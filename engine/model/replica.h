#pragma once
// A second model of the same weights, for a second device.

#include <memory>

#include "engine/backend/backend.h"
#include "engine/model/model.h"

namespace scalewright {

// What lies in the memory of the device `first` is copied into blocks that memory_source() gives the calling thread for
// work; what the host keeps is read where it lies. `model` must live longer and not change. Throws std::bad_alloc.
std::shared_ptr<Model> replicate(const Model& model, const Backend& first);
// What replicate() copies, bytes.
uint64_t replicated_bytes(const Model& model, const Backend& first);

}  // namespace scalewright
