#pragma once
// One transformer, many families: a family is a setting of these switches (formats.md, "Families").

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/backend/backend.h"

namespace scalewright {

enum class RopeKind { Default, Linear, Dynamic, Llama3, Yarn, LongRope };

struct RopeConfig {
  RopeKind kind = RopeKind::Default;
  double theta = 10000.0;
  double factor = 1.0;
  double low_freq_factor = 1.0, high_freq_factor = 4.0;     // llama3
  int64_t original_context = 0;                             // llama3, yarn, longrope, dynamic
  double beta_fast = 32.0, beta_slow = 1.0;                 // yarn
  std::optional<double> attention_factor;                   // yarn, longrope: given, else by formula
  std::optional<double> mscale, mscale_all_dim;             // yarn
  bool truncate = true;                                     // yarn
  std::vector<double> long_factors, short_factors;          // longrope [rotary/2]
  std::vector<double> frequency_divisors;                   // GGUF rope_freqs.weight [rotary/2]; empty: none
  friend bool operator==(const RopeConfig&, const RopeConfig&) = default;
};

struct ModelConfig {
  std::string family;           // "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"
  int64_t width = 0;            // D
  int64_t feed_forward = 0;     // F
  int layers = 0;               // L
  int heads = 0, kv_heads = 0, head_dim = 0;
  int64_t vocabulary = 0;       // V, rows of the embedding
  int64_t context_length = 0;   // as trained
  double norm_epsilon = 1e-5;
  Activation activation = Activation::Silu;
  bool tied_embeddings = false;
  RopeStyle rope_style = RopeStyle::Halves;
  int rotary = 0;               // elements of a head that turn; head_dim unless partial
  RopeConfig rope;
  std::optional<RopeConfig> rope_local;  // layers with a sliding window (gemma3)
  int64_t window = 0;           // sliding window of the layers that have one
  std::vector<uint8_t> layer_has_window;  // [L]; empty: none
  double attention_scale = 0.0; // of q.k
  double attention_softcap = 0.0, final_softcap = 0.0;  // 0: none
  double embedding_factor = 1.0;   // gemma: sqrt(D), rounded as the family does
  bool norm_adds_one = false;   // the file's HF form stores w with RMSNorm(1 + w); in memory weights are always the full factor
};

// cos and sin tables for given positions: [positions, rotary/2] each, attention factor included. `longest`: largest position + 1 of the
// whole input (longrope and dynamic choose by it).
void rope_frequencies(const RopeConfig& rope, int rotary, int64_t context_length, int64_t longest, std::vector<double>& inv_freq,
                      double& attention_factor);

}  // namespace scalewright
