#pragma once
// What the detail pane of a model shows: figures of every quantized tensor, read layer by layer, and the chat template rendered.

#include <QString>
#include <string>
#include <vector>

#include "engine/text/chat_template.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

struct TensorFigures {
  int layer = 0;
  std::string row;              // "attn_q": the name without "blk.N."
  std::string type;             // "Q4_1"
  double bits = 0.0;            // per weight, scales included
  // Rounding error against the range it rounds: rms of a uniform error of one step, over the norm of the weights. Needs no
  // full-precision file; NaN where nothing is quantized.
  double error = 0.0;
  int64_t scales = 0;
  double lowestScale = 0.0, highestScale = 0.0;
  std::vector<float> histogram; // counts of equal bins from lowest to highest scale
};

struct ModelDetails {
  std::vector<std::string> rows;         // in file order
  int layers = 0;
  std::vector<TensorFigures> tensors;
  int64_t scales = 0;
  std::string codesHash;                 // empty where the model is too large to read for it
  std::string templateSource, templateProblem;
  Rendered example;                      // a short conversation through the template
  std::string tokenizer;
};

// Quick lane. Figures go to `figures` as they are read; the result holds all of them.
Result<ModelDetails> readModelDetails(const QString& path, const EventStream<TensorFigures>& figures, JobContext& context);

}  // namespace scalewright::ui
