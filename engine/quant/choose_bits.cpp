#include "engine/quant/choose_bits.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/model/tensor_names.h"
#include "engine/quant/bit_allocation.h"
#include "engine/quant/container.h"
#include "engine/quant/grid.h"
#include "engine/quant/layer_weights.h"
#include "engine/quant/sensitivity.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kGradientSamples = 32;
constexpr QuantSpec kProbe{
    .bits = 8, .group = 64, .symmetric = true};  // gradients through it are those of the original

int64_t bytes_of(int64_t rows, int64_t cols, double bits_per_weight) {
  return static_cast<int64_t>(std::ceil(static_cast<double>(rows) * static_cast<double>(cols) * bits_per_weight / 8.0));
}

// The settings that a matrix may get and what they take; of settings of one size all are kept, the loss decides. GGUF
// types hold a scale for every 32 weights whether or not it is used, so groups of 32 cost nothing there.
std::vector<std::pair<QuantSpec, int64_t>> settings_for(const QuantizeRequest& request, int64_t rows, int64_t cols) {
  std::vector<std::pair<QuantSpec, int64_t>> settings;
  std::vector<int> sizes = {request.spec.group};
  if (request.budget.gguf && request.spec.group != 32) sizes.push_back(32);
  for (const int group : sizes) {
    for (const int bits : {2, 3, 4, 5, 6, 8}) {
      for (const bool symmetric : {false, true}) {
        if (request.spec.symmetric && !symmetric) continue;
        const QuantSpec spec{bits, group, symmetric};
        const GgufFit fit = gguf_fit(spec, cols);
        if (fit.type.empty()) continue;
        if (request.budget.gguf) {
          settings.emplace_back(spec, bytes_of(rows, cols, fit.bits_per_weight));
        } else {
          const double header = 16.0 + bits;
          const double groups = static_cast<double>(group_count(spec, cols));
          settings.emplace_back(spec, bytes_of(rows, cols, bits + header * groups / static_cast<double>(cols)));
        }
      }
    }
  }
  return settings;
}

bool is_block_matrix(const TensorSummary& tensor) {
  return is_in_block(tensor.name) && tensor.shape.size() == 2;
}

// Of a model whose matrices take `matrices` bytes: what does not change with the bits of a matrix.
uint64_t rest_of(const ModelSummary& model) {
  uint64_t matrices = 0;
  for (const TensorSummary& tensor : model.tensors) {
    if (is_block_matrix(tensor)) matrices += tensor.bytes;
  }
  return model.file_bytes - std::min(model.file_bytes, matrices);
}

// Bytes that `weights` weights of the matrices may take.
int64_t matrix_budget(const ModelSummary& model, const SizeBudget& budget, int64_t weights) {
  if (budget.bits_per_weight > 0.0)
    return static_cast<int64_t>(std::floor(budget.bits_per_weight * static_cast<double>(weights) / 8.0));
  const uint64_t rest = rest_of(model);
  return static_cast<int64_t>(budget.file_bytes - std::min(budget.file_bytes, rest));
}

}  // namespace

Result<void> check_budget(const ModelSummary& model, const QuantizeRequest& request) {
  int64_t least = 0, weights = 0;
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_block_matrix(tensor)) continue;
    const int64_t rows = tensor.shape[0], cols = tensor.shape[1];
    int64_t smallest = 2 * rows * cols;  // what no type holds stays in 16 bits
    for (const auto& [spec, bytes] : settings_for(request, rows, cols)) smallest = std::min(smallest, bytes);
    least += smallest;
    weights += rows * cols;
  }
  if (least <= matrix_budget(model, request.budget, weights)) return {};
  const std::string name = request.input.string() + ": the budget is too small; choose a larger budget. ";
  const auto number = [](double value, const char* unit) {
    char text[48];
    std::snprintf(text, sizeof text, "%.2f %s", value, unit);
    return std::string(text);
  };
  if (request.budget.bits_per_weight > 0.0) {
    const double bits =
        std::ceil(800.0 * static_cast<double>(least) / static_cast<double>(std::max<int64_t>(1, weights))) / 100.0;
    return fail(ErrorCode::InvalidArgument, name + "The smallest settings take " + number(bits, "bits a weight."));
  }
  const uint64_t rest = rest_of(model);
  return fail(ErrorCode::InvalidArgument,
              name + "The smallest file is " +
                  number(static_cast<double>(rest + static_cast<uint64_t>(least)) / 1e6, "MB") + ", of which " +
                  number(static_cast<double>(rest) / 1e6, "MB") + " are the embedding, the norms and the header.");
}

