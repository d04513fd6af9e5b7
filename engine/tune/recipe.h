#pragma once
// Everything that decides a run; saved as JSON in the run's folder. Same recipe, same model, same data: same losses to
// the bit.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/model/train_graph.h"

namespace scalewright {

enum class Schedule { Constant, Cosine, Linear };
enum class Parametrization { Relative, Raw };  // s = s0 (1 + theta), or s itself

struct TuneRecipe {
  std::filesystem::path model, data, validation;  // validation empty: split, or none
  DatasetFormat data_format = DatasetFormat::Auto;
  double validation_split = 0.0;  // fraction of data when there is no validation file
  int64_t steps = 0;              // 0: from epochs
  double epochs = 3.0;
  int64_t context = 512, batch = 1, accumulate = 1;
  double learning_rate = 0.0;  // 0: the default for the bits and parametrization
  Schedule schedule = Schedule::Cosine;
  double warmup = 0.03;  // < 1: fraction of the steps; else steps
  double weight_decay = 0.0, clip = 0.3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  Parametrization parametrization = Parametrization::Relative;
  Granularity granularity = Granularity::Group;
  uint64_t memory_limit = 0;       // bytes; 0: what the machine has available
  double checkpoint_every = 10.0;  // seconds
  int64_t validate_every = 0;      // steps; 0: about ten times a run
  bool train_on_inputs = false;
  bool exact_products = false;  // in 32 bits also where Backend::tuning_precision() is Fast, on cards
  Truncation truncation = Truncation::End;     // of conversations longer than the context
  std::map<std::string, std::string> columns;  // of a table or of unusual keys: "prompt" -> name, "completion", "system", "text"
  std::string system_prompt;
  std::string sample_prompt;  // answered at each validation; empty: none
  uint64_t seed = 1;
  int threads = 0;
  std::filesystem::path save_batches;  // --save-batches; empty: none
};
std::string recipe_to_json(const TuneRecipe& recipe);
// `source` names the file in messages.
Result<TuneRecipe> recipe_from_json(const std::string& json, const std::string& source = "recipe.json");
// InvalidArgument naming the first field that no run can use (context 1, epochs 0, a negative rate ...).
Result<void> check_recipe(const TuneRecipe& recipe);
// What keeps a run of `began` from going on under `now` to the same bits, in words with both values ("learning_rate was
// 0.001 and is 0.01"); empty: nothing. Paths, threads, limits, checkpoint interval, samples and validation do not
// matter (data is compared by content).
std::string recipe_difference(const TuneRecipe& began, const TuneRecipe& now);

// The words of the command line.
const char* to_string(Schedule schedule);                // constant | cosine | linear
const char* to_string(Parametrization parametrization);  // relative | raw
const char* to_string(Granularity granularity);          // group | row
Result<Schedule> schedule_from(const std::string& word);
Result<Parametrization> parametrization_from(const std::string& word);
Result<Granularity> granularity_from(const std::string& word);

// Rates used where the recipe says 0, for the bits that most weights of the model's block linears have.
//   relative: an Adam step moves a scale by about this fraction of itself, whatever the model
inline constexpr double kRelativeRate4Bits = 1e-3;  // 4 bits and more
inline constexpr double kRelativeRate3Bits = 5e-3;
inline constexpr double kRelativeRate2Bits = 5e-3;
//   raw: the relative rate times the mean size of the values before tuning (5e-3 for a LLaMA's scales: 5e-6; 1 for row
//   factors), so that the average scale moves as far as in the relative form
double default_learning_rate(const Model& model, const TuneRecipe& recipe);
// Words for a rate far above the default, which tends to ruin a model; empty where it is not.
std::string learning_rate_warning(double rate, double usual);
inline constexpr double kLargestLearningRate = 10.0;
// Linear warm-up to `peak`, then the schedule down to (not including) zero at `steps`; step 0-based.
double learning_rate_at(const TuneRecipe& recipe, double peak, int64_t step, int64_t steps);

}  // namespace scalewright
