#include <cmath>
#include <limits>
#include <vector>

#include "kernels/reference/reference.h"

namespace scalewright::kernels::reference {
namespace {

double element(const void* data, bool half, int64_t i) {
  return half ? half_to_float(static_cast<const uint16_t*>(data)[i]) : static_cast<const float*>(data)[i];
}

// Probabilities of one query over keys low .. high, and the slope of the soft cap at each score. Returns the logsumexp.
double probabilities(const AttentionSpec& s, const float* q, const void* k, int64_t t, int head, std::vector<double>& p,
                     std::vector<double>& slope) {
  const int64_t low = s.lowest_key(t), high = s.highest_key(t);
  const int kv = head / (s.heads / s.kv_heads);
  p.assign(high >= low ? high - low + 1 : 0, 0.0);
  slope.assign(p.size(), 1.0);
  if (p.empty()) return -std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity(), total = 0.0;
  for (int64_t j = low; j <= high; ++j) {
    double score = 0.0;
    for (int d = 0; d < s.head_dim; ++d)
      score += static_cast<double>(q[t * s.ldq + head * s.head_dim + d]) *
               element(k, s.half_kv, j * s.ldk + kv * s.head_dim + d);
    score *= s.scale;
    if (s.softcap > 0.0f) {
      const double h = std::tanh(score / s.softcap);
      score = s.softcap * h;
      slope[j - low] = 1.0 - h * h;
    }
    p[j - low] = score;
    if (score > largest) largest = score;
  }
  for (double& value : p) total += value = std::exp(value - largest);
  for (double& value : p) value /= total;
  return largest + std::log(total);
}

}  // namespace

void attention(const AttentionSpec& s, const float* q, const void* k, const void* v, float* out, float* logsumexp) {
  std::vector<double> p, slope;
  for (int64_t t = 0; t < s.queries; ++t)
    for (int head = 0; head < s.heads; ++head) {
      const int kv = head / (s.heads / s.kv_heads);
      const double lse = probabilities(s, q, k, t, head, p, slope);
      if (logsumexp) logsumexp[t * s.heads + head] = static_cast<float>(lse);
      const int64_t low = s.lowest_key(t);
      for (int d = 0; d < s.head_dim; ++d) {
        double sum = 0.0;
        for (size_t j = 0; j < p.size(); ++j)
          sum += p[j] * element(v, s.half_kv, (low + static_cast<int64_t>(j)) * s.ldv + kv * s.head_dim + d);
        out[t * s.ldo + head * s.head_dim + d] = static_cast<float>(sum);
      }
    }
}

void attention_backward(const AttentionSpec& s, const float* q, const float* k, const float* v, const float* dout,
                        float* dq, float* dk, float* dv) {
  const int64_t width = static_cast<int64_t>(s.kv_heads) * s.head_dim;
  std::vector<double> p, slope, dp, sum_k(s.keys * width, 0.0), sum_v(s.keys * width, 0.0), sum_q(s.head_dim);
  for (int64_t t = 0; t < s.queries; ++t)
    for (int head = 0; head < s.heads; ++head) {
      const int kv = head / (s.heads / s.kv_heads);
      probabilities(s, q, k, t, head, p, slope);
      const int64_t low = s.lowest_key(t);
      const float* g = dout + t * s.ldo + head * s.head_dim;
      const float* query = q + t * s.ldq + head * s.head_dim;
      dp.assign(p.size(), 0.0);
      double mean = 0.0;  // sum_j p_j dp_j, the gradient's projection through the softmax
      for (size_t j = 0; j < p.size(); ++j) {
        const int64_t key = low + static_cast<int64_t>(j);
        for (int d = 0; d < s.head_dim; ++d) {
          dp[j] += static_cast<double>(g[d]) * v[key * s.ldv + kv * s.head_dim + d];
          sum_v[key * width + kv * s.head_dim + d] += p[j] * g[d];
        }
        mean += p[j] * dp[j];
      }
      for (double& value : sum_q) value = 0.0;
      for (size_t j = 0; j < p.size(); ++j) {
        const int64_t key = low + static_cast<int64_t>(j);
        const double ds = p[j] * (dp[j] - mean) * slope[j] * s.scale;
        for (int d = 0; d < s.head_dim; ++d) {
          sum_q[d] += ds * k[key * s.ldk + kv * s.head_dim + d];
          sum_k[key * width + kv * s.head_dim + d] += ds * query[d];
        }
      }
      for (int d = 0; d < s.head_dim; ++d) dq[t * s.ldq + head * s.head_dim + d] = static_cast<float>(sum_q[d]);
    }
  for (int64_t j = 0; j < s.keys; ++j)
    for (int64_t i = 0; i < width; ++i) {
      dk[j * s.ldk + i] = static_cast<float>(sum_k[j * width + i]);
      dv[j * s.ldv + i] = static_cast<float>(sum_v[j * width + i]);
    }
}

}  // namespace scalewright::kernels::reference
