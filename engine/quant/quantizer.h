#pragma once
// From full precision to codes, scales and zero points. method.md and golden/quantize say what each method must give.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/model/quantized_matrix.h"

namespace scalewright {

// Rtn: nearest of min..max. Clip: RTN with a search for the clip of least squared error a group (weighted by the mean
// square of each input where statistics are given). Gptq: OPTQ, errors pushed onto the inputs not yet rounded (needs
// calibration).
enum class QuantMethod { Rtn, Clip, Gptq };
const char* to_string(QuantMethod method);
Result<QuantMethod> quant_method_from(const std::string& word);  // the words of --method

// InvalidArgument where bits or group are none of those that the layout holds.
Result<void> check_quant_spec(const QuantSpec& spec);

struct QuantizedArrays {
  std::vector<uint8_t> codes;  // [N, K]
  std::vector<float> scales;   // [N, G], exact in fp16
  std::vector<int16_t> zeros;  // [N, G]
};
// W f32 [N, K], finite. `input_mean_square` [K] or empty. Deterministic whatever `threads` (0: all processors). K need
// not be a multiple of the group: the last one of a row is then shorter.
QuantizedArrays quantize_rtn(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                             int threads = 0);
QuantizedArrays quantize_clip(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                              std::span<const float> input_mean_square, int threads = 0);
// `hessian` f64 [K, K] = 2 X^T X / n (upper or full); damping as a fraction of its mean diagonal. clip: search on the
// updated weights. InvalidArgument where the damped Hessian is not positive definite.
Result<QuantizedArrays> quantize_gptq(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                                      std::span<const double> hessian, double damping, bool clip, int threads = 0);
// ||W - What|| / ||W||, Frobenius.
double relative_error(std::span<const float> w, const QuantizedArrays& q, int64_t rows, int64_t cols,
                      const QuantSpec& spec);

}  // namespace scalewright
