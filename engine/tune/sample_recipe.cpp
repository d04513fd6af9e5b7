#include "engine/tune/sample_recipe.h"

namespace scalewright {

TuneRecipe sample_recipe(bool quick) {
  TuneRecipe recipe;
  recipe.context = 512;
  recipe.batch = 1;
  recipe.epochs = quick ? 2.0 : 6.0;
  recipe.learning_rate = 5e-3;
  return recipe;
}

}  // namespace scalewright
