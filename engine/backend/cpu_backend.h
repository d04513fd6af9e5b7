#pragma once
// The backend that computes on this machine's processors.

#include <memory>

#include "engine/backend/backend.h"
#include "kernels/cpu/cpu_features.h"

namespace scalewright {

std::unique_ptr<Backend> make_cpu_backend(int threads, kernels::cpu::Isa isa);

}  // namespace scalewright
