// export: write, reopen, compare. apply: base + scale pack to a model.

#include <map>

#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "engine/core/ascii.h"
#include "engine/export/exporter.h"
#include "engine/export/output_check.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

const std::map<std::string, ExportTarget> kTargets = {{"gguf", ExportTarget::Gguf},
                                                      {"gptq", ExportTarget::Gptq},
                                                      {"awq", ExportTarget::Awq},
                                                      {"compressed-tensors", ExportTarget::CompressedTensors},
                                                      {"safetensors", ExportTarget::Safetensors},
                                                      {"pack", ExportTarget::Pack}};

struct Options {
  std::string model, target, output, type, pack;
  bool force = false;
};

void print_report(const Context& context, const std::string& output, const ExportReport& report) {
  context.print_json({{"bytes", report.bytes},
                      {"exact", report.exact},
                      {"largest_logit_difference", report.largest_logit_difference},
                      {"perplexity_memory", report.perplexity_memory},
                      {"perplexity_file", report.perplexity_file},
                      {"perplexity_difference", report.perplexity_difference},
                      {"explanation", report.explanation},
                      {"seconds", report.seconds}});
  context.print("wrote " + output + ": " + format_bytes(report.bytes) + " in " + format_duration(report.seconds));
  context.print(report.explanation);
  char text[128];
  std::snprintf(text, sizeof text, "reopened and compared: largest logit difference %.3g, perplexity difference %.3g", report.largest_logit_difference, report.perplexity_difference);
  context.print(text);
}

// Of a model or a run: everything that an output must not replace.
Result<std::vector<KeptPath>> kept_paths(const std::string& model) {
  std::vector<KeptPath> kept = {{model, is_run_folder(model) ? "the folder of the run" : "the model being read"}};
  if (!is_run_folder(model)) return kept;
  SW_ASSIGN(const TuneRecipe recipe, read_run_recipe(model));
  kept.push_back({recipe.model, "the base model of the run"});
  kept.push_back({recipe.data, "the data of the run"});
  kept.push_back({recipe.validation, "the validation data of the run"});
  return kept;
}

Result<int> export_verb(const Context& context, const Options& options) {
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  const ExportTarget target = kTargets.at(options.target);
  if (target == ExportTarget::Pack && !is_run_folder(options.model))
    return fail(ErrorCode::InvalidArgument, "A scale pack holds what a tuning run learned, and " + options.model + " is no run. Give the folder of a run.");
  SW_ASSIGN(const std::vector<KeptPath> kept, kept_paths(options.model));
  SW_TRY(check_output(options.output, kept));
  if (target == ExportTarget::Gguf && lower(std::filesystem::path(options.output).extension().string()) != ".gguf")
    return fail(ErrorCode::InvalidArgument, options.output + ": a GGUF is one file, and programs look for the ending .gguf. Write -o " + shell_word(options.output + ".gguf") + ".");
  SW_TRY(refuse_existing(options.output, options.force));
  SW_TRY(try_output(options.output, writes_folder(target)));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  SW_ASSIGN(const ExportReport report, export_model(*model, target, options.output, options.type, *backend, observer, context.stop));
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  print_report(context, options.output, report);
  return 0;
}

Result<int> apply(const Context& context, const Options& options) {
  SW_TRY(check_model_argument(options.model, Takes::Model));
  SW_TRY(check_pack_argument(options.pack));
  const bool folder = std::filesystem::path(options.output).extension() != ".gguf";
  SW_TRY(check_output(options.output, {{options.model, "the model being read"}, {options.pack, "the scale pack being read"}}));
  SW_TRY(refuse_existing(options.output, options.force));
  SW_TRY(try_output(options.output, folder));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, load_model(options.model, observer, context.stop));
  SW_ASSIGN(const ScalePack pack, ScalePack::load(options.pack, *model));
  const auto base = snapshot_scales(*model, trainable_layout(*model, Granularity::Group));
  pack.apply(*model, base);
  const ExportTarget target = !folder ? ExportTarget::Gguf
                              : model->container == Container::Awq ? ExportTarget::Awq
                              : model->container == Container::CompressedTensors ? ExportTarget::CompressedTensors
                                                                                 : ExportTarget::Gptq;
  SW_ASSIGN(const ExportReport report, export_model(*model, target, options.output, options.type, *backend, observer, context.stop));
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  print_report(context, options.output, report);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "export", "Write a model for other programs, reopen it and compare", Uses::Device);
  auto e = std::make_shared<Options>();
  verb->add_option("MODEL", e->model, "A model, or the folder of a run")->required();
  verb->add_option("--to", e->target, "What to write")->required()->check(CLI::IsMember({"gguf", "gptq", "awq", "compressed-tensors", "safetensors", "pack"}));
  verb->add_option("-o,--output", e->output, "A .gguf or .safetensors file, or a folder")->required();
  verb->add_option("--type", e->type, "GGUF type of the matrices; default: the one that is exact");
  verb->add_flag("--force", e->force, "Replace what is at the output already");
  verb->callback([&context, e] { context.command = [&context, e] { return export_verb(context, *e); }; });

  CLI::App* apply_verb = add_verb(app, context, "apply", "Write a base model with a scale pack applied", Uses::Device);
  auto a = std::make_shared<Options>();
  apply_verb->add_option("MODEL", a->model, "The base model")->required();
  apply_verb->add_option("--pack", a->pack, "The scale pack; refused when it belongs to another base")->required();
  apply_verb->add_option("-o,--output", a->output, "A .gguf file, or a folder")->required();
  apply_verb->add_flag("--force", a->force, "Replace what is at the output already");
  apply_verb->callback([&context, a] { context.command = [&context, a] { return apply(context, *a); }; });
}

}  // namespace scalewright::cli
