#pragma once
// Threads that share one piece of work at a time. The caller works too, as thread 0. Waiting spins briefly (a token
// needs hundreds of starts, and a start through the kernel costs 20 us) and then sleeps, so that an idle pool takes
// nothing from the programs and libraries beside it.

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace scalewright::kernels::cpu {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // at least 1; fewer than asked when the system gives no more
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }

  // All three: one call at a time, and not from within another; the functions must not throw.

  // Calls fn(thread_index) once on every thread, 0 .. threads() - 1, and returns when all are done.
  template <class Function>
  void run(Function&& fn) {
    using Callable = std::remove_reference_t<Function>;
    start([](void* callable, int index) { (*static_cast<Callable*>(callable))(index); },
          const_cast<void*>(static_cast<const void*>(&fn)), true);
  }

  // Within run: returns when every thread of the pool has come here. What they wrote before is seen after.
  void barrier() noexcept;

  // Splits 0 .. count - 1 into as many contiguous ranges as there are threads, with borders at multiples of `grain`;
  // calls fn(begin, end) or fn(thread_index, begin, end). Work of one grain or less stays on the caller. A thread that
  // the system does not run at the moment is not waited for: another takes its range, so one thread may get several
  // calls.
  template <class Function>
  void parallel_ranges(int64_t count, int64_t grain, Function&& fn) {
    if (count <= 0) return;
    const int64_t units = (count + grain - 1) / grain;
    if (threads_ == 1 || units == 1) return call(fn, 0, 0, count);
    const int64_t ranges = units < threads_ ? units : threads_;
    share(ranges, [&](int index, int64_t range) {
      const int64_t last = units * (range + 1) / ranges * grain;
      call(fn, index, units * range / ranges * grain, last < count ? last : count);
    });
  }

  // The same in pieces of `grain`: for long work, which evens out better so.
  template <class Function>
  void parallel_pieces(int64_t count, int64_t grain, Function&& fn) {
    if (count <= 0) return;
    if (threads_ == 1 || count <= grain) return call(fn, 0, 0, count);
    share((count + grain - 1) / grain, [&](int index, int64_t piece) {
      const int64_t last = (piece + 1) * grain;
      call(fn, index, piece * grain, last < count ? last : count);
    });
  }

 private:
  template <class Function>
  static void call(Function& fn, int index, int64_t begin, int64_t end) {
    if constexpr (std::is_invocable_v<Function&, int, int64_t, int64_t>) {
      fn(index, begin, end);
    } else {
      (void)index;
      fn(begin, end);
    }
  }

  // Calls fn(thread_index, i) for i in 0 .. count - 1 on whichever threads are there.
  template <class Function>
  void share(int64_t count, const Function& fn) {
    std::atomic<int64_t> next{0};
    auto work = [&](int index) {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) fn(index, i);
    };
    using Work = decltype(work);
    start([](void* callable, int index) { (*static_cast<Work*>(callable))(index); }, &work, false);
  }

  using Task = void (*)(void* callable, int index);
  // everyone: all threads take part; else those that come before the caller is done.
  void start(Task task, void* callable, bool everyone);
  void serve(int index);
  bool join(uint32_t generation) noexcept;

  int threads_ = 1;
  Task task_ = nullptr;
  void* callable_ = nullptr;
  bool everyone_ = false;
  alignas(64) std::atomic<uint32_t> generation_{0};  // one more for each start; workers sleep on it
  alignas(64) std::atomic<uint64_t> door_{0};        // generation << 32 | closed << 31 | workers inside
  alignas(64) std::atomic<uint32_t> missing_{0};     // workers that a run for everyone still waits for
  alignas(64) std::atomic<uint32_t> arrived_{0};     // at the barrier
  alignas(64) std::atomic<uint32_t> phase_{0};       // barriers passed
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace scalewright::kernels::cpu
