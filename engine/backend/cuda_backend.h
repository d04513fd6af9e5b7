#pragma once
// The backend that computes on an NVIDIA card, and on its emulation in the tests (kernels/cuda/space.h).

#include <memory>
#include <string>

#include "engine/backend/backend.h"
#include "kernels/cuda/products.h"
#include "kernels/cuda/space.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kFirstCard = -1;
// Null when the card of this number, or no card at all, can be used; `why` then says so in words. `products` must have
// been opened for the same card, and may be null: the kernel of our own multiplies. The calling thread enters the card.
std::unique_ptr<Backend> make_cuda_backend(std::unique_ptr<kernels::CardProducts> products, std::string& why,
                                           int number = kFirstCard);

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
