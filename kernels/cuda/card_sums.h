#pragma once
// Numbers of several cards added up by the cards themselves: NCCL where it is installed, found at run time so that the
// program starts without it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace scalewright::kernels {

class CardSums {
 public:
  virtual ~CardSums() = default;
  virtual std::string name() const = 0;  // "NCCL 2.28"
  // numbers[i] [n], in memory of card i, become the sum over all, the same bits everywhere; returns when they are there.
  // Nothing works on them meanwhile. Empty, or what failed.
  virtual std::string add_up(std::span<float* const> numbers, size_t n) = 0;
};

inline constexpr uint64_t kCardSumBytes = sizeof(float);  // of each card's memory, a number
// For up to `most` numbers on these cards (DeviceInfo::number). Null when the library is not installed or does not start;
// `why` then says so.
std::unique_ptr<CardSums> open_nccl(std::span<const int> cards, size_t most, std::string& why);

}  // namespace scalewright::kernels
