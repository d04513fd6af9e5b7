#pragma once
// After a run: how many of the answers that it never learned from are exactly right, with the scales it found and without.

#include "engine/tune/run_store.h"
#include "ui/jobs/engine_host.h"

namespace scalewright::ui {

// Shares of `rows` held-out rows, 0..1; rows 0: nothing could be asked.
struct HeldOutScore {
  int64_t rows = 0;
  double before = 0.0, after = 0.0;
};

// Engine thread, with the tuned scales in the model; afterwards it holds its base scales. At most kScoredRows short answers and
// about twice kScoreSeconds; less where it is stopped. `observer` hears which rows are asked. The shares lie in the history under `run`
// (0: nowhere).
inline constexpr int64_t kScoredRows = 20;
inline constexpr double kScoreSeconds = 20.0;
Result<HeldOutScore> scoreHeldOut(OpenModel& open, Backend& backend, const TuneRecipe& recipe, RunStore* store, int64_t run, Observer& observer, std::stop_token stop);

}  // namespace scalewright::ui
