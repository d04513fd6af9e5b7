#include "engine/backend/cuda_memory.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>

#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

struct Blocks {
  std::mutex mutex;
  std::map<const void*, uint64_t> bytes;  // of the blocks that are there
  uint64_t card = 0, pinned = 0;          // sums of them
  uint64_t at_start = 0;                  // free on the card when the first block was taken
};
Blocks& blocks() {
  static Blocks all;
  return all;
}

// Pages are made when they are first used, so the card may say that more is free than is left of it. Other programs may
// take more of it, or give some back.
uint64_t available(const Blocks& b, uint64_t free_bytes) {
  return std::max(free_bytes, std::min(b.at_start, free_bytes + b.card));
}

void* allocate(size_t bytes, MemoryUse use) noexcept {
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const uint64_t free_bytes = device::device_memory().free_bytes;
  if (b.card == 0) b.at_start = free_bytes;
  const uint64_t room = available(b, free_bytes);
  const bool weights = use == MemoryUse::Weights, inbox = use == MemoryUse::Inbox;
  const auto limit = weights ? static_cast<uint64_t>(kWeightShare * static_cast<double>(room)) : room;
  try {
    void* data = !inbox && b.card + bytes <= limit ? device::card_allocate(bytes, !weights) : nullptr;
    const bool on_card = data != nullptr;
    if (!data && (weights || inbox)) data = device::pinned_allocate(bytes);
    if (!data) return nullptr;
    b.bytes[data] = inbox ? 0 : bytes;  // an inbox is not counted
    (on_card ? b.card : b.pinned) += b.bytes[data];
    return data;
  } catch (const std::exception&) {  // of the map's own memory
    return nullptr;
  }
}

void release(void* data) noexcept {
  if (!data) return;
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const auto found = b.bytes.find(data);
  (device::place_of(data) == device::Place::Card ? b.card : b.pinned) -= found->second;
  b.bytes.erase(found);
  device::shared_release(data);
}

constexpr MemorySource kCard{allocate, release};

}  // namespace

const MemorySource& card_memory() {
  return kCard;
}

CardUse card_use() {
  Blocks& b = blocks();
  const std::lock_guard lock(b.mutex);
  const device::DeviceMemory memory = device::device_memory();
  return {memory.total_bytes, available(b, memory.free_bytes), b.card, b.pinned};
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
