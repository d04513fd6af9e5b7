#pragma once
// Products of plain matrices on the emulated card, as a library would do them: in line with the kernels of the stream.

#include <bit>
#include <memory>
#include <string>

#include "kernels/cuda/products.h"
#include "tests/testkit/simt/simt.h"

namespace scalewright::testkit {

class EmulatedProducts final : public kernels::CardProducts {
 public:
  std::string name() const override { return "plain loops"; }
  bool gemm(void* stream, int64_t M, int64_t N, int64_t K, const float* a, int64_t a_row, int64_t a_col, const float* b,
            int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, c, ldc, accumulate, as_it_is, as_it_is);
  }
  bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                 const uint16_t* b, int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, c, ldc, accumulate, from_bf16, as_it_is);
  }
  bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                 const uint16_t* b, int64_t b_row, int64_t b_col, uint16_t* c, int64_t ldc) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, c, ldc, false, from_bf16, [](float v) {
      const auto bits = std::bit_cast<uint32_t>(v);  // to nearest even; the numbers of tests are finite
      return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
    });
  }

 private:
  static float as_it_is(float v) { return v; }
  static float from_bf16(uint16_t v) { return std::bit_cast<float>(uint32_t{v} << 16); }
  template <class T, class Out, class Value, class Round>
  static bool multiply(void* stream, int64_t M, int64_t N, int64_t K, const T* a, int64_t a_row, int64_t a_col,
                       const T* b, int64_t b_row, int64_t b_col, Out* c, int64_t ldc, bool accumulate, Value value,
                       Round round) {
    simt::in_line(static_cast<simt::Stream*>(stream), [=] {
      for (int64_t m = 0; m < M; ++m)
        for (int64_t n = 0; n < N; ++n) {
          float sum = accumulate ? static_cast<float>(c[m * ldc + n]) : 0.0f;
          for (int64_t k = 0; k < K; ++k) sum += value(a[m * a_row + k * a_col]) * value(b[k * b_row + n * b_col]);
          c[m * ldc + n] = round(sum);
        }
    });
    return true;
  }
};

}  // namespace scalewright::testkit
