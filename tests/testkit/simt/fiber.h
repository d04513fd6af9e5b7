#pragma once
// A stack of its own and a place to go on from. On x86-64 a switch is a dozen instructions (swapcontext asks the kernel
// about signals every time); elsewhere, and under sanitizers, it is ucontext.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__SHSTK__)
#define SIMT_FAST_FIBERS 1
#else
#include <ucontext.h>
#endif

namespace simt {

#ifdef SIMT_FAST_FIBERS
struct FiberContext {
  void* stack = nullptr;
};
extern "C" void simt_switch_stacks(void** from, void* to);
inline void switch_fiber(FiberContext& from, FiberContext& to) { simt_switch_stacks(&from.stack, to.stack); }
#else
using FiberContext = ucontext_t;
inline void switch_fiber(FiberContext& from, FiberContext& to) { swapcontext(&from, &to); }
#endif

struct Fiber {
  static constexpr size_t kStack = 96 * 1024;  // bytes
  FiberContext context;

  // `entry` runs at the next switch to `context`, and must not return.
  void start(void (*entry)());

 private:
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace simt
