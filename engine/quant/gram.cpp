#include "engine/quant/gram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/pair_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kPiece = 128;       // tokens at once: two strips of them stay in the first cache
constexpr int64_t kPiecesAtOnce = 4;  // summed in fp32 before the sum goes to the doubles
constexpr int64_t kStrip = kernels::cpu::kMostTileCols;
constexpr int64_t kMost = kPiece * kPiecesAtOnce;  // tokens packed together

using kernels::cpu::GemmKernels;
using kernels::cpu::PairKernels;

// Tokens, `weight_root` of each times x [count, inputs], as strips of inputs.
struct Piece {
  const float* x;
  int64_t ldx, count, inputs;
  const float* weight_root;  // null: one
};

// One strip, [32] at a time, of token t; zeros behind the last input.
void strip_row(const Piece& piece, int64_t strip, int64_t t, float* to) {
  const int64_t wide = std::min(kStrip, piece.inputs - strip * kStrip);
  const float* from = piece.x + t * piece.ldx + strip * kStrip;
  const float root = piece.weight_root ? piece.weight_root[t] : 1.0f;
  for (int64_t k = 0; k < wide; ++k) to[k] = root * from[k];
  std::fill(to + wide, to + kStrip, 0.0f);
}

// The products of two strips over the tokens of a piece, in fp32.
struct FloatStrips {
  const GemmKernels& gemm;
  static constexpr int64_t kFloats = kMost * kStrip;  // of a packed strip: [tokens][32]

  void pack(const Piece& piece, int64_t strip, float* to) const {
    for (int64_t t = 0; t < piece.count; ++t) strip_row(piece, strip, t, to + t * kStrip);
  }
  void multiply(const float* a, const float* b, int64_t count, float* tile) const {
    for (int64_t at = 0; at < count; at += kPiece) {
      for (int64_t i = 0; i < kStrip; i += gemm.tile_rows) {
        const int rows = static_cast<int>(std::min<int64_t>(gemm.tile_rows, kStrip - i));
        for (int64_t j = 0; j < kStrip; j += gemm.tile_cols)
          gemm.wide_columns(rows, gemm.tile_cols, a + at * kStrip + i, kStrip, b + at * kStrip + j, kStrip, 16,
                            std::min(kPiece, count - at), tile + i * kStrip + j, kStrip, at > 0);
      }
    }
  }
};

// The same of inputs rounded to bf16, in pairs of tokens: twice the rate. Sums of rounded inputs are still those of a
// X^T X, and differ by far less than its damping and than what another text would give.
struct PairStrips {
  const GemmKernels& gemm;
  const PairKernels& pairs;
  static constexpr int64_t kWords = kMost / 2;
  static constexpr int64_t kFloats = 2 * kWords * kStrip;  // [words][32], then [32][words]

  void pack(const Piece& piece, int64_t strip, float* to) const {
    float two[2][kStrip] = {};
    const int64_t words = (piece.count + 1) / 2;
    for (int64_t w = 0; w < words; ++w) {
      strip_row(piece, strip, 2 * w, two[0]);
      if (2 * w + 1 < piece.count) {
        strip_row(piece, strip, 2 * w + 1, two[1]);
      } else {
        std::fill(two[1], two[1] + kStrip, 0.0f);
      }
      pairs.across(two[0], two[1], kStrip, reinterpret_cast<uint32_t*>(to + w * kStrip));
    }
    gemm.transpose(to, kStrip, words, kStrip, to + kWords * kStrip, kWords);  // words move like numbers
  }
  void multiply(const float* a, const float* b, int64_t count, float* tile) const {
    const auto* rows_of = reinterpret_cast<const uint32_t*>(a + kWords * kStrip);
    const auto* columns = reinterpret_cast<const uint32_t*>(b);
    const int64_t words = (count + 1) / 2;
    for (int64_t at = 0; at < words; at += kPiece) {
      for (int64_t i = 0; i < kStrip; i += pairs.tile_rows) {
        const int rows = static_cast<int>(std::min<int64_t>(pairs.tile_rows, kStrip - i));
        for (int64_t j = 0; j < kStrip; j += pairs.tile_cols)
          pairs.rows(rows, pairs.tile_cols, rows_of + i * kWords + at, kWords, columns + at * kStrip + j, kStrip,
                     std::min(kPiece, words - at), tile + i * kStrip + j, kStrip, at > 0);
      }
    }
  }
};

