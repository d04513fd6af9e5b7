#pragma once
// HQQ, half-quadratic quantization (Badri and Shaji, 2023): zero points without calibration text. The error is measured
// by |W - What|^p with p < 1, which cares little about a few outliers, and minimized by turns: with an auxiliary error E
// taken out of W (a shrinkage of W - What), the best zero point is the mean of q - (W - E) / s.
//
// Two things differ from the published form. Zero points end as integers, so that every container holds them: each turn
// also tries the nearest one and the best pair of scale and integer zero point is kept. And the scale is fitted too, by
// least squares over the same W - E.

#include <cstdint>

#include "engine/quant/grid.h"

namespace scalewright::quant {

inline constexpr float kHqqNorm = 0.7f;  // p, as published

// w [n]; never worse in sum |w - what|^p than minmax_grid.
Grid hqq_grid(const float* w, int64_t n, const QuantSpec& spec);

}  // namespace scalewright::quant
