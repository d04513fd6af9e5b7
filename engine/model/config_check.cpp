#include <algorithm>
#include <cmath>

#include "engine/model/config_reader.h"

namespace scalewright {
namespace {

bool positive(double value) {
  return std::isfinite(value) && value > 0.0;
}

Result<void> check_rope(const RopeConfig& rope, int rotary, const std::string& source) {
  const auto bad = [&](const std::string& why) { return fail(ErrorCode::Format, source + ": " + why + "."); };
  if (!positive(rope.theta) || rope.theta <= 1.0) return bad("the RoPE base is not a number above 1");
  if (!positive(rope.factor)) return bad("the RoPE scaling factor is not a positive number");
  if (!std::isfinite(rope.low_freq_factor) || !std::isfinite(rope.high_freq_factor) || !std::isfinite(rope.beta_fast) ||
      !std::isfinite(rope.beta_slow)) {
    return bad("a number of the RoPE scaling is not finite");
  }
  if (rope.original_context < 0 || rope.original_context > (int64_t{1} << 40))
    return bad("the original context of the RoPE scaling makes no sense");
  if (rope.kind == RopeKind::Llama3 &&
      (rope.original_context == 0 || rope.high_freq_factor <= rope.low_freq_factor || rope.low_freq_factor <= 0)) {
    return bad("llama3 RoPE scaling needs the original context and 0 < low_freq_factor < high_freq_factor");
  }
  if (rope.attention_factor && !positive(*rope.attention_factor))
    return bad("the RoPE attention factor is not a positive number");
  const auto table = [&](const std::vector<double>& values, const char* name, bool needed) -> Result<void> {
    if (values.empty() && !needed) return {};
    if (values.size() != static_cast<size_t>(rotary / 2)) {
      return bad(std::string("the RoPE table '") + name + "' has " + std::to_string(values.size()) +
                 " numbers instead of " + std::to_string(rotary / 2));
    }
    if (!std::ranges::all_of(values, positive))
      return bad(std::string("the RoPE table '") + name + "' holds a number that is not positive");
    return {};
  };
  SW_TRY(table(rope.long_factors, "long", rope.kind == RopeKind::LongRope));
  SW_TRY(table(rope.short_factors, "short", rope.kind == RopeKind::LongRope));
  return table(rope.frequency_divisors, "rope_freqs", false);
}

}  // namespace

Result<void> check_config(const ModelConfig& c, const std::string& source) {
  const auto within = [&](int64_t value, int64_t least, int64_t most, const char* name) -> Result<void> {
    if (value >= least && value <= most) return {};
    return fail(ErrorCode::Format, source + ": the " + std::string(name) + " is " + std::to_string(value) +
                                       "; it must be " + std::to_string(least) + " to " + std::to_string(most) + ".");
  };
  SW_TRY(within(c.width, 1, 1 << 20, "model width"));
  SW_TRY(within(c.feed_forward, 1, 1 << 22, "feed-forward width"));
  SW_TRY(within(c.layers, 1, 4096, "number of layers"));
  SW_TRY(within(c.heads, 1, 4096, "number of heads"));
  SW_TRY(within(c.kv_heads, 1, c.heads, "number of key-value heads"));
  SW_TRY(within(c.head_dim, 2, 4096, "head dimension"));
  SW_TRY(within(c.vocabulary, 1, 1 << 24, "vocabulary"));
  SW_TRY(within(c.context_length, 1, int64_t{1} << 40, "context length"));
  SW_TRY(within(c.rotary, 2, c.head_dim, "number of rotated elements of a head"));
  SW_TRY(within(c.window, 0, int64_t{1} << 40, "sliding window"));
  if (c.heads % c.kv_heads != 0) {
    return fail(ErrorCode::Format, source + ": " + std::to_string(c.heads) + " heads cannot share " +
                                       std::to_string(c.kv_heads) + " key-value heads evenly.");
  }
  if (c.rotary % 2 != 0 || c.head_dim % 2 != 0)
    return fail(ErrorCode::Unsupported, source + ": heads with an odd number of elements are not supported.");
  if (!c.layer_has_window.empty() && c.layer_has_window.size() != static_cast<size_t>(c.layers)) {
    return fail(ErrorCode::Format, source + ": the list of layer types has " +
                                       std::to_string(c.layer_has_window.size()) + " entries for " +
                                       std::to_string(c.layers) + " layers.");
  }
  if (!positive(c.norm_epsilon) || c.norm_epsilon > 1.0)
    return fail(ErrorCode::Format, source + ": the epsilon of the norms makes no sense.");
  if (!positive(c.attention_scale))
    return fail(ErrorCode::Format, source + ": the attention scale is not a positive number.");
  if (!std::isfinite(c.attention_softcap) || c.attention_softcap < 0 || !std::isfinite(c.final_softcap) ||
      c.final_softcap < 0) {
    return fail(ErrorCode::Format, source + ": a soft cap is not a positive number.");
  }
  SW_TRY(check_rope(c.rope, c.rotary, source));
  if (c.rope_local) SW_TRY(check_rope(*c.rope_local, c.rotary, source));
  return {};
}

}  // namespace scalewright
