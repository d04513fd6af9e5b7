#pragma once
// Threads that share one piece of work at a time. The caller works too, as thread 0. Waiting spins briefly (a token needs
// hundreds of starts, and a start through the kernel costs 20 us) and then sleeps, so that an idle pool takes nothing from
// the programs and libraries beside it.

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

  // Calls fn(thread_index) once on every thread, 0 .. threads() - 1, and returns when all are done. One call at a time, and
  // not from within a run. fn must not throw.
  template <class Function>
  void run(Function&& fn) {
    using Callable = std::remove_reference_t<Function>;
    run_task([](void* callable, int index) { (*static_cast<Callable*>(callable))(index); },
             const_cast<void*>(static_cast<const void*>(&fn)));
  }

  // Within run: returns when every thread of the pool has come here. What they wrote before is seen after.
  void barrier() noexcept;

  // Splits 0 .. count - 1 into contiguous ranges, one a thread, with borders at multiples of `grain`; calls
  // fn(begin, end) or fn(thread_index, begin, end). Work of one grain or less stays on the caller.
  template <class Function>
  void parallel_ranges(int64_t count, int64_t grain, Function&& fn) {
    if (count <= 0) return;
    const int64_t units = (count + grain - 1) / grain;
    const auto call = [&](int index, int64_t begin, int64_t end) {
      if constexpr (std::is_invocable_v<Function&, int, int64_t, int64_t>) {
        fn(index, begin, end);
      } else {
        (void)index;
        fn(begin, end);
      }
    };
    if (threads_ == 1 || units == 1) return call(0, 0, count);
    run([&](int index) {
      const int64_t begin = units * index / threads_ * grain;
      const int64_t last = units * (index + 1) / threads_ * grain;
      const int64_t end = last < count ? last : count;
      if (begin < end) call(index, begin, end);
    });
  }

 private:
  using Task = void (*)(void* callable, int index);
  void run_task(Task task, void* callable);
  void work(int index);

  int threads_ = 1;
  Task task_ = nullptr;
  void* callable_ = nullptr;
  alignas(64) std::atomic<uint32_t> generation_{0};  // one more for each run
  alignas(64) std::atomic<uint32_t> pending_{0};     // threads still working on this run
  alignas(64) std::atomic<uint32_t> arrived_{0};     // at the barrier
  alignas(64) std::atomic<uint32_t> phase_{0};       // barriers passed
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace scalewright::kernels::cpu
