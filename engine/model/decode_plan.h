#pragma once
// Whether the next token of a Session is computed call by call or by a recording of such calls
// (Backend::begin_recording). One recording serves all positions up to a bound: it reads the position from memory, and
// its grids are made for the bound.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>

namespace scalewright {

class DecodePlans {
 public:
  enum class Way { Calls, Record, Replay };

  static constexpr int64_t kSmallest = 256;  // positions of the smallest recording
  // The bound of the recording that serves a sequence of `length` tokens: doubled from kSmallest on, at most the
  // context.
  static int64_t bound(int64_t length, int64_t context) {
    int64_t most = kSmallest;
    while (most < length) most *= 2;
    return std::min(most, context);
  }

  // The first token under a bound goes call by call, which also brings the kernels to the card; the second is recorded.
  Way way(int64_t bound) {
    if (!possible_) return Way::Calls;
    const auto [plan, first] = plans_.try_emplace(bound);
    if (first) return Way::Calls;
    return plan->second ? Way::Replay : Way::Record;
  }
  void keep(int64_t bound, std::shared_ptr<void> recording) { plans_[bound] = std::move(recording); }
  const void* at(int64_t bound) const { return plans_.at(bound).get(); }
  // This device or model cannot: call by call from now on.
  void give_up() { possible_ = false; }

 private:
  bool possible_ = true;
  std::map<int64_t, std::shared_ptr<void>> plans_;
};

}  // namespace scalewright
