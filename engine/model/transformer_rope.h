#pragma once
// Rotary tables for given positions, without allocating: frequencies are computed once per choice of factors.

#include <array>
#include <cstdint>
#include <vector>

#include "engine/model/config.h"

namespace scalewright {

class RopeTables {
 public:
  RopeTables() = default;
  RopeTables(const RopeConfig& rope, int rotary, int64_t context_length);

  // Inputs of the same choice share their frequencies. longrope: 1 beyond the original context (long factors), else 0;
  // dynamic: the length itself; others: always 0.
  int64_t choice(int64_t longest) const;
  // Whether a longer input changes the table in a way that a KV cache must be computed anew for (longrope).
  bool switches_once() const { return rope_.kind == RopeKind::LongRope; }
  // cos, sin [rotary/2] of one position of an input with `longest` positions, attention factor included.
  void fill(int64_t position, int64_t longest, float* cos, float* sin);

 private:
  struct Table {
    int64_t choice = -1;
    std::vector<double> inv_freq;
    double factor = 1.0;
  };
  const Table& table(int64_t longest);
  // Positions up to which the short factors (or the unscaled base) hold.
  int64_t original_context() const { return rope_.original_context > 0 ? rope_.original_context : context_length_; }

  RopeConfig rope_;
  int rotary_ = 0;
  int64_t context_length_ = 0;
  std::array<Table, 2> tables_;
};

}  // namespace scalewright
