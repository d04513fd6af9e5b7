#pragma once
// The largest products of one row x [K] with a large matrix W [N, K] of 8-bit codes (a model's head), found without
// reading all of W. A copy of its codes without their low four bits, the sketch, gives a rough y for every row; only
// strips of 16 rows in which one of the largest can be are then multiplied in full, by the loops of gemv_fast and to
// its numbers.
//
// What the sketch leaves out. With e = code - (16 * (code >> 4) + 7.5), y - rough = sum_i d_i x_i e_i, d the scale of a
// block and x as gemv_fast rounds it. Four low bits that are as good as thrown make e a sum of four independent +-1/2,
// +-1, +-2, +-4, which is sub-Gaussian with its own variance, 21.25; one code of a block of 32 is its largest, 255 or 1
// with e = 7.5 or -6.5, and brings the mean square to 22.2. So, with
//
//   sigma^2 = 22.2 * sum over blocks of d^2 |x of the block|^2,
//
// P(y - rough > t sigma) <= exp(-t^2 / 2), and a normal tail in practice. A strip is left out when rough + 6 sigma of
// all of its rows stays below the count-th largest y that was computed in full, so a result can only be wrong where one
// of the `count` largest lies more than 6 sigma above its rough value: less than 1.6e-8 a row by the bound, 1e-9 by the
// normal tail. Then the smallest of the results gives its place to the next in line.

#include <cstddef>
#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::kernels::cpu {

// Whether a sketch of a matrix pays: 8-bit codes around 128 (Q8_0), scales as the file has them, many rows. The searches
// need AVX2.
bool worth_sketching(const QuantView& w);
// The sketch and what a search writes, 64-byte aligned.
size_t sketch_bytes(const QuantLayout& layout);
void make_sketch(ThreadPool& pool, const QuantView& w, void* sketch);

// values, ids [count], larger first and of equal ones the lower id, NaN as minus infinity; count at most N and
// kMostLargest. Gives the bytes of W and its sketch that were read. workspace: gemv_workspace_bytes(1, K).
inline constexpr int kMostLargest = 256;
uint64_t gemv_largest(ThreadPool& pool, Isa isa, const float* x, const QuantView& w, void* sketch, int count,
                      float* values, int32_t* ids, void* workspace);

}  // namespace scalewright::kernels::cpu
