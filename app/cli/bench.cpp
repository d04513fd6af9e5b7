// bench: speed of prompt and decode beside the machine's ceilings. bench-train: a tuning step.

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "app/cli/ceilings.h"
#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "engine/chat/generator.h"
#include "engine/core/system.h"
#include "engine/model/session.h"
#include "engine/model/train_graph.h"
#include "engine/tune/arena.h"
#include "engine/tune/memory_plan.h"

namespace scalewright::cli {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

// Keys that a query behind `position` others sees, itself among them.
int64_t keys_seen(const ModelConfig& config, int layer, int64_t position) {
  const auto at = static_cast<size_t>(layer);
  const bool windowed = at < config.layer_has_window.size() && config.layer_has_window[at] != 0;
  return windowed ? std::min(position + 1, config.window) : position + 1;
}

// Bytes of keys and values in 16 bits that decoding reads, the mean of `count` tokens from `position` on.
double cache_bytes(const ModelConfig& config, int64_t position, int64_t count) {
  double keys = 0.0;
  for (int layer = 0; layer < config.layers; ++layer) keys += static_cast<double>(keys_seen(config, layer, position + count / 2));
  return keys * 2.0 * 2.0 * static_cast<double>(config.kv_heads * config.head_dim);
}

// Sum over all layers, heads and pairs of a query and a key that it sees, of the elements of a head: half the
// operations of one of attention's products for a row of `context` tokens.
double attention_terms(const ModelConfig& config, int64_t context) {
  double pairs = 0.0;
  for (int layer = 0; layer < config.layers; ++layer) {
    const auto seen = static_cast<double>(keys_seen(config, layer, context - 1)), all = static_cast<double>(context);
    pairs += seen * (seen + 1.0) / 2.0 + (all - seen) * seen;
  }
  return pairs * static_cast<double>(config.heads * config.head_dim);
}

std::vector<int32_t> some_ids(int64_t count, int64_t vocabulary, uint64_t seed) {
  std::vector<int32_t> ids(static_cast<size_t>(count));
  uint64_t state = seed * 6364136223846793005ULL + 1442695040888963407ULL;
  for (int32_t& id : ids) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    id = static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(vocabulary));
  }
  return ids;
}

struct BenchOptions {
  std::string model;
  int64_t prompt = 512, decode = 64;
  int repeats = 5;
  bool fast = false;
  bool behind = false;  // decode goes on behind the prompt
  int candidates = 40;  // logits of each token that are wanted; 0: all
  int64_t rows = 1;     // tokens decoded at once
};

