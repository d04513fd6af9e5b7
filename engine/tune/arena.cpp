#include "engine/tune/arena.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "engine/tune/memory_plan.h"

namespace scalewright {

Result<Arena> Arena::reserve(size_t bytes) {
  Arena arena;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  arena.size_ = (bytes + page - 1) / page * page;
  const auto refuse = [&] {
    arena.size_ = 0;
    return fail(ErrorCode::OutOfMemory,
                "The system does not give the " + readable_bytes(bytes) +
                    " that tuning needs. Close other programs, or choose a smaller context or batch.");
  };
  if (&memory_source() != &host_memory()) {  // memory that a device reads too
    void* shared = memory_source().allocate(arena.size_, MemoryUse::Work);
    if (!shared) return refuse();
    arena.data_ = static_cast<uint8_t*>(shared);
    arena.source_ = &memory_source();
    return arena;
  }
  void* memory = ::mmap(nullptr, arena.size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return refuse();
  arena.data_ = static_cast<uint8_t*>(memory);
  ::madvise(memory, arena.size_,
            MADV_HUGEPAGE);  // fewer address translations where the system has huge pages; else refused
  for (size_t at = 0; at < arena.size_; at += page) static_cast<volatile uint8_t*>(arena.data_)[at] = 0;
  return arena;
}

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      source_(std::exchange(other.source_, nullptr)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(source_, other.source_);
  return *this;
}

Arena::~Arena() {
  if (data_ == nullptr) return;
  if (source_) {
    source_->release(data_);
  } else {
    ::munmap(data_, size_);
  }
}

void release_unused_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  ::malloc_trim(0);
}

}  // namespace scalewright
