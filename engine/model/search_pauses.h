#pragma once
// When the head is better multiplied than searched (kernels/cpu/gemv_largest.h): where logits stay so flat that searches
// read more than all of the head, the next tokens likely are the same. What searches save is their credit; once it is
// used up, searching pauses, each time for twice as many tokens as the time before, until one pays again. The numbers
// are those of the product either way.

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
    const double saved = 1.0 - static_cast<double>(read) / static_cast<double>(whole);
    credit_ = std::min(credit_ + saved, kMostCredit);
    if (saved >= 0.0) next_ = kFirst;
    if (credit_ >= 0.0) return;
    left_ = next_;
    next_ = std::min(2 * next_, kLongest);
    credit_ = 0.0;
  }

 private:
  // In heads. The first tokens behind a prompt are often flatter than the rest.
  static constexpr double kFirstCredit = 2.0, kMostCredit = 4.0;
  double credit_ = kFirstCredit;
  int left_ = 0, next_ = kFirst;
};

}  // namespace scalewright
