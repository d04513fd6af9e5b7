#pragma once
// The walk over a task's records, for one row of activations or several that share the reading and unpacking of the codes:
// one walk for every instruction set. Only for files built with one of them; internal linkage.

#include <immintrin.h>

#include "kernels/cpu/gemv_pick.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

// Row `row` of what a task has a row of; `bytes` from one to the next.
template <class T>
inline __attribute__((always_inline)) const T* row_of(const T* first, int64_t row, int64_t bytes) {
  return reinterpret_cast<const T*>(reinterpret_cast<const uint8_t*>(first) + row * bytes);
}

// Dot, products of codes and activations:
//   kPlanes         digits of an activation, 32 bytes of each a chunk
//   kShift<Bits>    what it subtracts from every code
//   add<Bits, First, Count, Rows>(lines, q, d, row_bytes, t)
//                   t [row] += d of the row times the sum over quads First .. First + Count - 1
// Sum<Kind, Sub16, Shift>, of a record's 16 rows (gemv_scales_avx2.h): Floats are 16 numbers.
// A row's numbers do not depend on how many others there are.
template <template <Scales, bool, int> class Sum, class Dot, int Bits, Scales Kind, bool Sub16, int Rows>
struct WalkRecords {
  using Record = Sum<Kind, Sub16, Dot::template kShift<Bits>>;
  using Floats = typename Record::Floats;

  static void run(const StripTask& task) {
    Record record[Rows];
    const uint8_t* header = task.records;
    const int8_t* q = task.q;
    const float *d = task.d, *sum32 = task.sum32, *sum16 = task.sum16, *a = task.a, *c = task.c;
    const int64_t ahead = task.ahead, next_row = task.row_bytes;
    for (int64_t left = task.chunks; left > 0;) {
      const int64_t chunks = left < task.chunks_per_record ? left : task.chunks_per_record;
      left -= chunks;
      const uint8_t* lines = header + task.header_bytes;
      _mm_prefetch(reinterpret_cast<const char*>(header + ahead), _MM_HINT_T0);
      for (int r = 0; r < Rows; ++r) record[r].begin();
      int64_t sub = 0;
      for (int64_t at = 0; at < chunks;) {
        Floats t[Rows];
        if constexpr (Sub16) {
          prefetch(lines + ahead);
          clear(t);
          Dot::template add<Bits, 0, 4>(lines, q, d, next_row, t);
          for (int r = 0; r < Rows; ++r)
            record[r].add(header, sub, t[r], row_of(sum16, r, next_row)[0], task.offset, a, c);
          clear(t);
          Dot::template add<Bits, 4, 4>(lines, q, d, next_row, t);
          for (int r = 0; r < Rows; ++r)
            record[r].add(header, sub + 1, t[r], row_of(sum16, r, next_row)[1], task.offset, a, c);
          lines += 64 * Bits;
          q += 32 * Dot::kPlanes;
          ++d;
          sum16 += 2;
          sub += 2;
          ++at;
        } else {
          clear(t);
          float S[Rows] = {};
          const int64_t end = at + task.chunks_per_sub < chunks ? at + task.chunks_per_sub : chunks;
          for (; at < end; ++at) {
            prefetch(lines + ahead);
            Dot::template add<Bits, 0, 8>(lines, q, d, next_row, t);
            for (int r = 0; r < Rows; ++r) S[r] += *row_of(sum32, r, next_row);
            lines += 64 * Bits;
            q += 32 * Dot::kPlanes;
            ++d;
            ++sum32;
          }
          for (int r = 0; r < Rows; ++r) record[r].add(header, sub, t[r], S[r], task.offset, a, c);
          ++sub;
        }
      }
      for (int r = 0; r < Rows; ++r) record[r].end(header);
      if constexpr (Kind == Scales::Masters) {
        a += 16 * sub;
        c += 16 * sub;
      }
      header = lines;
    }
    for (int r = 0; r < Rows; ++r) record[r].store(task.out + 16 * r);
  }

  static inline __attribute__((always_inline)) void prefetch(const uint8_t* lines) {
    for (int v = 0; v < Bits; ++v) _mm_prefetch(reinterpret_cast<const char*>(lines + 64 * v), _MM_HINT_T0);
  }
  static inline __attribute__((always_inline)) void clear(Floats (&t)[Rows]) {
    for (int r = 0; r < Rows; ++r) t[r] = Record::zero();
  }
};

template <template <Scales, bool, int> class Sum, class Dot, int Rows>
struct WalkOf {
  template <int Bits, Scales Kind, bool Sub16>
  using Loop = WalkRecords<Sum, Dot, Bits, Kind, Sub16, Rows>;
};

// The walk of as many rows of activations, at most kMostWalkRows. Builds with sanitizers walk rows one by one: compiling
// what several share takes them many minutes.
template <template <Scales, bool, int> class Sum, class Dot>
StripKernel pick_walk(BlockKind kind, int bits, bool sub16, bool masters, int rows) {
  static_assert(kMostWalkRows == 4);
  switch (rows) {
    case 1:
      return pick_kernel<WalkOf<Sum, Dot, 1>::template Loop>(kind, bits, sub16, masters);
#ifndef SCALEWRIGHT_SANITIZED
    case 2:
      return pick_kernel<WalkOf<Sum, Dot, 2>::template Loop>(kind, bits, sub16, masters);
    case 3:
      return pick_kernel<WalkOf<Sum, Dot, 3>::template Loop>(kind, bits, sub16, masters);
    case 4:
      return pick_kernel<WalkOf<Sum, Dot, 4>::template Loop>(kind, bits, sub16, masters);
#endif
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace scalewright::kernels::cpu
