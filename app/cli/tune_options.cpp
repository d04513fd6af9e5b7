#include "app/cli/tune_options.h"

#include <algorithm>

#include "engine/core/file.h"
#include "engine/data/data_files.h"
#include "engine/tune/run_folder.h"

namespace scalewright::cli {
namespace {

const std::vector<std::string> kColumnWords = {"prompt", "completion", "system", "text"};

// Words divided by commas, unless what follows a comma is no mapping: a column's name may hold one.
std::vector<std::string> divided(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t at = text.find(','); at != std::string::npos; at = text.find(',', at + 1)) {
    for (const std::string& word : kColumnWords) {
      if (text.compare(at + 1, word.size() + 1, word + "=") != 0) continue;
      parts.push_back(text.substr(begin, at - begin));
      begin = at + 1;
      break;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace

Result<std::map<std::string, std::string>> columns_from(const std::vector<std::string>& words) {
  std::map<std::string, std::string> columns;
  for (const std::string& word : words) {
    for (const std::string& column : divided(word)) {
      const size_t equals = column.find('=');
      const std::string what = column.substr(0, equals);
      if (equals == std::string::npos || equals + 1 == column.size() || std::find(kColumnWords.begin(), kColumnWords.end(), what) == kColumnWords.end())
        return fail(ErrorCode::InvalidArgument, "--columns " + column + ": write prompt=NAME, completion=NAME, system=NAME or text=NAME.");
      columns[what] = column.substr(equals + 1);
    }
  }
  return columns;
}

void TuneOptions::add_to(CLI::App& verb) {
  const auto takes = [this](const CLI::Option* option, auto... members) {
    takes_.emplace_back(option, [members...](TuneRecipe& to, const TuneRecipe& from) { ((to.*members = from.*members), ...); });
  };
  using R = TuneRecipe;
  takes(verb.add_option("MODEL", model, "A quantized model: .gguf, or a folder of safetensors"), &R::model);
  takes(verb.add_option("--data", data, "Examples to learn from; give it once for each file, in the order to learn")->allow_extra_args(false), &R::data);
  takes(verb.add_option("--data-format", data_format, "How the examples are written down")
            ->check(CLI::IsMember({"auto", "alpaca", "sharegpt", "chat", "prompt-completion", "csv", "text"}))->capture_default_str(), &R::data_format);
  auto* steps = verb.add_option("--steps", values.steps, "Steps to run")->check(whole(1, 1000000000));
  takes(steps, &R::steps);
  // Epochs given for a run that counts steps are a difference, which is said.
  auto* epochs = verb.add_option("--epochs", values.epochs, "Passes over the data")->check(above_zero())->excludes(steps)->capture_default_str();
  takes(epochs, &R::epochs, &R::steps);
  takes(verb.add_option("--context", values.context, "Tokens of a row (T); examples that fit share a row, so a longer one means fewer and longer steps")->check(whole(8, int64_t{1} << 20))->capture_default_str(), &R::context);
  takes(verb.add_option("--batch", values.batch, "Rows of a batch (B), each with as many examples as fit into it")->check(whole(1, 4096))->capture_default_str(), &R::batch);
  takes(verb.add_option("--accumulate", values.accumulate, "Batches a step")->check(whole(1, 65536))->capture_default_str(), &R::accumulate);
  takes(verb.add_option("--learning-rate", values.learning_rate, "Peak learning rate; default: by bits and form")->check(above_zero()), &R::learning_rate);
  takes(verb.add_option("--schedule", schedule, "How the learning rate goes down")->check(CLI::IsMember({"constant", "cosine", "linear"}))->capture_default_str(), &R::schedule);
  takes(verb.add_option("--warmup", values.warmup, "Below 1: fraction of the steps; else steps")->check(at_least_zero())->capture_default_str(), &R::warmup);
  takes(verb.add_option("--weight-decay", values.weight_decay, "Decoupled weight decay")->check(at_least_zero())->capture_default_str(), &R::weight_decay);
  takes(verb.add_option("--clip", values.clip, "Largest gradient norm; 0: no clipping")->check(at_least_zero())->capture_default_str(), &R::clip);
  takes(verb.add_option("--parametrization", parametrization, "relative: s = s0 (1 + theta). raw: s itself, as in the paper")
            ->check(CLI::IsMember({"relative", "raw"}))->capture_default_str(), &R::parametrization);
  takes(verb.add_option("--granularity", granularity, "group: every scale learns. row: one factor an output row (small packs, faster)")
            ->check(CLI::IsMember({"group", "row"}))->capture_default_str(), &R::granularity);
  auto* file = verb.add_option("--validation", validation, "Examples to validate on");
  takes(file, &R::validation);
  takes(verb.add_option("--validation-split", values.validation_split, "Fraction of the data to validate on")->check(between(0.0, 0.9))->excludes(file), &R::validation_split);
  takes(verb.add_option("--validate-every", values.validate_every, "Steps between validations; default: about ten a run")->check(above_zero()), &R::validate_every);
  takes(verb.add_option("--memory-limit", values.memory_limit, "Bytes, or 800MB, 1.5GB; default: what the machine has free. plan says whether it fits, and ends with 0 either way")->transform(byte_size()), &R::memory_limit);
  takes(verb.add_option("--checkpoint-every", values.checkpoint_every, "Seconds between checkpoints")->check(at_least_zero())->capture_default_str(), &R::checkpoint_every);
  takes(verb.add_option("--save-batches", save_batches, "Write every batch to FILE.safetensors, to replay the run elsewhere"), &R::save_batches);
  takes(verb.add_flag("--train-on-inputs", train_on_inputs, "Learn the questions too, not only the answers"), &R::train_on_inputs);
  takes(verb.add_flag("--exact", exact_products, "On a card: products in 32 bits, as a processor has them, instead of bf16; many times slower"), &R::exact_products);
  takes(verb.add_option("--truncate", truncation, "Conversations longer than the context: cut at the end, cut at the start, or drop them")
            ->check(CLI::IsMember({"end", "start", "drop"}))->capture_default_str(), &R::truncation);
  takes(verb.add_option("--columns,--column", columns, "What the columns of a table (or the keys of a row) are: prompt=NAME,completion=NAME; also system=NAME, text=NAME")
            ->allow_extra_args(false), &R::columns);
  takes(verb.add_option("--system-prompt", system_prompt, "System prompt for examples that have none"), &R::system_prompt);
  takes(verb.add_option("--sample-prompt", sample_prompt, "A prompt to answer at each validation"), &R::sample_prompt);
  takes(verb.get_option("--seed"), &R::seed);
  takes(verb.get_option("--threads"), &R::threads);
}

void TuneOptions::check_required() const {
  if (resume && !run.empty()) return;
  if (model.empty()) throw CLI::RequiredError("MODEL");
  if (data.empty()) throw CLI::RequiredError("--data");
}

Result<TuneRecipe> TuneOptions::given(const Context& context) const {
  TuneRecipe recipe = values;
  recipe.model = model;
  if (!data.empty()) recipe.data = data.front();
  recipe.validation = validation;
  SW_ASSIGN(recipe.data_format, dataset_format_from(data_format));
  recipe.schedule = schedule == "constant" ? Schedule::Constant : schedule == "linear" ? Schedule::Linear : Schedule::Cosine;
  recipe.parametrization = parametrization == "raw" ? Parametrization::Raw : Parametrization::Relative;
  recipe.granularity = granularity == "row" ? Granularity::Row : Granularity::Group;
  recipe.train_on_inputs = train_on_inputs;
  recipe.exact_products = exact_products;
  SW_ASSIGN(recipe.truncation, truncation_from(truncation));
  SW_ASSIGN(recipe.columns, columns_from(columns));
  recipe.system_prompt = system_prompt;
  recipe.sample_prompt = sample_prompt;
  recipe.save_batches = save_batches;
  recipe.seed = context.seed;
  recipe.threads = context.threads;
  return recipe;
}

Result<TuneRecipe> TuneOptions::recipe(const Context& context) const {
  SW_ASSIGN(TuneRecipe now, given(context));
  if (!resume || run.empty()) return now;
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::path(run) / kRecipeFile, error)) {
    if (!model.empty() && !data.empty()) return now;
    return fail(ErrorCode::InvalidArgument, run + ": there is no run to go on with here. Give the folder of one, or begin one: scalewright-cli tune MODEL --data FILE -o " + run);
  }
  SW_ASSIGN(TuneRecipe recipe, read_run_recipe(run));
  for (const auto& [option, take] : takes_)
    if (option->count() > 0) take(recipe, now);
  return recipe;
}

Result<void> TuneOptions::check_data(const TuneRecipe& recipe) {
  SW_TRY(InputFile::open(recipe.data));
  if (!recipe.validation.empty()) SW_TRY(InputFile::open(recipe.validation));
  return {};
}

Result<void> TuneOptions::merge_data(TuneRecipe& recipe, const std::filesystem::path& folder) const {
  std::vector<DataFile> files;
  for (const std::string& path : data) files.push_back({.path = path, .columns = recipe.columns, .format = recipe.data_format});
  files = without_repeats(std::move(files));
  if (files.size() < 2) return {};
  SW_ASSIGN(const DataFilesRead read, read_data_files(files));
  SW_ASSIGN(recipe.data, write_merged(read, files, folder));
  recipe.data_format = DatasetFormat::Auto;
  recipe.columns.clear();
  return {};
}

}  // namespace scalewright::cli
