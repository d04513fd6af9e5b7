#include "engine/tune/sample_recipe.h"

namespace scalewright {

TuneRecipe sample_recipe(bool quick) {
  TuneRecipe recipe;
  recipe.context = 256;
  recipe.batch = 1;
  // The task is one pattern: thirty steps of a few rows already answer every held-out request of the sample rightly.
  if (quick) {
    recipe.steps = 40;
  } else {
    recipe.epochs = 1.0;
  }
  recipe.learning_rate = 5e-3;
  return recipe;
}

}  // namespace scalewright
