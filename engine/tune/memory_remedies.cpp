#include "engine/tune/memory_remedies.h"

#include <algorithm>
#include <iterator>

namespace scalewright {
namespace {

constexpr int64_t kLeastContext = 32;

TuneRecipe without_prompt(TuneRecipe recipe) {
  recipe.sample_prompt.clear();
  return recipe;
}
TuneRecipe one_row_at_once(TuneRecipe recipe) {
  recipe.accumulate *= recipe.batch;
  recipe.batch = 1;
  return recipe;
}
TuneRecipe by_row(TuneRecipe recipe) {
  recipe.granularity = Granularity::Row;
  return recipe;
}
TuneRecipe with_context(TuneRecipe recipe, int64_t context) {
  recipe.context = context;
  return recipe;
}

// What is other than asked: "batch 1 with accumulate 4 (the same step) and context 256".
std::string words_of(const TuneRecipe& asked, const TuneRecipe& recipe) {
  std::vector<std::string> changes;
  if (recipe.sample_prompt != asked.sample_prompt) changes.push_back("no sample prompt");
  if (recipe.accumulate != asked.accumulate)
    changes.push_back("batch " + std::to_string(recipe.batch) + " with accumulate " +
                      std::to_string(recipe.accumulate) + " (the same step)");
  if (recipe.context != asked.context) changes.push_back("context " + std::to_string(recipe.context));
  if (recipe.granularity != asked.granularity) changes.push_back("one factor a row instead of a scale a group");
  std::string words;
  for (size_t i = 0; i < changes.size(); ++i)
    words += (i == 0 ? "" : i + 1 == changes.size() ? " and " : ", ") + changes[i];
  return words;
}

class Search {
 public:
  Search(const TuneRecipe& asked, const std::function<NeededMemory(const TuneRecipe&)>& plan)
      : asked_(asked), plan_(plan) {}

  MemoryRemedy planned(const TuneRecipe& recipe) const {
    const NeededMemory needed = plan_(recipe);
    return {words_of(asked_, recipe),      recipe.context, recipe.batch, recipe.accumulate, recipe.granularity,
            !recipe.sample_prompt.empty(), needed.bytes,   needed.fits};
  }
  // The recipe with half its context, a quarter ...: as far as the first that fits, or all.
  std::vector<MemoryRemedy> shorter(const TuneRecipe& recipe) const {
    std::vector<MemoryRemedy> tried;
    for (int64_t context = recipe.context / 2; context >= kLeastContext; context /= 2) {
      tried.push_back(planned(with_context(recipe, context)));
      if (tried.back().fits) break;
    }
    return tried;
  }
  // With the most context that fits; with the least where none does.
  MemoryRemedy smallest_by_row() const {
    TuneRecipe recipe = by_row(asked_);
    recipe.batch = 1;
    for (;; recipe.context = std::max(recipe.context / 2, kLeastContext)) {
      MemoryRemedy way = planned(recipe);
      if (!way.fits && recipe.context > kLeastContext) continue;
      way.words = "one factor a row with batch 1 and context " + std::to_string(recipe.context);
      return way;
    }
  }

 private:
  const TuneRecipe& asked_;
  const std::function<NeededMemory(const TuneRecipe&)>& plan_;
};

}  // namespace

Remedies find_remedies(const TuneRecipe& asked, const std::function<NeededMemory(const TuneRecipe&)>& plan) {
  const Search search(asked, plan);
  const bool groups = asked.granularity == Granularity::Group, prompt = !asked.sample_prompt.empty();
  const auto fits = [](const MemoryRemedy& way) { return way.fits; };
  Remedies found;

  if (asked.batch > 1) found.ways.push_back(search.planned(one_row_at_once(asked)));
  std::ranges::move(search.shorter(asked), std::back_inserter(found.ways));
  if (groups) found.ways.push_back(search.planned(by_row(asked)));
  std::ranges::copy_if(found.ways, std::back_inserter(found.enough), fits);
  if (groups && found.enough.empty()) found.ways.push_back(search.smallest_by_row());
  if (prompt) {
    found.ways.push_back(search.planned(without_prompt(asked)));
    if (found.ways.back().fits)
      found.enough.insert(found.enough.begin(), found.ways.back());  // changes nothing learned
  }
  if (!found.enough.empty()) return found;

  // Several together, on top of those that leave what is learned as it is.
  const TuneRecipe same = one_row_at_once(without_prompt(asked));
  std::vector<MemoryRemedy> together = {search.planned(same)};
  std::ranges::move(search.shorter(same), std::back_inserter(together));
  if (groups) {
    together.push_back(search.planned(by_row(same)));
    std::ranges::move(search.shorter(by_row(same)), std::back_inserter(together));
  }
  std::ranges::copy_if(together, std::back_inserter(found.enough), fits);
  if (found.enough.empty()) found.least = *std::ranges::min_element(together, {}, &MemoryRemedy::bytes);
  return found;
}

}  // namespace scalewright
