#include "engine/core/memory_source.h"

#include <atomic>
#include <cstdlib>

namespace scalewright {
namespace {

constexpr MemorySource kHost{
    [](size_t bytes) noexcept { return std::aligned_alloc(64, (bytes + 63) / 64 * 64); },
    [](void* data) noexcept { std::free(data); },
};
std::atomic<const MemorySource*> current = &kHost;

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

}  // namespace scalewright
