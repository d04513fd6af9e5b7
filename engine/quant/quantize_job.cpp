#include "engine/quant/quantize_job.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>

#include "engine/model/model_reader.h"
#include "engine/quant/calibration.h"
#include "engine/quant/gptq.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright {
namespace {

using quant::CalibrationRun;
using quant::GptqFactor;
using quant::kSites;

constexpr double kDamping = 0.01;  // of the mean diagonal, as published

// W of a linear in fp32 and in the layer's own order of inputs, [N, K].
Result<void> dense_weights(const Linear& linear, const std::string& model, kernels::cpu::ThreadPool& pool,
                           std::vector<float>& w) {
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  w.resize(static_cast<size_t>(rows * cols));
  const bool reordered = linear.weight.quantized() && !linear.weight.quant().column_order().empty();
  std::vector<uint8_t> broken(static_cast<size_t>(rows), 0);
  pool.parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
    std::vector<float> stored(static_cast<size_t>(reordered ? cols : 0));
    for (int64_t row = begin; row < end; ++row) {
      float* out = w.data() + row * cols;
      if (reordered) {
        linear.weight.dequantize_row(row, stored);
        const auto& order = linear.weight.quant().column_order();
        for (int64_t k = 0; k < cols; ++k) out[order[static_cast<size_t>(k)]] = stored[static_cast<size_t>(k)];
      } else {
        linear.weight.dequantize_row(row, std::span(out, static_cast<size_t>(cols)));
      }
      for (int64_t k = 0; k < cols; ++k) broken[static_cast<size_t>(row)] |= !std::isfinite(out[k]);
    }
  });
  const auto found = std::find(broken.begin(), broken.end(), uint8_t{1});
  if (found != broken.end()) {
    return fail(ErrorCode::Format, model + ": " + linear.name + " holds a number that is not finite, in row " +
                                       std::to_string(found - broken.begin()) +
                                       ". The file is damaged or was not saved completely.");
  }
  return {};
}

Matrix dense_matrix(int64_t rows, int64_t cols, const std::vector<float>& w) {
  DenseMatrix matrix;
  matrix.type = kernels::DenseType::F32;
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.data = AlignedBytes(w.size() * sizeof(float));
  std::copy(w.begin(), w.end(), reinterpret_cast<float*>(matrix.data.data()));
  return Matrix(std::move(matrix));
}

// The linears of a layer by the input that they read.
std::array<std::vector<Linear*>, kSites> by_site(Layer& layer) {
  std::array<std::vector<Linear*>, kSites> sites;
  for (Linear& linear : layer.qkv) sites[static_cast<size_t>(quant::Site::Qkv)].push_back(&linear);
  sites[static_cast<size_t>(quant::Site::AttentionOutput)] = {&layer.attn_output};
  for (Linear& linear : layer.gate_up) sites[static_cast<size_t>(quant::Site::GateUp)].push_back(&linear);
  sites[static_cast<size_t>(quant::Site::Down)] = {&layer.down};
  return sites;
}

class QuantizeJob {
 public:
  QuantizeJob(const QuantizeRequest& request, Backend& backend, QuantizeObserver& observer, std::stop_token stop)
      : request_(request),
        backend_(backend),
        observer_(observer),
        stop_(std::move(stop)),
        threads_(backend.threads()),
        pool_(threads_) {}

  Result<QuantizeReport> run();

 private:
  Result<void> prepare_calibration();
  // Quantizes the linears of one layer in place; statistics may be null.
  Result<void> quantize_layer(Layer& layer, CalibrationRun::Statistics* statistics);
  Result<void> quantize_linear(Linear& linear, const GptqFactor* factor, std::span<const float> mean_square);
  void report_progress(const std::string& step, double done_layers);
  void warn(const std::string& text) {
    report_.warnings.push_back(text);
    observer_.warning(text);
  }
  bool gptq() const { return request_.method == QuantMethod::Gptq; }

