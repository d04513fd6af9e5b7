#pragma once
// When a shortcut is better left alone: one that saves most of the time and now and then costs more than it saves. What it
// saves is its credit; once that is used up it rests, each time for twice as many turns as the time before, until it pays
// again.

#include <algorithm>

namespace scalewright {

class Backoff {
 public:
  static constexpr int kFirst = 4, kLongest = 64;  // turns of rest

  // Whether the shortcut is taken this turn; counts the turn.
  bool take() {
    if (left_ == 0) return true;
    --left_;
    return false;
  }
  // What it saved this turn, as a share of what the turn costs without it; negative where it cost more.
  void add(double saved) {
    credit_ = std::min(credit_ + saved, kMostCredit);
    if (saved >= 0.0) next_ = kFirst;
    if (credit_ >= 0.0) return;
    left_ = next_;
    next_ = std::min(2 * next_, kLongest);
    credit_ = 0.0;
  }

 private:
  // In turns. The first ones often are worse than the rest.
  static constexpr double kFirstCredit = 2.0, kMostCredit = 4.0;
  double credit_ = kFirstCredit;
  int left_ = 0, next_ = kFirst;
};

}  // namespace scalewright
