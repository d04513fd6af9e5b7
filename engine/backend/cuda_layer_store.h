#pragma once
// Blocks of a model whose matrices stayed in the host's memory, brought to the card in time: while one block computes,
// a second stream copies the next into the other of two buffers. Compiled twice, see kernels/cuda/space.h.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/cuda/space.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

class LayerStore {
 public:
  using Layer = std::vector<std::span<const uint8_t>>;  // the matrices of a block

  // Two buffers for the largest of these layers; matrices in the card's own memory are left where they are. Null when
  // none is in the host's. Throws std::bad_alloc when the card has no room. `compute`: the stream that reads the
  // weights.
  static std::unique_ptr<LayerStore> make(void* compute, const std::vector<Layer>& layers);
  // What make() takes of the card's memory, bytes.
  static uint64_t buffer_bytes(const std::vector<Layer>& layers);
  ~LayerStore();
  LayerStore(const LayerStore&) = delete;
  LayerStore& operator=(const LayerStore&) = delete;

  // Where kernels of the compute stream find the matrix that begins at `host` from now until one of another layer is
  // asked for; null when it is none of these.
  const uint8_t* find(const void* host);

 private:
  struct Piece {
    const uint8_t* host;
    size_t bytes, offset;  // offset: in the buffer
  };
  struct Place {
    int layer;
    size_t offset;
  };
  struct Slot {
    uint8_t* data = nullptr;
    int layer = -1;
    void* filled = nullptr;  // event: the copies into it are done
    void* used = nullptr;    // event: what reads it is done
  };
  explicit LayerStore(void* compute) : compute_(compute) {}
  void enter(int layer);
  void fill(Slot& slot, int layer);
  int next_after(int layer) const;

  void* compute_;
  void* copies_ = nullptr;  // stream
  std::vector<std::vector<Piece>> layers_;
  std::unordered_map<const void*, Place> places_;
  std::array<Slot, 2> slots_;
  int current_ = -1, before_ = -1;  // layer that computes, and the one before it
  int slot_ = 0;                    // of the current layer
  uint64_t version_ = 0;
};

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
