#pragma once
// Which accesses the lanes of a warp make together: the same line of the kernel, the same time through it. From them
// follow the sectors of global memory and the passes over the banks of shared memory that a card would need.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "tests/testkit/simt/simt.h"

namespace simt {

class AccessLog {
 public:
  void clear();
  void begin_block(int threads);  // 0: nothing is logged
  void end_block();
  void global(int thread, const Where& where, uintptr_t at, uint32_t bytes, Allocation* allocation, bool write);
  void shared(int thread, const Where& where, uint32_t at, uint32_t bytes);
  const Counters& counters() const { return counters_; }

 private:
  struct Access {
    uintptr_t at;
    uint32_t bytes;
    int thread;
  };
  struct Group {
    Allocation* allocation = nullptr;  // null: shared memory
    bool write = false;
    std::vector<Access> lanes;
  };
  Group& group(int thread, const Where& where, uint64_t space);
  void count_global(const Group& group);
  void count_shared(const Group& group);

  std::vector<std::unordered_map<uint64_t, uint32_t>> times_;   // a thread: how often it was at a place
  std::vector<std::unordered_map<uint64_t, Group>> groups_;     // a warp
  Counters counters_;
};

}  // namespace simt
