#pragma once
// Steele, Lea and Flood's SplitMix64 (2014). The standard library leaves the order of std::shuffle to its implementer; what
// follows from a seed must be the same everywhere.

#include <cstdint>

namespace scalewright {

class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  uint64_t below(uint64_t bound) {  // uniform, by rejection
    const uint64_t reject = (0 - bound) % bound;
    uint64_t value = next();
    while (value < reject) value = next();
    return value % bound;
  }

 private:
  uint64_t state_;
};

}  // namespace scalewright
