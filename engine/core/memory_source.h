#pragma once
// Where the large blocks of memory come from: weights, caches, the arena of a run. The host's own memory, unless a backend
// that computes elsewhere asked for memory that its device reads too. Blocks remember their source, so changing it later
// does no harm to those that are there.

#include <cstddef>

namespace scalewright {

struct MemorySource {
  void* (*allocate)(size_t bytes) noexcept;  // 64-byte aligned or more; null when there is not enough
  void (*release)(void* data) noexcept;
};

struct MemoryRelease {  // of a smart pointer
  const MemorySource* source = nullptr;
  void operator()(void* data) const noexcept { source->release(data); }
};

const MemorySource& host_memory();     // aligned to 64 bytes
const MemorySource& memory_source();   // the current one
// `source` must live until the program ends. Null: the host's memory again.
void use_memory_source(const MemorySource* source);

}  // namespace scalewright