  const QuantizeRequest& request_;
  Backend& backend_;
  QuantizeObserver& observer_;
  std::stop_token stop_;
  int threads_;
  kernels::cpu::ThreadPool pool_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::shared_ptr<Model> model_;  // becomes the result
  std::shared_ptr<Model> stage_;  // one layer of it, where calibration text runs
  std::unique_ptr<CalibrationRun> calibration_;
  std::vector<float> weights_;  // of the matrix at hand
  int linears_ = 0;             // of the model
  bool was_quantized_ = false;
  QuantizeReport report_;
};

void QuantizeJob::report_progress(const std::string& step, double done_layers) {
  Progress progress;
  progress.step = step;
  progress.fraction = done_layers / std::max(1, model_->config.layers);
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  progress.seconds_left = progress.fraction > 0.0 ? elapsed / progress.fraction - elapsed : -1.0;
  observer_.progress(progress);
}

Result<void> QuantizeJob::prepare_calibration() {
  if (request_.calibration.empty() || request_.method == QuantMethod::Rtn) return {};
  observer_.progress({"reading the calibration text", 0.0, -1.0});
  SW_ASSIGN(quant::CalibrationText text,
            quant::read_calibration(request_.calibration, *model_, request_.calibration_samples,
                                    request_.calibration_context, request_.seed));
  stage_ = std::make_shared<Model>();
  stage_->name = model_->name;
  stage_->config = model_->config;
  stage_->config.layers = 1;
  stage_->config.layer_has_window.clear();
  stage_->weights.token_embd = std::move(model_->weights.token_embd);
  stage_->weights.output = std::move(model_->weights.output);
  stage_->weights.has_output = model_->weights.has_output;
  stage_->weights.output_norm = model_->weights.output_norm;
  stage_->weights.layers.resize(1);
  if (gptq() && text.tokens < 4 * std::max(model_->config.width, model_->config.feed_forward) / 3) {
    warn("The calibration text has only " + std::to_string(text.tokens) +
         " tokens: GPTQ needs more to know its inputs. Use a longer text.");
  }
  SW_ASSIGN(calibration_, CalibrationRun::create(stage_, backend_, std::move(text), threads_));
  return {};
}

Result<void> QuantizeJob::quantize_linear(Linear& linear, const GptqFactor* factor,
                                          std::span<const float> mean_square) {
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  SW_TRY(dense_weights(linear, model_->name, pool_, weights_));
  QuantizedArrays arrays;
  switch (request_.method) {
    case QuantMethod::Rtn:
      arrays = quantize_rtn(weights_, rows, cols, request_.spec, threads_);
      break;
    case QuantMethod::Clip:
      arrays = quantize_clip(weights_, rows, cols, request_.spec, mean_square, threads_);
      break;
    case QuantMethod::Gptq:
      arrays = factor->quantize(weights_, rows, request_.spec, true, threads_);
      break;
  }
  LayerError error{linear.name, relative_error(weights_, arrays, rows, cols, request_.spec)};
  SW_ASSIGN(QuantizedMatrix matrix,
            QuantizedMatrix::from_affine(rows, cols, request_.spec, arrays.codes, arrays.scales, arrays.zeros));
  linear.weight = Matrix(std::move(matrix));
  report_.layers.push_back(error);
  observer_.layer(error, static_cast<int>(report_.layers.size()), linears_);
  return {};
}

Result<void> QuantizeJob::quantize_layer(Layer& layer, CalibrationRun::Statistics* statistics) {
  auto sites = by_site(layer);
  for (int site = 0; site < kSites; ++site) {
    std::vector<float> mean_square;
    std::unique_ptr<GptqFactor> factor;
    if (statistics) {
      auto& sums = (*statistics)[static_cast<size_t>(site)];
      if (gptq()) {
        auto made = GptqFactor::create(sums->take_hessian(), sums->cols(), kDamping, threads_);
        if (!made)
          return fail(made.error().code, sites[static_cast<size_t>(site)].front()->name + ": " + made.error().message);
        factor = std::make_unique<GptqFactor>(std::move(*made));
      } else {
        mean_square = sums->mean_square();
      }
      sums.reset();
    }
    for (Linear* linear : sites[static_cast<size_t>(site)]) {
      if (stop_.stop_requested()) return {};
      SW_TRY(quantize_linear(*linear, factor.get(), mean_square));
    }
  }
  return {};
}

