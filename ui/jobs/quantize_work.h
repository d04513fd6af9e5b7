#pragma once
// What the Quantize page runs on the engine thread: the trial that tells the expected perplexity, and quantizing itself with
// writing and the check of what was written.

#include <QString>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/export/exporter.h"
#include "engine/quant/quantize_job.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

// One quantized linear, with when it was ready.
struct QuantizedTensor {
  std::string name;       // "blk.18.attn_q"
  double error = 0.0;     // relative
  double seconds = 0.0;   // since the one before
  int done = 0, total = 0;
};

// Perplexity at several bits, expected from quantizing a few layers alone: the first, the last, and one between them that stands for
// all between. What they change of the next tokens (Expectations::divergence) is what -log p is expected to rise by; a difference of
// two perplexities of so few tokens and layers would be chance.
struct TrialPoint { int bits = 0; double perplexity = 0.0; };
struct TrialRequest {
  std::filesystem::path model, text;
  std::vector<QuantSpec> specs;             // one a point
  QuantMethod method = QuantMethod::Clip;   // what needs a text is tried as Clip: its calibration would take as long as quantizing
  int64_t tokens = 512;                     // of each point; the original is measured as quantizing measures it
};
struct TrialReport {
  double original = 0.0;
  std::vector<TrialPoint> points;
  std::vector<int> layers;                  // that were tried
};
Result<TrialReport> runTrial(EngineHost& engine, const TrialRequest& request, const EventStream<TrialPoint>& points, JobContext& context);

struct QuantizeOrder {
  QuantizeRequest request;
  ExportTarget target = ExportTarget::Gguf;
  std::string ggufType;                     // empty: the smallest that holds it
  std::filesystem::path output;
  std::filesystem::path text;               // perplexity before and after; empty: none
};
// What quantizing and the measuring around it will take, and what it gives.
Result<QuantizeForecast> forecastOrder(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target, bool measured);
// Whether a GGUF of the request is smaller with zero points in the middle than with free ones, which fit better where it is not.
bool symmetricIsSmaller(const ModelSummary& model, QuantizeRequest request);
// What is known of an order before hours of work, as `scalewright-cli quantize` knows it: that the container, a file or a folder, holds such integers,
Result<void> checkHolds(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target);
// and that the output can be written and replaces nothing that is read.
Result<void> checkOutput(const QuantizeOrder& order);
struct QuantizeOutcome {
  bool cancelled = false;
  double bitsPerWeight = 0.0, seconds = 0.0;
  double before = 0.0, after = 0.0;         // perplexity; 0: not measured
  uint64_t bytes = 0;
  ExportReport check;
  std::vector<std::string> warnings;
};
Result<QuantizeOutcome> runQuantize(EngineHost& engine, const QuantizeOrder& order, const EventStream<QuantizedTensor>& tensors, JobContext& context);

}  // namespace scalewright::ui
