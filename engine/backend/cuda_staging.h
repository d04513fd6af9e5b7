#pragma once
// One call of the CUDA backend: which pointers kernels may be given. What the card cannot reach is copied to it before the
// call and back after, so that every caller of Backend is served; what lies in shared memory is passed as it is. Compiled
// twice, see kernels/cuda/space.h.

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "kernels/common/quant_layout.h"
#include "kernels/cuda/device.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

namespace device = kernels::SCALEWRIGHT_CUDA_SPACE;

class StagedCall {
 public:
  explicit StagedCall(void* stream) : stream_(stream) { device::enter_device(); }
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
  kernels::QuantView in(const kernels::QuantView& w) {
    kernels::QuantView v = w;
    const int64_t scales = w.layout.rows * w.layout.groups();
    v.records = in(w.records, w.layout.bytes());
    v.scale = in(w.scale, scales);
    v.scale_min = in(w.scale_min, scales);
    v.row_scale = in(w.row_scale, w.layout.rows);
    return v;
  }
  kernels::DenseView in(const kernels::DenseView& w) {
    kernels::DenseView v = w;
    const int64_t element = w.type == kernels::DenseType::F32 ? 4 : 2;
    v.data = in(static_cast<const uint8_t*>(w.data), w.rows * w.cols * element);
    return v;
  }
  kernels::WeightView in(const kernels::WeightView& w) {
    kernels::WeightView v = w;
    if (w.quantized) {
      v.quant = in(w.quant);
    } else {
      v.dense = in(w.dense);
    }
    return v;
  }
  // Memory of the card for the length of the call. Throws std::bad_alloc.
  template <class T>
  T* buffer(int64_t count) {
    void* data = device::device_allocate(stream_, bytes<T>(count));
    if (!data) throw std::bad_alloc();
    buffers_.push_back(data);
    return static_cast<T*>(data);
  }
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

  void* stream_;
  std::vector<void*> buffers_;
  std::vector<Back> back_;
};

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
