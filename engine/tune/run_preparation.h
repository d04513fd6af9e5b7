#pragma once
// What plan() shows and run() does: the same function, so that they cannot disagree.

#include <memory>
#include <optional>

#include "engine/tune/memory_plan.h"
#include "engine/tune/replica_team.h"
#include "engine/tune/trainer.h"
#include "engine/tune/tuning_data.h"

namespace scalewright {

struct Preparation {
  TuningData data;
  TrainableLayout layout;
  MemoryChoice memory;
  RowShares shares;
  TunePlan plan;  // seconds_per_step still 0
  double tokens_per_step = 0.0, learned_per_step = 0.0;  // of the device that has most of them
};

// Checks the recipe, loads the data and plans the memory. `fixed`: the shape of a run that is resumed.
Result<Preparation> prepare_run(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                                const std::optional<TrainShape>& fixed, Observer& observer);
// Steps from one validation to the next.
int64_t validation_interval(const TuneRecipe& recipe, int64_t steps);
// The refusal of a plan that does not fit, with what would.
Error out_of_memory(const MemoryLedger& ledger);

}  // namespace scalewright
