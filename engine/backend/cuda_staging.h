#pragma once
// One call of the CUDA backend: which pointers kernels may be given. What is held on the card is taken from there, and what
// lies in shared memory is passed as it is. The rest, which the card cannot reach, is copied to it before the call and back
// after, so that every caller of Backend is served. Compiled twice, see kernels/cuda/space.h.

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "engine/backend/cuda_held_weights.h"
#include "kernels/common/quant_layout.h"
#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

inline constexpr size_t kScratchAlign = 256;  // bytes
// Scratch memory that calls take turns in, in the order of their stream.
struct Workspace {
  uint8_t* data = nullptr;
  size_t bytes = 0;
};

class StagedCall {
 public:
  StagedCall(void* stream, const HeldWeights& held, const Workspace& workspace)
      : stream_(stream), held_(held), workspace_(workspace) {
    device::enter_device(held.card());
  }
  StagedCall(const StagedCall&) = delete;
  StagedCall& operator=(const StagedCall&) = delete;
  ~StagedCall() {
    for (void* data : buffers_) device::device_release(stream_, data);
  }

  // `rows` rows of `width` elements, `ld` elements apart; the result has the same ld. Null stays null.
  template <class T>
  const T* in(const T* p, int64_t rows, int64_t width, int64_t ld) {
    if (device::on_device(p)) return p;
    if (ld == 0) rows = 1;
    T* staged = buffer<T>((rows - 1) * ld + width);
    device::copy_rows(stream_, staged, p, bytes<T>(ld), bytes<T>(width), static_cast<size_t>(rows));
    return staged;
  }
  template <class T>
  const T* in(const T* p, int64_t count) {
    if (const void* there = p ? held_.find_vector(p, bytes<T>(count)) : nullptr) return static_cast<const T*>(there);
    return in(p, 1, count, count);
  }
  template <class T>
  T* out(T* p, int64_t rows, int64_t width, int64_t ld) {
    return staged_out(p, rows, width, ld, false);
  }
  template <class T>
  T* out(T* p, int64_t count) {
    return out(p, 1, count, count);
  }
  // Read and written.
  template <class T>
  T* both(T* p, int64_t rows, int64_t width, int64_t ld) {
    return staged_out(p, rows, width, ld, true);
  }
  template <class T>
  T* both(T* p, int64_t count) {
    return both(p, 1, count, count);
  }
  kernels::QuantView in(const kernels::QuantView& w) { return staged(w, held_.find_matrix(w.records)); }
  kernels::WeightView in(const kernels::WeightView& w) {
    return staged(w, held_.find_matrix(w.quantized ? w.quant.records : w.dense.data));
  }
  // For kernels that read few rows of w: those in the host's memory are left there.
  kernels::WeightView in_place(const kernels::WeightView& w) { return staged(w, nullptr); }
  // Memory of the card for the length of the call, from the workspace while there is room. Throws std::bad_alloc.
  template <class T>
  T* scratch(int64_t count) {
    const size_t begin = (used_ + kScratchAlign - 1) / kScratchAlign * kScratchAlign;
    if (!workspace_.data || begin + bytes<T>(count) > workspace_.bytes) return buffer<T>(count);
    used_ = begin + bytes<T>(count);
    return reinterpret_cast<T*>(workspace_.data + begin);
  }
  // Whether so many find room in what is left of the workspace; without one, or where it is not on the card, always.
  template <class T>
  bool fits(int64_t count) const {
    return !workspace_.data || used_ + kScratchAlign + bytes<T>(count) <= workspace_.bytes;
  }
  template <class T>
  T* buffer(int64_t count) {
    void* data = device::device_allocate(stream_, bytes<T>(count));
    if (!data) throw std::bad_alloc();
    buffers_.push_back(data);
    return static_cast<T*>(data);
  }
  bool staged() const { return !buffers_.empty(); }  // memory of the card was taken
  // Puts the copies back on their way, after the kernels; whether there are any.
  bool finish() {
    for (const Back& b : back_) device::copy_rows(stream_, b.to, b.from, b.pitch, b.width, b.rows);
    return !back_.empty();
  }

 private:
  struct Back {
    void* to;
    const void* from;
    size_t pitch, width, rows;
  };
  template <class T>
  static size_t bytes(int64_t count) {
    return static_cast<size_t>(count) * sizeof(T);
  }
  template <class T>
  T* staged_out(T* p, int64_t rows, int64_t width, int64_t ld, bool read) {
    if (device::on_device(p)) return p;
    T* staged = buffer<T>((rows - 1) * ld + width);
    const size_t pitch = bytes<T>(ld), row = bytes<T>(width);
    if (read) device::copy_rows(stream_, staged, p, pitch, row, static_cast<size_t>(rows));
    back_.push_back({p, staged, pitch, row, static_cast<size_t>(rows)});
    return staged;
  }

  // `there`: where the card has the matrix, or null.
  kernels::QuantView staged(const kernels::QuantView& w, const uint8_t* there) {
    kernels::QuantView v = w;
    const int64_t scales = w.layout.rows * w.layout.groups();
    v.records = there ? there : in(w.records, w.layout.bytes());
    v.scale = in(w.scale, scales);
    v.scale_min = in(w.scale_min, scales);
    v.row_scale = in(w.row_scale, w.layout.rows);
    return v;
  }
  kernels::WeightView staged(const kernels::WeightView& w, const uint8_t* there) {
    kernels::WeightView v = w;
    if (w.quantized) {
      v.quant = staged(w.quant, there);
    } else {
      const int64_t element = w.dense.type == kernels::DenseType::F32 ? 4 : 2;
      const auto* data = static_cast<const uint8_t*>(w.dense.data);
      v.dense.data = there ? there : in(data, w.dense.rows * w.dense.cols * element);
    }
    return v;
  }

  void* stream_;
  const HeldWeights& held_;
  const Workspace workspace_;
  size_t used_ = 0;  // of the workspace
  std::vector<void*> buffers_;
  std::vector<Back> back_;
};

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
