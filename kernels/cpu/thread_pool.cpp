#include "kernels/cpu/thread_pool.h"

#include <system_error>

namespace scalewright::kernels::cpu {
namespace {

constexpr int kSpins = 5000;  // about 60 us: longer than the gaps between the operations of a token
constexpr uint64_t kClosed = uint64_t{1} << 31;
constexpr uint64_t kInside = kClosed - 1;

inline void pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  door_.store(kClosed, std::memory_order_relaxed);
  workers_.reserve(threads > 1 ? static_cast<size_t>(threads) - 1 : 0);
  for (int index = 1; index < threads; ++index) {
    try {
      workers_.emplace_back([this, index] { serve(index); });
    } catch (const std::system_error&) {
      break;  // the system's limit of threads: go on with what there is
    }
    ++threads_;  // read by workers only within a run, which cannot start before this constructor has ended
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// Enters the work of `generation` unless its caller has closed it. After that task_ and callable_ stay as they are
// until leaving.
bool ThreadPool::join(uint32_t generation) noexcept {
  uint64_t door = door_.load(std::memory_order_acquire);
  do {
    if (door >> 32 != generation || (door & kClosed) != 0) return false;
  } while (!door_.compare_exchange_weak(door, door + 1, std::memory_order_acq_rel, std::memory_order_acquire));
  return true;
}

void ThreadPool::serve(int index) {
  uint32_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spin) pause();
    generation_.wait(seen, std::memory_order_acquire);
    seen = generation_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!join(seen)) continue;
    task_(callable_, index);
    if (everyone_ && missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) missing_.notify_one();
    if ((door_.fetch_sub(1, std::memory_order_acq_rel) & ~(~uint64_t{0} << 32)) == (kClosed | 1)) door_.notify_one();
  }
}

void ThreadPool::start(Task task, void* callable, bool everyone) {
  if (threads_ == 1) return task(callable, 0);
  task_ = task;
  callable_ = callable;
  everyone_ = everyone;
  if (everyone) missing_.store(static_cast<uint32_t>(threads_ - 1), std::memory_order_relaxed);
  const uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  door_.store(uint64_t{generation} << 32, std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  task(callable, 0);
  if (everyone) {
    for (int spin = 0; spin < kSpins && missing_.load(std::memory_order_acquire) != 0; ++spin) pause();
    for (uint32_t left; (left = missing_.load(std::memory_order_acquire)) != 0;) {
      missing_.wait(left, std::memory_order_acquire);
    }
  }
  door_.fetch_or(kClosed, std::memory_order_acq_rel);
  for (int spin = 0; spin < kSpins && (door_.load(std::memory_order_acquire) & kInside) != 0; ++spin) pause();
  for (uint64_t door; ((door = door_.load(std::memory_order_acquire)) & kInside) != 0;) {
    door_.wait(door, std::memory_order_acquire);
  }
}

void ThreadPool::barrier() noexcept {
  if (threads_ == 1) return;
  const uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<uint32_t>(threads_)) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.fetch_add(1, std::memory_order_release);
    return;
  }
  for (int spin = 0; phase_.load(std::memory_order_acquire) == phase; ++spin) {
    if (spin < kSpins) {
      pause();
    } else {
      std::this_thread::yield();  // a pure spin collapses when two threads share a processor
    }
  }
}

}  // namespace scalewright::kernels::cpu
