#pragma once
// How long a step will take, from products timed on this machine for a few milliseconds.

#include "engine/backend/backend.h"
#include "engine/model/train_graph.h"
#include "engine/tune/recipe.h"

namespace scalewright {

// Seconds of one product of the model's own kind per FLOP (2 N K T of them).
struct ProductTimes {
  double forward = 0.0, gradient_input = 0.0, gradient_scale = 0.0, head = 0.0;
  double one_token = 0.0;  // forward, of a single token: what an answer takes
  bool known() const { return forward > 0.0; }
};
// Timed once a process for a backend, a type of matrix and a granularity; later calls return the same. Sets the
// backend's workspace.
ProductTimes time_products(Backend& backend, const Model& model, Granularity granularity);
// The same through a backend of its own like `like` (its description is the same), or nothing known where none can be
// made.
ProductTimes time_products_like(const Backend& like, const Model& model, Granularity granularity);

// `tokens`: of a step, padding not counted; `learned`: of them, with a loss.
double estimate_step_seconds(const Model& model, const TuneRecipe& recipe, const TrainShape& shape,
                             const ProductTimes& times, double tokens, double learned);

// Of a whole run: its steps (plan.seconds_per_step must be set), its passes over the validation data and its sample
// answers, each as long as an answer may be.
struct Preparation;
double estimate_run_seconds(const Model& model, const TuneRecipe& recipe, const Preparation& prepared,
                            const ProductTimes& times);

}  // namespace scalewright
