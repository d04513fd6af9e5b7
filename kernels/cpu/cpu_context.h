#pragma once
// What every threaded operation on the CPU is handed: its threads, its instruction set, and memory to work in.

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::kernels::cpu {

struct CpuContext {
  ThreadPool* pool = nullptr;
  Isa isa = Isa::Scalar;
  std::byte* thread_scratch = nullptr;  // 64-byte aligned, pool->threads() pieces of thread_bytes
  size_t thread_bytes = 0;
  std::byte* shared_scratch = nullptr;  // 64-byte aligned
  size_t shared_bytes = 0;

  float* scratch(int thread) const {
    return reinterpret_cast<float*>(thread_scratch + static_cast<size_t>(thread) * thread_bytes);
  }
  float* shared() const { return reinterpret_cast<float*>(shared_scratch); }
};

// Calls fn(thread, first unit, end unit, first part, end part) over the units x parts cells of a grid. Threads take
// runs of cells as they get free, whole units at a time where there are units enough (what a thread makes for a unit
// serves all its parts), so that a thread held up by other programs delays the end by one run only. Cells are
// independent: who does which changes no result.
template <class Function>
void for_runs(ThreadPool& pool, int64_t units, int64_t parts, Function&& fn) {
  const int64_t cells = units * parts, threads = pool.threads();
  if (cells <= 0) return;
  constexpr int64_t kRunsAThread = 8;
  int64_t run = (cells + threads * kRunsAThread - 1) / (threads * kRunsAThread);
  if (run >= parts) {
    const int64_t together = run / parts;
    pool.parallel_pieces(units, together,
                         [&](int thread, int64_t begin, int64_t end) { fn(thread, begin, end, 0, parts); });
    return;
  }
  const int64_t runs_a_unit = (parts + run - 1) / run;
  run = (parts + runs_a_unit - 1) / runs_a_unit;  // equal runs within a unit
  pool.parallel_pieces(units * runs_a_unit, 1, [&](int thread, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t unit = i / runs_a_unit, first = i % runs_a_unit * run;
      if (first < parts) fn(thread, unit, unit + 1, first, first + run < parts ? first + run : parts);
    }
  });
}

// The same, fn(thread, unit, first part, end part) for each unit alone.
template <class Function>
void for_cells(ThreadPool& pool, int64_t units, int64_t parts, Function&& fn) {
  for_runs(pool, units, parts, [&](int thread, int64_t begin, int64_t end, int64_t first, int64_t last) {
    for (int64_t unit = begin; unit < end; ++unit) fn(thread, unit, first, last);
  });
}

}  // namespace scalewright::kernels::cpu
