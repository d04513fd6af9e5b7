#include "app/cli/tune_options.h"

namespace scalewright::cli {

void TuneOptions::add_to(CLI::App& verb) {
  const auto positive = CLI::Range(int64_t{1}, int64_t{1} << 40);
  verb.add_option("MODEL", model, "A quantized model: .gguf, or a folder of safetensors")->required();
  verb.add_option("--data", data, "Examples to learn from")->required();
  verb.add_option("--data-format", data_format, "How the examples are written down")
      ->check(CLI::IsMember({"auto", "alpaca", "sharegpt", "chat", "prompt-completion", "csv", "text"}))->capture_default_str();
  auto* steps = verb.add_option("--steps", values.steps, "Steps to run")->check(positive);
  verb.add_option("--epochs", values.epochs, "Passes over the data")->check(CLI::PositiveNumber)->excludes(steps)->capture_default_str();
  verb.add_option("--context", values.context, "Tokens of a row (T)")->check(CLI::Range(int64_t{8}, int64_t{1} << 20))->capture_default_str();
  verb.add_option("--batch", values.batch, "Rows of a batch (B)")->check(CLI::Range(int64_t{1}, int64_t{4096}))->capture_default_str();
  verb.add_option("--accumulate", values.accumulate, "Batches a step")->check(CLI::Range(int64_t{1}, int64_t{65536}))->capture_default_str();
  verb.add_option("--learning-rate", values.learning_rate, "Peak learning rate; default: by bits and form")->check(CLI::PositiveNumber);
  verb.add_option("--schedule", schedule, "How the learning rate goes down")->check(CLI::IsMember({"constant", "cosine", "linear"}))->capture_default_str();
  verb.add_option("--warmup", values.warmup, "Below 1: fraction of the steps; else steps")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--weight-decay", values.weight_decay, "Decoupled weight decay")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--clip", values.clip, "Largest gradient norm; 0: no clipping")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--parametrization", parametrization, "relative: s = s0 (1 + theta). raw: s itself, as in the paper")
      ->check(CLI::IsMember({"relative", "raw"}))->capture_default_str();
  verb.add_option("--granularity", granularity, "group: every scale learns. row: one factor an output row (small packs, faster)")
      ->check(CLI::IsMember({"group", "row"}))->capture_default_str();
  auto* file = verb.add_option("--validation", validation, "Examples to validate on");
  verb.add_option("--validation-split", values.validation_split, "Fraction of the data to validate on")->check(CLI::Range(0.0, 0.9))->excludes(file);
  verb.add_option("--validate-every", values.validate_every, "Steps between validations; default: about ten a run")->check(positive);
  verb.add_option("--memory-limit", values.memory_limit, "Bytes, or 800MB, 2GB; default: what the machine has free")->transform(CLI::AsSizeValue(true));
  verb.add_option("--checkpoint-every", values.checkpoint_every, "Seconds between checkpoints")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--save-batches", save_batches, "Write every batch to FILE.safetensors, to replay the run elsewhere");
  verb.add_flag("--train-on-inputs", train_on_inputs, "Learn the questions too, not only the answers");
  verb.add_option("--truncate", truncation, "Conversations longer than the context: cut at the end, cut at the start, or drop them")
      ->check(CLI::IsMember({"end", "start", "drop"}))->capture_default_str();
  verb.add_option("--column", columns, "What a column of a table (or a key of a row) is: prompt=NAME, completion=NAME, system=NAME, text=NAME");
  verb.add_option("--system-prompt", system_prompt, "System prompt for examples that have none");
  verb.add_option("--sample-prompt", sample_prompt, "A prompt to answer at each validation");
}

Result<TuneRecipe> TuneOptions::recipe(const Context& context) const {
  TuneRecipe recipe = values;
  recipe.model = model;
  recipe.data = data;
  recipe.validation = validation;
  SW_ASSIGN(recipe.data_format, dataset_format_from(data_format));
  recipe.schedule = schedule == "constant" ? Schedule::Constant : schedule == "linear" ? Schedule::Linear : Schedule::Cosine;
  recipe.parametrization = parametrization == "raw" ? Parametrization::Raw : Parametrization::Relative;
  recipe.granularity = granularity == "row" ? Granularity::Row : Granularity::Group;
  recipe.train_on_inputs = train_on_inputs;
  SW_ASSIGN(recipe.truncation, truncation_from(truncation));
  for (const std::string& column : columns) {
    const size_t equals = column.find('=');
    const std::string what = column.substr(0, equals);
    if (equals == std::string::npos || equals + 1 == column.size() || (what != "prompt" && what != "completion" && what != "system" && what != "text")) {
      return fail(ErrorCode::InvalidArgument, "--column " + column + ": write prompt=NAME, completion=NAME, system=NAME or text=NAME.");
    }
    recipe.columns[what] = column.substr(equals + 1);
  }
  recipe.system_prompt = system_prompt;
  recipe.sample_prompt = sample_prompt;
  recipe.save_batches = save_batches;
  recipe.seed = context.seed;
  recipe.threads = context.threads;
  return recipe;
}

}  // namespace scalewright::cli
