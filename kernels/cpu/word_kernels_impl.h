#pragma once
// WordKernels over a set of registers: R names the types, how many rows and registers of columns a tile has, and the
// operations on one register. Internal linkage, one instruction set a file.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/cpu/word_kernels.h"

namespace scalewright::kernels::cpu {
namespace {

template <class R>
struct WordTiles {
  using Integers = typename R::Integers;
  using Floats = typename R::Floats;
  static constexpr int W = R::kWidth;
  static constexpr int kMostVectors = R::kVectors;
  static constexpr int kVectorsOf16 = 16 / W;  // registers that hold 16 columns

  template <int Rows, int Vectors>
  static void tile(const uint32_t* a, int64_t lda, const float* a_scale, const uint32_t* b, int64_t ldb,
                   const float* b_scale, int64_t k, float* c, int64_t ldc, bool accumulate) {
    Integers sum[Rows][Vectors];
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sum[i][v] = R::zero();
    constexpr int kBases = (Rows + 2) / 3;  // base + {0, 1, 2} * lda are addresses that cost nothing
    const uint32_t* base[kBases];
#pragma GCC unroll 4
    for (int i = 0; i < kBases; ++i) base[i] = a + 3 * i * lda;
    for (int64_t p = 0; p < k; ++p, b += ldb) {
      Integers columns[Vectors];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) columns[v] = R::load(b + W * v);
#pragma GCC unroll 12
      for (int i = 0; i < Rows; ++i) {
        const Integers factor = R::all(base[i / 3] + i % 3 * lda + p);
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) R::add_products(sum[i][v], factor, columns[v]);
      }
    }
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v)
        R::scale_store(sum[i][v], a_scale[i], b_scale + W * v, accumulate, c + i * ldc + W * v);
  }

  using Tile = void (*)(const uint32_t* a, int64_t lda, const float* a_scale, const uint32_t* b, int64_t ldb,
                        const float* b_scale, int64_t k, float* c, int64_t ldc, bool accumulate);
  struct Table {
    Tile of[kMostVectors / kVectorsOf16][R::kRows] = {};
    template <int Vectors, int... Rows>
    constexpr void fill(std::integer_sequence<int, Rows...>) {
      ((of[Vectors / kVectorsOf16 - 1][Rows] = tile<Rows + 1, Vectors>), ...);
    }
    constexpr Table() {
      fill<kVectorsOf16>(std::make_integer_sequence<int, R::kRows>());
      if constexpr (kMostVectors > kVectorsOf16) fill<kMostVectors>(std::make_integer_sequence<int, R::kRows>());
    }
  };

  static void rows(int rows, int cols, const uint32_t* a, int64_t lda, const float* a_scale, const uint32_t* b,
                   int64_t ldb, const float* b_scale, int64_t k, float* c, int64_t ldc, bool accumulate) {
    static constexpr Table kTable;
    kTable.of[cols / 16 - 1][rows - 1](a, lda, a_scale, b, ldb, b_scale, k, c, ldc, accumulate);
  }

  static float along(const float* in, int64_t words, float limit, uint32_t* out) {
    Floats largest = R::no_floats();
    for (int64_t i = 0; i < 2 * words; i += W) largest = R::larger_magnitude(in + i, largest);
    const float top = R::largest_lane(largest);
    if (top < kSmallestWord) {
      std::fill(out, out + words, 0u);
      return 0.0f;
    }
    const float factor = limit / top;
    for (int64_t i = 0; i < words; i += 8) R::pack16(in + 2 * i, factor, out + i);
    return top / limit;
  }
  static void across(const float* a, const float* b, const float* factor, int64_t n, uint32_t* out) {
    for (int64_t i = 0; i < n; i += W) R::weave(a + i, b + i, factor + i, out + i);
  }
  static void magnitudes(const float* in, int64_t n, float* largest) {
    for (int64_t i = 0; i < n; i += W) R::store(R::larger_magnitude(in + i, R::load_floats(largest + i)), largest + i);
  }

  static const WordKernels& table() {
    static const WordKernels kernels{R::kRows, W * kMostVectors, rows, along, across, magnitudes};
    return kernels;
  }
};

}  // namespace
}  // namespace scalewright::kernels::cpu