Result<int> bench(const Context& context, const BenchOptions& options) {
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  warn_of_context(observer, options.behind ? options.prompt + options.decode : std::max(options.prompt, options.decode), model->config.context_length);
  SessionOptions session_options;
  session_options.context = options.prompt + options.decode + 1;
  session_options.precision = options.fast ? Precision::Fast : Precision::Exact;
  session_options.kv = KvType::F16;
  std::vector<double> prompt_rates, decode_rates;
  bool largest_only = false;
  double head_bytes = 0.0;  // a token
  {
    SW_ASSIGN(const auto session, Session::create(model, *backend, session_options));
    const std::vector<int32_t> prompt = some_ids(options.prompt, model->config.vocabulary, context.seed);
    const std::vector<int32_t> single = some_ids(options.decode, model->config.vocabulary, context.seed + 1);
    if (options.rows > session->most_rows())
      return fail(ErrorCode::InvalidArgument, "--rows " + std::to_string(options.rows) + ": " + backend->description() + " appends at most " + std::to_string(session->most_rows()) + " at once while it answers.");
    largest_only = session->head_waits() && options.candidates > 0 && options.rows == 1;
    // How many rows of a head must be looked at depends on how sure the model is, so where only they are it decodes what it says
    // itself, as a chat does; elsewhere any token costs the same.
    std::vector<float> values(static_cast<size_t>(options.candidates));
    std::vector<int32_t> found(values.size());
    std::vector<Sampler::Candidate> order(values.size());
    Sampler sampler({.seed = context.seed});
    const auto next = [&](int32_t otherwise) {
      if (!largest_only || !session->largest_logits(options.candidates, values.data(), found.data())) {
        session->logits();
        return otherwise;
      }
      for (size_t i = 0; i < order.size(); ++i) order[i] = {values[i], found[i]};
      return sampler.pick_from(order);
    };
    for (int repeat = 0; repeat <= options.repeats && !context.stop.stop_requested(); ++repeat) {  // the first warms up
      session->rewind(0);
      double start = now();
      if (options.prompt > 0) {
        SW_TRY(session->append(prompt));
        next(0);
        if (repeat) prompt_rates.push_back(static_cast<double>(options.prompt) / (now() - start));
        if (!options.behind) session->rewind(0);
      }
      start = now();
      double bytes = 0.0;
      int32_t id = single.empty() ? 0 : single.front();
      for (size_t i = 0; i < single.size(); ++i) {
        if (options.rows > 1) {
          const size_t count = std::min(single.size() - i, static_cast<size_t>(options.rows));
          SW_TRY(session->append_rows(std::span(single).subspan(i, count)));
          bytes += static_cast<double>(session->head_bytes());
          i += count - 1;
          continue;
        }
        SW_TRY(session->append(std::span(&id, 1)));
        id = next(single[i]);
        bytes += static_cast<double>(session->head_bytes());
      }
      head_bytes = bytes / static_cast<double>(std::max<int64_t>(options.decode, 1));
      if (repeat && options.decode > 0) decode_rates.push_back(static_cast<double>(options.decode) / (now() - start));
    }
  }
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  auto token_bytes = static_cast<uint64_t>(head_bytes);
  for (const Linear* linear : std::as_const(model->weights).linears()) token_bytes += linear->weight.bytes();
  token_bytes += static_cast<uint64_t>(cache_bytes(model->config, options.behind ? options.prompt : 0, options.decode));
  const double bandwidth = measure_ceilings(*backend).read_bandwidth;
  // The weights are read once for all the tokens that are decoded at once.
  if (options.rows > 1) token_bytes /= static_cast<uint64_t>(std::min(options.rows, std::max<int64_t>(options.decode, 1)));
  const double decode = median(decode_rates), bytes = decode * static_cast<double>(token_bytes);
  context.print_json({{"prompt_tokens_per_second", median(prompt_rates)},
                      {"decode_tokens_per_second", decode},
                      {"prompt_runs", prompt_rates},
                      {"decode_runs", decode_rates},
                      {"decode_bytes_per_token", token_bytes},
                      {"decode_bytes_per_second", bytes},
                      {"read_bandwidth", bandwidth},
                      {"fraction_of_bandwidth", bytes / bandwidth},
                      {"logits", largest_only ? "largest " + std::to_string(options.candidates) : "all"},
                      {"rows", options.rows},
                      {"precision", options.fast ? "fast" : "exact"},
                      {"device", backend->description()},
                      {"peak_bytes", peak_resident_bytes()}});
  context.print(backend->description() + ", " + (options.fast ? "fast (8-bit activations)" : "exact"));
  if (options.prompt > 0) context.print("prompt of " + std::to_string(options.prompt) + "   " + format_number(median(prompt_rates), 1) + " tokens/s");
  if (options.decode > 0)
    context.print("decode of " + std::to_string(options.decode) + "    " + format_number(decode, 1) + " tokens/s, reading " + format_number(bytes / 1e9, 1) +
                  " GB/s: " + format_number(100 * bytes / bandwidth, 0) + " % of the " + format_number(bandwidth / 1e9, 1) + " GB/s that a plain read gets here");
  if (largest_only) context.print("of each token the " + std::to_string(options.candidates) + " largest logits, which is all that sampling looks at; the others are not computed (--candidates 0 does)");
  return 0;
}

