#include "engine/core/memory_source.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace scalewright {
namespace {

constexpr MemorySource kHost{
    [](size_t bytes, MemoryUse) noexcept {
      void* data = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
      return data ? std::memset(data, 0, bytes) : nullptr;
    },
    [](void* data) noexcept { std::free(data); },
};
std::atomic<const MemorySource*> current = &kHost;
std::atomic<uint64_t> version = 0;

}  // namespace

const MemorySource& host_memory() {
  return kHost;
}
const MemorySource& memory_source() {
  return *current.load();
}
void use_memory_source(const MemorySource* source) {
  current.store(source ? source : &kHost);
}
uint64_t weights_version() {
  return version.load();
}
void weights_changed() {
  ++version;
}

}  // namespace scalewright
