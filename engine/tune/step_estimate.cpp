#include "engine/tune/step_estimate.h"

#include "engine/tune/run_preparation.h"
#include "engine/tune/sample_answer.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace scalewright {
namespace {

constexpr int64_t kTimedTokens = 256;
constexpr double kTimedSeconds = 0.015;
// Norms, RoPE, softmax, activations and everything else that is no product, beside the products' time: seen on the
// sample.
constexpr double kBesidesProducts = 1.2;

const Linear* typical_linear(const Model& model) {
  const Linear* best = nullptr;
  for (const Linear* linear : model.weights.linears()) {
    if (!linear->weight.quantized()) continue;
    if (best == nullptr || linear->weight.bytes() > best->weight.bytes()) best = linear;
  }
  return best;
}

// Seconds of one call: the median of a few milliseconds of calls, after one that warms up. Other programs work on the
// machine too: the fastest call promises too much then, and the mean is at the mercy of a single interruption.
template <class Call>
double time_call(const Call& call) {
  using Clock = std::chrono::steady_clock;
  call();
  std::vector<double> seconds;
  double spent = 0.0;
  while (spent < kTimedSeconds || seconds.size() < 3) {
    const auto begin = Clock::now();
    call();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    spent += seconds.back();
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

std::mutex cache_mutex;
std::map<std::string, ProductTimes>& cache() {
  static std::map<std::string, ProductTimes> times;
  return times;
}

std::string key_of(const Backend& backend, const Linear& linear, Granularity granularity) {
  const kernels::QuantLayout& q = linear.weight.quant().layout();
  std::string key = backend.description();
  for (const int64_t part : {q.rows, q.cols, int64_t{static_cast<int>(q.kind)}, int64_t{q.bits}, q.block,
                             int64_t{granularity == Granularity::Row}}) {
    key += "/" + std::to_string(part);
  }
  return key;
}

}  // namespace

ProductTimes time_products(Backend& backend, const Model& model, Granularity granularity) {
  const Linear* linear = typical_linear(model);
  if (linear == nullptr) return {};
  const std::string key = key_of(backend, *linear, granularity);
  const std::lock_guard lock(cache_mutex);
  if (const auto found = cache().find(key); found != cache().end()) return found->second;

  const Matrix& head = model.weights.head();
  const WeightView w = linear->weight.view(), h = head.view();
  const int64_t T = kTimedTokens, N = w.rows(), K = w.cols(), V = h.rows(), D = h.cols();
  // A slice of the head's rows stands for all of them.
  WeightView slice = h;
  const int64_t head_rows = std::min<int64_t>(V, 4096);
  (slice.quantized ? slice.quant.layout.rows : slice.dense.rows) = head_rows;

  const auto bytes = [](int64_t count) { return static_cast<size_t>(count) * sizeof(float); };
  const int64_t width = T * std::max({N, K, D, head_rows});
  // Where the backend's device reads it, as in a run.
  const AlignedBytes first(bytes(width), MemoryUse::Work), second(bytes(width), MemoryUse::Work),
      learned(bytes(2 * N * w.quant.layout.groups()), MemoryUse::Work),
      workspace(std::max(backend.workspace_bytes(T, std::max(N, head_rows), std::max(K, D)), size_t{64}), MemoryUse::Work);
  auto *x = reinterpret_cast<float*>(first.data()), *y = reinterpret_cast<float*>(second.data());
  auto* scales = reinterpret_cast<float*>(learned.data());
  std::fill_n(x, width, 0.01f);
  std::fill_n(y, width, 0.01f);
  const WorkspaceLoan loan(backend, workspace.data(), workspace.size());

  const Precision precision = backend.tuning_precision();
  const auto backward = [&](const WeightView& of, int64_t ldy, int64_t ldx, float* dscale, float* dscale_min, float* dx) {
    const LinearGradient part{&of, y, dscale, dscale_min};
    backend.linear_backward(x, ldx, T, std::span(&part, 1), ldy, dx, ldx, precision);
  };
  const double flops = 2.0 * static_cast<double>(T) * static_cast<double>(N) * static_cast<double>(K);
  const double head_flops = 2.0 * static_cast<double>(T) * static_cast<double>(head_rows) * static_cast<double>(D);
  ProductTimes times;
  times.forward = time_call([&] { backend.linear(x, K, T, w, nullptr, y, N, precision); }) / flops;
  times.gradient_input = time_call([&] { backward(w, N, K, nullptr, nullptr, x); }) / flops;
  times.one_token = time_call([&] { backend.linear(x, K, 1, w, nullptr, y, N, Precision::Exact); }) /
                    (flops / static_cast<double>(T));
  if (granularity == Granularity::Group) {
    float* minimums = w.quant.layout.has_second_scale() ? scales + N * w.quant.layout.groups() : nullptr;
    times.gradient_scale = time_call([&] { backward(w, N, K, scales, minimums, nullptr); }) / flops;
  }
  times.head = (time_call([&] { backend.linear(x, D, T, slice, nullptr, y, head_rows, precision); }) +
                time_call([&] { backward(slice, head_rows, D, nullptr, nullptr, x); })) /
               (2.0 * head_flops);
  cache()[key] = times;
  return times;
}

ProductTimes time_products_like(const Backend& like, const Model& model, Granularity granularity) {
  if (const Linear* linear = typical_linear(model)) {
    const std::lock_guard lock(cache_mutex);
    if (const auto found = cache().find(key_of(like, *linear, granularity)); found != cache().end())
      return found->second;
  }
  for (const Isa isa : {Isa::Auto, Isa::Avx512, Isa::AvxVnni, Isa::Avx2, Isa::Scalar}) {
    auto backend = make_backend(BackendOptions{.threads = like.threads(), .isa = isa, .device = like.device()});
    if (backend && (*backend)->description() == like.description()) return time_products(**backend, model, granularity);
  }
  return {};
}

double estimate_step_seconds(const Model& model, const TuneRecipe& recipe, const TrainShape& shape,
                             const ProductTimes& times, double tokens, double learned) {
  if (!times.known()) return 0.0;
  double weights = 0.0;
  for (const Linear* linear : model.weights.linears()) {
    weights += static_cast<double>(linear->weight.rows()) * static_cast<double>(linear->weight.cols());
  }
  const ModelConfig& c = model.config;
  const double layers = std::max(c.layers, 1), recomputed = 1.0 - std::min(shape.kept_layers / layers, 1.0);
  // Per token and weight: 2 FLOPs forward, 2 again where a block is recomputed, 2 for the input's gradient, 2 for the
  // scales'.
  const double per_token =
      2.0 * weights * (times.forward * (1.0 + recomputed) + times.gradient_input + times.gradient_scale);
  // q.k and p.v forward, five such products backward, over half of the context on average.
  const double seen = 0.5 * static_cast<double>(recipe.context);
  const double attention = layers * 2.0 * 2.0 * seen * c.heads * c.head_dim * (1.0 + recomputed + 2.5) * times.forward;
  const double head = 4.0 * static_cast<double>(c.vocabulary) * static_cast<double>(c.width) * times.head;
  return kBesidesProducts * (tokens * (per_token + attention) + learned * head);
}

double estimate_run_seconds(const Model& model, const TuneRecipe& recipe, const Preparation& prepared,
                            const ProductTimes& times) {
  const TunePlan& plan = prepared.plan;
  const ModelConfig& c = model.config;
  double weights = 0.0;
  for (const Linear* linear : model.weights.linears())
    weights += static_cast<double>(linear->weight.rows()) * static_cast<double>(linear->weight.cols());
  const double head = 2.0 * static_cast<double>(c.vocabulary) * static_cast<double>(c.width);
  double pass = 0.0, answer = 0.0;
  if (prepared.data.validation) {
    double tokens = 0.0, learned = 0.0;
    for (const EncodedExample& example : prepared.data.validation->examples) {
      tokens += static_cast<double>(example.ids.size());
      for (size_t t = 1; t < example.learned.size(); ++t) learned += example.learned[t] != 0;
    }
    const double attention = std::max(c.layers, 1) * 2.0 * static_cast<double>(recipe.context) * c.heads * c.head_dim;
    pass = kBesidesProducts * (tokens * (2.0 * weights + attention) * times.forward + learned * head * times.head);
  }
  if (!recipe.sample_prompt.empty() && model.tokenizer != nullptr) {
    const auto prompt = static_cast<double>(recipe.sample_prompt.size()) / 4.0;  // tokens, about
    answer = kBesidesProducts * (2.0 * weights * (prompt * times.forward + kSampleAnswerTokens * times.one_token) +
                                 kSampleAnswerTokens * head * times.one_token);
  }
  return plan.seconds_per_step * static_cast<double>(plan.steps) + static_cast<double>(plan.validations) * (pass + answer);
}

}  // namespace scalewright