Result<std::vector<QuantSpec>> choose_bits(const ModelReader& reader, std::shared_ptr<Model> stage,
                                           const CalibrationText& text, const QuantizeRequest& request,
                                           Backend& backend, std::stop_token stop,
                                           const std::function<void(const std::string& step, double share)>& progress) {
  const int threads = backend.threads();
  kernels::cpu::ThreadPool pool(threads);
  std::vector<float> w;
  Sensitivities sensitivities;
  int layers = 0;
  {
    const std::shared_ptr<Model> probe = reader.skeleton();
    SW_TRY(reader.read_rest(probe->weights));
    layers = probe->config.layers;
    for (int index = 0; index < layers; ++index) {
      if (stop.stop_requested()) return std::vector<QuantSpec>{};
      SW_ASSIGN(Layer layer, reader.read_layer(index));
      for (const auto& site : by_site(layer)) {
        for (Linear* linear : site) {
          if (linear->weight.quantized()) continue;
          const int64_t rows = linear->weight.rows(), cols = linear->weight.cols();
          SW_TRY(dense_weights(*linear, probe->name, pool, w));
          const QuantizedArrays q = quantize_rtn(w, rows, cols, kProbe, threads);
          SW_ASSIGN(QuantizedMatrix matrix,
                    QuantizedMatrix::from_affine(rows, cols, kProbe, q.codes, q.scales, q.zeros));
          linear->weight = Matrix(std::move(matrix));
        }
      }
      probe->weights.layers[static_cast<size_t>(index)] = std::move(layer);
    }
    progress("what errors cost in each layer", 0.0);
    SW_ASSIGN(sensitivities, output_sensitivities(probe, backend, text, kGradientSamples, stop));
    if (sensitivities.outputs.empty()) return std::vector<QuantSpec>{};
  }

  SW_ASSIGN(const auto run, CalibrationRun::create(stage, backend, sensitivities.text, threads));
  std::vector<std::vector<BitOption>> options;
  std::vector<std::vector<QuantSpec>> specs;
  int64_t weights = 0;
  for (int index = 0; index < layers; ++index) {
    progress("bits of layer " + std::to_string(index + 1) + " of " + std::to_string(layers),
             static_cast<double>(index) / layers);
    SW_ASSIGN(Layer layer, reader.read_layer(index));
    for (const auto& site : by_site(layer)) {
      for (Linear* linear : site) {
        if (!linear->weight.quantized()) continue;
        SW_TRY(dense_weights(*linear, stage->name, pool, w));
        linear->weight = dense_matrix(linear->weight.rows(), linear->weight.cols(), w);
      }
    }
    CalibrationRun::Statistics statistics;
    {
      // Matrices that read the same inputs share the weights of the tokens.
      const auto sites = by_site(layer);
      size_t next = options.size();
      for (size_t site = 0; site < kSites; ++site) {
        std::vector<float> shares(static_cast<size_t>(sensitivities.text.tokens), 0.0f);
        for (size_t i = 0; i < sites[site].size(); ++i, ++next) {
          for (size_t t = 0; t < shares.size(); ++t)
            shares[t] += sensitivities.tokens[next][t] / static_cast<float>(sites[site].size());
        }
        statistics[site] =
            std::make_unique<InputStatistics>(sites[site].front()->weight.cols(), true, std::move(shares));
      }
    }
    const auto& windows = reader.skeleton()->config.layer_has_window;
    stage->config.layer_has_window =
        windows.empty() ? std::vector<uint8_t>{} : std::vector<uint8_t>{windows[static_cast<size_t>(index)]};
    stage->weights.layers[0] = std::move(layer);
    SW_ASSIGN(const bool finished, run->run_block(&statistics, true, stop));
    if (!finished) return std::vector<QuantSpec>{};
    const auto sites = by_site(stage->weights.layers[0]);
    for (size_t site = 0; site < kSites; ++site) {
      const std::vector<double> hessian = statistics[site]->take_hessian();
      for (Linear* linear : sites[site]) {
        const int64_t rows = linear->weight.rows(), cols = linear->weight.cols();
        weights += rows * cols;
        SW_TRY(dense_weights(*linear, stage->name, pool, w));
        std::vector<BitOption> choices;
        std::vector<QuantSpec> meant;
        for (const auto& [spec, bytes] : settings_for(request, rows, cols)) {
          choices.push_back(
              {bytes, expected_rise(w, rows, cols, spec, hessian, sensitivities.outputs[options.size()], threads)});
          meant.push_back(spec);
        }
        options.push_back(std::move(choices));
        specs.push_back(std::move(meant));
      }
    }
  }
  SW_ASSIGN(const ModelSummary summary, summarize_model(request.input));
  const int64_t budget = matrix_budget(summary, request.budget, weights);
  SW_ASSIGN(const std::vector<int> chosen, allocate_bits(options, budget));
  std::vector<QuantSpec> result;
  for (size_t i = 0; i < chosen.size(); ++i) result.push_back(specs[i][static_cast<size_t>(chosen[i])]);
  return result;
}

}  // namespace scalewright::quant