struct BenchTrainOptions {
  std::string model, granularity = "group";
  int64_t context = 512, batch = 1;
  int repeats = 3, kept_layers = -1;
};

Result<int> bench_train(const Context& context, const BenchTrainOptions& options) {
  SW_TRY(check_model_argument(options.model, Takes::Model));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, load_model(options.model, observer, context.stop));
  if (!model->tunable()) return fail(ErrorCode::InvalidArgument, model->name + " has no quantized matrices, so there are no scales to learn. Quantize it first: scalewright-cli quantize.");
  TrainShape shape;
  shape.batch = options.batch;
  shape.context = options.context;
  shape.granularity = options.granularity == "row" ? Granularity::Row : Granularity::Group;
  shape.kept_layers = options.kept_layers < 0 ? model->config.layers : std::min(options.kept_layers, model->config.layers);
  shape.precision = backend->tuning_precision();
  shape.loss_chunk = usual_loss_chunk(*backend);
  uint64_t bytes = 0;
  for (const MemoryItem& item : TrainGraph::plan(*model, *backend, shape)) bytes += item.bytes;
  const TrainableLayout layout = trainable_layout(*model, shape.granularity);
  SW_ASSIGN(const Arena arena, Arena::reserve(bytes));
  SW_ASSIGN(const Arena learned, Arena::reserve(2 * layout.total * sizeof(float)));
  SW_ASSIGN(const auto graph, TrainGraph::create(model, *backend, shape, arena.data(), arena.size()));
  auto* values = reinterpret_cast<float*>(learned.data());
  float* gradient = values + layout.total;
  initial_scales(*model, layout, values);

  Batch batch;
  batch.rows = options.batch;
  batch.context = options.context;
  batch.ids = some_ids(options.batch * options.context, model->config.vocabulary, context.seed);
  batch.targets.assign(batch.ids.size(), -100);
  batch.segments.assign(batch.ids.size(), 0);
  batch.positions.resize(batch.ids.size());
  for (int64_t i = 0; i < static_cast<int64_t>(batch.ids.size()); ++i) {
    batch.positions[static_cast<size_t>(i)] = static_cast<int32_t>(i % options.context);
    if ((i + 1) % options.context) batch.targets[static_cast<size_t>(i)] = batch.ids[static_cast<size_t>(i) + 1];
  }
  const int64_t counted = batch.counted();
  std::vector<double> seconds;
  for (int repeat = 0; repeat <= options.repeats && !context.stop.stop_requested(); ++repeat) {
    observer.progress({.step = "step " + std::to_string(repeat), .fraction = static_cast<double>(repeat) / (options.repeats + 1)});
    backend->zero(gradient, static_cast<int64_t>(layout.total));
    const double start = now();
    graph->forward_backward(batch, values, 1.0f / static_cast<float>(counted), gradient);
    if (repeat) seconds.push_back(now() - start);
  }
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  // Products needed: forward and the two (per row) or three (per group) of the backward pass; the head's forward and backward;
  // attention's two forward and four backward. What is computed a second time does not count.
  double linear_parameters = 0.0;
  for (const Linear* linear : std::as_const(model->weights).linears()) linear_parameters += static_cast<double>(linear->weight.rows() * linear->weight.cols());
  const bool no_product = shape.granularity == Granularity::Row;
  const double tokens = static_cast<double>(options.batch * options.context);
  const double head = static_cast<double>(counted) * static_cast<double>(model->config.vocabulary * model->config.width);
  const double attention = static_cast<double>(options.batch) * attention_terms(model->config, options.context);
  const double flops = tokens * linear_parameters * (no_product ? 4.0 : 6.0) + 4.0 * head + 12.0 * attention;
  const double step = median(seconds);
  const uint64_t peak = peak_resident_bytes();  // before the ceilings are measured, which takes memory of its own
  const double rate = measure_ceilings(*backend).product_rate;
  context.print_json({{"seconds_per_step", step},
                      {"runs", seconds},
                      {"tokens_per_second", tokens / step},
                      {"flops_per_step", flops},
                      {"flops_per_second", flops / step},
                      {"product_rate", rate},
                      {"fraction_of_product_rate", flops / step / rate},
                      {"kept_layers", shape.kept_layers},
                      {"granularity", options.granularity},
                      {"planned_bytes", bytes},
                      {"peak_bytes", peak},
                      {"products", shape.precision == Precision::Fast ? "bf16" : "fp32"},
                      {"device", backend->description()}});
  context.print(format_number(step, 3) + " s a step, " + format_number(tokens / step, 0) + " tokens/s on " + backend->description());
  context.print(format_number(flops / step / 1e9, 0) + " GFLOP/s of the " + format_number(rate / 1e9, 0) + " that a plain " + (shape.precision == Precision::Fast ? "bf16" : "fp32") + " product reaches here: " +
                format_number(100 * flops / step / rate, 0) + " %");
  context.print(format_bytes(peak) + " at its peak");
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "bench", "Speed of prompt and decode, beside this machine's ceilings");
  auto b = std::make_shared<BenchOptions>();
  verb->add_option("MODEL", b->model, "A model, or the folder of a run")->required();
  verb->add_option("-p,--prompt", b->prompt, "Tokens of the prompt")->check(whole(0, int64_t{1} << 20))->capture_default_str();
  verb->add_option("-n,--decode", b->decode, "Tokens to decode")->check(whole(0, int64_t{1} << 20))->capture_default_str();
  verb->add_option("-r,--repeats", b->repeats, "Runs; the median counts")->check(whole(1, 1000))->capture_default_str();
  verb->add_flag("--fast", b->fast, "Activations in 8 bits, as chat --fast");
  verb->add_option("--candidates", b->candidates, "With --fast, where the head can be searched: the largest logits that are found of each token, exact, the others not computed; what chat's top-k takes. The model then goes on with tokens of its own, sampled as in a chat, which is counted too. 0: all logits of given tokens, as llama-bench")->check(whole(0, 1 << 20))->capture_default_str();
  verb->add_option("--rows", b->rows, "Tokens decoded at once, with all logits: what an answer costs whose guesses (--guess-ahead of chat) are all right")->check(whole(1, 4))->capture_default_str();
  verb->add_flag("--behind", b->behind, "Decode goes on behind the prompt and reads its keys and values; else it begins with an empty context");
  verb->callback([&context, b] {
    if (b->prompt == 0 && b->decode == 0) throw CLI::ValidationError("bench", "nothing to measure: give tokens of a prompt (-p) or tokens to decode (-n)");
    context.command = [&context, b] { return bench(context, *b); };
  });

  CLI::App* train = add_verb(app, context, "bench-train", "Speed and memory of a tuning step");
  auto t = std::make_shared<BenchTrainOptions>();
  train->add_option("MODEL", t->model, "A quantized model")->required();
  train->add_option("--context", t->context, "Tokens of a row")->check(whole(2, int64_t{1} << 20))->capture_default_str();
  train->add_option("--batch", t->batch, "Rows")->check(whole(1, 4096))->capture_default_str();
  train->add_option("--granularity", t->granularity, "What learns")->check(CLI::IsMember({"group", "row"}))->capture_default_str();
  train->add_option("--kept-layers", t->kept_layers, "Blocks that keep their activations; default: all")->check(at_least_zero());
  train->add_option("-r,--repeats", t->repeats, "Steps timed; the median counts")->check(whole(1, 1000))->capture_default_str();
  train->callback([&context, t] { context.command = [&context, t] { return bench_train(context, *t); }; });
}

}  // namespace scalewright::cli
