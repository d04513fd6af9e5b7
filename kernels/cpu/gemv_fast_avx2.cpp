// Products of codes with activations of 8 bits. maddubs multiplies unsigned codes by signed activations and adds pairs
// in 16 bits; as many of these sums are added there as cannot overflow (31 * 127 * 2 * 4 < 2^15), and only then
// widened.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemv_scales_avx2.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

inline __attribute__((always_inline)) __m256i broadcast_quad(const int8_t* q) {
  int value;
  __builtin_memcpy(&value, q, sizeof value);
  return _mm256_set1_epi32(value);
}

// Adds the products of quad `Quad` to sums: 16-bit lanes up to 5 bits, 32-bit above.
template <int Bits, int Quad>
inline __attribute__((always_inline)) void add_quad(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
  const __m256i x = broadcast_quad(q + 4 * Quad);
  for (int half = 0; half < 2; ++half) {
    const __m256i w = load_quad<Bits, Quad>(lines, half);
    if constexpr (Bits == 8) {  // w - 128 as magnitude and sign: no pair of products saturates
      const __m256i centred = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(centred), _mm256_sign_epi8(x, centred));
      sum[half] = _mm256_add_epi32(sum[half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    } else {
      add16(sum[half], _mm256_maddubs_epi16(w, x));
    }
  }
}

// Four quads, 32-bit sums [half] for bits above 5, else 16-bit.
template <int Bits, int First>
inline __attribute__((always_inline)) void add_half_chunk(const uint8_t* lines, const int8_t* q, __m256i (&sum)[2]) {
  if constexpr (Bits == 6) {  // two products fill 16 bits
    for (int half = 0; half < 2; ++half) sum[half] = _mm256_setzero_si256();
    __m256i next[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    add_quad<Bits, First>(lines, q, sum);
    add_quad<Bits, First + 1>(lines, q, sum);
    add_quad<Bits, First + 2>(lines, q, next);
    add_quad<Bits, First + 3>(lines, q, next);
    const __m256i one = _mm256_set1_epi16(1);
    for (int half = 0; half < 2; ++half) {
      sum[half] = _mm256_add_epi32(_mm256_madd_epi16(sum[half], one), _mm256_madd_epi16(next[half], one));
    }
  } else {
    for (int half = 0; half < 2; ++half) sum[half] = _mm256_setzero_si256();
    add_quad<Bits, First>(lines, q, sum);
    add_quad<Bits, First + 1>(lines, q, sum);
    add_quad<Bits, First + 2>(lines, q, sum);
    add_quad<Bits, First + 3>(lines, q, sum);
  }
}

template <int Bits, Scales Kind, bool Sub16>
struct FastLoop {
  static constexpr int kLines = Bits;
  static constexpr int kShift = Bits == 8 ? 128 : 0;

  static inline __attribute__((always_inline)) __m256i widen(__m256i sum) {
    if constexpr (Bits <= 5) return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
    return sum;
  }

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
          add_half_chunk<Bits, 0>(lines, q, low);
          add_half_chunk<Bits, 4>(lines, q, high);
          const __m256 scale = _mm256_broadcast_ss(d);
          for (int half = 0; half < 2; ++half) {
            const __m256 t = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(widen(low[half])));
            record.add(header, sub, half, t, sum16[0], task.offset, a, c);
            const __m256 u = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(widen(high[half])));
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
            __m256i low[2], high[2];
            add_half_chunk<Bits, 0>(lines, q, low);
            add_half_chunk<Bits, 4>(lines, q, high);
            const __m256 scale = _mm256_broadcast_ss(d);
            for (int half = 0; half < 2; ++half) {
              __m256i sum;
              if constexpr (Bits <= 4) {
                sum = widen(_mm256_add_epi16(low[half], high[half]));
              } else {
                sum = _mm256_add_epi32(widen(low[half]), widen(high[half]));
              }
              t[half] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(sum), t[half]);
            }
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

StripKernel fast_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters) {
  return pick_kernel<FastLoop>(kind, bits, sub16, masters);
}

}  // namespace scalewright::kernels::cpu
