#include "engine/tune/memory_plan.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "engine/backend/companions.h"
#include "engine/core/system.h"
#include "engine/model/replica.h"
#include "engine/tune/memory_remedies.h"
#include "engine/tune/replica_team.h"
#include "engine/tune/scale_optimizer.h"

namespace scalewright {
namespace {

// Pages of code that tuning touches for the first time, stacks, file buffers, the history: measured on the sample, with
// some to spare.
constexpr uint64_t kSmallAllocations = uint64_t{5} << 20;
constexpr int64_t kLossChunk = 128, kSmallLossChunk = 32;
constexpr int64_t kDeviceLossChunk = 512;  // a card wants more rows at once
// Of the memory that is free, the part that may be spent on speed when the person set no limit: the rest is for other
// programs.
constexpr double kSpendForSpeed = 0.8;
constexpr int64_t kSampleContext = 512;
constexpr uint64_t kPage = 4096;     // that an arena ends at
constexpr uint64_t kBlockEnd = 128;  // at most, behind the numbers of an AlignedBytes

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
  int64_t steps = 0;
  const HeldMemory& held;
};

struct Candidate {
  std::vector<MemoryItem> items, device_items;  // in the machine's memory; in that of a card
  TrainShape shape;
  uint64_t graph_bytes = 0, optimizer_bytes = 0;
  uint64_t total = 0, device_total = 0;
  std::vector<DeviceLedger> others;  // of cards beside the first: items and total
};

// What may be taken of each.
struct Limits {
  uint64_t machine = 0, device = 0;
  std::vector<uint64_t> others;
  bool allow(const Candidate& c) const {
    for (size_t i = 0; i < c.others.size(); ++i)
      if (c.others[i].total_bytes > others[i]) return false;
    return c.total <= machine && c.device_total <= device;
  }
};

// Of the blocks' matrices, what did not fit the memory of the device.
uint64_t offloaded_bytes(const Model& model, const Backend& backend) {
  uint64_t total = 0;
  for (const Linear* linear : model.weights.linears())
    if (!backend.in_device_memory(linear->weight.data().data())) total += linear->weight.bytes();
  return total;
}

// What the devices beside the first take: the same again, in memory of their own where they have some.
void share_with_others(const Request& request, const RowShares& shares, uint64_t arena, uint64_t learned,
                       Candidate& c) {
  const Companions& companions = *request.backend.companions();
  uint64_t in_host = 0;
  const MemoryItem sums{"room to add up the gradients of all cards", MemoryPart::Workspace,
                        companions.sum_bytes * learned};
  if (request.backend.device_memory() && sums.bytes > 0) c.device_items.push_back(sums);
  for (int i = 1; i < shares.devices; ++i) {
    const std::optional<DeviceMemory> memory = companions.devices[static_cast<size_t>(i) - 1].memory();
    if (!memory) {
      in_host += arena;
      continue;
    }
    DeviceLedger& other = c.others.emplace_back();
    other.name = memory->name;
    other.memory_bytes = memory->total_bytes;
    other.available_bytes = memory->available_bytes;
    other.offloaded_bytes = offloaded_bytes(request.model, request.backend);
    const uint64_t blocks = request.model.weights.linears().size() + 2;  // of memory, with embedding and head
    other.items = {
        {"weights", MemoryPart::Weights, replicated_bytes(request.model, request.backend) + kBlockEnd * blocks},
        {"norms, and room for blocks that come from the machine's memory", MemoryPart::Weights,
         request.backend.hold_bytes(request.model.weights.list())},
        {"learned scales, activations, logits and workspace, as on the first card", MemoryPart::Workspace, arena}};
    if (sums.bytes > 0) other.items.push_back(sums);
    if (memory->held_bytes > 0)
      other.items.push_back({"other models and chats of this program", MemoryPart::Program, memory->held_bytes});
    other.total_bytes = sum_of(other.items);
  }
  if (in_host > 0)
    c.items.push_back(
        {"learned scales, activations, logits and workspace of " + std::to_string(shares.devices - 1) + " more devices",
         MemoryPart::Workspace, in_host});
}

Candidate candidate(const Request& request, const TrainableLayout& layout, int kept_layers, int64_t loss_chunk) {
  const TuneRecipe& recipe = request.recipe;
  const std::optional<DeviceMemory> device = request.backend.device_memory();
  Candidate c;
  // The arena of a run on a card lies there, and so does a session.
  std::vector<MemoryItem>& worked_in = device ? c.device_items : c.items;
  const RowShares shares = share_rows(recipe, request.backend);
  c.shape = TrainShape{.batch = shares.rows_at_once,
                       .context = recipe.context,
                       .granularity = recipe.granularity,
                       .kept_layers = kept_layers,
                       .loss_chunk = loss_chunk,
                       .precision = recipe.exact_products ? Precision::Exact : request.backend.tuning_precision()};
  c.optimizer_bytes = ScaleOptimizer::bytes(layout.total, recipe.parametrization);
  const uint64_t weights = request.model.weights.bytes();
  if (device) {
    const WeightList list = request.model.weights.list();
    const uint64_t there = replicated_bytes(request.model, request.backend);
    c.device_items.push_back({"weights", MemoryPart::Weights, there});
    c.device_items.push_back(
        {there < weights ? "norms, and room for blocks that come from the machine's memory" : "norms",
         MemoryPart::Weights, request.backend.hold_bytes(list)});
    c.items.push_back({"weights that are not on the card", MemoryPart::Weights, weights - there});
    const uint64_t others = device->held_bytes > there ? device->held_bytes - there : 0;
    if (others > 0) c.device_items.push_back({"other models and chats of this program", MemoryPart::Program, others});
  } else {
    c.items.push_back({"weights", MemoryPart::Weights, weights});
  }
  worked_in.push_back({std::to_string(layout.total) + " learned scales, their gradients and AdamW moments",
                       MemoryPart::Scales, c.optimizer_bytes});
  c.items.push_back({"scales before tuning", MemoryPart::Scales, snapshot_bytes(request.model, layout)});
  for (MemoryItem& item : TrainGraph::plan(request.model, request.backend, c.shape)) {
    c.graph_bytes += item.bytes;
    worked_in.push_back(std::move(item));
  }
  const uint64_t arena = c.graph_bytes + c.optimizer_bytes, pages = (arena + kPage - 1) / kPage * kPage;
  if (device) c.device_items.push_back({"rest of the last page", MemoryPart::Workspace, pages - arena});
  if (shares.devices > 1) share_with_others(request, shares, pages, layout.total, c);
  // ids, targets, segments and positions of the batches of a step and of one for validation
  const auto batch = static_cast<uint64_t>(recipe.batch * recipe.context) * 4 * sizeof(int32_t);
  c.items.push_back({"batches", MemoryPart::Workspace, batch * static_cast<uint64_t>(recipe.accumulate + 1)});
  if (!recipe.sample_prompt.empty()) {
    worked_in.push_back(
        {"answer to the sample prompt", MemoryPart::Workspace, sample_bytes(request.model, request.backend)});
  }
  c.items.push_back({"dataset", MemoryPart::Program, request.held.dataset_bytes});
  c.items.push_back({"losses and rates of the steps, and the report of them", MemoryPart::Program, history_bytes(request.steps)});
  const uint64_t known = weights + request.held.dataset_bytes;
  const uint64_t rest = request.held.resident_bytes > known ? request.held.resident_bytes - known : 0;
  c.items.push_back({"program and tokenizer", MemoryPart::Program, rest + kSmallAllocations});
  c.total = sum_of(c.items);
  c.device_total = sum_of(c.device_items);
  return c;
}

Remedies remedies(const Request& request, const Limits& limits) {
  const bool card = request.backend.device_memory().has_value();
  return find_remedies(request.recipe, [&](const TuneRecipe& recipe) {
    const Request changed{request.model, request.backend, recipe, request.steps, request.held};
    const Candidate c = candidate(changed, trainable_layout(request.model, recipe.granularity), 0, kSmallLossChunk);
    return NeededMemory{card ? c.device_total : c.total, limits.allow(c)};
  });
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

std::string remedy_words(const MemoryLedger& ledger) {
  if (ledger.remedies.empty()) {
    const std::string advice =
        ledger.limit_bytes < ledger.available_bytes ? "Allow more memory" : "Close other programs that hold memory";
    return "Nothing makes it fit" +
           (ledger.least ? ": " + ledger.least->words + (ledger.least->words.empty() ? "it" : "") + " still needs " +
                               readable_bytes(ledger.least->bytes) + ". "
                         : ". ") +
           advice + ", or choose a smaller model.";
  }
  std::string text = "What would change it: ";
  for (size_t i = 0; i < ledger.remedies.size(); ++i) text += (i == 0 ? "" : "; ") + ledger.remedies[i];
  return text + ".";
}

uint64_t history_bytes(int64_t steps) {
  // A number kept, as JSON, and its digits.
  constexpr uint64_t kOfANumber = sizeof(double) + 16 + 24;
  return 3 * kOfANumber * static_cast<uint64_t>(std::clamp<int64_t>(steps, 0, kMostKept));
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

int64_t usual_loss_chunk(const Backend& backend) {
  return backend.device_memory() ? kDeviceLossChunk : kLossChunk;
}

MemoryChoice plan_memory(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                         const TrainableLayout& layout, int64_t steps, const HeldMemory& held,
                         const std::optional<TrainShape>& fixed) {
  const Request request{model, backend, recipe, steps, held};
  MemoryChoice choice;
  MemoryLedger& ledger = choice.ledger;
  const MemoryStatus machine = memory_status();
  ledger.machine_bytes = machine.total_bytes;
  ledger.available_bytes = machine.available_bytes + held.resident_bytes;
  // A limit is of the memory that the run works in.
  const std::optional<DeviceMemory> device = backend.device_memory();
  const auto limited = [&](uint64_t available) {
    return recipe.memory_limit > 0 ? std::min(recipe.memory_limit, available) : available;
  };
  const auto for_speed = [](uint64_t held_bytes, uint64_t free_bytes) {
    return held_bytes + static_cast<uint64_t>(kSpendForSpeed * static_cast<double>(free_bytes));
  };
  ledger.limit_bytes = device ? ledger.available_bytes : limited(ledger.available_bytes);
  Limits limits{ledger.limit_bytes, 0, {}}, speed{for_speed(held.resident_bytes, machine.available_bytes), 0, {}};
  if (const Companions* companions = backend.companions()) {
    for (const Companions::Device& other : companions->devices) {
      const std::optional<DeviceMemory> memory = other.memory();
      if (!memory) continue;
      limits.others.push_back(limited(memory->available_bytes));
      speed.others.push_back(recipe.memory_limit > 0 ? limits.others.back()
                                                     : for_speed(memory->held_bytes, memory->left_bytes()));
    }
  }
  if (device) {
    limits.device = speed.device = limited(device->available_bytes);
    if (recipe.memory_limit == 0) speed.device = for_speed(device->held_bytes, device->left_bytes());
  } else if (recipe.memory_limit > 0) {
    speed.machine = limits.machine;
  }

  const int64_t loss_chunk = usual_loss_chunk(backend);
  Candidate best = fixed ? candidate(request, layout, fixed->kept_layers, fixed->loss_chunk)
                         : candidate(request, layout, 0, loss_chunk);
  if (!fixed && speed.allow(best)) {
    int low = 0, high = static_cast<int>(model.weights.layers.size());  // `low` fits
    while (low < high) {
      const int middle = low + (high - low + 1) / 2;
      Candidate more = candidate(request, layout, middle, loss_chunk);
      if (speed.allow(more)) {
        low = middle;
        best = std::move(more);
      } else {
        high = middle - 1;
      }
    }
  }
  if (!limits.allow(best)) {
    // A resumed run keeps its loss only to the bit when it keeps its shape; one that no longer fits goes on with less.
    best = candidate(request, layout, 0, fixed ? fixed->loss_chunk : kSmallLossChunk);
  }
  choice.shape = best.shape;
  choice.graph_bytes = best.graph_bytes;
  choice.optimizer_bytes = best.optimizer_bytes;
  ledger.items = std::move(best.items);
  ledger.fits = limits.allow(best);
  ledger.total_bytes = best.total;
  if (held.peak_bytes > best.total) {
    // Opening the model took more for a moment than tuning will: the process has already been that large.
    ledger.items.push_back(
        {"held for a moment while files were read, free again", MemoryPart::Program, held.peak_bytes - best.total});
    ledger.total_bytes = held.peak_bytes;
  }
  if (device) {
    ledger.device = DeviceLedger{
        device->name,  std::move(best.device_items),   best.device_total, device->total_bytes, device->available_bytes,
        limits.device, offloaded_bytes(model, backend)};
  }
  ledger.more_devices = std::move(best.others);
  for (size_t i = 0; i < ledger.more_devices.size(); ++i) ledger.more_devices[i].limit_bytes = limits.others[i];
  if (ledger.fits) return choice;
  Remedies found = remedies(request, limits);
  for (const MemoryRemedy& way : found.enough)
    ledger.remedies.push_back(way.words + " needs " + readable_bytes(way.bytes) + ": fits");
  if (const uint64_t here = best.total + best.device_total; device && here <= ledger.available_bytes)
    ledger.remedies.push_back("the device cpu needs about " + readable_bytes(here) + " of the machine's memory: fits");
  ledger.ways = std::move(found.ways);
  if (ledger.remedies.empty()) ledger.least = std::move(found.least);
  return choice;
}

}  // namespace scalewright
