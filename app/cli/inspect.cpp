// inspect: what a model file is.

#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "engine/model/model.h"
#include "engine/model/model_reader.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

Result<int> inspect(const Context& context, const std::string& given, bool with_hash) {
  SW_TRY(check_model_argument(given, Takes::ModelOrRun));
  std::string path = given, run;
  if (is_run_folder(given)) {
    SW_ASSIGN(const TuneRecipe recipe, read_run_recipe(given));
    path = recipe.model.string();
    run = "This is the folder of a run; it holds learned scales for the model " + path + ", which is shown here.";
    context.print(run + "\n");
  }
  SW_ASSIGN(const ModelSummary summary, summarize_model(path));
  std::string hash, chat_template;
  if (summary.unsupported.empty()) {
    SW_ASSIGN(const std::unique_ptr<ModelReader> reader, ModelReader::open(path));
    const std::shared_ptr<Model> model = reader->skeleton();
    if (model->chat_template) chat_template = model->chat_template->source();
  }
  context.print("name             " + summary.name);
  context.print("family           " + summary.family);
  context.print("parameters       " + format_number(summary.parameters / 1e6, 1) + " million");
  context.print("type             " + summary.type + ", " + format_number(summary.bits_per_weight, 2) + " bits per weight");
  context.print((std::filesystem::is_directory(path) ? "weight files     " : "file             ") + format_bytes(summary.file_bytes));
  context.print("context length   " + std::to_string(summary.context_length) + " tokens");
  context.print("layers           " + std::to_string(summary.layers) + ", " + std::to_string(summary.width) + " wide");
  context.print("vocabulary       " + std::to_string(summary.vocabulary));
  context.print("chat template    " + std::string(chat_template.empty() ? "none" : "found"));
  if (!summary.unsupported.empty()) context.print("cannot be run    " + summary.unsupported);
  // The hash needs every byte of the file; all else is in its header and is shown by now.
  if (with_hash && summary.unsupported.empty()) {
    ProgressObserver observer;
    SW_ASSIGN(const std::shared_ptr<Model> model, load_model(path, observer, context.stop));
    observer.finish();
    hash = model->codes_hash();
    if (!hash.empty()) context.print("codes hash       " + hash);
  }
  Json tensors = Json::array();
  for (const TensorSummary& tensor : summary.tensors)
    tensors.push_back({{"name", tensor.name}, {"type", tensor.type}, {"shape", tensor.shape}, {"bits", tensor.bits}, {"group", tensor.group}, {"bytes", tensor.bytes}});
  context.print_json({{"name", summary.name},
                      {"family", summary.family},
                      {"parameters", summary.parameters},
                      {"bits_per_weight", summary.bits_per_weight},
                      {"type", summary.type},
                      {"file_bytes", summary.file_bytes},
                      {"context_length", summary.context_length},
                      {"layers", summary.layers},
                      {"width", summary.width},
                      {"vocabulary", summary.vocabulary},
                      {"quantized", summary.quantized},
                      {"unsupported", summary.unsupported},
                      {"run", run.empty() ? "" : given},
                      {"path", path},
                      {"codes_hash", hash},
                      {"chat_template", chat_template},
                      {"tensors", tensors}});
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "inspect", "What a model is: family, size, codes hash; with --json its tensors too", Uses::Nothing);
  auto path = std::make_shared<std::string>();
  verb->add_option("MODEL", *path, "A .gguf file, a folder of safetensors, or the folder of a run")->required();
  auto no_hash = std::make_shared<bool>(false);
  verb->add_flag("--no-hash", *no_hash, "Without the codes hash, for which the whole file is read");
  verb->callback([&context, path, no_hash] { context.command = [&context, path, no_hash] { return inspect(context, *path, !*no_hash); }; });
}

}  // namespace scalewright::cli
