#include "engine/quant/sensitivity.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/model/train_graph.h"
#include "engine/quant/grid.h"
#include "engine/quant/tap_backend.h"
#include "kernels/cpu/gemm_kernels.h"
#include "kernels/cpu/thread_pool.h"

namespace scalewright::quant {
namespace {

constexpr int64_t kTriedRows = 128;
constexpr int kLanes = kernels::cpu::kTileCols;

// Looks at the gradients of outputs on their way to the scales.
class GradientTap final : public TapBackend {
 public:
  using TapBackend::TapBackend;
  struct Sums {
    std::vector<double> rows;    // [N]
    std::vector<float> tokens;   // [T]
  };
  // dy of the linear whose factors lie at `factor` are squared and summed over tokens and over rows.
  void collect(const float* factor, Sums* sums) { sums_[factor] = sums; }
  void linear_drow(const float* dy, int64_t lddy, const float*, int64_t ldy, int64_t T, int64_t N, const float* factor,
                   float*) override {
    const auto found = sums_.find(factor);
    if (found == sums_.end() || ldy == 0) return;  // ldy 0: the same gradient again, for the bias
    inner().synchronize();
    Sums& sums = *found->second;
    for (int64_t t = 0; t < T; ++t) {
      double token = 0.0;
      for (int64_t n = 0; n < N; ++n) {
        const double square = static_cast<double>(dy[t * lddy + n]) * dy[t * lddy + n];
        sums.rows[static_cast<size_t>(n)] += square;
        token += square;
      }
      sums.tokens.push_back(static_cast<float>(token));
    }
  }

