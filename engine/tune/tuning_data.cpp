#include "engine/tune/tuning_data.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <unordered_set>

namespace scalewright {
namespace {

struct LoadedFile {
  Dataset said;  // what was encoded, where it is wanted
  EncodedDataset encoded;
  std::vector<RowProblem> problems;
};

Result<LoadedFile> load_file(const std::filesystem::path& path, const Model& model, const TuneRecipe& recipe,
                             Observer& observer, bool want_said) {
  SW_ASSIGN(Dataset dataset,
            import_dataset(path, ImportOptions{.format = recipe.data_format, .columns = recipe.columns, .limit = 0}));
  LoadedFile loaded;
  SW_ASSIGN(loaded.encoded, encode_dataset(dataset, model,
                                           EncodeSettings{.context = recipe.context,
                                                          .truncation = recipe.truncation,
                                                          .train_on_inputs = recipe.train_on_inputs,
                                                          .system_prompt = recipe.system_prompt}));
  loaded.problems = dataset.problems;
  loaded.problems.insert(loaded.problems.end(), loaded.encoded.problems.begin(), loaded.encoded.problems.end());
  if (!loaded.problems.empty()) {
    const RowProblem& first = loaded.problems.front();
    observer.warning(path.string() + ": " + std::to_string(loaded.problems.size()) + " of " +
                     std::to_string(dataset.rows) + " rows are left out; the first is line " +
                     std::to_string(first.line) + (first.field.empty() ? "" : ", " + first.field) + ": " +
                     first.message);
  }
  const auto rows = [](int64_t n) { return std::to_string(n) + (n == 1 ? " row" : " rows"); };
  if (dataset.empty > 0) observer.warning(path.string() + ": " + rows(dataset.empty) + " without content left out.");
  if (dataset.duplicates > 0) {
    observer.warning(path.string() + ": " + rows(dataset.duplicates) +
                     " said the same as one before; they are kept and so count twice.");
  }
  for (const std::string& note : dataset.notes) observer.warning(path.string() + ": " + note);
  if (loaded.encoded.cut > 0) {
    observer.warning(path.string() + ": " + rows(loaded.encoded.cut) + " longer than the context of " +
                     std::to_string(recipe.context) + " tokens; the " +
                     (recipe.truncation == Truncation::Start ? "beginning" : "end") +
                     " of each is cut off. Choose a longer context, or leave such rows out.");
  }
  if (loaded.encoded.too_long > 0) {
    observer.warning(path.string() + ": " + rows(loaded.encoded.too_long) + " longer than the context of " +
                     std::to_string(recipe.context) + " tokens left out.");
  }
  if (loaded.encoded.dropped > 0) {
    observer.warning(path.string() + ": " + std::to_string(loaded.encoded.dropped) +
                     " rows have no answer within the context of " + std::to_string(recipe.context) +
                     " tokens and are left out. Choose a longer context to learn from them" +
                     (recipe.truncation == Truncation::End ? ", or cut long rows at their beginning (--truncate start)."
                                                           : "."));
  }
  if (want_said) loaded.said = std::move(dataset);
  return loaded;
}

void keep_rows(Dataset& said, const EncodedDataset& kept) {
  std::unordered_set<int64_t> rows;
  for (const EncodedExample& example : kept.examples) rows.insert(example.row);
  std::erase_if(said.examples, [&](const Example& example) { return !rows.contains(example.row); });
}

uint64_t bytes_of(const EncodedDataset& data) {
  constexpr uint64_t kBlockHeader = 16;  // of the allocator
  uint64_t total = data.examples.capacity() * sizeof(EncodedExample);
  for (const EncodedExample& example : data.examples) {
    total += example.ids.capacity() * sizeof(int32_t) + example.learned.capacity() + 2 * kBlockHeader;
  }
  return total;
}

std::string hash_of(const EncodedDataset& train, const EncodedDataset* validation) {
  XXH3_state_t* state = XXH3_createState();
  if (state == nullptr) return {};
  XXH3_128bits_reset(state);
  for (const EncodedDataset* part : {&train, validation}) {
    if (part == nullptr) continue;
    const uint64_t count = part->examples.size();
    XXH3_128bits_update(state, &count, sizeof count);
    for (const EncodedExample& example : part->examples) {
      const uint64_t length = example.ids.size();
      XXH3_128bits_update(state, &length, sizeof length);
      XXH3_128bits_update(state, example.ids.data(), length * sizeof(int32_t));
      XXH3_128bits_update(state, example.learned.data(), example.learned.size());
    }
  }
  const XXH128_hash_t digest = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(digest.high64),
                static_cast<unsigned long long>(digest.low64));
  return text;
}

Result<void> check_ids(const EncodedDataset& data, const Model& model) {
  for (const EncodedExample& example : data.examples) {
    for (const int32_t id : example.ids) {
      if (id >= 0 && id < model.config.vocabulary) continue;
      return fail(ErrorCode::Format, model.name + ": its tokenizer makes the id " + std::to_string(id) + " (line " +
                                         std::to_string(example.line) + " of the data), but its embedding has " +
                                         std::to_string(model.config.vocabulary) +
                                         " rows. The tokenizer does not belong to this model.");
    }
  }
  return {};
}

bool teaches(const EncodedDataset& data) {
  for (const EncodedExample& example : data.examples) {
    for (size_t t = 1; t < example.learned.size(); ++t) {
      if (example.learned[t] != 0) return true;
    }
  }
  return false;
}

}  // namespace

