#pragma once
// The recipe that suits the sample model and the sample dataset: what `demo` and the window's "Try it on the sample"
// run.

#include "engine/tune/recipe.h"

namespace scalewright {

// quick: a few minutes on two cores; otherwise until the task is learned well. Model, data and folders are left empty.
TuneRecipe sample_recipe(bool quick);

}  // namespace scalewright
