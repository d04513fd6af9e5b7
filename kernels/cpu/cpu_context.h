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

// Calls fn(thread, unit, first part, end part) over the units x parts cells of a grid. Threads take runs of cells as
// they get free, a whole unit at a time where there are units enough (what a thread makes for a unit serves all its
// parts), so that a thread held up by other programs delays the end by one run only. Cells are independent: who does
// which changes no result.
template <class Function>
void for_cells(ThreadPool& pool, int64_t units, int64_t parts, Function&& fn) {
  const int64_t cells = units * parts, threads = pool.threads();
  if (cells <= 0) return;
  constexpr int64_t kRunsAThread = 8;
  int64_t run = (cells + threads * kRunsAThread - 1) / (threads * kRunsAThread);
  if (run >= parts) {
    run = run / parts * parts;
  } else {
    run = (parts + (parts + run - 1) / run - 1) / ((parts + run - 1) / run);  // equal runs within a unit
  }
  const int64_t runs_a_unit = run < parts ? (parts + run - 1) / run : 1;
  const int64_t runs = run < parts ? units * runs_a_unit : (cells + run - 1) / run;
  pool.parallel_pieces(runs, 1, [&](int thread, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (run < parts) {
        const int64_t first = i % runs_a_unit * run;
        fn(thread, i / runs_a_unit, first, first + run < parts ? first + run : parts);
      } else {
        for (int64_t unit = i * (run / parts); unit < (i + 1) * (run / parts) && unit < units; ++unit)
          fn(thread, unit, 0, parts);
      }
    }
  });
}

}  // namespace scalewright::kernels::cpu
