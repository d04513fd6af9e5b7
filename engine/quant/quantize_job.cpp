#include "engine/quant/quantize_job.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <new>

#include "engine/model/model_reader.h"
#include "engine/quant/awq.h"
#include "engine/quant/calibration.h"
#include "engine/quant/choose_bits.h"
#include "engine/quant/gptq.h"
#include "engine/quant/hqq.h"
#include "engine/quant/layer_weights.h"
#include "engine/quant/learned_rounding.h"
#include "engine/quant/round_linear.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright {
namespace {

using quant::CalibrationRun;
using quant::GptqFactor;
using quant::kSites;

constexpr double kDamping = 0.01;  // of the mean diagonal, as published

class QuantizeJob {
 public:
  QuantizeJob(const QuantizeRequest& request, Backend& backend, QuantizeObserver& observer, std::stop_token stop)
      : request_(request),
        backend_(backend),
        observer_(observer),
        stop_(std::move(stop)),
        threads_(backend.threads()),
        pool_(threads_),
        learn_settings_(quant::learn_settings(request.method)) {
    learn_settings_.seed = request.seed;
    if (request.learn_steps > 0) learn_settings_.steps = request.learn_steps;
  }

  Result<QuantizeReport> run();

 private:
  Result<void> prepare_calibration(const ModelReader& reader);
  // Before the layer's text runs: its matrices become dense where the text is to run through natural inputs.
  Result<void> make_dense(Layer& layer);
  // Quantizes the linears of one layer in place; statistics may be null.
  Result<void> quantize_layer(Layer& layer, CalibrationRun::Statistics* statistics);
  // GPTQ alone: the layer is quantized while the text runs through it. False: stopped.
  Result<bool> quantize_sites(Layer& layer, bool last);
  Result<GptqFactor> factor_of(const Linear& first, std::vector<double> hessian) const;
  Result<QuantizedArrays> gptq_arrays(const Linear& linear, const GptqFactor& factor);
  quant::GridOf grid_of(const QuantSpec& spec, std::span<const float> mean_square) const;
  void finished(Linear& linear, QuantizedMatrix matrix, double relative_error);
  // `starts`: of each matrix, `arrays`: GPTQ's, replaced by what was learned.
  Result<void> learn(Layer& layer, const std::vector<QuantizedArrays>& starts, std::vector<QuantizedArrays>& arrays);
  // `order`: of the inputs in the arrays; empty: their own.
  Result<void> take(Linear& linear, std::span<const float> original, const QuantizedArrays& arrays,
                    const std::vector<int32_t>& order = {});
  QuantSpec spec_of(const Linear& linear) const {
    const auto found = specs_.find(linear.name);
    return found == specs_.end() ? request_.spec : found->second;
  }
  Result<void> prepare_bits(const ModelReader& reader, const quant::CalibrationText& text);
  void report_progress(const std::string& step, double done_layers);
  void warn(const std::string& text) {
    report_.warnings.push_back(text);
    observer_.warning(text);
  }
  // The text runs through quantized blocks, so that each can make up for those before it.
  bool follows_quantized() const { return runs_gptq(request_.method); }
  // ... and through quantized matrices of the block itself.
  bool site_by_site() const { return follows_quantized() && !learned(); }
  bool learned() const { return is_learned(request_.method); }
  // What is learned aims at the outputs themselves: never in 8 bits.
  Precision text_precision() const {
    return request_.fast_calibration && site_by_site() ? Precision::Fast : Precision::Exact;
  }

