#include "engine/model/model.h"

#include <xxhash.h>

#include <cstdio>
#include <memory>

namespace scalewright {
namespace {

double stored_bits(const Matrix& matrix) {
  const double elements = static_cast<double>(matrix.rows()) * static_cast<double>(matrix.cols());
  if (matrix.quantized()) return elements * matrix.quant().bits_per_weight();
  return elements * (matrix.dense().type == kernels::DenseType::F32 ? 32.0 : 16.0);
}

template <class Visit>
void for_each_matrix(const Weights& weights, const Visit& visit) {
  visit(weights.token_embd);
  if (weights.has_output) visit(weights.output);
  for (const Linear* linear : weights.linears()) visit(linear->weight);
}

int64_t vector_elements(const Weights& weights) {
  size_t n = weights.output_norm.size();
  for (const Layer& layer : weights.layers) {
    n += layer.attn_norm.size() + layer.ffn_norm.size() + layer.post_attn_norm.size() + layer.post_ffn_norm.size() +
         layer.q_norm.size() + layer.k_norm.size();
  }
  for (const Linear* linear : weights.linears()) n += linear->bias.size();
  return static_cast<int64_t>(n);
}

}  // namespace

int64_t Model::parameters() const {
  int64_t n = vector_elements(weights);
  for_each_matrix(weights, [&](const Matrix& matrix) { n += matrix.rows() * matrix.cols(); });
  return n;
}

double Model::bits_per_weight() const {
  const int64_t n = parameters();
  if (n == 0) return 0.0;
  double bits = 32.0 * static_cast<double>(vector_elements(weights));
  for_each_matrix(weights, [&](const Matrix& matrix) { bits += stored_bits(matrix); });
  return bits / static_cast<double>(n);
}

std::string Model::codes_hash() const {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  bool any = false;
  for (const Linear* linear : weights.linears()) {
    if (!linear->weight.quantized()) continue;
    any = true;
    const QuantizedMatrix::Hash hash = linear->weight.quant().codes_hash();
    XXH3_128bits_update(state.get(), linear->name.c_str(), linear->name.size() + 1);
    XXH3_128bits_update(state.get(), &hash.high, sizeof(hash.high));
    XXH3_128bits_update(state.get(), &hash.low, sizeof(hash.low));
  }
  if (!any) return {};
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

bool Model::tunable() const {
  for (const Linear* linear : weights.linears()) {
    if (linear->weight.quantized()) return true;
  }
  return false;
}

}  // namespace scalewright
