#include "ui/jobs/quantize_work.h"

#include <QCoreApplication>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/system.h"
#include "engine/eval/divergence.h"
#include "engine/eval/evaluate.h"
#include "engine/export/output_check.h"

namespace scalewright::ui {
namespace {

using Clock = std::chrono::steady_clock;

// Of the original and of the result, in the trial too.
constexpr PerplexityOptions kMeasured{.context = 512, .stride = 0, .max_tokens = 4096};

std::string words(const char* text) { return QCoreApplication::translate("QuantizeWork", text).toStdString(); }

// Progress of one part of a job as a part of the whole.
class PartObserver : public Observer {
 public:
  PartObserver(JobContext& context, double from, double to, std::string what) : m_context(context), m_from(from), m_to(to), m_what(std::move(what)) {}
  void progress(const Progress& part) override {
    Progress whole = part;
    whole.fraction = part.fraction < 0 ? m_from : m_from + (m_to - m_from) * part.fraction;
    if (!m_what.empty()) whole.step = m_what;
    m_context.progress(whole);
  }
  void warning(std::string_view text) override { m_context.warning(text); }

 private:
  JobContext& m_context;
  double m_from, m_to;
  std::string m_what;
};

class TensorObserver : public QuantizeObserver {
 public:
  TensorObserver(JobContext& context, const EventStream<QuantizedTensor>& tensors, double from, double to)
      : m_context(context), m_tensors(tensors), m_from(from), m_to(to), m_start(Clock::now()), m_last(m_start) {}
  void layer(const LayerError& error, int done, int total) override {
    const auto now = Clock::now();
    m_tensors.push({error.name, error.relative_error, std::chrono::duration<double>(now - m_last).count(), done, total});
    m_last = now;
    const double share = double(done) / std::max(1, total);
    const double passed = std::chrono::duration<double>(now - m_start).count();
    m_context.progress({error.name, m_from + (m_to - m_from) * share, share > 0.03 ? passed / share * (1 - share) : -1.0});
  }
  void warning(std::string_view text) override { m_context.warning(text); }

 private:
  JobContext& m_context;
  const EventStream<QuantizedTensor>& m_tensors;
  double m_from, m_to;
  Clock::time_point m_start, m_last;
};

// Puts quantized matrices into some layers of a model and gives the original ones back when it goes.
class SwappedLayers {
 public:
  ~SwappedLayers() {
    for (auto& [linear, matrix] : m_kept) std::swap(linear->weight, matrix);
  }
  void put(Linear& linear, Matrix quantized) {
    std::swap(linear.weight, quantized);
    m_kept.emplace_back(&linear, std::move(quantized));
  }

