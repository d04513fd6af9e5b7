// What quantizing will give and cost, from the headers of a model alone.

#include <algorithm>
#include <cmath>

#include "engine/core/system.h"
#include "engine/model/tensor_names.h"
#include "engine/quant/calibration.h"
#include "engine/quant/choose_bits.h"
#include "engine/quant/container.h"
#include "engine/quant/learned_rounding.h"
#include "engine/quant/quantize_job.h"

namespace scalewright {
namespace {

// A token of a byte-level tokenizer in a GGUF, with its type and its share of the merges.
constexpr double kTokenBytes = 36.0;
constexpr double kHeaderEntryBytes = 112.0;  // of a tensor in the header of a safetensors file

}  // namespace

Result<void> check_quantize_request(const QuantizeRequest& request) {
  SW_TRY(check_quant_spec(request.spec));
  if (needs_calibration(request.method) && request.calibration.empty()) {
    return fail(ErrorCode::InvalidArgument, std::string(display_name(request.method)) +
                                                " needs calibration text. Name a text file or a dataset, or use the "
                                                "method clip or hqq.");
  }
  if (request.groups_by_order && request.method != QuantMethod::GptqActOrder) {
    return fail(ErrorCode::InvalidArgument,
                "Groups can follow the order of rounding only where there is one: use the method gptq-act-order.");
  }
  if (request.budget.given() && request.calibration.empty()) {
    return fail(ErrorCode::InvalidArgument,
                "To choose the bits of each layer under a budget, calibration text is needed. Name a text file or a "
                "dataset.");
  }
  if (!request.calibration.empty() && (request.calibration_samples < 1 || request.calibration_context < 2)) {
    return fail(ErrorCode::InvalidArgument, "Calibration needs at least one sample of two tokens.");
  }
  return {};
}

Result<QuantizeForecast> forecast_quantize(const ModelSummary& model, const QuantizeRequest& request) {
  SW_TRY(check_quantize_request(request));
  if (!model.unsupported.empty()) return fail(ErrorCode::Unsupported, model.path.string() + ": " + model.unsupported);
  if (request.budget.given()) SW_TRY(quant::check_budget(model, request));
  QuantizeForecast forecast;
  double old_bytes = 0.0, new_bytes = 0.0, memory = 0.0, weights = 0.0, largest_layer = 0.0, cholesky = 0.0,
         rounding = 0.0, gram = 0.0;
  double largest_hessian = 0.0, attention_width = 0.0, feed_forward = 0.0;
  int64_t narrowest = 0;  // any inputs that are not whole blocks decide the container
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_in_block(tensor.name) || tensor.shape.size() != 2) continue;
    const int64_t cols = tensor.shape[1];
    if (narrowest == 0 || cols % 256 != 0) narrowest = cols;
  }
  const quant::GgufFit fit = quant::gguf_fit(request.spec, narrowest);
  for (const TensorSummary& tensor : model.tensors) {
    if (!is_in_block(tensor.name) || tensor.shape.size() != 2) continue;
    const double rows = static_cast<double>(tensor.shape[0]), cols = static_cast<double>(tensor.shape[1]);
    const double groups = request.spec.group > 0 ? std::ceil(cols / request.spec.group) : 1.0;
    const double packed = rows * cols * request.spec.bits / 8.0 + rows * groups * 4.0;
    // Each matrix gets the type that fits it; what no block divides becomes F16.
    const quant::GgufFit own = quant::gguf_fit(request.spec, tensor.shape[1]);
    old_bytes += static_cast<double>(tensor.bytes);
    new_bytes += rows * cols * (own.type.empty() ? 16.0 : own.bits_per_weight) / 8.0;
    memory += packed;
    weights += rows * cols;
    largest_layer = std::max(largest_layer, rows * cols);
    largest_hessian = std::max(largest_hessian, cols * cols);
    rounding += rows * cols * cols / 2.0;
    cholesky += cols * cols * cols / 6.0;  // about every second matrix shares its inputs with another
    gram += cols * cols / 4.0;
    if (tensor.name.find("attn_output") != std::string::npos || tensor.name.find("o_proj") != std::string::npos)
      attention_width = cols;
    feed_forward = std::max(feed_forward, cols);
  }
  const double rest = std::max(0.0, static_cast<double>(model.file_bytes) - old_bytes);
  if (request.budget.bits_per_weight > 0.0) new_bytes = weights * request.budget.bits_per_weight / 8.0;
  if (request.budget.file_bytes > 0) new_bytes = std::max(0.0, static_cast<double>(request.budget.file_bytes) - rest);
  // Bits a weight are those of the tensors alone, as in a summary. A folder's tokenizer comes into the file.
  const bool gguf = model.container == Container::Gguf;
  const double parameters = static_cast<double>(std::max<int64_t>(1, model.parameters));
  const double header = kHeaderEntryBytes * static_cast<double>(model.tensors.size() +
                                                                2 * static_cast<size_t>(std::max(0, model.layers)) + 1);
  const double tensors =
      gguf ? model.bits_per_weight * parameters / 8.0 : static_cast<double>(model.file_bytes) - header;
  const double keys = !gguf && model.has_tokenizer ? kTokenBytes * static_cast<double>(model.vocabulary) : 0.0;
  forecast.file_bytes = static_cast<uint64_t>(rest + keys + new_bytes);
  forecast.bits_per_weight = 8.0 * std::max(0.0, tensors - old_bytes + new_bytes) / parameters;
  forecast.container = fit.type;
  forecast.explanation = fit.type.empty()
                             ? fit.why + "."
                             : fit.why + ": " + std::to_string((forecast.file_bytes + 500000) / 1000000) + " MB.";
  const double one_layer = model.layers > 0 ? weights / model.layers : weights;
  double held = rest + memory + 8.0 * one_layer + 8.0 * largest_layer;
  // Rates of one processor, measured: weights a second for rounding and for the clip search; multiplications a second
  // of the products, the factorization and the sums of GPTQ.
  const double threads = std::max(1, processor_count());
  double seconds = weights / (request.method == QuantMethod::Rtn ? 1.5e8 : 1.6e7) / threads;
  if (!request.calibration.empty() && request.method != QuantMethod::Rtn) {
    const double tokens = static_cast<double>(request.calibration_samples * request.calibration_context);
    held += tokens * static_cast<double>(model.width) * 4.0;
    seconds += tokens * weights / 3.0e10 / threads;
    if (runs_gptq(request.method) && !is_learned(request.method))
      held += static_cast<double>(quant::CalibrationRun::site_bytes(
          static_cast<int64_t>(tokens), static_cast<int64_t>(attention_width), static_cast<int64_t>(feed_forward)));
    if (reads_hessian(request.method)) {
      held += 2.0 * 8.0 * largest_hessian + 4.0 * largest_hessian;
      if (is_learned(request.method)) seconds += tokens * weights / 3.0e10 / threads;
      seconds += tokens * gram / 3.0e10 / threads + rounding / 1.0e10 / threads + cholesky / 3.0e9 / threads;
    }
    if (is_learned(request.method)) {
      quant::LearnSettings settings = quant::learn_settings(request.method);
      if (request.learn_steps > 0) settings.steps = request.learn_steps;
      held += tokens * static_cast<double>(model.width) * 4.0;  // the same text through full precision
      held += static_cast<double>(quant::learn_bytes(static_cast<int64_t>(one_layer), model.width, settings));
      // Forwards and twice as much backwards, and some looks at the text kept aside.
      seconds += 3.5 * static_cast<double>(settings.steps * settings.tokens) * weights / 3.0e10 / threads;
    }
  }
  forecast.memory_bytes = static_cast<uint64_t>(held);
  forecast.seconds = seconds;
  return forecast;
}

}  // namespace scalewright
