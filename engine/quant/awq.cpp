#include "engine/quant/awq.h"

#include <algorithm>
#include <cmath>

#include "engine/quant/grid.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int kExponents = 20;
constexpr int64_t kTriedRows = 96;  // of each matrix: their error stands for that of all
constexpr int kLanes = kernels::cpu::kTileCols;

std::span<float> values(Linear& linear) {
  const DenseMatrix& m = linear.weight.dense();
  return {reinterpret_cast<float*>(m.data.data()), static_cast<size_t>(m.rows * m.cols)};
}

void scale_columns(Linear& linear, const std::vector<float>& f) {
  const std::span<float> w = values(linear);
  const size_t cols = f.size();
  for (size_t i = 0; i < w.size(); ++i) w[i] *= f[i % cols];
}

// Rows first .. first + f.size() - 1 and their biases, divided.
void divide_rows(Linear& linear, int64_t first, const std::vector<float>& f) {
  const int64_t cols = linear.weight.cols();
  for (size_t i = 0; i < f.size(); ++i) {
    const int64_t row = first + static_cast<int64_t>(i);
    for (float& value : values(linear).subspan(static_cast<size_t>(row * cols), static_cast<size_t>(cols))) value /= f[i];
    if (!linear.bias.empty()) linear.bias[static_cast<size_t>(row)] /= f[i];
  }
}

void divide(std::vector<float>& norm, const std::vector<float>& f) {
  for (size_t i = 0; i < f.size(); ++i) norm[i] /= f[i];
}

// The attention output reads head after head; heads of one group read the same rows of v.
FactorGroups share_heads(const ModelConfig& c) {
  FactorGroups groups;
  const int64_t a_group = c.heads / std::max(1, c.kv_heads);
  groups.factors = int64_t{c.kv_heads} * c.head_dim;
  for (int64_t h = 0; h < c.heads; ++h) {
    for (int64_t i = 0; i < c.head_dim; ++i)
      groups.source.push_back(static_cast<int32_t>(h / a_group * c.head_dim + i));
  }
  return groups;
}

// H of inputs divided by f.
void divide_hessian(std::vector<double>& hessian, const std::vector<float>& f) {
  const size_t n = f.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) hessian[i * n + j] /= static_cast<double>(f[i]) * f[j];
  }
}

}  // namespace