Result<QuantizeReport> QuantizeJob::run() {
  SW_TRY(check_quantize_request(request_));
  SW_ASSIGN(const std::unique_ptr<ModelReader> reader, ModelReader::open(request_.input));
  model_ = reader->skeleton();
  SW_TRY(reader->read_rest(model_->weights));
  const int layers = model_->config.layers;
  SW_TRY(prepare_calibration());

  for (int index = 0; index < layers; ++index) {
    if (stop_.stop_requested()) break;
    report_progress("layer " + std::to_string(index + 1) + " of " + std::to_string(layers), index);
    SW_ASSIGN(Layer layer, reader->read_layer(index));
    int here = 0;
    for (const auto& site : by_site(layer)) {
      for (const Linear* linear : site) {
        ++here;
        was_quantized_ |= linear->weight.quantized();
      }
    }
    linears_ = here * layers;
    CalibrationRun::Statistics statistics;
    if (calibration_) {
      // As the text is to run through natural inputs, quantized matrices become dense first.
      const auto sites = by_site(layer);
      for (int site = 0; site < kSites; ++site) {
        const auto& linears = sites[static_cast<size_t>(site)];
        for (Linear* linear : linears) {
          if (!linear->weight.quantized()) continue;
          SW_TRY(dense_weights(*linear, model_->name, pool_, weights_));
          linear->weight = dense_matrix(linear->weight.rows(), linear->weight.cols(), weights_);
        }
        statistics[static_cast<size_t>(site)] =
            std::make_unique<quant::InputStatistics>(linears.front()->weight.cols(), gptq());
      }
      const auto& windows = model_->config.layer_has_window;
      stage_->config.layer_has_window =
          windows.empty() ? std::vector<uint8_t>{} : std::vector<uint8_t>{windows[static_cast<size_t>(index)]};
      stage_->weights.layers[0] = std::move(layer);
      SW_ASSIGN(const bool finished, calibration_->run_block(&statistics, !gptq(), stop_));
      layer = std::move(stage_->weights.layers[0]);
      if (!finished) break;
    }
    SW_TRY(quantize_layer(layer, calibration_ ? &statistics : nullptr));
    if (stop_.stop_requested()) break;
    if (calibration_ && gptq() && index + 1 < layers) {
      // The next block reads what the quantized one writes, so that it can make up for its errors.
      stage_->weights.layers[0] = std::move(layer);
      SW_ASSIGN(const bool finished, calibration_->run_block(nullptr, true, stop_));
      layer = std::move(stage_->weights.layers[0]);
      if (!finished) break;
    }
    model_->weights.layers[static_cast<size_t>(index)] = std::move(layer);
  }
  report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (stop_.stop_requested()) {
    report_.outcome = Outcome::Cancelled;
    return std::move(report_);
  }
  if (stage_) {
    model_->weights.token_embd = std::move(stage_->weights.token_embd);
    model_->weights.output = std::move(stage_->weights.output);
  }
  if (was_quantized_) {
    const auto summary = summarize_model(request_.input);
    warn("The input was quantized already (" +
         (summary && !summary->type.empty() ? summary->type : std::string("packed")) +
         "): its rounding errors stay. Quantize from full precision where you have it.");
  }
  if (request_.spec.bits == 2 && !gptq()) {
    warn("Two bits by rounding alone lose most of what a model knows. Tune it afterwards, or use GPTQ or three bits.");
  }
  report_.bits_per_weight = model_->bits_per_weight();
  report_progress("done", layers);
  report_.model = std::move(model_);
  return std::move(report_);
}

}  // namespace

Result<QuantizeReport> quantize_model(const QuantizeRequest& request, Backend& backend, QuantizeObserver& observer,
                                      std::stop_token stop) {
  try {
    return QuantizeJob(request, backend, observer, std::move(stop)).run();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory,
                request.input.string() + ": there is not enough memory to quantize this model. Close other programs" +
                    (request.calibration.empty() ? "." : ", or use fewer calibration samples."));
  }
}

}  // namespace scalewright
