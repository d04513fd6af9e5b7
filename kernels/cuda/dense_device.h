#pragma once
// Numbers of a matrix that is not quantized, as floats.

#include "kernels/common/quant_layout.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

struct DeviceDense {
  Global<const float> floats;    // F32
  Global<const uint16_t> small;  // F16 and BF16
  int64_t rows, cols;
};

inline DeviceDense to_device(const DenseView& w) {
  DeviceDense d;
  d.floats = w.type == DenseType::F32 ? static_cast<const float*>(w.data) : nullptr;
  d.small = w.type == DenseType::F32 ? nullptr : static_cast<const uint16_t*>(w.data);
  d.rows = w.rows;
  d.cols = w.cols;
  return d;
}

template <DenseType kType>
SW_DEVICE float dense_value(uint32_t bits) {
  return kType == DenseType::F16 ? half_to_float(bits) : bits_to_float(bits << 16);
}
template <DenseType kType>
SW_DEVICE float dense_at(const DeviceDense& w, int64_t i) {
  if constexpr (kType == DenseType::F32) {
    return ld(w.floats, i);
  } else {
    return dense_value<kType>(ld(w.small, i));
  }
}
// Elements i .. i + 3, i a multiple of 4.
template <DenseType kType>
SW_DEVICE float4 dense_four(const DeviceDense& w, int64_t i) {
  if constexpr (kType == DenseType::F32) {
    return ld4(w.floats, i);
  } else {
    const auto bytes = as<const uint8_t>(w.small);
    const uint32_t low = ldg_u32(bytes, 2 * i), high = ldg_u32(bytes, 2 * i + 4);
    return {dense_value<kType>(low & 0xffffu), dense_value<kType>(low >> 16), dense_value<kType>(high & 0xffffu),
            dense_value<kType>(high >> 16)};
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
