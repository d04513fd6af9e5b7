#include "kernels/cpu/weight_panels.h"

#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/cpu/row_kernels.h"

namespace scalewright::kernels::cpu {

void dense_to_float(const DenseView& w, int64_t first, int64_t count, Isa isa, float* out) {
  switch (w.type) {
    case DenseType::F32:
      std::memcpy(out, static_cast<const float*>(w.data) + first, static_cast<size_t>(count) * sizeof(float));
      return;
    case DenseType::F16:
      return row_kernels(isa).from_half(static_cast<const uint16_t*>(w.data) + first, count, out);
    case DenseType::BF16:
      return row_kernels(isa).from_bfloat(static_cast<const uint16_t*>(w.data) + first, count, out);
  }
}

PanelUnpacker panel_unpacker(Isa isa) {
  switch (isa) {
    case Isa::Avx512:
      return unpack_panel_avx512;
    case Isa::AvxVnni:
    case Isa::Avx2:
      return unpack_panel_avx2;
    case Isa::Scalar:
      break;
  }
  return unpack_panel;
}

SomeScales some_scales(Isa isa) {
  if (isa == Isa::Scalar) return strip_scales;
  return strip_scales_avx2;
}

WeightPanels::WeightPanels(const WeightView& w, Isa isa, float* scratch)
    : w_(w),
      isa_(isa),
      kernels_(gemm_kernels(isa)),
      rows_(scratch),
      a_(scratch + kPanelInputs * 16),
      c_(a_ + (kPanelInputs / 16 + 2) * 16) {}

// Rows of the strip as floats, [16][count]; zeros beyond N.
void WeightPanels::dense_rows(int64_t strip, int64_t k0, int64_t count) {
  for (int64_t r = 0; r < kStripRows; ++r) {
    const int64_t n = strip * kStripRows + r;
    if (n < w_.dense.rows) {
      dense_to_float(w_.dense, n * w_.dense.cols + k0, count, isa_, rows_ + r * count);
    } else {
      std::memset(rows_ + r * count, 0, static_cast<size_t>(count) * sizeof(float));
    }
  }
}

void WeightPanels::by_input(int64_t strip, int64_t k0, int64_t count, float* panel) {
  if (!w_.quantized) {
    dense_rows(strip, k0, count);
    kernels_.transpose(rows_, count, kStripRows, count, panel, kStripRows);
    return;
  }
  const int64_t sub = w_.quant.layout.sub, first = k0 / sub, last = (k0 + count - 1) / sub;
  some_scales(isa_)(w_.quant, strip, first, last - first + 1, a_, c_);
  panel_unpacker(isa_)(w_.quant, strip, k0 / kChunk, (count + kChunk - 1) / kChunk, a_, c_, panel);
}

void WeightPanels::by_output(int64_t strip, int64_t chunk, float* low, float* high) {
  const int64_t k0 = chunk * kChunk, left = w_.cols() - k0, count = left < kChunk ? left : kChunk;
  if (w_.quantized) {
    by_input(strip, k0, count, rows_);
    kernels_.transpose(rows_, kStripRows, 16, kStripRows, low, 16);
    kernels_.transpose(rows_ + 16 * kStripRows, kStripRows, 16, kStripRows, high, 16);
    return;
  }
  dense_rows(strip, k0, count);
  for (int64_t r = 0; r < kStripRows; ++r)
    for (int half = 0; half < 2; ++half) {
      float* out = (half ? high : low) + r * 16;
      const int64_t have = count - 16 * half < 0 ? 0 : (count - 16 * half < 16 ? count - 16 * half : 16);
      if (have > 0) std::memcpy(out, rows_ + r * count + 16 * half, static_cast<size_t>(have) * sizeof(float));
      if (have < 16) std::memset(out + have, 0, static_cast<size_t>(16 - have) * sizeof(float));
    }
}

}  // namespace scalewright::kernels::cpu
