#pragma once
// Tokens of one step: B rows of T positions, several samples may share a row (packing).

#include <cstdint>
#include <vector>

namespace scalewright {

struct Batch {
  int64_t rows = 0, context = 0;     // B, T
  std::vector<int32_t> ids;          // [B, T]; padding: any valid id
  std::vector<int32_t> targets;      // [B, T]: the token to predict *at* this position (the next one), -100: not learned
  std::vector<int32_t> segments;     // [B, T]: which sample of the row; -1: padding
  std::vector<int32_t> positions;    // [B, T]: restart at 0 with each sample
  int64_t counted() const {          // learned positions
    int64_t n = 0;
    for (int32_t t : targets) n += t >= 0;
    return n;
  }
};

}  // namespace scalewright
