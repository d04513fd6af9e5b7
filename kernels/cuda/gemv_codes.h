#pragma once
// What gemv.cu makes of the words of a record: codes of two quads, and the factors of a row.

#include "kernels/cuda/quant_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

// Lane p of four takes quads 2 p and 2 p + 1 of a chunk: from so many lines, 16 bytes of each.
template <int kBits>
constexpr int kLoads = kBits == 3                 ? 3
                       : kBits == 2 || kBits == 4 ? 1
                                                  : 2;

template <int kBits>
SW_DEVICE int line_of(int load, int p) {
  if constexpr (kBits == 2) return p / 2;
  if constexpr (kBits == 3) return load;
  if constexpr (kBits == 8) return 2 * p + load;
  if (load == 0) return p;
  return kBits == 5 ? 4 : 4 + p / 2;
}

SW_DEVICE uint32_t row_word(const uint4& words, int row) {
  return row == 0 ? words.x : row == 1 ? words.y : row == 2 ? words.z : words.w;
}

// Codes of quads 2 p and 2 p + 1 as signed bytes; those of 8 bits less 128.
template <int kBits>
SW_DEVICE void two_quads(const uint4 (&words)[kLoads<kBits>], int row, int p, uint32_t& low, uint32_t& high) {
  const uint32_t word = row_word(words[0], row), more = row_word(words[kLoads<kBits> - 1], row);
  if constexpr (kBits == 2) {
    const uint32_t own = word >> (4 * (p % 2));
    low = own & 0x03030303u;
    high = own >> 2 & 0x03030303u;
  } else if constexpr (kBits == 3) {
    const uint32_t middle = row_word(words[1], row), own = p == 0 ? word : p == 1 ? middle : more;
    low = own & 0x07070707u;
    high = own >> 3 & 0x07070707u;
    if (p == 3) {
      low = (word >> 6 & 0x03030303u) | (middle >> 6 & 0x01010101u) << 2;
      high = (middle >> 7 & 0x01010101u) | (more >> 6 & 0x03030303u) << 1;
    }
  } else if constexpr (kBits == 8) {
    low = word ^ 0x80808080u;
    high = more ^ 0x80808080u;
  } else {
    low = word & 0x0f0f0f0fu;
    high = word >> 4 & 0x0f0f0f0fu;
    if constexpr (kBits == 5) {
      const uint32_t top = more >> (2 * p);
      low |= (top & 0x01010101u) << 4;
      high |= (top >> 1 & 0x01010101u) << 4;
    }
    if constexpr (kBits == 6) {
      const uint32_t top = more >> (4 * (p % 2));
      low |= (top & 0x03030303u) << 4;
      high |= (top >> 2 & 0x03030303u) << 4;
    }
  }
}

// The products of four rows in a sub-block: scale * (sum of codes times x) + shift * (sum of x).
struct Terms {
  float scale[4], shift[4];
};

SW_DEVICE uint32_t half_of(uint2 halves, int row) {
  return (row < 2 ? halves.x : halves.y) >> (16 * (row % 2)) & 0xffffu;
}

template <int kBits>
inline constexpr float kCenter = kBits == 8 ? 128.0f : 0.0f;  // what two_quads takes from a code

// Of rows n .. n + 3 with masters and row scales.
template <int kBits>
SW_DEVICE Terms tuned_terms(const DeviceQuant& w, uint2 first, uint2 second, uint32_t sub_scales, uint32_t sub_minimums,
                            int64_t n, int64_t record) {
  Terms out;
  SW_UNROLL
  for (int r = 0; r < 4; ++r) {
    const RowHeader h{half_of(first, r), half_of(second, r), sub_scales >> (8 * r) & 255u,
                      sub_minimums >> (8 * r) & 255u};
    const Scales s = make_scales(w, h, n + r, record);
    out.scale[r] = s.scale;
    out.shift[r] = s.scale * (kCenter<kBits> - s.zero) - s.shift;
  }
  return out;
}

// Of four rows in a record of one sub-block, as it stands there.
template <int kBits>
SW_DEVICE Terms make_terms(const DeviceQuant& w, uint2 first, uint2 second) {
  Terms out;
  SW_UNROLL
  for (int r = 0; r < 4; ++r) out.scale[r] = half_to_float(half_of(first, r));
  if (w.kind == BlockKind::Min) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r) {
      out.shift[r] = half_to_float(half_of(second, r));
      if constexpr (kBits == 8) out.shift[r] = fmaf(out.scale[r], kCenter<kBits>, out.shift[r]);
    }
  } else if (w.kind == BlockKind::Affine) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r)
      out.shift[r] = out.scale[r] * (kCenter<kBits> - static_cast<float>(static_cast<int16_t>(half_of(second, r))));
  } else {
    const float offset = kCenter<kBits> - static_cast<float>(w.offset);
    SW_UNROLL
    for (int r = 0; r < 4; ++r) out.shift[r] = out.scale[r] * offset;
  }
  return out;
}

// The same in one sub-block of KMin and KScale.
SW_DEVICE Terms make_sub_terms(const DeviceQuant& w, uint2 first, uint2 second, uint32_t sub_scales,
                               uint32_t sub_minimums) {
  Terms out;
  if (w.kind == BlockKind::KScale) {
    const float offset = static_cast<float>(w.offset);
    SW_UNROLL
    for (int r = 0; r < 4; ++r) {
      const float scale = static_cast<float>(static_cast<int8_t>(sub_scales >> (8 * r) & 255u));
      out.scale[r] = half_to_float(half_of(first, r)) * scale;
      out.shift[r] = -out.scale[r] * offset;
    }
    return out;
  }
  SW_UNROLL
  for (int r = 0; r < 4; ++r) {
    const uint32_t scale = sub_scales >> (8 * r) & 255u,
                   minimum = w.sub16 ? scale >> 4 : sub_minimums >> (8 * r) & 255u;
    out.scale[r] = half_to_float(half_of(first, r)) * static_cast<float>(w.sub16 ? scale & 15u : scale);
    out.shift[r] = -half_to_float(half_of(second, r)) * static_cast<float>(minimum);
  }
  return out;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
