#pragma once
// The backend that computes on an NVIDIA card, and on its emulation in the tests (kernels/cuda/space.h).

#include <memory>
#include <string>

#include "engine/backend/backend.h"
#include "kernels/cuda/products.h"
#include "kernels/cuda/space.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

// Null when no card can be used; `why` then says so in words. `products` may be null: the kernel of our own multiplies.
std::unique_ptr<Backend> make_cuda_backend(std::unique_ptr<kernels::CardProducts> products, std::string& why);

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
