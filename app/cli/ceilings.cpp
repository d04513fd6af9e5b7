#include "app/cli/ceilings.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace scalewright::cli {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Several independent sums, so that the loads and not the additions set the pace.
uint64_t sum_words(const uint64_t* words, size_t count) {
  uint64_t sums[16] = {};
  for (size_t i = 0; i + 16 <= count; i += 16)
    for (int lane = 0; lane < 16; ++lane) sums[lane] += words[i + lane];
  uint64_t total = 0;
  for (const uint64_t sum : sums) total += sum;
  return total;
}

double measure_read_bandwidth(int threads) {
  constexpr size_t kBytes = size_t{384} << 20;  // far beyond any cache
  constexpr size_t kWords = kBytes / sizeof(uint64_t);
  const std::unique_ptr<uint64_t[]> buffer(new uint64_t[kWords]);
  std::fill_n(buffer.get(), kWords, uint64_t{1});
  const auto count = static_cast<size_t>(std::max(1, threads));
  double best = 0.0;
  std::vector<uint64_t> sums(count);
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> workers;
    for (size_t t = 0; t < count; ++t)
      workers.emplace_back([&, t] { sums[t] += sum_words(buffer.get() + kWords * t / count, kWords * (t + 1) / count - kWords * t / count); });
    for (std::thread& worker : workers) worker.join();
    best = std::max(best, static_cast<double>(kBytes) / seconds_since(start));
  }
  return sums[0] == 1 ? 0.0 : best;  // the sums are used, so the loop cannot be dropped
}

double measure_product_rate(Backend& backend) {
  constexpr int64_t kTokens = 512, kWidth = 2048;
  std::vector<float> x(kTokens * kWidth, 0.5f), w(kWidth * kWidth, 0.25f), y(kTokens * kWidth);
  std::vector<std::byte> workspace(backend.workspace_bytes(kTokens, kWidth, kWidth) + 64);
  void* aligned = workspace.data();
  size_t space = workspace.size();
  std::align(64, space - 63, aligned, space);
  const WorkspaceLoan loan(backend, aligned, space);
  kernels::WeightView view;
  view.dense = {.data = w.data(), .type = kernels::DenseType::F32, .rows = kWidth, .cols = kWidth};
  double best = 1e30;
  for (int repeat = 0; repeat < 6; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    backend.linear(x.data(), kWidth, kTokens, view, nullptr, y.data(), kWidth, Precision::Exact);
    best = std::min(best, seconds_since(start));
  }
  return 2.0 * kTokens * kWidth * kWidth / best;
}

}  // namespace

Ceilings measure_ceilings(Backend& backend) {
  if (const std::optional<Ceilings> own = backend.ceilings()) return *own;
  return {measure_read_bandwidth(backend.threads()), measure_product_rate(backend)};
}

}  // namespace scalewright::cli
