#include "engine/model/model.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "engine/core/system.h"

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
  std::vector<const Linear*> quantized;
  for (const Linear* linear : weights.linears()) {
    if (linear->weight.quantized()) quantized.push_back(linear);
  }
  if (quantized.empty()) return {};
  // Each matrix by itself, so that several threads can hash; then their hashes in order.
  std::vector<QuantizedMatrix::Hash> hashes(quantized.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < quantized.size();) hashes[i] = quantized[i]->weight.quant().codes_hash();
  };
  {
    std::vector<std::jthread> helpers;
    const int threads = std::min({processor_count(), static_cast<int>(quantized.size()), 4});
    for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
    work();
  }
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  for (size_t i = 0; i < quantized.size(); ++i) {
    XXH3_128bits_update(state.get(), quantized[i]->name.c_str(), quantized[i]->name.size() + 1);
    XXH3_128bits_update(state.get(), &hashes[i].high, sizeof(hashes[i].high));
    XXH3_128bits_update(state.get(), &hashes[i].low, sizeof(hashes[i].low));
  }
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