std::vector<float> awq_factors(std::span<const std::span<const float>> weights, int64_t cols,
                               std::span<const double> hessian, const FactorGroups& groups, const QuantSpec& spec,
                               int threads) {
  const size_t K = static_cast<size_t>(cols);
  std::vector<float> full(K * K);
  for (size_t i = 0; i < K; ++i) {
    for (size_t j = i; j < K; ++j) full[i * K + j] = full[j * K + i] = static_cast<float>(hessian[i * K + j]);
  }
  // Mean square of each factor's inputs.
  const bool own = groups.source.empty();
  const size_t factors = own ? K : static_cast<size_t>(groups.factors);
  const auto factor_of = [&](size_t k) { return own ? k : static_cast<size_t>(groups.source[k]); };
  std::vector<double> square(factors, 0.0);
  for (size_t k = 0; k < K; ++k) square[factor_of(k)] += std::max(0.0, hessian[k * K + k]);
  const double most = *std::ranges::max_element(square);
  if (!(most > 0.0)) return std::vector<float>(K, 1.0f);

  // A sample of rows, 16 at a time so that D H is a product of tiles.
  std::vector<const float*> rows;
  for (const std::span<const float> w : weights) {
    const int64_t n = static_cast<int64_t>(w.size()) / cols, tried = std::min(n, kTriedRows);
    for (int64_t i = 0; i < tried; ++i) rows.push_back(w.data() + i * n / tried * cols);
  }
  const int64_t count = static_cast<int64_t>(rows.size()), strips = (count + kLanes - 1) / kLanes;
  const int64_t group = group_size(spec, cols), groups_a_row = group_count(spec, cols);
  const kernels::cpu::GemmKernels& gemm = kernels::cpu::gemm_kernels(kernels::cpu::best_isa());
  kernels::cpu::ThreadPool pool(threads);

  const auto factors_for = [&](double exponent) {
    std::vector<float> f(factors);
    double low = INFINITY, high = 0.0;
    for (size_t i = 0; i < factors; ++i) {
      const double value = std::pow(std::sqrt(std::max(square[i], 1e-8 * most)), exponent);
      low = std::min(low, value);
      high = std::max(high, value);
      f[i] = static_cast<float>(value);
    }
    const float middle = static_cast<float>(std::sqrt(low * high));
    std::vector<float> spread(K);
    for (size_t k = 0; k < K; ++k) spread[k] = f[factor_of(k)] / middle;
    return spread;
  };
  const auto error_of = [&](const std::vector<float>& f) {
    std::vector<double> errors(static_cast<size_t>(strips), 0.0);
    pool.parallel_pieces(strips, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> scaled(K), d(K * kLanes), product(K * kLanes);
      std::vector<uint8_t> codes(K);
      for (int64_t strip = begin; strip < end; ++strip) {
        std::fill(d.begin(), d.end(), 0.0f);
        for (int64_t lane = 0; lane < kLanes && strip * kLanes + lane < count; ++lane) {
          const float* w = rows[static_cast<size_t>(strip * kLanes + lane)];
          for (size_t k = 0; k < K; ++k) scaled[k] = w[k] * f[k];
          for (int64_t g = 0; g < groups_a_row; ++g) {
            const int64_t first = g * group, n = std::min(group, cols - first);
            const Grid grid = minmax_grid(scaled.data() + first, n, spec);
            encode_group(scaled.data() + first, n, grid, spec.bits, codes.data());
            for (int64_t i = 0; i < n; ++i) {
              const size_t k = static_cast<size_t>(first + i);
              d[k * kLanes + static_cast<size_t>(lane)] =
                  (scaled[k] - grid.scale * static_cast<float>(codes[static_cast<size_t>(i)] - grid.zero)) / f[k];
            }
          }
        }
        for (int64_t i = 0; i < cols; i += kernels::cpu::kTileRows) {
          const int high = static_cast<int>(std::min<int64_t>(kernels::cpu::kTileRows, cols - i));
          gemm.rows(high, kLanes, full.data() + i * cols, cols, d.data(), kLanes, cols, product.data() + i * kLanes,
                    kLanes, false);
        }
        for (size_t i = 0; i < K * kLanes; ++i)
          errors[static_cast<size_t>(strip)] += static_cast<double>(d[i]) * static_cast<double>(product[i]);
      }
    });
    double sum = 0.0;
    for (const double part : errors) sum += part;
    return sum;
  };

  std::vector<float> best(K, 1.0f);
  double least = error_of(best);
  for (int i = 1; i <= kExponents; ++i) {
    const std::vector<float> f = factors_for(static_cast<double>(i) / kExponents);
    const double error = error_of(f);
    if (error < least) {
      least = error;
      best = f;
    }
  }
  return best;
}

void awq_scale_layer(Layer& layer, const ModelConfig& config, std::array<std::vector<double>, kSites>& hessians,
                     const std::function<QuantSpec(const Linear&)>& spec_of, int threads) {
  const auto find = [&](const std::vector<Linear*>& linears, Site site, const FactorGroups& groups) {
    std::vector<std::span<const float>> weights;
    for (Linear* linear : linears) weights.push_back(values(*linear));
    std::vector<double>& hessian = hessians[static_cast<size_t>(site)];
    const std::vector<float> f = awq_factors(weights, linears.front()->weight.cols(), hessian, groups, spec_of(*linears.front()), threads);
    for (Linear* linear : linears) scale_columns(*linear, f);
    divide_hessian(hessian, f);
    return f;
  };
  const auto pointers = [](std::vector<Linear>& linears) {
    std::vector<Linear*> all;
    for (Linear& linear : linears) all.push_back(&linear);
    return all;
  };
  // The later halves first: they change rows of v and up, whose own inputs are looked at afterwards.
  const FactorGroups heads = share_heads(config);
  const std::vector<float> by_input = find({&layer.attn_output}, Site::AttentionOutput, heads);
  std::vector<float> by_row(static_cast<size_t>(heads.factors));
  for (size_t k = 0; k < by_input.size(); ++k) by_row[static_cast<size_t>(heads.source[k])] = by_input[k];
  divide_rows(layer.qkv.back(), layer.qkv.back().weight.rows() - heads.factors, by_row);  // v, fused or not, is last

  const std::vector<float> down = find({&layer.down}, Site::Down, {});
  divide_rows(layer.gate_up.back(), layer.gate_up.back().weight.rows() - static_cast<int64_t>(down.size()), down);

  divide(layer.attn_norm, find(pointers(layer.qkv), Site::Qkv, {}));
  divide(layer.ffn_norm, find(pointers(layer.gate_up), Site::GateUp, {}));
}

}  // namespace scalewright::quant
