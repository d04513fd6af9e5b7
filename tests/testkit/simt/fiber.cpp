#include "tests/testkit/simt/fiber.h"

namespace simt {

#ifdef SIMT_FAST_FIBERS
// Registers that a called function must keep go onto the stack that is left, and come from the one that is entered.
asm(R"(
.text
.globl simt_switch_stacks
.type simt_switch_stacks, @function
simt_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simt_switch_stacks, .-simt_switch_stacks
)");

void Fiber::start(void (*entry)()) {
  if (!memory_) memory_ = std::make_unique_for_overwrite<std::byte[]>(kStack);
  auto top = reinterpret_cast<uintptr_t>(memory_.get() + kStack) / 16 * 16;
  auto* slot = reinterpret_cast<void**>(top);
  *--slot = nullptr;                           // where a return address would lie: aligns the stack as after a call
  *--slot = reinterpret_cast<void*>(entry);    // taken by ret
  for (int i = 0; i < 6; ++i) *--slot = nullptr;
  context.stack = slot;
}
#else
void Fiber::start(void (*entry)()) {
  if (!memory_) memory_ = std::make_unique_for_overwrite<std::byte[]>(kStack);
  getcontext(&context);
  context.uc_stack.ss_sp = memory_.get();
  context.uc_stack.ss_size = kStack;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}
#endif

}  // namespace simt
