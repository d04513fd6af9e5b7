#pragma once
// The grid of one group: scale (exact in fp16), zero point, and the codes of its weights. Every quantizer rounds
// through here.

#include <cstdint>
#include <span>

#include "engine/model/quantized_matrix.h"

namespace scalewright::quant {

// Adding and taking away 1.5 * 2^23 rounds a float of magnitude below 2^22 to an integer, half to even, and vectorizes
// on every instruction set (rint alone does not on plain x86-64).
inline constexpr float kRound = 12582912.0f;

struct Grid {
  float scale = 1.0f;  // exact in fp16, > 0
  int zero = 0;        // 0 .. 2^bits - 1
};

// Inputs that share a scale: the group, or all of a row.
inline int64_t group_size(const QuantSpec& spec, int64_t cols) {
  return spec.group > 0 ? spec.group : cols;
}
inline int64_t group_count(const QuantSpec& spec, int64_t cols) {
  const int64_t group = group_size(spec, cols);
  return group > 0 ? (cols + group - 1) / group : 0;
}

// Nearest half of a positive number, ties to even, as a float; at least 2^-24 and at most 65504.
float nearest_half(double value);

// lo = min(0, min w), hi = max(0, max w), or plus and minus the largest magnitude where symmetric; w [n].
Grid minmax_grid(const float* w, int64_t n, const QuantSpec& spec);
// The same with lo and hi times r in 1.00, 0.99 .. 0.50: the r of least squared error, weighted by `weight` [n] unless
// null; the largest r on a tie.
Grid clip_grid(const float* w, const float* weight, int64_t n, const QuantSpec& spec);

// codes [n] = clamp(rint(w / scale) + zero, 0, 2^bits - 1).
void encode_group(const float* w, int64_t n, const Grid& grid, int bits, uint8_t* codes);

// Squares of what rounding moved and of the weights.
struct GroupError {
  float error = 0.0f, norm = 0.0f;
};
GroupError group_error(const float* w, const uint8_t* codes, int64_t n, const Grid& grid);
// ||W - What|| / ||W|| from the sums of its rows.
double relative_error_of(std::span<const double> errors, std::span<const double> norms);

}  // namespace scalewright::quant
