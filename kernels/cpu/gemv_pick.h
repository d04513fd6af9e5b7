#pragma once
// Which instance of an inner loop a layout needs. Internal linkage: every file that includes this has its own.

#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

enum class Scales { Offset, Min, Affine, KMin, KScale, Masters };

// Picks the instance of Loop<Bits, Scales, Sub16>::run for a layout.
template <template <int, Scales, bool> class Loop, Scales Kind, bool Sub16>
StripKernel pick_bits(int bits) {
  switch (bits) {
    case 2:
      return Loop<2, Kind, Sub16>::run;
    case 3:
      return Loop<3, Kind, Sub16>::run;
    case 4:
      return Loop<4, Kind, Sub16>::run;
    case 5:
      return Loop<5, Kind, Sub16>::run;
    case 6:
      return Loop<6, Kind, Sub16>::run;
    case 8:
      return Loop<8, Kind, Sub16>::run;
    default:
      return nullptr;
  }
}

template <template <int, Scales, bool> class Loop>
StripKernel pick_kernel(BlockKind kind, int bits, bool sub16, bool masters) {
  if (masters)
    return sub16 ? pick_bits<Loop, Scales::Masters, true>(bits) : pick_bits<Loop, Scales::Masters, false>(bits);
  switch (kind) {
    case BlockKind::Offset:
      return pick_bits<Loop, Scales::Offset, false>(bits);
    case BlockKind::Min:
      return pick_bits<Loop, Scales::Min, false>(bits);
    case BlockKind::Affine:
      return pick_bits<Loop, Scales::Affine, false>(bits);
    case BlockKind::KMin:
      if (sub16) return bits == 2 ? Loop<2, Scales::KMin, true>::run : nullptr;
      return bits == 4 ? Loop<4, Scales::KMin, false>::run : bits == 5 ? Loop<5, Scales::KMin, false>::run : nullptr;
    case BlockKind::KScale:
      if (!sub16) return nullptr;
      return bits == 3 ? Loop<3, Scales::KScale, true>::run : bits == 6 ? Loop<6, Scales::KScale, true>::run : nullptr;
  }
  return nullptr;
}

}  // namespace
}  // namespace scalewright::kernels::cpu
