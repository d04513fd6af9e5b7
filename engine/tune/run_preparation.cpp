#include "engine/tune/run_preparation.h"

#include <algorithm>
#include <cmath>

#include "engine/core/system.h"
#include "engine/data/batch_stream.h"
#include "engine/tune/arena.h"
#include "engine/tune/checkpoint.h"

namespace scalewright {

Result<Preparation> prepare_run(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                                const std::optional<TrainShape>& fixed, Observer& observer) {
  SW_TRY(check_recipe(recipe));
  if (!model.tunable()) {
    return fail(ErrorCode::Unsupported,
                model.name + " has no quantized matrices, so there are no scales to learn. Quantize it first.");
  }
  for (const Linear* linear : model.weights.linears()) {
    const std::string reason = backend.unsupported(linear->weight.view());
    if (!reason.empty()) {
      return fail(ErrorCode::Unsupported, model.name + ": " + linear->name + " cannot be computed on " +
                                              backend.description() + ": " + reason + ".");
    }
  }
  Preparation p;
  SW_ASSIGN(p.data, load_tuning_data(model, recipe, observer));
  p.layout = trainable_layout(model, recipe.granularity);

  TunePlan& plan = p.plan;
  plan.batches_per_epoch =
      BatchStream(p.data.train, recipe.batch, recipe.context, recipe.seed, true).batches_per_epoch();
  const double steps_per_epoch = static_cast<double>(plan.batches_per_epoch) / static_cast<double>(recipe.accumulate);
  plan.steps =
      recipe.steps > 0 ? recipe.steps : std::max<int64_t>(1, std::llround(std::ceil(recipe.epochs * steps_per_epoch)));
  plan.trainable = static_cast<int64_t>(p.layout.total);
  plan.rows = static_cast<int64_t>(p.data.train->examples.size());
  for (const EncodedExample& example : p.data.train->examples) {
    plan.tokens += static_cast<int64_t>(example.ids.size());
    for (size_t t = 1; t < example.learned.size(); ++t) plan.learned_tokens += example.learned[t] != 0;
  }
  plan.cut = p.data.train->cut;
  plan.dropped = p.data.train->dropped;
  if (p.data.validation || !recipe.sample_prompt.empty()) {
    const int64_t every = validation_interval(recipe, plan.steps);  // and before the first step, and after the last
    plan.validations = plan.steps / every + 1 + (plan.steps % every != 0 ? 1 : 0);
  }
  plan.validation_rows = p.data.validation ? static_cast<int64_t>(p.data.validation->examples.size()) : 0;
  plan.usual_learning_rate = default_learning_rate(model, recipe);
  plan.learning_rate = recipe.learning_rate > 0.0 ? recipe.learning_rate : plan.usual_learning_rate;
  if (const std::string far = learning_rate_warning(plan.learning_rate, plan.usual_learning_rate); !far.empty())
    observer.warning(far);
  if (recipe.warmup >= 1.0 && recipe.warmup > static_cast<double>(plan.steps)) {
    observer.warning("The warm-up of " + std::to_string(static_cast<int64_t>(recipe.warmup)) +
                     " steps is longer than the run of " + std::to_string(plan.steps) +
                     ", so the learning rate rises until the last step. Give fewer steps to warm up, or a fraction of them.");
  }
  p.shares = share_rows(recipe, backend);
  plan.devices = p.shares.devices;
  if (const Companions* companions = backend.companions();
      companions && p.shares.devices <= static_cast<int>(companions->devices.size())) {
    observer.warning("A step has " + std::to_string(p.shares.rows) + (p.shares.rows == 1 ? " row" : " rows") +
                     ", so only as many of the " + std::to_string(companions->devices.size() + 1) +
                     " devices work. Choose a larger batch, or accumulate more, to use all.");
  }
  const int64_t most = (p.shares.rows + p.shares.devices - 1) / p.shares.devices;
  const double share = static_cast<double>(most) / static_cast<double>(p.shares.rows);
  p.tokens_per_step = share * static_cast<double>(plan.tokens) / steps_per_epoch;
  p.learned_per_step = share * static_cast<double>(plan.learned_tokens) / steps_per_epoch;

  release_unused_memory();
  const HeldMemory held{
      .resident_bytes = resident_bytes(), .peak_bytes = peak_resident_bytes(), .dataset_bytes = p.data.bytes};
  p.memory = plan_memory(model, backend, recipe, p.layout, plan.steps, held, fixed);
  plan.ledger = p.memory.ledger;
  plan.kept_layers = p.memory.shape.kept_layers;

  plan.checkpoint_bytes = Checkpoint::file_bytes(p.layout.total, std::min(plan.steps, kMostKept));
  plan.pack_bytes = p.layout.total * (recipe.granularity == Granularity::Row ? 4 : 2) + 128 * p.layout.entries.size();
  return p;
}

int64_t validation_interval(const TuneRecipe& recipe, int64_t steps) {
  return recipe.validate_every > 0 ? recipe.validate_every : std::max<int64_t>(1, steps / 10);
}

Error out_of_memory(const MemoryLedger& ledger) {
  const auto sentence = [](uint64_t total, uint64_t limit, uint64_t available, const std::string& where) {
    return "Tuning as asked needs " + readable_bytes(total) + ", and " + readable_bytes(limit) +
           (limit < available ? " are allowed" : " are free on " + where) + ". ";
  };
  std::string text;
  bool card_is_full = false;
  const auto card = [&](const DeviceLedger& device) {
    if (device.total_bytes <= device.limit_bytes) return;
    card_is_full = true;
    text += sentence(device.total_bytes, device.limit_bytes, device.available_bytes, device.name);
  };
  if (ledger.device) card(*ledger.device);
  for (const DeviceLedger& device : ledger.more_devices) card(device);
  if (!card_is_full || ledger.total_bytes > ledger.limit_bytes)
    text += sentence(ledger.total_bytes, ledger.limit_bytes, ledger.available_bytes, "this machine");
  text += remedy_words(ledger);
  return {ErrorCode::OutOfMemory, text};
}

}  // namespace scalewright