// sums [inputs, inputs], upper triangle, += X^T X of a piece.
template <class Strips>
void add_products(const Strips& with, const Piece& piece, std::vector<float>& packed, double* sums,
                  kernels::cpu::ThreadPool& pool) {
  const int64_t strips = (piece.inputs + kStrip - 1) / kStrip;
  packed.resize(static_cast<size_t>(strips * Strips::kFloats));
  pool.parallel_ranges(strips, 1, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) with.pack(piece, s, packed.data() + s * Strips::kFloats);
  });
  // Strip pairs of the upper triangle; row strip r has strips - r of them, so rows are dealt out from both ends.
  pool.parallel_ranges((strips + 1) / 2, 1, [&](int64_t begin, int64_t end) {
    float tile[kStrip * kStrip];
    const auto row_strip = [&](int64_t r) {
      const int64_t high = std::min(kStrip, piece.inputs - r * kStrip);
      for (int64_t s = r; s < strips; ++s) {
        const int64_t wide = std::min(kStrip, piece.inputs - s * kStrip);
        with.multiply(packed.data() + r * Strips::kFloats, packed.data() + s * Strips::kFloats, piece.count, tile);
        for (int64_t i = 0; i < high; ++i) {
          double* to = sums + (r * kStrip + i) * piece.inputs + s * kStrip;
          for (int64_t j = 0; j < wide; ++j) to[j] += tile[i * kStrip + j];
        }
      }
    };
    for (int64_t r = begin; r < end; ++r) {
      row_strip(r);
      if (strips - 1 - r != r) row_strip(strips - 1 - r);
    }
  });
}

}  // namespace

InputStatistics::InputStatistics(int64_t cols, bool full, std::vector<float> weights)
    : cols_(cols),
      full_(full),
      weights_(std::move(weights)),
      sums_(static_cast<size_t>(full ? cols * cols : cols), 0.0) {}

void InputStatistics::add(const float* x, int64_t ldx, int64_t T, kernels::cpu::ThreadPool& pool) {
  const auto root_of = [&, before = tokens_](int64_t t) {
    const size_t token = static_cast<size_t>(before + t);
    return token < weights_.size() ? std::sqrt(weights_[token]) : 1.0f;
  };
  tokens_ += T;
  if (!full_) {
    pool.parallel_ranges(cols_, 64, [&](int64_t begin, int64_t end) {
      for (int64_t t = 0; t < T; ++t) {
        const float* row = x + t * ldx;
        const double weight = static_cast<double>(root_of(t)) * root_of(t);
        for (int64_t k = begin; k < end; ++k) sums_[static_cast<size_t>(k)] += weight * row[k] * row[k];
      }
    });
    return;
  }
  const kernels::cpu::Isa isa = kernels::cpu::best_isa();
  const GemmKernels& gemm = kernels::cpu::gemm_kernels(isa);
  const PairKernels* pairs = kernels::cpu::pair_kernels(isa);
  std::vector<float> roots;
  for (int64_t first = 0; first < T; first += kMost) {
    Piece piece{x + first * ldx, ldx, std::min(kMost, T - first), cols_, nullptr};
    if (!weights_.empty()) {
      roots.clear();
      for (int64_t t = 0; t < piece.count; ++t) roots.push_back(root_of(first + t));
      piece.weight_root = roots.data();
    }
    pairs ? add_products(PairStrips{gemm, *pairs}, piece, packed_, sums_.data(), pool)
          : add_products(FloatStrips{gemm}, piece, packed_, sums_.data(), pool);
  }
}

std::vector<float> InputStatistics::mean_square() const {
  std::vector<float> mean(static_cast<size_t>(cols_));
  const int64_t step = full_ ? cols_ + 1 : 1;
  for (int64_t k = 0; k < cols_; ++k) {
    mean[static_cast<size_t>(k)] =
        tokens_ > 0 ? static_cast<float>(sums_[static_cast<size_t>(k * step)] / static_cast<double>(tokens_)) : 1.0f;
  }
  return mean;
}

std::vector<double> InputStatistics::take_hessian() {
  const double factor = tokens_ > 0 ? 2.0 / static_cast<double>(tokens_) : 0.0;
  for (double& value : sums_) value *= factor;
  return std::move(sums_);
}

}  // namespace scalewright::quant