  const QuantizeRequest& request_;
  Backend& backend_;
  QuantizeObserver& observer_;
  std::stop_token stop_;
  int threads_;
  kernels::cpu::ThreadPool pool_;
  quant::LearnSettings learn_settings_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::shared_ptr<Model> model_;  // becomes the result
  std::shared_ptr<Model> stage_;  // one layer of it, where calibration text runs
  std::unique_ptr<CalibrationRun> calibration_;
  std::unique_ptr<CalibrationRun> reference_;  // the same text through full precision, for learning
  std::vector<float> weights_;                 // of the matrix at hand
  std::map<std::string, QuantSpec> specs_;     // by matrix, where a budget was given
  std::vector<std::vector<float>> originals_;  // of the layer at hand, while it is learned
  int layer_ = 0;                              // at hand
  int linears_ = 0;                            // of the model
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

Result<void> QuantizeJob::prepare_calibration(const ModelReader& reader) {
  const bool reads = request_.method != QuantMethod::Rtn && request_.method != QuantMethod::Hqq;
  if (request_.calibration.empty() || (!reads && !request_.budget.given())) return {};
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
  if (reads_hessian(request_.method) &&
      text.tokens < 4 * std::max(model_->config.width, model_->config.feed_forward) / 3) {
    warn("The calibration text has only " + std::to_string(text.tokens) + " tokens: " + display_name(request_.method) +
         " needs more to know its inputs. Use a longer text.");
  }
  if (request_.budget.given()) SW_TRY(prepare_bits(reader, text));
  if (!reads || stop_.stop_requested()) return {};
  if (learned()) {
    SW_ASSIGN(reference_, CalibrationRun::create(stage_, backend_, text, threads_));
  }
  SW_ASSIGN(calibration_, CalibrationRun::create(stage_, backend_, std::move(text), threads_, text_precision()));
  return {};
}

Result<void> QuantizeJob::prepare_bits(const ModelReader& reader, const quant::CalibrationText& text) {
  SW_ASSIGN(const std::vector<QuantSpec> chosen, quant::choose_bits(reader, stage_, text, request_, backend_, stop_,
                                                                    [&](const std::string& step, double share) {
                                                                      observer_.progress({step, share, -1.0});
                                                                    }));
  size_t next = 0;
  for (int index = 0; index < model_->config.layers && next < chosen.size(); ++index) {
    SW_ASSIGN(Layer layer, reader.read_layer(index));
    for (const auto& site : quant::by_site(layer)) {
      for (const Linear* linear : site) specs_[linear->name] = chosen[next++];
    }
  }
  return {};
}

Result<void> QuantizeJob::make_dense(Layer& layer) {
  const bool all = learned() || request_.method == QuantMethod::Awq;  // these change the numbers themselves
  for (const auto& site : quant::by_site(layer)) {
    for (Linear* linear : site) {
      if (!all && !linear->weight.quantized()) continue;
      SW_TRY(quant::dense_weights(*linear, model_->name, pool_, weights_));
      linear->weight = quant::dense_matrix(linear->weight.rows(), linear->weight.cols(), weights_);
    }
  }
  return {};
}

// How each group is rounded, for methods that look at one group at a time; null: GPTQ and what begins with it.
quant::GridOf QuantizeJob::grid_of(const QuantSpec& spec, std::span<const float> mean_square) const {
  const float* weight = mean_square.empty() ? nullptr : mean_square.data();
  switch (request_.method) {
    case QuantMethod::Rtn:
      return [spec](const float* w, int64_t, int64_t n) { return quant::minmax_grid(w, n, spec); };
    case QuantMethod::Hqq:
      return [spec](const float* w, int64_t, int64_t n) { return quant::hqq_grid(w, n, spec); };
    case QuantMethod::Clip:
    case QuantMethod::Awq:
      return [spec, weight](const float* w, int64_t first, int64_t n) {
        return quant::clip_grid(w, weight ? weight + first : nullptr, n, spec);
      };
    default:
      return nullptr;
  }
}

void QuantizeJob::finished(Linear& linear, QuantizedMatrix matrix, double relative_error) {
  const LayerError error{linear.name, relative_error, spec_of(linear)};
  linear.weight = Matrix(std::move(matrix));
  report_.layers.push_back(error);
  observer_.layer(error, static_cast<int>(report_.layers.size()), linears_);
}

Result<GptqFactor> QuantizeJob::factor_of(const Linear& first, std::vector<double> hessian) const {
  auto factor = GptqFactor::create(std::move(hessian), first.weight.cols(), kDamping, threads_,
                                   request_.method == QuantMethod::GptqActOrder);
  if (!factor) return fail(factor.error().code, first.name + ": " + factor.error().message);
  return factor;
}

Result<QuantizedArrays> QuantizeJob::gptq_arrays(const Linear& linear, const GptqFactor& factor) {
  SW_TRY(quant::dense_weights(linear, model_->name, pool_, weights_));
  return factor.quantize(weights_, linear.weight.rows(), spec_of(linear), true, threads_, request_.groups_by_order);
}

Result<bool> QuantizeJob::quantize_sites(Layer& layer, bool last) {
  stage_->weights.layers[0] = std::move(layer);
  const auto quantize = [&](quant::Site site, quant::InputStatistics& statistics) -> Result<bool> {
    const auto linears = quant::by_site(stage_->weights.layers[0])[static_cast<size_t>(site)];
    SW_ASSIGN(const GptqFactor factor, factor_of(*linears.front(), statistics.take_hessian()));
    for (Linear* linear : linears) {
      if (stop_.stop_requested()) return false;
      SW_ASSIGN(const QuantizedArrays arrays, gptq_arrays(*linear, factor));
      SW_TRY(take(*linear, weights_, arrays, request_.groups_by_order ? factor.order() : std::vector<int32_t>{}));
    }
    return true;
  };
  auto finished = calibration_->run_sites(quantize, !last, stop_);
  layer = std::move(stage_->weights.layers[0]);
  return finished;
}

Result<void> QuantizeJob::quantize_layer(Layer& layer, CalibrationRun::Statistics* statistics) {
  const auto sites = quant::by_site(layer);
  std::array<std::vector<double>, kSites> hessians;
  if (statistics && reads_hessian(request_.method)) {
    for (size_t site = 0; site < kSites; ++site) hessians[site] = (*statistics)[site]->take_hessian();
  }
  if (request_.method == QuantMethod::Awq)
    quant::awq_scale_layer(
        layer, model_->config, hessians, [&](const Linear& linear) { return spec_of(linear); }, threads_);

  std::vector<QuantizedArrays> all, starts;
  for (size_t site = 0; site < kSites; ++site) {
    std::vector<float> mean_square;
    std::unique_ptr<GptqFactor> factor;
    const int64_t cols = sites[site].front()->weight.cols();
    if (statistics && !hessians[site].empty()) {
      for (int64_t k = 0; k < cols; ++k)
        mean_square.push_back(static_cast<float>(0.5 * hessians[site][static_cast<size_t>(k * cols + k)]));
    } else if (statistics) {
      mean_square = (*statistics)[site]->mean_square();
    }
    if (statistics && runs_gptq(request_.method)) {
      SW_ASSIGN(GptqFactor made, factor_of(*sites[site].front(), std::move(hessians[site])));
      factor = std::make_unique<GptqFactor>(std::move(made));
    }
    if (statistics) (*statistics)[site].reset();
    for (Linear* linear : sites[site]) {
      if (stop_.stop_requested()) return {};
      if (const quant::GridOf grid = grid_of(spec_of(*linear), mean_square)) {
        SW_ASSIGN(quant::RoundedLinear rounded,
                  quant::round_linear(*linear, model_->name, spec_of(*linear), grid, pool_));
        finished(*linear, std::move(rounded.matrix), rounded.relative_error);
        continue;
      }
      SW_ASSIGN(QuantizedArrays arrays, gptq_arrays(*linear, *factor));
      starts.push_back(quantize_clip(weights_, linear->weight.rows(), cols, spec_of(*linear), mean_square, threads_));
      all.push_back(std::move(arrays));
      originals_.push_back(weights_);
    }
  }
  if (!learned()) return {};
  SW_TRY(learn(layer, starts, all));
  size_t index = 0;
  for (const auto& site : sites) {
    for (Linear* linear : site) {
      if (stop_.stop_requested()) break;
      SW_TRY(take(*linear, originals_[index], all[index]));
      ++index;
    }
  }
  originals_.clear();
  return {};
}

Result<void> QuantizeJob::take(Linear& linear, std::span<const float> original, const QuantizedArrays& arrays,
                               const std::vector<int32_t>& order) {
  const int64_t rows = linear.weight.rows(), cols = linear.weight.cols();
  const QuantSpec spec = spec_of(linear);
  std::vector<float> reordered(order.empty() ? 0 : original.size());
  for (size_t i = 0; i < reordered.size(); ++i) {
    const size_t row = i / order.size() * order.size();
    reordered[i] = original[row + static_cast<size_t>(order[i - row])];
  }
  if (!order.empty()) original = reordered;
  const double error = relative_error(original, arrays, rows, cols, spec, threads_);
  SW_ASSIGN(QuantizedMatrix matrix,
            QuantizedMatrix::from_affine(rows, cols, spec, arrays.codes, arrays.scales, arrays.zeros, &pool_));
  if (!order.empty()) matrix.set_column_order(order);
  finished(linear, std::move(matrix), error);
  return {};
}

Result<void> QuantizeJob::learn(Layer& layer, const std::vector<QuantizedArrays>& starts,
                                std::vector<QuantizedArrays>& arrays) {
  std::vector<QuantSpec> specs;
  for (const auto& site : quant::by_site(layer)) {
    for (const Linear* linear : site) specs.push_back(spec_of(*linear));
  }
  const quant::LearnStarts from{originals_, starts};
  quant::BlockText text{calibration_->lengths(), calibration_->stream(), reference_->stream()};
  stage_->weights.layers[0] = std::move(layer);
  const int index = layer_;
  auto learned =
      quant::learn_rounding(stage_, backend_, text, specs, from, arrays, learn_settings_, stop_, [&](double share) {
        report_progress(
            "layer " + std::to_string(index + 1) + " of " + std::to_string(model_->config.layers) + ": learning",
            index + share);
      });
  layer = std::move(stage_->weights.layers[0]);
  if (!learned) return tl::unexpected<Error>(std::move(learned).error());
  if (learned->finished) observer_.learned(index, learned->before, learned->after);
  return {};
}

Result<QuantizeReport> QuantizeJob::run() {
  SW_TRY(check_quantize_request(request_));
  SW_ASSIGN(const std::unique_ptr<ModelReader> reader, ModelReader::open(request_.input));
  model_ = reader->skeleton();
  SW_TRY(reader->read_rest(model_->weights));
  const int layers = model_->config.layers;
  SW_TRY(prepare_calibration(*reader));

  for (int index = 0; index < layers; ++index) {
    if (stop_.stop_requested()) break;
    report_progress("layer " + std::to_string(index + 1) + " of " + std::to_string(layers), index);
    SW_ASSIGN(Layer layer, reader->read_layer(index));
    layer_ = index;
    int here = 0;
    for (const auto& site : quant::by_site(layer)) {
      for (const Linear* linear : site) {
        ++here;
        was_quantized_ |= linear->weight.quantized();
      }
    }
    linears_ = here * layers;
    if (stage_) {
      const auto& windows = model_->config.layer_has_window;
      stage_->config.layer_has_window =
          windows.empty() ? std::vector<uint8_t>{} : std::vector<uint8_t>{windows[static_cast<size_t>(index)]};
    }
    if (calibration_ && site_by_site()) {
      SW_ASSIGN(const bool finished, quantize_sites(layer, index + 1 == layers));
      if (!finished) break;
      model_->weights.layers[static_cast<size_t>(index)] = std::move(layer);
      continue;
    }
    CalibrationRun::Statistics statistics;
    if (calibration_) {
      SW_TRY(make_dense(layer));
      const auto sites = quant::by_site(layer);
      for (size_t site = 0; site < kSites; ++site) {
        statistics[site] = std::make_unique<quant::InputStatistics>(sites[site].front()->weight.cols(),
                                                                    reads_hessian(request_.method));
      }
      stage_->weights.layers[0] = std::move(layer);
      SW_ASSIGN(bool finished, calibration_->run_block(&statistics, !follows_quantized(), stop_));
      if (finished && reference_) {
        SW_ASSIGN(finished, reference_->run_block(nullptr, true, stop_));
      }
      layer = std::move(stage_->weights.layers[0]);
      if (!finished) break;
    }
    SW_TRY(quantize_layer(layer, calibration_ ? &statistics : nullptr));
    if (stop_.stop_requested()) break;
    if (calibration_ && follows_quantized() && index + 1 < layers) {
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
  if (request_.spec.bits == 2 && !request_.budget.given() && !runs_gptq(request_.method)) {
    warn(
        "Two bits by rounding alone lose most of what a model knows. Tune it afterwards, or use the method block, GPTQ "
        "or three bits.");
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
