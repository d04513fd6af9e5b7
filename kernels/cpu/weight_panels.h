#pragma once
// Pieces of a weight matrix as floats, in the two orders that products want. Quantized or dense: from here on it is the
// same.

#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/gemm_kernels.h"

namespace scalewright::kernels::cpu {

inline constexpr int64_t kPanelInputs = 512;  // a panel of 512 x 16 floats fits the first cache beside its operands

// unpack_panel (kernels/common/unpack.h) of an instruction set.
using PanelUnpacker = void (*)(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                               const float* c, float* panel);
PanelUnpacker panel_unpacker(Isa isa);
// strip_scales of an instruction set, for some sub-blocks.
using SomeScales = void (*)(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c);
SomeScales some_scales(Isa isa);

class WeightPanels {
 public:
  // scratch: kScratchFloats floats of the calling thread, 64-byte aligned.
  static constexpr int64_t kScratchFloats = kPanelInputs * 16 + 2 * (kPanelInputs / 16 + 2) * 16;
  WeightPanels(const WeightView& w, Isa isa, float* scratch);

  // Inputs k0 .. k0 + count of rows 16 * strip .., [count][16]; k0 a multiple of 32, count <= kPanelInputs. Up to 31
  // rows more are written (zeros or weights). Rows beyond N give 0.
  void by_input(int64_t strip, int64_t k0, int64_t count, float* panel);
  // Inputs 32 * chunk .. + 31 of the same rows as two panels [16 rows][16 inputs]; inputs beyond K give 0.
  void by_output(int64_t strip, int64_t chunk, float* low, float* high);

 private:
  void dense_rows(int64_t strip, int64_t k0, int64_t count);

  const WeightView& w_;
  Isa isa_;
  const GemmKernels& kernels_;
  float* rows_;  // [16][kPanelInputs] or [32][16]
  float* a_;     // [subs][16]
  float* c_;
};

// `count` floats from elements first .. of a dense matrix of any type.
void dense_to_float(const DenseView& w, int64_t first, int64_t count, Isa isa, float* out);

}  // namespace scalewright::kernels::cpu
