#pragma once
// Where a program that computes on cards keeps its large blocks: on the card that the calling thread has entered
// (device.h), as long as there is room, and weights that no longer fit in pinned memory of the host. Compiled twice, see kernels/cuda/space.h.

#include <cstdint>

#include "engine/core/memory_source.h"
#include "kernels/cuda/space.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

// Of what the card has free, the part that weights may take: the rest is for caches, activations and what is learned.
inline constexpr double kWeightShare = 0.75;

// Null comes from it for work that does not fit the card, and for weights that fit neither it nor the host.
const MemorySource& card_memory();

struct CardUse {
  uint64_t total_bytes = 0;      // memory of the card
  uint64_t available_bytes = 0;  // of it, what other programs leave; what this one holds included
  uint64_t held_bytes = 0;       // by blocks of card_memory() there
  uint64_t pinned_bytes = 0;     // weights that stayed in the host's memory, of all cards
};
CardUse card_use(int number);  // of that card

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
