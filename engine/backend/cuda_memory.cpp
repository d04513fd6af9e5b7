#include "engine/backend/cuda_memory.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>

#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

struct Block {
  uint64_t bytes = 0;
  int card = -1;  // -1: pinned
};
struct Card {
  uint64_t held = 0;      // sum of its blocks
  uint64_t at_start = 0;  // free when the first of them was taken
};
struct Blocks {
  std::mutex mutex;
  std::map<const void*, Block> all;  // that are there
  std::map<int, Card> cards;
  uint64_t pinned = 0;
};
Blocks& blocks() {
  static Blocks all;
  return all;
}

// Pages are made when they are first used, so the card may say that more is free than is left of it. Other programs may
// take more of it, or give some back.
uint64_t available(const Card& card, uint64_t free_bytes) {
  return std::max(free_bytes, std::min(card.at_start, free_bytes + card.held));
}

void* allocate(size_t bytes, MemoryUse use) noexcept {
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const int number = device::entered_device();
  const uint64_t free_bytes = device::device_memory(number).free_bytes;
  const bool weights = use == MemoryUse::Weights, inbox = use == MemoryUse::Inbox;
  try {
    Card& card = b.cards[number];
    if (card.held == 0) card.at_start = free_bytes;
    const uint64_t room = available(card, free_bytes);
    const auto limit = weights ? static_cast<uint64_t>(kWeightShare * static_cast<double>(room)) : room;
    void* data = !inbox && card.held + bytes <= limit ? device::card_allocate(bytes, !weights) : nullptr;
    const bool on_card = data != nullptr;
    if (!data && (weights || inbox)) data = device::pinned_allocate(bytes);
    if (!data) return nullptr;
    const Block block{inbox ? 0 : bytes, on_card ? number : -1};  // an inbox is not counted
    b.all[data] = block;
    (on_card ? card.held : b.pinned) += block.bytes;
    return data;
  } catch (const std::exception&) {  // of the maps' own memory
    return nullptr;
  }
}

void release(void* data) noexcept {
  if (!data) return;
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const auto found = b.all.find(data);
  const Block& block = found->second;
  (block.card >= 0 ? b.cards.find(block.card)->second.held : b.pinned) -= block.bytes;
  b.all.erase(found);
  device::shared_release(data);
}

constexpr MemorySource kCard{allocate, release};

}  // namespace

const MemorySource& card_memory() {
  return kCard;
}

CardUse card_use(int number) {
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const device::DeviceMemory memory = device::device_memory(number);
  const auto found = b.cards.find(number);
  const Card card = found == b.cards.end() ? Card{} : found->second;
  return {memory.total_bytes, available(card, memory.free_bytes), card.held, b.pinned};
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
