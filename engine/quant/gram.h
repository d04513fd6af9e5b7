#pragma once
// What a layer's inputs look like: their mean squares, and X^T X for GPTQ. Inputs come in pieces; sums are kept in
// double. Where the processor has AVX-512 BF16, X^T X is that of the inputs rounded to bf16.

#include <cstdint>
#include <vector>

namespace scalewright::kernels::cpu {
class ThreadPool;
}

namespace scalewright::quant {

class InputStatistics {
 public:
  // full: X^T X, else only the sums of squares of each input. `weights`: how often each token counts, in the order in
  // which they come; empty: once.
  InputStatistics(int64_t cols, bool full, std::vector<float> weights = {});
  // x f32 [T, K], row stride ldx.
  void add(const float* x, int64_t ldx, int64_t T, kernels::cpu::ThreadPool& pool);
  int64_t cols() const noexcept { return cols_; }
  int64_t tokens() const noexcept { return tokens_; }
  std::vector<float> mean_square() const;  // [K]
  // 2 X^T X / n [K, K], upper triangle; leaves the sums behind empty.
  std::vector<double> take_hessian();

 private:
  int64_t cols_ = 0, tokens_ = 0;
  bool full_ = false;
  std::vector<float> weights_;
  std::vector<double> sums_;   // [K, K] or [K]
  std::vector<float> packed_;  // strips of the inputs of four pieces
};

}  // namespace scalewright::quant