 private:
  std::map<const float*, Sums*> sums_;
};

}  // namespace

Result<Sensitivities> output_sensitivities(std::shared_ptr<const Model> model, Backend& backend,
                                           const CalibrationText& text, int64_t samples, std::stop_token stop) {
  const TrainableLayout layout = trainable_layout(*model, Granularity::Row);
  const size_t linears = model->weights.linears().size();
  if (layout.entries.size() != linears)
    return fail(ErrorCode::InvalidArgument, model->name + ": a matrix is not quantized, so nothing can be learned of it.");
  std::vector<float> values(layout.total), gradient(layout.total);
  initial_scales(*model, layout, values.data());
  GradientTap tap(backend);
  std::vector<GradientTap::Sums> sums(linears);
  for (const TrainableEntry& entry : layout.entries) {
    sums[entry.linear].rows.assign(static_cast<size_t>(entry.rows), 0.0);
    tap.collect(values.data() + entry.offset, &sums[entry.linear]);
  }
  const TrainShape shape{.batch = 1, .context = std::max<int64_t>(2, text.longest), .granularity = Granularity::Row};
  uint64_t bytes = 0;
  for (const MemoryItem& item : TrainGraph::plan(*model, tap, shape)) bytes += item.bytes;
  AlignedBytes arena(bytes);
  SW_ASSIGN(const auto graph, TrainGraph::create(model, tap, shape, arena.data(), arena.size()));

  Sensitivities result;
  int64_t counted = 0;
  Batch batch;
  batch.rows = 1;
  for (const std::vector<int32_t>& ids : text.samples) {
    if (static_cast<int64_t>(result.text.samples.size()) == samples) break;
    if (stop.stop_requested()) return Sensitivities{};
    if (ids.size() < 2) continue;
    batch.context = static_cast<int64_t>(ids.size());
    batch.ids = ids;
    batch.targets.assign(ids.begin() + 1, ids.end());
    batch.targets.push_back(-100);
    batch.segments.assign(ids.size(), 0);
    batch.positions.resize(ids.size());
    for (size_t t = 0; t < ids.size(); ++t) batch.positions[t] = static_cast<int32_t>(t);
    counted += graph->forward_backward(batch, values.data(), 1.0f, gradient.data()).counted;
    result.text.samples.push_back(ids);
    result.text.tokens += batch.context;
    result.text.longest = std::max(result.text.longest, batch.context);
    // What comes after the last prediction has no gradient and is not computed.
    for (GradientTap::Sums& sum : sums) sum.tokens.resize(static_cast<size_t>(result.text.tokens), 0.0f);
  }
  for (GradientTap::Sums& sum : sums) {
    std::vector<float>& rows = result.outputs.emplace_back();
    for (const double square : sum.rows)
      rows.push_back(static_cast<float>(counted > 0 ? square / static_cast<double>(counted) : 1.0));
    const double all = std::accumulate(sum.tokens.begin(), sum.tokens.end(), 0.0);
    for (float& token : sum.tokens)
      token = all > 0.0 ? static_cast<float>(token * static_cast<double>(sum.tokens.size()) / all) : 1.0f;
    result.tokens.push_back(std::move(sum.tokens));
  }
  return result;
}

double expected_rise(std::span<const float> w, int64_t rows, int64_t cols, const QuantSpec& spec,
                     std::span<const double> hessian, std::span<const float> sensitivity, int threads) {
  const size_t K = static_cast<size_t>(cols);
  std::vector<float> full(K * K), mean_square(K);
  for (size_t i = 0; i < K; ++i) {
    mean_square[i] = static_cast<float>(0.5 * hessian[i * K + i]);
    for (size_t j = i; j < K; ++j) full[i * K + j] = full[j * K + i] = static_cast<float>(0.5 * hessian[i * K + j]);
  }
  const int64_t tried = std::min(rows, kTriedRows), strips = (tried + kLanes - 1) / kLanes;
  const int64_t group = group_size(spec, cols), groups = group_count(spec, cols);
  const auto row_of = [&](int64_t i) { return i * rows / tried; };
  const kernels::cpu::GemmKernels& gemm = kernels::cpu::gemm_kernels(kernels::cpu::best_isa());
  kernels::cpu::ThreadPool pool(threads);
  std::vector<double> rises(static_cast<size_t>(strips), 0.0);
  pool.parallel_pieces(strips, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> d(K * kLanes), product(K * kLanes);
    std::vector<uint8_t> codes(K);
    for (int64_t strip = begin; strip < end; ++strip) {
      std::fill(d.begin(), d.end(), 0.0f);
      for (int64_t lane = 0; lane < kLanes && strip * kLanes + lane < tried; ++lane) {
        const float* row = w.data() + row_of(strip * kLanes + lane) * cols;
        for (int64_t g = 0; g < groups; ++g) {
          const int64_t first = g * group, n = std::min(group, cols - first);
          const Grid grid = clip_grid(row + first, mean_square.data() + first, n, spec);
          encode_group(row + first, n, grid, spec.bits, codes.data());
          for (int64_t i = 0; i < n; ++i)
            d[static_cast<size_t>((first + i) * kLanes + lane)] =
                row[first + i] - grid.scale * static_cast<float>(codes[static_cast<size_t>(i)] - grid.zero);
        }
      }
      for (int64_t i = 0; i < cols; i += kernels::cpu::kTileRows) {
        const int high = static_cast<int>(std::min<int64_t>(kernels::cpu::kTileRows, cols - i));
        gemm.rows(high, kLanes, full.data() + i * cols, cols, d.data(), kLanes, cols, product.data() + i * kLanes, kLanes,
                  false);
      }
      for (int64_t lane = 0; lane < kLanes && strip * kLanes + lane < tried; ++lane) {
        double error = 0.0;
        for (size_t k = 0; k < K; ++k) {
          const size_t at = k * kLanes + static_cast<size_t>(lane);
          error += static_cast<double>(d[at]) * static_cast<double>(product[at]);
        }
        rises[static_cast<size_t>(strip)] +=
            0.5 * error * sensitivity[static_cast<size_t>(row_of(strip * kLanes + lane))];
      }
    }
  });
  double sum = 0.0;
  for (const double rise : rises) sum += rise;
  return sum * static_cast<double>(rows) / static_cast<double>(tried);
}

}  // namespace scalewright::quant
