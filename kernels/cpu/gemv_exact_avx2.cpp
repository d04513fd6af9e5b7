// Products of codes with fp32 activations that came apart into three digits (gemv_activations.h): each digit is
// multiplied as an activation of 8 bits, and the digits' sums are put together in 32 bits and fp32. Half the
// instructions of turning every code into a float, and no rounding until then.

#include <immintrin.h>

#include "kernels/common/quads_avx2.h"
#include "kernels/cpu/gemv_activations.h"
#include "kernels/cpu/gemv_scales_avx2.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

// 32-bit sums of a block: low = q0 + 255 q1, top = q2, for both halves of the rows.
struct DigitSums {
  __m256i low[2], top[2];

  inline __attribute__((always_inline)) void clear() {
    for (int half = 0; half < 2; ++half) low[half] = top[half] = _mm256_setzero_si256();
  }
  // Widens 16-bit sums [digit][half].
  inline __attribute__((always_inline)) void fold(const __m256i (&sum)[3][2]) {
    const __m256i one = _mm256_set1_epi16(1), base = _mm256_set1_epi16(255);
    for (int half = 0; half < 2; ++half) {
      low[half] = _mm256_add_epi32(
          low[half], _mm256_add_epi32(_mm256_madd_epi16(sum[0][half], one), _mm256_madd_epi16(sum[1][half], base)));
      top[half] = _mm256_add_epi32(top[half], _mm256_madd_epi16(sum[2][half], one));
    }
  }
  inline __attribute__((always_inline)) __m256 value(int half, __m256 t, __m256 d, __m256 top_d) const {
    t = _mm256_fmadd_ps(_mm256_cvtepi32_ps(low[half]), d, t);
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(top[half]), top_d, t);
  }
};

inline __attribute__((always_inline)) __m256i broadcast_quad(const int8_t* q) {
  int value;
  __builtin_memcpy(&value, q, sizeof value);
  return _mm256_set1_epi32(value);
}

template <int Bits, int Quad>
inline __attribute__((always_inline)) void add_quad(const uint8_t* lines, const int8_t* q, __m256i (&sum)[3][2]) {
  const __m256i w0 = load_quad<Bits, Quad>(lines, 0), w1 = load_quad<Bits, Quad>(lines, 1);
  for (int digit = 0; digit < 3; ++digit) {
    const __m256i x = broadcast_quad(q + 32 * digit + 4 * Quad);
    add16(sum[digit][0], _mm256_maddubs_epi16(w0, x));
    add16(sum[digit][1], _mm256_maddubs_epi16(w1, x));
  }
}

// 8 bits: w - 128 as magnitude and sign, no pair of products saturates; every product is widened.
template <int Quad>
inline __attribute__((always_inline)) void add_byte_quad(const uint8_t* lines, const int8_t* q, DigitSums& sums) {
  const __m256i middle = _mm256_set1_epi8(-128);
  const __m256i w0 = _mm256_xor_si256(load_quad<8, Quad>(lines, 0), middle);
  const __m256i w1 = _mm256_xor_si256(load_quad<8, Quad>(lines, 1), middle);
  const __m256i size0 = _mm256_abs_epi8(w0), size1 = _mm256_abs_epi8(w1);
  __m256i sum[3][2];
  for (int digit = 0; digit < 3; ++digit) {
    const __m256i x = broadcast_quad(q + 32 * digit + 4 * Quad);
    sum[digit][0] = _mm256_maddubs_epi16(size0, _mm256_sign_epi8(x, w0));
    sum[digit][1] = _mm256_maddubs_epi16(size1, _mm256_sign_epi8(x, w1));
  }
  sums.fold(sum);
}

inline __attribute__((always_inline)) void clear(__m256i (&sum)[3][2]) {
  for (auto& digit : sum) digit[0] = digit[1] = _mm256_setzero_si256();
}

