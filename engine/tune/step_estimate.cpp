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

  const auto width = static_cast<size_t>(T * std::max({N, K, D, head_rows}));
  std::vector<float> x(width, 0.01f), y(width, 0.01f), scales(static_cast<size_t>(2 * N * w.quant.layout.groups()));
  std::vector<uint8_t> workspace(
      std::max(backend.workspace_bytes(T, std::max(N, head_rows), std::max(K, D)), size_t{64}) + 64);
  void* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
  backend.set_workspace(aligned, workspace.size() - 64);

  const double flops = 2.0 * static_cast<double>(T) * static_cast<double>(N) * static_cast<double>(K);
  const double head_flops = 2.0 * static_cast<double>(T) * static_cast<double>(head_rows) * static_cast<double>(D);
  ProductTimes times;
  times.forward = time_call([&] { backend.linear(x.data(), K, T, w, nullptr, y.data(), N, Precision::Exact); }) / flops;
  times.gradient_input = time_call([&] { backend.linear_dx(y.data(), N, T, w, x.data(), K, false); }) / flops;
  times.one_token =
      time_call([&] { backend.linear(x.data(), K, 1, w, nullptr, y.data(), N, Precision::Exact); }) /
      (flops / static_cast<double>(T));
  if (granularity == Granularity::Group) {
    float* second = w.quant.layout.has_second_scale() ? scales.data() + scales.size() / 2 : nullptr;
    times.gradient_scale =
        time_call([&] { backend.linear_dscale(y.data(), N, x.data(), K, T, w.quant, scales.data(), second); }) / flops;
  }
  times.head =
      (time_call([&] { backend.linear(x.data(), D, T, slice, nullptr, y.data(), head_rows, Precision::Exact); }) +
       time_call([&] { backend.linear_dx(y.data(), head_rows, T, slice, x.data(), D, false); })) /
      (2.0 * head_flops);
  backend.set_workspace(nullptr, 0);
  cache()[key] = times;
  return times;
}

ProductTimes time_products_like(const Backend& like, const Model& model, Granularity granularity) {
  if (const Linear* linear = typical_linear(model)) {
    const std::lock_guard lock(cache_mutex);
    if (const auto found = cache().find(key_of(like, *linear, granularity)); found != cache().end())
      return found->second;
  }
  for (const Isa isa : {Isa::Auto, Isa::Avx512, Isa::Avx2, Isa::Scalar}) {
    for (const char* device : {"auto", "cpu"}) {
      auto backend = make_backend(BackendOptions{.threads = like.threads(), .isa = isa, .device = device});
      if (backend && (*backend)->description() == like.description())
        return time_products(**backend, model, granularity);
    }
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
