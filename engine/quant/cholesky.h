#pragma once
// Blocked Cholesky factorization in double precision.

#include <cstdint>

namespace scalewright::kernels::cpu {
class ThreadPool;
}

namespace scalewright::quant {

// a [n, n] row-major, the lower triangle is read and replaced by L, a = L L^T; what lies above the diagonal is left
// over. False where a is not positive definite.
bool cholesky_lower(double* a, int64_t n, kernels::cpu::ThreadPool& pool);

}  // namespace scalewright::quant
