#pragma once
// The one block of memory that a run works in, taken whole before step 1: every page is written to, so that the system
// cannot promise what it does not have and the run cannot grow later.

#include <cstddef>
#include <cstdint>

#include "engine/core/error.h"
#include "engine/core/memory_source.h"

namespace scalewright {

class Arena {
 public:
  static Result<Arena> reserve(size_t bytes);
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();
  uint8_t* data() const noexcept { return data_; }  // page-aligned, zeroed
  size_t size() const noexcept { return size_; }

 private:
  Arena() = default;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  const MemorySource* source_ = nullptr;  // null: pages of the system
};

// Gives memory that the allocator holds but does not use back to the system, and stops it from holding freed blocks of
// 256 KiB and more from now on, so that what was read and dropped before a run does not count against it.
void release_unused_memory();

}  // namespace scalewright
