#pragma once
// Learning how to round one block of a model, so that its output on calibration text comes as near as it can to that of
// the full-precision block, which reads the full-precision stream.
//
// A weight is What = s * (clamp(rint(u / r) + z, 0, 2^b - 1) - z) with s = s0 * r: s0 and z from the start (GPTQ), u the
// weight in units of s0, r a factor for each group. Gradients pass through rint as if it were not there (straight-through)
// where nothing is clamped. s is rounded to fp16 in every pass, so that what is learned is what is written.
//   rounding (AutoRound, arXiv:2309.05516): u stays within half a step of where it began, steps are by sign and shrink to
//     zero; a start that GPTQ moved away from the nearest integer begins at that integer's border.
//   free (Block-AP of EfficientQAT, arXiv:2407.11062): u goes anywhere, by Adam.
// z stays. On text kept aside the best state is remembered, and learning goes on from it with smaller steps where it went
// too far: the result is never worse there than the start.

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
  int64_t tokens = 1024;          // of a step
  int64_t aside = 2048;           // tokens kept aside to judge by
  bool bounded = true;            // AutoRound; false: Block-AP
  double reach = 0.4;             // how far u can go if all steps go one way, in steps of the grid
  double scale_reach = 0.05;      // the same of r, as a part of it
  bool adam = false;              // false: by the sign of each gradient alone
  uint64_t seed = 1;
};
LearnSettings learn_settings(QuantMethod method);

// The text of a block: whole samples one after another, [tokens, D] both.
struct BlockText {
  std::vector<int64_t> lengths;
  const float* input = nullptr;   // what the block reads, quantized blocks before it
  const float* target = nullptr;  // what the full-precision block wrote
};
struct LearnReport {
  double before = 0.0, after = 0.0;  // mean over tokens of |error|^2 / |output|^2, on the text kept aside
  bool finished = true;              // false: stopped early
};
// `stage`: one layer, its linears dense F32 and full precision; they serve as scratch. `start`:
// of each linear (order of Weights::linears()), replaced by what was learned.
Result<LearnReport> learn_rounding(std::shared_ptr<Model> stage, Backend& backend, const BlockText& text,
                                   const std::vector<QuantSpec>& specs, std::vector<QuantizedArrays>& start,
                                   const LearnSettings& settings, std::stop_token stop,
                                   const std::function<void(double)>& progress);
// Memory that learning needs beside the model, about, bytes: the block in F32 twice, what is learned of it, its gradients,
// and the activations of a step.
uint64_t learn_bytes(int64_t block_weights, int64_t width, const LearnSettings& settings);

}  // namespace scalewright::quant
