#pragma once
// The walk over a task's records in registers of 8 rows, for products with activations of 8 bits. Only for files built
// with AVX2; internal linkage.

#include <immintrin.h>

#include "kernels/cpu/gemv_scales_avx2.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m256i broadcast_quad(const int8_t* q) {
  int value;
  __builtin_memcpy(&value, q, sizeof value);
  return _mm256_set1_epi32(value);
}

// A task's records with the sums that Dot gives of a chunk of 32 inputs:
//   kShift<Bits>                            what it subtracts from every code
//   chunk<Bits>(lines, q, sum)              sum [half of the rows], 32-bit lanes
//   half_chunks<Bits>(lines, q, low, high)  the same of the first and the last 16 inputs
template <class Dot, int Bits, Scales Kind, bool Sub16>
struct WalkRecords {
  static constexpr int kLines = Bits;
  static constexpr int kShift = Dot::template kShift<Bits>;

  static void run(const StripTask& task) {
    RecordSum<Kind, Sub16, kShift> record;
    const uint8_t* header = task.records;
    const int8_t* q = task.q;
    const float *d = task.d, *sum32 = task.sum32, *sum16 = task.sum16, *a = task.a, *c = task.c;
    const int64_t ahead = task.ahead;
    for (int64_t left = task.chunks; left > 0;) {
      const int64_t chunks = left < task.chunks_per_record ? left : task.chunks_per_record;
      left -= chunks;
      const uint8_t* lines = header + task.header_bytes;
      _mm_prefetch(reinterpret_cast<const char*>(header + ahead), _MM_HINT_T0);
      record.begin();
      int64_t sub = 0;
      for (int64_t at = 0; at < chunks;) {
        if constexpr (Sub16) {
          prefetch(lines + ahead);
          __m256i low[2], high[2];
          Dot::template half_chunks<Bits>(lines, q, low, high);
          const __m256 scale = _mm256_broadcast_ss(d);
          for (int half = 0; half < 2; ++half) {
            const __m256 t = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(low[half]));
            record.add(header, sub, half, t, sum16[0], task.offset, a, c);
            const __m256 u = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(high[half]));
            record.add(header, sub + 1, half, u, sum16[1], task.offset, a, c);
          }
          lines += 64 * kLines;
          q += 32;
          ++d;
          sum16 += 2;
          sub += 2;
          ++at;
        } else {
          __m256 t[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
          float S = 0.0f;
          const int64_t end = at + task.chunks_per_sub < chunks ? at + task.chunks_per_sub : chunks;
          for (; at < end; ++at) {
            prefetch(lines + ahead);
            __m256i sum[2];
            Dot::template chunk<Bits>(lines, q, sum);
            const __m256 scale = _mm256_broadcast_ss(d);
            for (int half = 0; half < 2; ++half)
              t[half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(sum[half]), t[half]);
            S += *sum32;
            lines += 64 * kLines;
            q += 32;
            ++d;
            ++sum32;
          }
          record.add(header, sub, 0, t[0], S, task.offset, a, c);
          record.add(header, sub, 1, t[1], S, task.offset, a, c);
          ++sub;
        }
      }
      record.end(header);
      if constexpr (Kind == Scales::Masters) {
        a += 16 * sub;
        c += 16 * sub;
      }
      header = lines;
    }
    record.store(task.out);
  }

  static inline __attribute__((always_inline)) void prefetch(const uint8_t* lines) {
    for (int v = 0; v < kLines; ++v) {
      _mm_prefetch(reinterpret_cast<const char*>(lines + 64 * v), _MM_HINT_T0);
    }
  }
};

}  // namespace
}  // namespace scalewright::kernels::cpu
