#include "engine/tune/recipe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "engine/core/ascii.h"
#include "engine/core/json.h"

namespace scalewright {
namespace {

using Json = nlohmann::ordered_json;

template <class T, size_t N>
Result<T> word_to(const std::array<std::pair<const char*, T>, N>& words, const std::string& word, const char* what) {
  std::string known;
  for (const auto& [name, value] : words) {
    if (word == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  return fail(ErrorCode::InvalidArgument,
              std::string(what) + " \"" + word + "\" is not known; choose one of " + known + ".");
}

constexpr std::array<std::pair<const char*, Schedule>, 3> kSchedules{
    {{"constant", Schedule::Constant}, {"cosine", Schedule::Cosine}, {"linear", Schedule::Linear}}};
constexpr std::array<std::pair<const char*, Parametrization>, 2> kParametrizations{
    {{"relative", Parametrization::Relative}, {"raw", Parametrization::Raw}}};
constexpr std::array<std::pair<const char*, Granularity>, 2> kGranularities{
    {{"group", Granularity::Group}, {"row", Granularity::Row}}};

Json to_json(const TuneRecipe& r) {
  return Json{{"model", r.model.string()},
              {"data", r.data.string()},
              {"validation", r.validation.string()},
              {"data_format", to_string(r.data_format)},
              {"validation_split", r.validation_split},
              {"steps", r.steps},
              {"epochs", r.epochs},
              {"context", r.context},
              {"batch", r.batch},
              {"accumulate", r.accumulate},
              {"learning_rate", r.learning_rate},
              {"schedule", to_string(r.schedule)},
              {"warmup", r.warmup},
              {"weight_decay", r.weight_decay},
              {"clip", r.clip},
              {"beta1", r.beta1},
              {"beta2", r.beta2},
              {"epsilon", r.epsilon},
              {"parametrization", to_string(r.parametrization)},
              {"granularity", to_string(r.granularity)},
              {"memory_limit", r.memory_limit},
              {"checkpoint_every", r.checkpoint_every},
              {"validate_every", r.validate_every},
              {"train_on_inputs", r.train_on_inputs},
              {"exact_products", r.exact_products},
              {"truncation", to_string(r.truncation)},
              {"columns", r.columns},
              {"system_prompt", r.system_prompt},
              {"sample_prompt", r.sample_prompt},
              {"seed", r.seed},
              {"threads", r.threads},
              {"save_batches", r.save_batches.string()}};
}

// Members whose value may be beyond int64.
uint64_t json_unsigned(const nlohmann::json& object, const char* key, uint64_t fallback) {
  const nlohmann::json& member = json_member(object, key);
  return member.is_number_unsigned() ? member.get<uint64_t>() : fallback;
}

bool finite_between(double value, double low, double high) {
  return std::isfinite(value) && value >= low && value <= high;
}

}  // namespace

const char* to_string(Schedule schedule) {
  return kSchedules[static_cast<size_t>(schedule)].first;
}
const char* to_string(Parametrization parametrization) {
  return kParametrizations[static_cast<size_t>(parametrization)].first;
}
const char* to_string(Granularity granularity) {
  return kGranularities[static_cast<size_t>(granularity)].first;
}
Result<Schedule> schedule_from(const std::string& word) {
  return word_to(kSchedules, word, "The schedule");
}
Result<Parametrization> parametrization_from(const std::string& word) {
  return word_to(kParametrizations, word, "The parametrization");
}
Result<Granularity> granularity_from(const std::string& word) {
  return word_to(kGranularities, word, "The granularity");
}

std::string recipe_to_json(const TuneRecipe& recipe) {
  return to_json(recipe).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<TuneRecipe> recipe_from_json(const std::string& json) {
  SW_ASSIGN(const nlohmann::json object, parse_json(json, "recipe.json"));
  if (!object.is_object()) {
    return fail(ErrorCode::Format,
                "recipe.json: this is not a recipe (a JSON object is expected); choose the folder of a run.");
  }
  TuneRecipe r;
  const auto path = [&](const char* key) { return std::filesystem::path(json_string(object, key)); };
  r.model = path("model");
  r.data = path("data");
  r.validation = path("validation");
  r.save_batches = path("save_batches");
  SW_ASSIGN(r.data_format, dataset_format_from(json_string(object, "data_format", to_string(r.data_format))));
  SW_ASSIGN(r.schedule, schedule_from(json_string(object, "schedule", to_string(r.schedule))));
  SW_ASSIGN(r.parametrization,
            parametrization_from(json_string(object, "parametrization", to_string(r.parametrization))));
  SW_ASSIGN(r.granularity, granularity_from(json_string(object, "granularity", to_string(r.granularity))));
  const auto number = [&](const char* key, double& value) { value = json_number(object, key, value); };
  const auto integer = [&](const char* key, int64_t& value) { value = json_int(object, key, value); };
  number("validation_split", r.validation_split);
  number("epochs", r.epochs);
  number("learning_rate", r.learning_rate);
  number("warmup", r.warmup);
  number("weight_decay", r.weight_decay);
  number("clip", r.clip);
  number("beta1", r.beta1);
  number("beta2", r.beta2);
  number("epsilon", r.epsilon);
  number("checkpoint_every", r.checkpoint_every);
  integer("steps", r.steps);
  integer("context", r.context);
  integer("batch", r.batch);
  integer("accumulate", r.accumulate);
  integer("validate_every", r.validate_every);
  r.memory_limit = json_unsigned(object, "memory_limit", r.memory_limit);
  r.seed = json_unsigned(object, "seed", r.seed);
  r.threads = static_cast<int>(std::clamp<int64_t>(json_int(object, "threads", r.threads), 0, 4096));
  r.train_on_inputs = json_bool(object, "train_on_inputs", r.train_on_inputs);
  r.exact_products = json_bool(object, "exact_products", r.exact_products);
  if (const std::string word = json_string(object, "truncation"); !word.empty()) {
    SW_ASSIGN(r.truncation, truncation_from(word));
  }
  if (const nlohmann::json& columns = json_member(object, "columns"); columns.is_object()) {
    for (const auto& [name, column] : columns.items()) {
      if (column.is_string()) r.columns[name] = column.get<std::string>();
    }
  }
  r.system_prompt = json_string(object, "system_prompt");
  r.sample_prompt = json_string(object, "sample_prompt");
  return r;
}

Result<void> check_recipe(const TuneRecipe& r) {
  const auto bad = [](const std::string& text) { return fail(ErrorCode::InvalidArgument, text); };
  if (r.context < 2 || r.context > (int64_t{1} << 20))
    return bad("The context is " + std::to_string(r.context) + " tokens; choose 2 to 1048576 (512 is usual).");
  if (r.batch < 1 || r.batch > 4096) return bad("The batch is " + std::to_string(r.batch) + " rows; choose 1 to 4096.");
  if (r.accumulate < 1 || r.accumulate > 65536)
    return bad("accumulate is " + std::to_string(r.accumulate) + " batches a step; choose 1 to 65536.");
  if (r.steps < 0) return bad("steps is " + std::to_string(r.steps) + "; choose 1 or more, or 0 to count by epochs.");
  if (r.steps == 0 && !(finite_between(r.epochs, 0.0, 1e6) && r.epochs > 0.0))
    return bad("epochs is " + std::to_string(r.epochs) + "; choose more than 0, or give the number of steps.");
  if (!finite_between(r.learning_rate, 0.0, kLargestLearningRate))
    return bad("The learning rate is " + short_number(r.learning_rate) +
               ", and 0.001 to 0.005 is usual; choose at most " + short_number(kLargestLearningRate) +
               ", or leave it out for the default.");
  if (!finite_between(r.warmup, 0.0, 1e9))
    return bad("warmup is below 0; choose a fraction of the steps or their number.");
  if (!finite_between(r.weight_decay, 0.0, 1e3)) return bad("The weight decay is not 0 or more.");
  if (!finite_between(r.clip, 0.0, 1e30)) return bad("The gradient clip is not 0 (off) or more.");
  if (!finite_between(r.beta1, 0.0, 0.9999999) || !finite_between(r.beta2, 0.0, 0.9999999))
    return bad("beta1 and beta2 of AdamW must lie from 0 to below 1.");
  if (!finite_between(r.epsilon, 0.0, 1.0)) return bad("epsilon of AdamW must lie from 0 to 1.");
  if (!finite_between(r.validation_split, 0.0, 0.9))
    return bad("The validation split is " + std::to_string(r.validation_split) + "; choose a fraction from 0 to 0.9.");
  if (!finite_between(r.checkpoint_every, 0.0, 1e9)) return bad("checkpoint-every is below 0; choose seconds.");
  if (r.validate_every < 0) return bad("validate_every is below 0; choose steps, or 0 for about ten times a run.");
  return {};
}

std::string recipe_difference(const TuneRecipe& began, const TuneRecipe& now) {
  const Json was = to_json(began), is = to_json(now);
  constexpr std::array<std::string_view, 12> kFree{"model",   "data",           "validation",    "data_format",
                                                   "threads", "memory_limit",   "save_batches",  "checkpoint_every",
                                                   "epochs",  "validate_every", "sample_prompt", "columns"};
  std::string text;
  const auto differs = [&](const std::string& key) {
    if (was[key] == is[key]) return;
    text += (text.empty() ? "" : "; ") + key + " was " + was[key].dump() + " and is " + is[key].dump();
  };
  for (const auto& item : was.items()) {
    if (std::find(kFree.begin(), kFree.end(), item.key()) == kFree.end()) differs(item.key());
  }
  if (began.steps == 0 && now.steps == 0) differs("epochs");  // otherwise they decide nothing
  return text;
}

std::string learning_rate_warning(double rate, double usual) {
  constexpr double kFar = 30.0;
  if (rate <= kFar * usual) return {};
  return "The learning rate is " + short_number(rate) + "; " + short_number(usual) +
         " is usual for this model, and far above it a model gets worse instead of better.";
}

double default_learning_rate(const Model& model, const TuneRecipe& recipe) {
  int64_t weights[9] = {};
  for (const Linear* linear : model.weights.linears()) {
    if (!linear->weight.quantized()) continue;
    const kernels::QuantLayout& layout = linear->weight.quant().layout();
    weights[std::min<int>(layout.bits, 8)] += layout.rows * layout.cols;
  }
  const auto bits = std::max_element(std::begin(weights), std::end(weights)) - std::begin(weights);
  const double relative = bits <= 2 ? kRelativeRate2Bits : bits == 3 ? kRelativeRate3Bits : kRelativeRate4Bits;
  if (recipe.parametrization == Parametrization::Relative || recipe.granularity == Granularity::Row) return relative;

  double sum = 0.0, count = 0.0;
  std::vector<float> scales;
  for (const Linear* linear : model.weights.linears()) {
    if (!linear->weight.quantized()) continue;
    const QuantizedMatrix& matrix = linear->weight.quant();
    scales.resize(static_cast<size_t>(matrix.rows() * matrix.layout().groups()));
    matrix.read_scales(scales, {});
    for (float s : scales) sum += std::abs(static_cast<double>(s));
    count += static_cast<double>(scales.size());
  }
  return count > 0.0 && sum > 0.0 ? relative * sum / count : relative;
}

double learning_rate_at(const TuneRecipe& recipe, double peak, int64_t step, int64_t steps) {
  const double total = static_cast<double>(std::max<int64_t>(steps, 1));
  const double warmup =
      std::min(recipe.warmup < 1.0 ? std::round(recipe.warmup * total) : std::floor(recipe.warmup), total);
  const double at = static_cast<double>(step);
  if (at < warmup) return peak * (at + 1.0) / warmup;
  const double done = (at - warmup) / std::max(total - warmup, 1.0);
  switch (recipe.schedule) {
    case Schedule::Constant:
      return peak;
    case Schedule::Cosine:
      return peak * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(done, 1.0)));
    case Schedule::Linear:
      return peak * std::max(1.0 - done, 0.0);
  }
  return peak;
}

}  // namespace scalewright
