#include "engine/quant/quantizer.h"

#include <algorithm>

#include "engine/core/system.h"
#include "engine/quant/gptq.h"
#include "engine/quant/grid.h"
#include "engine/quant/hqq.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright {
namespace {

using quant::Grid;
using quant::group_count;
using quant::group_size;

template <class GridOf>
QuantizedArrays quantize_groups(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                                int threads, const GridOf& grid_of) {
  const int64_t group = group_size(spec, cols), groups = group_count(spec, cols);
  QuantizedArrays out;
  out.codes.resize(static_cast<size_t>(rows * cols));
  out.scales.resize(static_cast<size_t>(rows * groups));
  out.zeros.resize(static_cast<size_t>(rows * groups));
  kernels::cpu::ThreadPool pool(threads > 0 ? threads : processor_count());
  pool.parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t first = g * group, n = std::min(group, cols - first);
        const float* values = w.data() + row * cols + first;
        const Grid grid = grid_of(values, first, n);
        quant::encode_group(values, n, grid, spec.bits, out.codes.data() + row * cols + first);
        out.scales[static_cast<size_t>(row * groups + g)] = grid.scale;
        out.zeros[static_cast<size_t>(row * groups + g)] = static_cast<int16_t>(grid.zero);
      }
    }
  });
  return out;
}

}  // namespace

const char* to_string(QuantMethod method) {
  switch (method) {
    case QuantMethod::Rtn:
      return "rtn";
    case QuantMethod::Clip:
      return "clip";
    case QuantMethod::Hqq:
      return "hqq";
    case QuantMethod::Awq:
      return "awq";
    case QuantMethod::Gptq:
      return "gptq";
    case QuantMethod::GptqActOrder:
      return "gptq-act-order";
    case QuantMethod::AutoRound:
      return "autoround";
    case QuantMethod::Block:
      return "block";
  }
  return "rtn";
}

const char* display_name(QuantMethod method) {
  switch (method) {
    case QuantMethod::Rtn:
      return "Round to nearest";
    case QuantMethod::Clip:
      return "Clip search";
    case QuantMethod::Hqq:
      return "HQQ";
    case QuantMethod::Awq:
      return "AWQ";
    case QuantMethod::Gptq:
      return "GPTQ";
    case QuantMethod::GptqActOrder:
      return "GPTQ, act order";
    case QuantMethod::AutoRound:
      return "AutoRound";
    case QuantMethod::Block:
      return "Block reconstruction";
  }
  return "";
}

const char* explain(QuantMethod method) {
  switch (method) {
    case QuantMethod::Rtn:
      return "nearest integer, the range from the smallest to the largest weight";
    case QuantMethod::Clip:
      return "nearest integer after a search for the best range of each group";
    case QuantMethod::Hqq:
      return "zero points and scales fitted so that few large weights do not spoil a group; needs no text";
    case QuantMethod::Awq:
      return "inputs that matter are scaled up first, which the norms before them undo; needs text";
    case QuantMethod::Gptq:
      return "rounding errors are made up for by later weights; needs text";
    case QuantMethod::GptqActOrder:
      return "GPTQ that rounds the most used inputs first; needs text";
    case QuantMethod::AutoRound:
      return "learns block by block which way to round each weight; needs text and time";
    case QuantMethod::Block:
      return "learns weights and scales block by block; for 2 bits, needs text and time";
  }
  return "";
}

Result<QuantMethod> quant_method_from(const std::string& word) {
  std::string words;
  for (QuantMethod method : kQuantMethods) {
    if (word == to_string(method)) return method;
    words += (words.empty() ? "" : ", ") + std::string(to_string(method));
  }
  return fail(ErrorCode::InvalidArgument, "\"" + word + "\" is no quantization method. Use one of " + words + ".");
}

Result<void> check_quant_spec(const QuantSpec& spec) {
  switch (spec.bits) {
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 8:
      break;
    default:
      return fail(ErrorCode::InvalidArgument,
                  std::to_string(spec.bits) + " bits a weight cannot be stored. Use 2, 3, 4, 5, 6 or 8.");
  }
  switch (spec.group) {
    case 0:
    case 32:
    case 64:
    case 128:
    case 256:
      break;
    default:
      return fail(ErrorCode::InvalidArgument,
                  "A group of " + std::to_string(spec.group) +
                      " inputs cannot be stored. Use 32, 64, 128, 256, or 0 for one scale a row.");
  }
  return {};
}

QuantizedArrays quantize_rtn(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec, int threads) {
  return quantize_groups(w, rows, cols, spec, threads,
                         [&](const float* values, int64_t, int64_t n) { return quant::minmax_grid(values, n, spec); });
}

QuantizedArrays quantize_clip(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                              std::span<const float> input_mean_square, int threads) {
  const float* weight = input_mean_square.empty() ? nullptr : input_mean_square.data();
  return quantize_groups(w, rows, cols, spec, threads, [&](const float* values, int64_t first, int64_t n) {
    return quant::clip_grid(values, weight ? weight + first : nullptr, n, spec);
  });
}

QuantizedArrays quantize_hqq(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec, int threads) {
  return quantize_groups(w, rows, cols, spec, threads,
                         [&](const float* values, int64_t, int64_t n) { return quant::hqq_grid(values, n, spec); });
}

Result<QuantizedArrays> quantize_gptq(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                                      std::span<const double> hessian, double damping, bool clip, int threads,
                                      bool act_order) {
  if (threads <= 0) threads = processor_count();
  std::vector<double> copy(hessian.begin(), hessian.end());
  SW_ASSIGN(const quant::GptqFactor factor,
            quant::GptqFactor::create(std::move(copy), cols, damping, threads, act_order));
  return factor.quantize(w, rows, spec, clip, threads);
}

double relative_error(std::span<const float> w, const QuantizedArrays& q, int64_t rows, int64_t cols,
                      const QuantSpec& spec, int threads) {
  const int64_t group = group_size(spec, cols), groups = group_count(spec, cols);
  std::vector<double> errors(static_cast<size_t>(rows)), norms(static_cast<size_t>(rows));
  kernels::cpu::ThreadPool pool(threads > 0 ? threads : processor_count());
  pool.parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      double error = 0.0, norm = 0.0;
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t first = row * cols + g * group, n = std::min(group, cols - g * group);
        const auto at = static_cast<size_t>(row * groups + g);
        const quant::GroupError part =
            quant::group_error(w.data() + first, q.codes.data() + first, n, {q.scales[at], q.zeros[at]});
        error += part.error;
        norm += part.norm;
      }
      errors[static_cast<size_t>(row)] = error;
      norms[static_cast<size_t>(row)] = norm;
    }
  });
  return quant::relative_error_of(errors, norms);
}

}  // namespace scalewright
