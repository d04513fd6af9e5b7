#include "engine/backend/cuda_layer_store.h"

#include <algorithm>
#include <new>

#include "engine/core/memory_source.h"
#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

constexpr size_t kAlign = 256;  // of a matrix in a buffer

size_t padded(size_t bytes) {
  return (bytes + kAlign - 1) / kAlign * kAlign;
}

uint64_t largest_layer(const std::vector<LayerStore::Layer>& layers) {
  uint64_t largest = 0;
  for (const LayerStore::Layer& layer : layers) {
    uint64_t bytes = 0;
    for (const auto& matrix : layer)
      if (device::place_of(matrix.data()) == device::Place::Host) bytes += padded(matrix.size());
    largest = std::max(largest, bytes);
  }
  return largest;
}

}  // namespace

uint64_t LayerStore::buffer_bytes(const std::vector<Layer>& layers) {
  return 2 * largest_layer(layers);
}

std::unique_ptr<LayerStore> LayerStore::make(void* compute, const std::vector<Layer>& layers) {
  const uint64_t room = largest_layer(layers);
  if (room == 0) return nullptr;
  std::unique_ptr<LayerStore> store(new LayerStore(compute));
  for (const Layer& layer : layers) {
    std::vector<Piece> pieces;
    size_t offset = 0;
    for (const auto& matrix : layer) {
      if (device::place_of(matrix.data()) != device::Place::Host) continue;
      store->places_[matrix.data()] = {static_cast<int>(store->layers_.size()), offset};
      pieces.push_back({matrix.data(), matrix.size(), offset});
      offset += padded(matrix.size());
    }
    if (!pieces.empty()) store->layers_.push_back(std::move(pieces));
  }
  for (Slot& slot : store->slots_) {
    slot.data = static_cast<uint8_t*>(device::device_allocate(compute, room));
    slot.filled = device::make_event();
    slot.used = device::make_event();
    if (!slot.data) throw std::bad_alloc();
  }
  if (!device::make_stream(&store->copies_).empty()) throw std::bad_alloc();
  // The buffers come in the order of the compute stream; the other one waits for that.
  for (Slot& slot : store->slots_) device::record(slot.used, compute);
  store->version_ = weights_version();
  return store;
}

LayerStore::~LayerStore() {
  device::synchronize(compute_);
  if (copies_) device::synchronize(copies_);
  for (const Slot& slot : slots_) {
    device::device_release(compute_, slot.data);
    device::release_event(slot.filled);
    device::release_event(slot.used);
  }
  if (copies_) device::release_stream(copies_);
}

const uint8_t* LayerStore::find(const void* host) {
  const auto found = places_.find(host);
  if (found == places_.end()) return nullptr;
  enter(found->second.layer);
  return slots_[static_cast<size_t>(slot_)].data + found->second.offset;
}

// Forward, the last layer is followed by the first one of the next pass; backward each by the one below it.
int LayerStore::next_after(int layer) const {
  const int count = static_cast<int>(layers_.size());
  const bool down = before_ == layer + 1;
  return down && layer > 0 ? layer - 1 : (layer + 1) % count;
}

void LayerStore::enter(int layer) {
  if (const uint64_t version = weights_version(); version != version_) {
    // What was copied is out of date, and so may be a copy that is still under way.
    version_ = version;
    if (current_ >= 0) device::record(slots_[static_cast<size_t>(slot_)].used, compute_);
    for (Slot& slot : slots_) slot.layer = -1;
    current_ = -1;
  }
  if (layer == current_) return;
  if (current_ >= 0) device::record(slots_[static_cast<size_t>(slot_)].used, compute_);
  if (slots_[0].layer != layer && slots_[1].layer != layer) fill(slots_[static_cast<size_t>(1 - slot_)], layer);
  slot_ = slots_[0].layer == layer ? 0 : 1;
  device::wait_for(slots_[static_cast<size_t>(slot_)].filled, compute_);
  before_ = current_;
  current_ = layer;
  const int next = next_after(layer);
  Slot& other = slots_[static_cast<size_t>(1 - slot_)];
  if (next != layer && other.layer != next) fill(other, next);
}

void LayerStore::fill(Slot& slot, int layer) {
  device::wait_for(slot.used, copies_);
  for (const Piece& piece : layers_[static_cast<size_t>(layer)])
    device::copy_rows(copies_, slot.data + piece.offset, piece.host, piece.bytes, piece.bytes, 1);
  device::record(slot.filled, copies_);
  slot.layer = layer;
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