// Adds quads First .. First + Count - 1, widening as often as 16 bits ask (see gemv_fast_avx2.cpp).
template <int Bits, int First, int Count>
inline __attribute__((always_inline)) void add_quads(const uint8_t* lines, const int8_t* q, DigitSums& sums) {
  constexpr int kFit = Bits <= 4 ? 8 : Bits == 5 ? 4 : Bits == 6 ? 2 : 1;
  if constexpr (Count > kFit) {
    add_quads<Bits, First, Count / 2>(lines, q, sums);
    add_quads<Bits, First + Count / 2, Count / 2>(lines, q, sums);
  } else if constexpr (Bits == 8) {
    add_byte_quad<First>(lines, q, sums);
  } else {
    __m256i sum[3][2];
    clear(sum);
    add_quad<Bits, First>(lines, q, sum);
    add_quad<Bits, First + 1>(lines, q, sum);
    if constexpr (Count >= 4) {
      add_quad<Bits, First + 2>(lines, q, sum);
      add_quad<Bits, First + 3>(lines, q, sum);
    }
    if constexpr (Count == 8) {
      add_quad<Bits, First + 4>(lines, q, sum);
      add_quad<Bits, First + 5>(lines, q, sum);
      add_quad<Bits, First + 6>(lines, q, sum);
      add_quad<Bits, First + 7>(lines, q, sum);
    }
    sums.fold(sum);
  }
}

template <int Bits, Scales Kind, bool Sub16>
struct ExactLoop {
  static constexpr int kShift = Bits == 8 ? 128 : 0;

  static void run(const StripTask& task) {
    RecordSum<Kind, Sub16, kShift> record;
    const uint8_t* header = task.records;
    const int8_t* q = task.q;
    const float *d = task.d, *sum32 = task.sum32, *sum16 = task.sum16, *a = task.a, *c = task.c;
    for (int64_t left = task.chunks; left > 0;) {
      const int64_t chunks = left < task.chunks_per_record ? left : task.chunks_per_record;
      left -= chunks;
      const uint8_t* lines = header + task.header_bytes;
      _mm_prefetch(reinterpret_cast<const char*>(header + task.ahead), _MM_HINT_T0);
      record.begin();
      int64_t sub = 0;
      for (int64_t at = 0; at < chunks;) {
        DigitSums sums;
        if constexpr (Sub16) {
          prefetch(lines + task.ahead);
          const __m256 scale = _mm256_set1_ps(*d), top = _mm256_set1_ps(*d * kTopDigit), zero = _mm256_setzero_ps();
          sums.clear();
          add_quads<Bits, 0, 4>(lines, q, sums);
          for (int half = 0; half < 2; ++half) {
            record.add(header, sub, half, sums.value(half, zero, scale, top), sum16[0], task.offset, a, c);
          }
          sums.clear();
          add_quads<Bits, 4, 4>(lines, q, sums);
          for (int half = 0; half < 2; ++half) {
            record.add(header, sub + 1, half, sums.value(half, zero, scale, top), sum16[1], task.offset, a, c);
          }
          lines += 64 * Bits;
          q += 96;
          ++d;
          sum16 += 2;
          sub += 2;
          ++at;
        } else {
          __m256 t[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
          float S = 0.0f;
          const int64_t end = at + task.chunks_per_sub < chunks ? at + task.chunks_per_sub : chunks;
          for (; at < end; ++at) {
            prefetch(lines + task.ahead);
            sums.clear();
            add_quads<Bits, 0, 8>(lines, q, sums);
            const __m256 scale = _mm256_set1_ps(*d), top = _mm256_set1_ps(*d * kTopDigit);
            for (int half = 0; half < 2; ++half) t[half] = sums.value(half, t[half], scale, top);
            S += *sum32;
            lines += 64 * Bits;
            q += 96;
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
    for (int v = 0; v < Bits; ++v) {
      _mm_prefetch(reinterpret_cast<const char*>(lines + 64 * v), _MM_HINT_T0);
    }
  }
};

}  // namespace

StripKernel exact_kernel_avx2(BlockKind kind, int bits, bool sub16, bool masters) {
  return pick_kernel<ExactLoop>(kind, bits, sub16, masters);
}

}  // namespace scalewright::kernels::cpu
