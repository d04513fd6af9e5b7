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
// square of each input where statistics are given). Hqq: half-quadratic zero points and scales (hqq.h). The others need
// calibration. Awq: inputs scaled by how large they are, folded into what comes before (awq.h), then Clip. Gptq: OPTQ,
// errors pushed onto the inputs not yet rounded; GptqActOrder: the largest inputs first. AutoRound and Block learn block by
// block (learned_rounding.h), beside Gptq: the rounding of each weight and the range of each group, or weights freely.
enum class QuantMethod { Rtn, Clip, Hqq, Awq, Gptq, GptqActOrder, AutoRound, Block };
inline constexpr QuantMethod kQuantMethods[] = {QuantMethod::Rtn,  QuantMethod::Clip,         QuantMethod::Hqq,
                                                QuantMethod::Awq,  QuantMethod::Gptq,         QuantMethod::GptqActOrder,
                                                QuantMethod::AutoRound, QuantMethod::Block};
const char* to_string(QuantMethod method);                       // "gptq-act-order"
const char* display_name(QuantMethod method);                    // "GPTQ, act order"
const char* explain(QuantMethod method);                         // one plain line
Result<QuantMethod> quant_method_from(const std::string& word);  // the words of --method
inline bool needs_calibration(QuantMethod method) { return method >= QuantMethod::Awq; }
inline bool reads_hessian(QuantMethod method) { return method >= QuantMethod::Awq; }  // X^T X, not mean squares alone
inline bool runs_gptq(QuantMethod method) { return method >= QuantMethod::Gptq; }
inline bool is_learned(QuantMethod method) { return method >= QuantMethod::AutoRound; }

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
QuantizedArrays quantize_hqq(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                             int threads = 0);
// `hessian` f64 [K, K] = 2 X^T X / n (upper or full); damping as a fraction of its mean diagonal. clip: search on the
// updated weights. InvalidArgument where the damped Hessian is not positive definite. act_order: inputs of the largest
// mean square are rounded first; the groups stay as they are, so that every container holds the result.
Result<QuantizedArrays> quantize_gptq(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                                      std::span<const double> hessian, double damping, bool clip, int threads = 0,
                                      bool act_order = false);
// ||W - What|| / ||W||, Frobenius.
double relative_error(std::span<const float> w, const QuantizedArrays& q, int64_t rows, int64_t cols,
                      const QuantSpec& spec, int threads = 0);

}  // namespace scalewright
