#include "engine/core/memory_source.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace scalewright {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kPagesFrom = size_t{1} << 20;  // bytes from which a block gets pages of its own

// Stands before each block.
struct alignas(kAlignment) BlockHeader {
  size_t mapped = 0;  // bytes from here on that are to be unmapped; 0: from the heap
};
static_assert(sizeof(BlockHeader) == kAlignment);

// Fresh pages are zero already and large where the system has such: writing zeros would cost as much as filling the
// block. Weights make their pages real as they are read in; room to work in is taken at once, so that it cannot be
// missing later.
void* take_pages(size_t bytes, MemoryUse use) noexcept {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
  ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  constexpr size_t kPage = 4096;
  for (size_t at = 0; use == MemoryUse::Work && at < bytes; at += kPage) static_cast<volatile uint8_t*>(memory)[at] = 0;
  return memory;
}

void* allocate_host(size_t bytes, MemoryUse use) noexcept {
  const size_t all = (bytes + kAlignment - 1) / kAlignment * kAlignment + sizeof(BlockHeader);
  const bool pages = all >= kPagesFrom;
  void* memory = pages ? take_pages(all, use) : std::aligned_alloc(kAlignment, all);
  if (!memory) return nullptr;
  if (!pages) std::memset(memory, 0, all);
  return new (memory) BlockHeader{pages ? all : 0} + 1;
}

void release_host(void* data) noexcept {
  if (!data) return;
  BlockHeader* header = static_cast<BlockHeader*>(data) - 1;
  if (const size_t mapped = header->mapped)
    ::munmap(header, mapped);
  else
    std::free(header);
}

constexpr MemorySource kHost{allocate_host, release_host};
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
