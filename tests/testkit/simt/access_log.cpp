#include "tests/testkit/simt/access_log.h"

#include <algorithm>

namespace simt {
namespace {

constexpr uintptr_t kSector = 32;
constexpr uint32_t kBanks = 32;

}  // namespace

void AccessLog::clear() {
  counters_ = {};
  times_.clear();
  groups_.clear();
}

void AccessLog::begin_block(int threads) {
  times_.assign(static_cast<size_t>(threads), {});
  groups_.assign(static_cast<size_t>(threads / 32), {});
}

AccessLog::Group& AccessLog::group(int thread, const Where& where, uint64_t space) {
  const uint64_t place = uint64_t{where.line()} << 40 | uint64_t{where.column()} << 28 |
                         (reinterpret_cast<uintptr_t>(where.file_name()) & 0xffff) << 12 | space << 8;
  const uint64_t time = times_[static_cast<size_t>(thread)][place]++;
  return groups_[static_cast<size_t>(thread / 32)][place * 0x9e3779b97f4a7c15u + time];
}

void AccessLog::global(int thread, const Where& where, uintptr_t at, uint32_t bytes, Allocation* allocation,
                       bool write) {
  Group& g = group(thread, where, write ? 1 : 2);
  g.allocation = allocation;
  g.write = write;
  g.lanes.push_back({at, bytes, thread});
}
void AccessLog::shared(int thread, const Where& where, uint32_t at, uint32_t bytes) {
  group(thread, where, 3).lanes.push_back({at, bytes, thread});
}

void AccessLog::count_global(const Group& g) {
  std::vector<uintptr_t> sectors;
  std::vector<std::pair<uintptr_t, uintptr_t>> pieces;
  for (const Access& a : g.lanes) {
    for (uintptr_t s = a.at / kSector; s <= (a.at + a.bytes - 1) / kSector; ++s) sectors.push_back(s);
    pieces.emplace_back(a.at, a.at + a.bytes);
  }
  std::sort(sectors.begin(), sectors.end());
  const auto touched = static_cast<uint64_t>(std::unique(sectors.begin(), sectors.end()) - sectors.begin());
  std::sort(pieces.begin(), pieces.end());
  uint64_t bytes = 0;
  uintptr_t end = 0;
  for (const auto& [from, to] : pieces) {
    const uintptr_t start = std::max(from, end);
    if (to > start) bytes += to - start;
    end = std::max(end, to);
  }
  counters_.global_sectors += touched;
  counters_.global_least += (bytes + kSector - 1) / kSector;
  (g.write ? g.allocation->written_sectors : g.allocation->read_sectors) += touched;
}

// Lanes are served 128 bytes at a time: all 32 with words of 4 bytes, 16 with 8, 8 with 16. The words that one bank has to
// give in a pass, counted once each, are how long the pass takes.
void AccessLog::count_shared(const Group& g) {
  const size_t together = std::max<size_t>(1, 128 / std::max<uint32_t>(4, g.lanes.front().bytes));
  for (size_t first = 0; first < g.lanes.size(); first += together) {
    std::vector<uint32_t> words;
    for (size_t i = first; i < std::min(g.lanes.size(), first + together); ++i)
      for (uint32_t b = 0; b < g.lanes[i].bytes; b += 4) words.push_back(static_cast<uint32_t>(g.lanes[i].at + b) / 4);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    uint32_t load[kBanks] = {};
    for (const uint32_t w : words) ++load[w % kBanks];
    counters_.shared_wavefronts += *std::max_element(load, load + kBanks);
    counters_.shared_least += (words.size() + kBanks - 1) / kBanks;
  }
}

void AccessLog::end_block() {
  for (auto& warp : groups_) {
    for (auto& [place, g] : warp) {
      std::sort(g.lanes.begin(), g.lanes.end(), [](const Access& a, const Access& b) { return a.thread < b.thread; });
      if (g.allocation) {
        count_global(g);
      } else {
        count_shared(g);
      }
    }
  }
  groups_.clear();
  times_.clear();
}

}  // namespace simt
