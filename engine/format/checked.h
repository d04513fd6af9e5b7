#pragma once
// Arithmetic on sizes that a file states: it fails instead of wrapping around.

#include <cstdint>

namespace scalewright {

inline bool checked_add(uint64_t a, uint64_t b, uint64_t& sum) {
  return !__builtin_add_overflow(a, b, &sum);
}
inline bool checked_multiply(uint64_t a, uint64_t b, uint64_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}
// n rounded up to a multiple of `step`, a power of two.
inline bool checked_round_up(uint64_t n, uint64_t step, uint64_t& rounded) {
  if (!checked_add(n, step - 1, rounded)) return false;
  rounded &= ~(step - 1);
  return true;
}

}  // namespace scalewright
