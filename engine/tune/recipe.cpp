#include "engine/tune/recipe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <tuple>
#include <type_traits>
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

// What a field has to do with a run that goes on under another recipe.
enum class Decides { Losses, Nothing };
template <class T>
struct Field {
  const char* key;
  T TuneRecipe::*member;
  Decides decides = Decides::Losses;
};
// Every field of a recipe, in the order of the file. Data are compared by content.
constexpr std::tuple kFields{Field{"model", &TuneRecipe::model, Decides::Nothing},
                             Field{"data", &TuneRecipe::data, Decides::Nothing},
                             Field{"validation", &TuneRecipe::validation, Decides::Nothing},
                             Field{"data_format", &TuneRecipe::data_format, Decides::Nothing},
                             Field{"validation_split", &TuneRecipe::validation_split},
                             Field{"steps", &TuneRecipe::steps},
                             Field{"epochs", &TuneRecipe::epochs, Decides::Nothing},  // but see recipe_difference
                             Field{"context", &TuneRecipe::context},
                             Field{"batch", &TuneRecipe::batch},
                             Field{"accumulate", &TuneRecipe::accumulate},
                             Field{"learning_rate", &TuneRecipe::learning_rate},
                             Field{"schedule", &TuneRecipe::schedule},
                             Field{"warmup", &TuneRecipe::warmup},
                             Field{"weight_decay", &TuneRecipe::weight_decay},
                             Field{"clip", &TuneRecipe::clip},
                             Field{"beta1", &TuneRecipe::beta1},
                             Field{"beta2", &TuneRecipe::beta2},
                             Field{"epsilon", &TuneRecipe::epsilon},
                             Field{"parametrization", &TuneRecipe::parametrization},
                             Field{"granularity", &TuneRecipe::granularity},
                             Field{"memory_limit", &TuneRecipe::memory_limit, Decides::Nothing},
                             Field{"checkpoint_every", &TuneRecipe::checkpoint_every, Decides::Nothing},
                             Field{"validate_every", &TuneRecipe::validate_every, Decides::Nothing},
                             Field{"train_on_inputs", &TuneRecipe::train_on_inputs},
                             Field{"exact_products", &TuneRecipe::exact_products},
                             Field{"truncation", &TuneRecipe::truncation},
                             Field{"columns", &TuneRecipe::columns, Decides::Nothing},
                             Field{"system_prompt", &TuneRecipe::system_prompt},
                             Field{"sample_prompt", &TuneRecipe::sample_prompt, Decides::Nothing},
                             Field{"seed", &TuneRecipe::seed},
                             Field{"threads", &TuneRecipe::threads, Decides::Nothing},
                             Field{"save_batches", &TuneRecipe::save_batches, Decides::Nothing}};

template <class Visit>
void for_each_field(const Visit& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, kFields);
}

Json json_of(const std::filesystem::path& path) {
  return path.string();
}
template <class T>
Json json_of(const T& value) {
  if constexpr (std::is_enum_v<T>) return to_string(value);
  else return value;
}

Result<void> read(const nlohmann::json& object, const char* key, std::filesystem::path& value) {
  value = json_string(object, key, value.string());
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, std::string& value) {
  value = json_string(object, key, value);
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, double& value) {
  value = json_number(object, key, value);
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, int64_t& value) {
  value = json_int(object, key, value);
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, int& value) {
  value = static_cast<int>(std::clamp<int64_t>(json_int(object, key, value), 0, 4096));  // threads
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, uint64_t& value) {  // may be beyond int64
  const nlohmann::json& member = json_member(object, key);
  if (member.is_number_unsigned()) value = member.get<uint64_t>();
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, bool& value) {
  value = json_bool(object, key, value);
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, std::map<std::string, std::string>& value) {
  const nlohmann::json& columns = json_member(object, key);
  if (!columns.is_object()) return {};
  for (const auto& [name, column] : columns.items()) {
    if (column.is_string()) value[name] = column.get<std::string>();
  }
  return {};
}
template <class Word>
Result<void> read_word(const nlohmann::json& object, const char* key, Word& value,
                       Result<Word> (*from)(const std::string&)) {
  SW_ASSIGN(value, from(json_string(object, key, to_string(value))));
  return {};
}
Result<void> read(const nlohmann::json& object, const char* key, DatasetFormat& value) {
  return read_word(object, key, value, dataset_format_from);
}
Result<void> read(const nlohmann::json& object, const char* key, Schedule& value) {
  return read_word(object, key, value, schedule_from);
}
Result<void> read(const nlohmann::json& object, const char* key, Parametrization& value) {
  return read_word(object, key, value, parametrization_from);
}
Result<void> read(const nlohmann::json& object, const char* key, Granularity& value) {
  return read_word(object, key, value, granularity_from);
}
Result<void> read(const nlohmann::json& object, const char* key, Truncation& value) {
  return read_word(object, key, value, truncation_from);
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
  Json object;
  for_each_field([&](const auto& field) { object[field.key] = json_of(recipe.*field.member); });
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<TuneRecipe> recipe_from_json(const std::string& json, const std::string& source) {
  SW_ASSIGN(const nlohmann::json object, parse_json(json, source));
  if (!object.is_object()) {
    return fail(ErrorCode::Format,
                source + ": this is not a recipe (a JSON object is expected); choose the folder of a run.");
  }
  TuneRecipe recipe;
  Result<void> good;
  for_each_field([&](const auto& field) {
    if (good) good = read(object, field.key, recipe.*field.member);
  });
  if (!good) return fail(good.error().code, source + ": " + good.error().message);
  return recipe;
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
    return bad("The passes over the data (epochs) are " + short_number(r.epochs) +
               "; choose more than 0 and at most a million, or give the number of steps.");
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
  std::string text;
  const auto compare = [&](const auto& field) {
    const Json was = json_of(began.*field.member), is = json_of(now.*field.member);
    if (was == is) return;
    text += (text.empty() ? "" : "; ") + std::string(field.key) + " was " + was.dump() + " and is " + is.dump();
  };
  for_each_field([&](const auto& field) {
    if (field.decides == Decides::Losses) compare(field);
  });
  // Where the steps are given the epochs decide nothing.
  if (began.steps == 0 && now.steps == 0) compare(Field{"epochs", &TuneRecipe::epochs});
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
