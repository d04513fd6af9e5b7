#pragma once
// Where the large blocks of memory come from: weights, caches, the arena of a run. The host's own memory, unless a backend
// that computes elsewhere asked for memory that its device reads too. Blocks remember their source, so changing it later
// does no harm to those that are there.

#include <cstddef>
#include <cstdint>

namespace scalewright {

// Weights are written by the host and then read, pass after pass; Work is a device's to work in; Inbox is small, and written
// by the host between calls.
enum class MemoryUse { Weights, Work, Inbox };

struct MemorySource {
  // Zeroed, 64-byte aligned or more; null when there is not enough.
  void* (*allocate)(size_t bytes, MemoryUse use) noexcept;
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

// Counts how often weights were overwritten in place, so that a device that copied some knows when to copy them again.
uint64_t weights_version();
void weights_changed();

}  // namespace scalewright
