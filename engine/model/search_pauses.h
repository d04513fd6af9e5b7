#pragma once
// When the head is better multiplied than searched (kernels/cpu/gemv_largest.h): where logits are so flat that a search
// reads more than all of the head, the next tokens likely are the same. Each such search pauses the searching for twice
// as many tokens as the one before it, one that paid ends that. The numbers are those of the product either way.

#include <algorithm>
#include <cstdint>

namespace scalewright {

class SearchPauses {
 public:
  static constexpr int kFirst = 4, kLongest = 64;  // tokens

  // Whether this token's head is searched; counts it.
  bool search() {
    if (left_ == 0) return true;
    --left_;
    return false;
  }
  // Bytes that the search read and that all of the head has.
  void searched(uint64_t read, uint64_t whole) {
    left_ = read > whole ? next_ : 0;
    next_ = read > whole ? std::min(2 * next_, kLongest) : kFirst;
  }

 private:
  int left_ = 0, next_ = kFirst;
};

}  // namespace scalewright
