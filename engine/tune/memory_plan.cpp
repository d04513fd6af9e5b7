#include "engine/tune/memory_plan.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "engine/core/system.h"
#include "engine/tune/scale_optimizer.h"

namespace scalewright {
namespace {

// Pages of code that tuning touches for the first time, stacks, file buffers, the history: measured on the sample, with
// some to spare.
constexpr uint64_t kSmallAllocations = uint64_t{5} << 20;
constexpr int64_t kLossChunk = 128, kSmallLossChunk = 32;
// Of the memory that is free, the part that may be spent on speed when the person set no limit: the rest is for other
// programs.
constexpr double kSpendForSpeed = 0.8;
constexpr int64_t kSampleContext = 512;

uint64_t sum_of(const std::vector<MemoryItem>& items) {
  uint64_t total = 0;
  for (const MemoryItem& item : items) total += item.bytes;
  return total;
}

uint64_t sample_bytes(const Model& model, const Backend& backend) {
  const SessionOptions options = sample_session_options(model);
  int64_t largest_n = 0, largest_k = 0;
  for (const Linear* linear : model.weights.linears()) {
    largest_n = std::max(largest_n, linear->weight.rows());
    largest_k = std::max(largest_k, linear->weight.cols());
  }
  const size_t workspace =
      std::max(backend.workspace_bytes(options.chunk, largest_n, largest_k),
               backend.workspace_bytes(options.chunk, model.config.vocabulary, model.config.width));
  return Session::bytes(model, options) + workspace;
}

struct Request {
  const Model& model;
  const Backend& backend;
  TuneRecipe recipe;
  const HeldMemory& held;
};

struct Candidate {
  std::vector<MemoryItem> items;
  TrainShape shape;
  uint64_t graph_bytes = 0, optimizer_bytes = 0, total = 0;
};

Candidate candidate(const Request& request, const TrainableLayout& layout, int kept_layers, int64_t loss_chunk) {
  const TuneRecipe& recipe = request.recipe;
  Candidate c;
  c.shape = TrainShape{.batch = recipe.batch,
                       .context = recipe.context,
                       .granularity = recipe.granularity,
                       .kept_layers = kept_layers,
                       .loss_chunk = loss_chunk};
  c.optimizer_bytes = ScaleOptimizer::bytes(layout.total, recipe.parametrization);
  const uint64_t weights = request.model.weights.bytes();
  c.items.push_back({"weights", MemoryPart::Weights, weights});
  c.items.push_back({std::to_string(layout.total) + " learned scales, their gradients and AdamW moments",
                     MemoryPart::Scales, c.optimizer_bytes});
  c.items.push_back({"scales before tuning", MemoryPart::Scales, snapshot_bytes(request.model, layout)});
  for (MemoryItem& item : TrainGraph::plan(request.model, request.backend, c.shape)) {
    c.graph_bytes += item.bytes;
    c.items.push_back(std::move(item));
  }
  // ids, targets, segments and positions of the batches of a step and of one for validation
  const auto batch = static_cast<uint64_t>(recipe.batch * recipe.context) * 4 * sizeof(int32_t);
  c.items.push_back({"batches", MemoryPart::Workspace, batch * static_cast<uint64_t>(recipe.accumulate + 1)});
  if (!recipe.sample_prompt.empty()) {
    c.items.push_back(
        {"answer to the sample prompt", MemoryPart::Workspace, sample_bytes(request.model, request.backend)});
  }
  c.items.push_back({"dataset", MemoryPart::Program, request.held.dataset_bytes});
  const uint64_t known = weights + request.held.dataset_bytes;
  const uint64_t rest = request.held.resident_bytes > known ? request.held.resident_bytes - known : 0;
  c.items.push_back({"program and tokenizer", MemoryPart::Program, rest + kSmallAllocations});
  c.total = sum_of(c.items);
  return c;
}

// The changes of recipe that a person may make, each planned with nothing kept.
std::vector<MemoryRemedy> remedies(const Request& request, uint64_t limit) {
  std::vector<MemoryRemedy> ways;
  bool one_fits = false;
  const auto attempt = [&](const std::string& words, const TuneRecipe& recipe) {
    const Request changed{request.model, request.backend, recipe, request.held};
    const uint64_t bytes =
        candidate(changed, trainable_layout(request.model, recipe.granularity), 0, kSmallLossChunk).total;
    one_fits = one_fits || bytes <= limit;
    ways.push_back({words, recipe.context, recipe.batch, recipe.accumulate, recipe.granularity,
                    !recipe.sample_prompt.empty(), bytes, bytes <= limit});
    return bytes <= limit;
  };
  if (request.recipe.batch > 1) {
    TuneRecipe recipe = request.recipe;
    recipe.accumulate *= recipe.batch;
    recipe.batch = 1;
    attempt("batch 1 with accumulate " + std::to_string(recipe.accumulate) + " (the same step)", recipe);
  }
  for (int64_t context = request.recipe.context / 2; context >= 32; context /= 2) {
    TuneRecipe recipe = request.recipe;
    recipe.context = context;
    if (attempt("context " + std::to_string(context), recipe)) break;
  }
  if (request.recipe.granularity == Granularity::Group) {
    TuneRecipe recipe = request.recipe;
    recipe.granularity = Granularity::Row;
    attempt("one factor a row instead of a scale a group", recipe);
    if (!one_fits) {
      recipe.batch = 1;
      recipe.context = std::min<int64_t>(recipe.context, 32);
      attempt("one factor a row with batch 1 and context " + std::to_string(recipe.context), recipe);
    }
  }
  if (!request.recipe.sample_prompt.empty()) {
    TuneRecipe recipe = request.recipe;
    recipe.sample_prompt.clear();
    attempt("no sample prompt", recipe);
  }
  return ways;
}

}  // namespace

std::string readable_bytes(uint64_t bytes) {
  char text[32];
  const double value = static_cast<double>(bytes);
  if (value >= 999.995e9) {
    std::snprintf(text, sizeof text, "%.2f TB", value / 1e12);
  } else if (value >= 1e9) {
    std::snprintf(text, sizeof text, "%.2f GB", value / 1e9);
  } else {
    std::snprintf(text, sizeof text, "%.0f MB", value / 1e6 + 0.499);
  }
  return text;
}

uint64_t snapshot_bytes(const Model& model, const TrainableLayout& layout) {
  const std::vector<const Linear*> linears = model.weights.linears();
  uint64_t total = 0;
  for (const TrainableEntry& entry : layout.entries) {
    const kernels::QuantLayout& q = linears[entry.linear]->weight.quant().layout();
    const bool second = q.kind == kernels::BlockKind::Min || q.has_second_scale();
    total += static_cast<uint64_t>(q.rows * q.groups()) * sizeof(uint16_t) * (second ? 2 : 1);
  }
  return total;
}

SessionOptions sample_session_options(const Model& model) {
  const int64_t longest = model.config.context_length > 0 ? model.config.context_length : kSampleContext;
  return SessionOptions{
      .context = std::min(kSampleContext, longest), .precision = Precision::Exact, .kv = KvType::F32, .chunk = 64};
}

MemoryChoice plan_memory(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                         const TrainableLayout& layout, const HeldMemory& held,
                         const std::optional<TrainShape>& fixed) {
  const Request request{model, backend, recipe, held};
  MemoryChoice choice;
  MemoryLedger& ledger = choice.ledger;
  const MemoryStatus machine = memory_status();
  ledger.machine_bytes = machine.total_bytes;
  ledger.available_bytes = machine.available_bytes + held.resident_bytes;
  ledger.limit_bytes =
      recipe.memory_limit > 0 ? std::min(recipe.memory_limit, ledger.available_bytes) : ledger.available_bytes;
  const auto for_speed =
      recipe.memory_limit > 0
          ? ledger.limit_bytes
          : held.resident_bytes + static_cast<uint64_t>(kSpendForSpeed * static_cast<double>(machine.available_bytes));

  Candidate best = fixed ? candidate(request, layout, fixed->kept_layers, fixed->loss_chunk)
                         : candidate(request, layout, 0, kLossChunk);
  if (!fixed && best.total <= for_speed) {
    int low = 0, high = static_cast<int>(model.weights.layers.size());  // `low` fits
    while (low < high) {
      const int middle = low + (high - low + 1) / 2;
      Candidate more = candidate(request, layout, middle, kLossChunk);
      if (more.total <= for_speed) {
        low = middle;
        best = std::move(more);
      } else {
        high = middle - 1;
      }
    }
  }
  if (best.total > ledger.limit_bytes) {
    // A resumed run keeps its loss only to the bit when it keeps its shape; one that no longer fits goes on with less.
    best = candidate(request, layout, 0, fixed ? fixed->loss_chunk : kSmallLossChunk);
  }
  choice.shape = best.shape;
  choice.graph_bytes = best.graph_bytes;
  choice.optimizer_bytes = best.optimizer_bytes;
  ledger.items = std::move(best.items);
  ledger.fits = best.total <= ledger.limit_bytes;
  ledger.total_bytes = best.total;
  if (held.peak_bytes > best.total) {
    // Opening the model took more for a moment than tuning will: the process has already been that large.
    ledger.items.push_back(
        {"held for a moment while files were read, free again", MemoryPart::Program, held.peak_bytes - best.total});
    ledger.total_bytes = held.peak_bytes;
  }
  if (!ledger.fits) ledger.ways = remedies(request, ledger.limit_bytes);
  for (const MemoryRemedy& way : ledger.ways) {
    ledger.remedies.push_back(way.words + " needs " + readable_bytes(way.bytes) +
                              (way.fits ? ": fits" : ": does not fit"));
  }
  return choice;
}

}  // namespace scalewright
