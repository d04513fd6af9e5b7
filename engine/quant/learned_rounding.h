#pragma once
// Learning how to round one block of a model, so that its output on calibration text comes as near as it can to that of
// the full-precision block, which reads the full-precision stream. learned_linear.h says what learns.
//
//   bounded (AutoRound, arXiv:2309.05516): each weight may round up or down.
//   free (Block-AP of EfficientQAT, arXiv:2407.11062): weights go anywhere.
// Both begin with a clip search's rounding: GPTQ's holds many weights far from their nearest integers, and the first steps
// undo that. Both learn the range of each group too, by Adam (AutoRound's steps by sign alone want more tokens a step), in
// steps that shrink linearly to zero. On text kept aside the best state is remembered, and GPTQ's rounding is put beside it:
// the result is never worse there than either.

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/model.h"
#include "engine/quant/quantizer.h"

namespace scalewright::quant {

struct LearnSettings {
  int64_t steps = 200;
  int64_t tokens = 1024;     // of a step
  int64_t aside = 2048;      // tokens kept aside to judge by
  bool bounded = true;       // AutoRound; false: Block-AP
  double reach = 0.5;        // how far a weight can go if all steps go one way, in steps of the grid
  double range_reach = 0.1;  // the same of a group's range, as a part of it
  uint64_t seed = 1;
};
LearnSettings learn_settings(QuantMethod method);

// The text of a block: whole samples one after another, [tokens, D] both.
struct BlockText {
  std::vector<int64_t> lengths;
  const float* input = nullptr;   // what the block reads, quantized blocks before it
  const float* target = nullptr;  // what the full-precision block wrote
};
struct LearnStarts {  // of each linear, in the order of Weights::linears()
  const std::vector<std::vector<float>>& weights;  // [N, K]
  const std::vector<QuantizedArrays>& arrays;      // their rounding where learning begins
};
struct LearnReport {  // mean over tokens of |error|^2 / |output|^2, on the text kept aside
  double before = 0.0;  // of GPTQ
  double start = 0.0, after = 0.0;
  bool finished = true;  // false: stopped early
};
// `stage`: one layer, its linears dense F32; they serve as scratch. `arrays`: GPTQ's of each linear (order of
// Weights::linears()), replaced by what was learned where that is better.
Result<LearnReport> learn_rounding(std::shared_ptr<Model> stage, Backend& backend, const BlockText& text,
                                   const std::vector<QuantSpec>& specs, const LearnStarts& starts,
                                   std::vector<QuantizedArrays>& arrays, const LearnSettings& settings,
                                   std::stop_token stop, const std::function<void(double)>& progress);
// Memory that learning needs beside the model, about, bytes: the block in F32 twice, what is learned of it, its gradients,
// and the activations of a step.
uint64_t learn_bytes(int64_t block_weights, int64_t width, const LearnSettings& settings);

}  // namespace scalewright::quant
