#pragma once
// What the inner loops of gemv.cpp are given: raw pointers only. A task is a run of whole records of one strip.

#include <cstdint>

#include "kernels/common/quant_layout.h"
#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {

struct StripTask {
  const uint8_t* records = nullptr;  // the first record's header
  int64_t chunks = 0;                // of 32 inputs, in all records of the task
  int64_t chunks_per_record = 1;
  int64_t chunks_per_sub = 1;  // where sub-blocks are 32 inputs or longer
  int64_t header_bytes = 0;
  float offset = 0.0f;  // of Offset and KScale
  int64_t ahead = 0;    // bytes from a line in use to the one to fetch
  // x as integers (gemv_activations.h), from the task's first chunk on.
  const int8_t* q = nullptr;     // [chunks][planes][32]; planes 1 fast, 3 exact
  const float* d = nullptr;      // [chunks]
  const float* sum32 = nullptr;  // [chunks]
  const float* sum16 = nullptr;  // [2 * chunks]
  int64_t row_bytes = 0;         // from each of these to the next row's, where there are several rows of x
  // When masters replace the halves in the headers: a, c [subs][16] of the task.
  const float* a = nullptr;
  const float* c = nullptr;
  float* out = nullptr;  // [rows of x][16]; the products are added to it
};

// `ahead` where strips follow each other. Measured, two threads from memory on a Zen 5: 2048 is 15 to 20 % slower, 6144
// 2 to 3 %, 12288 1 to 10 %.
inline constexpr int64_t kAhead = 9216;

using StripKernel = void (*)(const StripTask& task);

// The loop for a layout and that many rows of x, 1 .. kMostWalkRows; `masters`: with a and c from the task. Null for a
// combination that no format has, and for several rows where they are walked one by one.
inline constexpr int kMostWalkRows = 4;
StripKernel fast_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters, int rows);
StripKernel fast_kernel_avxvnni(BlockKind kind, int bits, bool sub16, bool masters, int rows);
StripKernel exact_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters, int rows);
StripKernel fast_kernel_avx512(BlockKind kind, int bits, bool sub16, bool masters, int rows);
StripKernel exact_kernel_avx512(BlockKind kind, int bits, bool sub16, bool masters, int rows);

// The loop that an instruction set uses; null with Scalar.
StripKernel fast_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters, int rows = 1);
StripKernel exact_kernel(Isa isa, BlockKind kind, int bits, bool sub16, bool masters, int rows = 1);

// out [T] = rows of x times one row of a dense matrix, T 1..8; rows has rows_of_w (1..4) rows of K elements.
void dense_rows_avx2(const float* x, int64_t ldx, int64_t T, const void* rows, DenseType type, int64_t K, int rows_of_w,
                     float* out, int64_t ldo);
void dense_rows_avx512(const float* x, int64_t ldx, int64_t T, const void* rows, DenseType type, int64_t K,
                       int rows_of_w, float* out, int64_t ldo);

}  // namespace scalewright::kernels::cpu
