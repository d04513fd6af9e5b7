#pragma once
// Hands out 64-byte aligned pieces of one block of memory in order. Without a base it only counts, so that a plan and
// the buffers it describes come from the same code and cannot disagree.

#include <cstddef>
#include <cstdint>

namespace scalewright {

class ArenaCursor {
 public:
  explicit ArenaCursor(void* base) : base_(static_cast<uint8_t*>(base)) {}

  // `count` elements of T, or null while counting.
  template <class T>
  T* take(int64_t count) {
    const size_t at = used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
    return base_ ? reinterpret_cast<T*>(base_ + at) : nullptr;
  }
  // Taken so far, bytes.
  size_t used() const noexcept { return used_; }

 private:
  uint8_t* base_ = nullptr;
  size_t used_ = 0;
};

}  // namespace scalewright
