#pragma once
// Weights that were named to the card (Backend::hold): norms and biases, copied to it once, and the matrices of blocks
// that stayed in the host's memory. Nothing is remembered by its address alone: what is held was named, and is
// forgotten before its memory may be used for something else. Compiled twice, see kernels/cuda/space.h.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/backend/backend.h"
#include "kernels/cuda/space.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

class HeldModel;

class HeldWeights {
 public:
  // `card`: its number; `stream`: of it.
  HeldWeights(int card, void* stream) : card_(card), stream_(stream) {}
  int card() const { return card_; }

  // The same list twice is held once. Throws std::bad_alloc when the card has no room.
  std::shared_ptr<void> hold(const WeightList& list);
  static uint64_t hold_bytes(const WeightList& list);
  // Where the card has these numbers; null when they are not held. A matrix stays there until one of another block is
  // asked for.
  const void* find_vector(const void* host, size_t bytes) const;
  const uint8_t* find_matrix(const void* host) const;
  bool fetches() const;           // any matrix

 private:
  template <class Look>
  auto first(const Look& look) const;

  int card_;
  void* stream_;
  std::vector<std::weak_ptr<HeldModel>> models_;
};

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
