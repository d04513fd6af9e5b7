#pragma once
// Runs calibration text through a model one block at a time, with only that block's weights in memory, and shows what
// each of its matrices is given to read.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/model.h"
#include "engine/quant/gram.h"

namespace scalewright::quant {

// The four inputs of a block: of q, k and v; of the attention output; of gate and up; of down.
enum class Site { Qkv, AttentionOutput, GateUp, Down };
inline constexpr int kSites = 4;

struct CalibrationText {
  std::vector<std::vector<int32_t>> samples;  // ids of each
  int64_t tokens = 0, longest = 0;
};
// Up to `samples` stretches of at most `context` tokens, drawn by seed from a text or a dataset (rendered with the
// model's template).
Result<CalibrationText> read_calibration(const std::filesystem::path& path, const Model& model, int64_t samples,
                                         int64_t context, uint64_t seed);

class CalibrationRun {
 public:
  // `stage`: a model whose config has one layer and whose embedding, norm and head are there; its layer is replaced
  // block by block. Embeds the text. Needs memory for one hidden state a token. `precision`: of the products with
  // quantized matrices.
  static Result<std::unique_ptr<CalibrationRun>> create(std::shared_ptr<Model> stage, Backend& backend,
                                                        CalibrationText text, int threads,
                                                        Precision precision = Precision::Exact);
  ~CalibrationRun();
  static uint64_t bytes(int64_t tokens, int64_t width) {
    return static_cast<uint64_t>(tokens) * static_cast<uint64_t>(width) * 4;
  }

  using Statistics = std::array<std::unique_ptr<InputStatistics>, kSites>;
  // Runs all tokens through stage->weights.layers[0] and adds up statistics where `statistics` has them (null: none).
  // `keep`: the outputs become the input of the next block. Ends early where stop is requested (false).
  Result<bool> run_block(Statistics* statistics, bool keep, std::stop_token stop);
  // The same site after site, so that each product is made once: `quantize` is given the statistics (X^T X) of a site's
  // input and changes stage->weights.layers[0] there before the text runs on through it. Each site's input so comes
  // from the quantized matrices before it, those of its own block included. What the product of down reads is kept for
  // all tokens where it takes no more than `most_kept` bytes, else computed a second time. False: `quantize` said so,
  // or stop was requested.
  using QuantizeSite = std::function<Result<bool>(Site, InputStatistics&)>;
  Result<bool> run_sites(const QuantizeSite& quantize, bool keep, std::stop_token stop, uint64_t most_kept = kMostKept);
  static constexpr uint64_t kMostKept = uint64_t{1} << 30;
  // Memory of run_sites beside the hidden states, for inputs `attention` and `feed_forward` wide.
  static uint64_t site_bytes(int64_t tokens, int64_t attention, int64_t feed_forward) {
    const uint64_t wide = bytes(tokens, feed_forward), narrow = bytes(tokens, attention);
    return wide > narrow && wide <= kMostKept ? wide : narrow;
  }
  // What the next block reads, [tokens, D], and the lengths of the samples in it. Valid until run_block.
  const float* stream() const;
  std::vector<int64_t> lengths() const;

 private:
  struct Impl;
  explicit CalibrationRun(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright::quant
