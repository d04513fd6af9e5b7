#pragma once
// What would make a run fit that does not: changes of its recipe, each counted before it is named.

#include <functional>
#include <optional>
#include <vector>

#include "engine/tune/trainer.h"

namespace scalewright {

struct NeededMemory {
  uint64_t bytes = 0;
  bool fits = false;
};

struct Remedies {
  // One change each, fitting or not, as a person may choose them; where none of those to the data and the scales is
  // enough, also both together.
  std::vector<MemoryRemedy> ways;
  // What fits, the smallest change first: one change where one is enough, else several together.
  std::vector<MemoryRemedy> enough;
  // Of a run that nothing makes fit: the least that it can be made to need.
  std::optional<MemoryRemedy> least;
};

// `asked` does not fit. `plan`: what a recipe needs at least.
Remedies find_remedies(const TuneRecipe& asked, const std::function<NeededMemory(const TuneRecipe&)>& plan);

}  // namespace scalewright