Result<TuningData> load_tuning_data(const Model& model, const TuneRecipe& recipe, Observer& observer,
                                    Dataset* held_out) {
  if (recipe.data.empty())
    return fail(ErrorCode::InvalidArgument, "No dataset is given; choose a file of examples to learn from.");
  const bool want_said = held_out != nullptr;
  TuningData data;
  SW_ASSIGN(LoadedFile loaded, load_file(recipe.data, model, recipe, observer, want_said && recipe.validation.empty()));
  data.problems = std::move(loaded.problems);
  EncodedDataset train = std::move(loaded.encoded), validation;
  bool has_validation = false;
  if (!recipe.validation.empty()) {
    SW_ASSIGN(LoadedFile second, load_file(recipe.validation, model, recipe, observer, want_said));
    validation = std::move(second.encoded);
    if (want_said) *held_out = std::move(second.said);
    has_validation = true;
    if (const int64_t both = rows_also_learned(validation, train); both > 0) {
      observer.warning(std::to_string(both) + " of " + std::to_string(validation.examples.size()) +
                       " rows to validate on are learned from too; their loss says little of other rows.");
    }
  } else if (recipe.validation_split > 0.0) {
    auto parts = split_dataset(std::move(train), recipe.validation_split, recipe.seed);
    train = std::move(parts.first);
    validation = std::move(parts.second);
    if (want_said) {
      *held_out = std::move(loaded.said);
      keep_rows(*held_out, validation);
    }
    has_validation = true;
  }
  if (!teaches(train)) {
    return fail(ErrorCode::InvalidArgument,
                recipe.data.string() + ": no row has an answer to learn within the context of " +
                    std::to_string(recipe.context) + " tokens (" + std::to_string(train.dropped) +
                    " rows were too long). Choose a longer context, or check the rows.");
  }
  if (has_validation && !teaches(validation)) {
    observer.warning("The validation rows have no answer within the context, so there will be no validation.");
    has_validation = false;
  }
  SW_TRY(check_ids(train, model));
  if (has_validation) SW_TRY(check_ids(validation, model));
  data.hash = hash_of(train, has_validation ? &validation : nullptr);
  data.bytes = bytes_of(train) + (has_validation ? bytes_of(validation) : 0);
  data.train = std::make_shared<const EncodedDataset>(std::move(train));
  if (has_validation) data.validation = std::make_shared<const EncodedDataset>(std::move(validation));
  return data;
}

int64_t rows_also_learned(const EncodedDataset& validation, const EncodedDataset& train) {
  const auto less = [](const std::vector<int32_t>* a, const std::vector<int32_t>* b) { return *a < *b; };
  std::set<const std::vector<int32_t>*, decltype(less)> learned(less);
  for (const EncodedExample& row : train.examples) learned.insert(&row.ids);
  return std::count_if(validation.examples.begin(), validation.examples.end(),
                       [&](const EncodedExample& row) { return learned.contains(&row.ids); });
}

}  // namespace scalewright
