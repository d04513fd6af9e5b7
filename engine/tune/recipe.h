#pragma once
// Everything that decides a run; saved as JSON in the run's folder. Same recipe, same model, same data: same losses to the bit.

#include <cstdint>
#include <filesystem>
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
  double validation_split = 0.0;                  // fraction of data when there is no validation file
  int64_t steps = 0;                              // 0: from epochs
  double epochs = 3.0;
  int64_t context = 512, batch = 1, accumulate = 1;
  double learning_rate = 0.0;                     // 0: the default for the bits and parametrization
  Schedule schedule = Schedule::Cosine;
  double warmup = 0.03;                           // < 1: fraction of the steps; else steps
  double weight_decay = 0.0, clip = 0.3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  Parametrization parametrization = Parametrization::Relative;
  Granularity granularity = Granularity::Group;
  uint64_t memory_limit = 0;                      // bytes; 0: what the machine has available
  double checkpoint_every = 10.0;                 // seconds
  int64_t validate_every = 0;                     // steps; 0: about ten times a run
  bool train_on_inputs = false;
  std::string system_prompt;
  std::string sample_prompt;                      // answered at each validation; empty: none
  uint64_t seed = 1;
  int threads = 0;
  std::filesystem::path save_batches;             // --save-batches; empty: none
};
std::string recipe_to_json(const TuneRecipe& recipe);
Result<TuneRecipe> recipe_from_json(const std::string& json);
double default_learning_rate(const Model& model, const TuneRecipe& recipe);
double learning_rate_at(const TuneRecipe& recipe, double peak, int64_t step, int64_t steps);  // step 0-based

}  // namespace scalewright