 private:
  std::vector<std::pair<Linear*, Matrix>> m_kept;
};

std::vector<Linear*> linearsOf(Layer& layer) {
  std::vector<Linear*> all;
  for (Linear& linear : layer.qkv) all.push_back(&linear);
  all.push_back(&layer.attn_output);
  for (Linear& linear : layer.gate_up) all.push_back(&linear);
  all.push_back(&layer.down);
  return all;
}

Result<Matrix> quantizedCopy(const Linear& linear, const QuantSpec& spec, QuantMethod method) {
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  std::vector<float> dense(size_t(rows * cols));
  for (int64_t row = 0; row < rows; ++row) linear.weight.dequantize_row(row, std::span(dense).subspan(size_t(row * cols), size_t(cols)));
  const QuantizedArrays arrays = method == QuantMethod::Rtn ? quantize_rtn(dense, rows, cols, spec) : quantize_clip(dense, rows, cols, spec, {});
  SW_ASSIGN(auto matrix, QuantizedMatrix::from_affine(rows, cols, spec, arrays.codes, arrays.scales, arrays.zeros));
  return Matrix(std::move(matrix));
}

}  // namespace

Result<TrialReport> runTrial(EngineHost& engine, const TrialRequest& request, const EventStream<TrialPoint>& points, JobContext& context) {
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  context.progress({words("opening the model"), 0.0, -1.0});
  SW_ASSIGN(const auto open, engine.open(request.model, context));
  Model& model = *open->model;
  const int layers = int(model.weights.layers.size()), between = std::max(0, layers - 2);
  TrialReport report;
  std::vector<std::pair<std::vector<int>, double>> parts{{{0}, 1.0}};  // layers, and how many each part stands for in the place of one
  if (layers > 1) parts[0].first.push_back(layers - 1);
  if (between > 0) parts.push_back({{layers / 2}, double(between)});
  for (const auto& [chosen, weight] : parts) report.layers.insert(report.layers.end(), chosen.begin(), chosen.end());
  std::sort(report.layers.begin(), report.layers.end());
  const double originalShare = double(kMeasured.max_tokens) / double(kMeasured.max_tokens + request.tokens * int64_t(parts.size() * request.specs.size()));
  PartObserver first(context, 0.02, originalShare, words("the original"));
  SW_ASSIGN(const PerplexityReport original, perplexity(open->model, *backend, request.text, kMeasured, first, context.stop()));
  report.original = original.perplexity;
  const PerplexityOptions few{.context = kMeasured.context, .stride = 0, .max_tokens = request.tokens};
  SW_ASSIGN(const std::vector<int32_t> ids, perplexity_ids(model, request.text, few));
  SW_ASSIGN(const Expectations expected, Expectations::of(open->model, *backend, ids, few.context, context.stop()));
  for (size_t i = 0; i < request.specs.size(); ++i) {
    const QuantSpec spec = request.specs[i];
    const double from = originalShare + (1.0 - originalShare) * double(i) / double(request.specs.size());
    context.progress({QCoreApplication::translate("QuantizeWork", "a trial at %1 bits").arg(spec.bits).toStdString(), from, -1.0});
    double rise = 0.0;
    for (const auto& [chosen, weight] : parts) {
      SwappedLayers swapped;
      for (const int layer : chosen)
        for (Linear* linear : linearsOf(model.weights.layers[size_t(layer)])) {
          if (context.stopRequested()) return report;
          SW_ASSIGN(Matrix matrix, quantizedCopy(*linear, spec, request.method));
          swapped.put(*linear, std::move(matrix));
        }
      SW_ASSIGN(const double divergence, expected.divergence(open->model, *backend, context.stop()));
      rise += weight * divergence;
    }
    if (context.stopRequested()) return report;
    const TrialPoint point{spec.bits, std::exp(original.nll + rise)};
    report.points.push_back(point);
    points.push(point);
  }
  return report;
}

Result<QuantizeForecast> forecastOrder(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target, bool measured) {
  SW_ASSIGN(QuantizeForecast forecast, forecast_target(model, request, target, {}));
  if (!measured) return forecast;
  // The text is read twice, with the rate of the engine's own forecast. The original is whole in memory then, with what a window needs:
  // the rows of logits, keys and values and activations.
  double weights = 0.0, widest = 0.0;
  for (const TensorSummary& tensor : model.tensors) {
    if (tensor.shape.size() != 2) continue;
    weights += double(tensor.shape[0]) * double(tensor.shape[1]);
    widest = std::max(widest, double(tensor.shape[1]));
  }
  forecast.seconds += 2.0 * double(kMeasured.max_tokens) * weights / 3.0e10 / std::max(1, processor_count());
  const double window = double(kMeasured.context) * 4.0 * (double(model.width) * (2.0 * model.layers + 8.0) + 4.0 * widest) + 32.0 * 1024 * 1024;
  forecast.memory_bytes = std::max(forecast.memory_bytes, model.file_bytes) + uint64_t(window);
  return forecast;
}

bool symmetricIsSmaller(const ModelSummary& model, QuantizeRequest request) {
  if (needs_calibration(request.method) && request.calibration.empty()) request.method = QuantMethod::Clip;  // sizes are the same
  request.spec.symmetric = true;
  const auto middle = forecast_quantize(model, request);
  request.spec.symmetric = false;
  const auto free = forecast_quantize(model, request);
  if (!middle || middle->container.empty()) return false;
  return !free || free->container.empty() || middle->file_bytes < free->file_bytes;
}

Result<void> checkHolds(const ModelSummary& model, const QuantizeRequest& request, ExportTarget target) {
  SW_TRY(check_quantize_request(request));
  if (!model.unsupported.empty()) return fail(ErrorCode::Unsupported, model.path.string() + ": " + model.unsupported);
  return target == ExportTarget::Gguf ? check_gguf_holds(model, request.spec, {}) : check_folder_holds(model, request.spec, target);
}

Result<void> checkOutput(const QuantizeOrder& order) {
  SW_TRY(check_output(order.output, {{order.request.input, "the model being read"}, {order.request.calibration, "the calibration text"}, {order.text, "the text of the trial"}}));
  return try_output(order.output, order.target != ExportTarget::Gguf);
}

Result<QuantizeOutcome> runQuantize(EngineHost& engine, const QuantizeOrder& order, const EventStream<QuantizedTensor>& tensors, JobContext& context) {
  QuantizeOutcome outcome;
  const auto start = Clock::now();
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  const bool measure = !order.text.empty();
  double from = 0.0;
  if (measure) {
    PartObserver part(context, 0.0, 0.15, words("measuring the original"));
    SW_ASSIGN(const auto open, engine.open(order.request.input, context));
    SW_ASSIGN(const PerplexityReport before, perplexity(open->model, *backend, order.text, kMeasured, part, context.stop()));
    outcome.before = before.perplexity;
    from = 0.15;
  }
  // Quantizing reads layer by layer; the whole original need not stay in memory for it.
  engine.closeAll();
  TensorObserver observer(context, tensors, from, measure ? 0.75 : 0.85);
  SW_ASSIGN(const QuantizeReport report, quantize_model(order.request, *backend, observer, context.stop()));
  outcome.warnings = report.warnings;
  if (report.outcome == Outcome::Cancelled || !report.model) {
    outcome.cancelled = true;
    return outcome;
  }
  PartObserver writing(context, measure ? 0.75 : 0.85, measure ? 0.88 : 1.0, {});
  SW_ASSIGN(outcome.check, export_model(*report.model, order.target, order.output, order.ggufType, *backend, writing, context.stop()));
  outcome.bytes = outcome.check.bytes;
  SW_ASSIGN(const ModelSummary written, summarize_model(order.output));
  outcome.bitsPerWeight = written.bits_per_weight;
  if (measure) {
    PartObserver part(context, 0.88, 1.0, words("measuring the result"));
    SW_ASSIGN(const PerplexityReport after, perplexity(report.model, *backend, order.text, kMeasured, part, context.stop()));
    outcome.after = after.perplexity;
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return outcome;
}

}  // namespace scalewright::ui
