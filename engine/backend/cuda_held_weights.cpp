#include "engine/backend/cuda_held_weights.h"

#include <new>
#include <unordered_map>

#include "engine/backend/cuda_layer_store.h"
#include "engine/core/memory_source.h"
#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

constexpr size_t kAlign = 256;

std::vector<const void*> addresses(const WeightList& list) {
  std::vector<const void*> all;
  for (const auto& v : list.vectors) all.push_back(v.data());
  for (const auto& layer : list.layers)
    for (const auto& matrix : layer) all.push_back(matrix.data());
  return all;
}

size_t padded(size_t bytes) {
  return (bytes + kAlign - 1) / kAlign * kAlign;
}
size_t vector_bytes(const WeightList& list) {
  size_t total = 0;
  for (const auto& v : list.vectors) total += padded(v.size_bytes());
  return total;
}

}  // namespace

class HeldModel {
 public:
  HeldModel(void* stream, const WeightList& list) : stream_(stream), addresses_(addresses(list)) {
    data_ = static_cast<uint8_t*>(device::device_allocate(stream, vector_bytes(list)));
    if (!data_) throw std::bad_alloc();
    size_t offset = 0;
    for (const auto& v : list.vectors) {
      device::copy_rows(stream, data_ + offset, v.data(), v.size_bytes(), v.size_bytes(), 1);
      vectors_[v.data()] = {data_ + offset, v.size_bytes()};
      offset += padded(v.size_bytes());
    }
    bring(list);
    device::synchronize(stream);
    layers_ = LayerStore::make(stream, list.layers);
  }
  ~HeldModel() {
    device::synchronize(stream_);
    device::device_release(stream_, data_);
  }
  HeldModel(const HeldModel&) = delete;
  HeldModel& operator=(const HeldModel&) = delete;

  // The matrices that the host wrote and the card has room for.
  void bring(const WeightList& list) {
    if (brought_ == weights_version()) return;
    brought_ = weights_version();
    const auto one = [&](std::span<const uint8_t> matrix) {
      if (device::place_of(matrix.data()) == device::Place::Card)
        device::bring_to_card(stream_, matrix.data(), matrix.size());
    };
    for (const auto& matrix : list.outside) one(matrix);
    for (const auto& layer : list.layers)
      for (const auto& matrix : layer) one(matrix);
  }
  bool same(const WeightList& list) const { return addresses_ == addresses(list); }
  const void* vector(const void* host, size_t bytes) const {
    const auto found = vectors_.find(host);
    return found != vectors_.end() && bytes <= found->second.bytes ? found->second.data : nullptr;
  }
  const uint8_t* matrix(const void* host) const { return layers_ ? layers_->find(host) : nullptr; }
  bool fetches() const { return layers_ != nullptr; }

 private:
  struct Copy {
    const uint8_t* data;
    size_t bytes;
  };
  void* stream_;
  std::vector<const void*> addresses_;
  uint8_t* data_ = nullptr;
  std::unordered_map<const void*, Copy> vectors_;
  std::unique_ptr<LayerStore> layers_;
  uint64_t brought_ = UINT64_MAX;  // weights_version() when they were
};

std::shared_ptr<void> HeldWeights::hold(const WeightList& list) {
  std::erase_if(models_, [](const auto& model) { return model.expired(); });
  for (const auto& known : models_)
    if (auto model = known.lock(); model && model->same(list)) {
      model->bring(list);
      return model;
    }
  auto model = std::make_shared<HeldModel>(stream_, list);
  models_.push_back(model);
  return model;
}

uint64_t HeldWeights::hold_bytes(const WeightList& list) {
  return vector_bytes(list) + LayerStore::buffer_bytes(list.layers);
}

// The first answer that is not null.
template <class Look>
auto HeldWeights::first(const Look& look) const {
  for (const auto& known : models_)
    if (const auto model = known.lock())
      if (const auto found = look(*model)) return found;
  return decltype(look(std::declval<const HeldModel&>())){};
}
const void* HeldWeights::find_vector(const void* host, size_t bytes) const {
  return first([&](const HeldModel& model) { return model.vector(host, bytes); });
}
const uint8_t* HeldWeights::find_matrix(const void* host) const {
  return first([&](const HeldModel& model) { return model.matrix(host); });
}
bool HeldWeights::fetches() const {
  return first([](const HeldModel& model) { return model.fetches(); });
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
