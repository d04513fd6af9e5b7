// quantize: full precision (or another quantized model) to codes and scales.

#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "app/cli/size_words.h"
#include "engine/core/ascii.h"
#include "engine/export/exporter.h"
#include "engine/export/output_check.h"
#include "engine/quant/quantize_job.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

struct Options {
  std::string input, output, method = "clip", calibration, type, budget;
  int bits = 4;
  int group = -1;  // not given
  bool symmetric = false, budget_of_codes = false, groups_by_order = false;
  int64_t samples = 128, context = 512, learn_steps = 0;
  bool fast = false, force = false;
};

std::vector<std::string> method_words() {
  std::vector<std::string> words;
  for (const QuantMethod method : kQuantMethods) words.emplace_back(to_string(method));
  return words;
}
// "3.5": bits a weight of the matrices. "80MB", "76MiB", "80000000": bytes of the file.
Result<SizeBudget> budget_from(const std::string& text) {
  SizeBudget budget;
  if (text.empty()) return budget;
  const std::optional<double> bytes = bytes_from(text);
  if (!bytes || !(*bytes > 0.0)) {
    return fail(ErrorCode::InvalidArgument, "--budget " + text + ": write bits a weight (3.5) or the size of the file (80MB).");
  }
  const bool without_unit = text.find_first_of("bB") == std::string::npos;
  if (without_unit && *bytes <= 16.0)
    budget.bits_per_weight = *bytes;
  else
    budget.file_bytes = static_cast<uint64_t>(*bytes);
  return budget;
}

std::string method_help() {
  std::string help = "How weights become integers";
  for (const QuantMethod method : kQuantMethods) help += "\n" + std::string(to_string(method)) + ": " + explain(method);
  return help + "\n";
}

// What is not said: GGUF has a scale for every 32 weights whether it is used or not, and its smallest type of a number of bits has the
// zero point in the middle (Q2_0 has a scale for 64); a folder holds groups of 64 as they are.
QuantSpec spec_from(const Options& options, bool folder) {
  if (options.group >= 0) return {.bits = options.bits, .group = options.group, .symmetric = options.symmetric};
  const bool free = folder || !options.type.empty() || !options.budget.empty();
  return {.bits = options.bits, .group = folder || options.bits == 2 ? 64 : 32, .symmetric = options.symmetric || !free};
}

class LayerProgress : public QuantizeObserver {
 public:
  void progress(const Progress& p) override { line_.show(p); }
  void warning(std::string_view text) override { line_.message("warning: " + std::string(text)); }
  void finish() { line_.finish(); }
  void learned(int layer, double before, double after) override {
    line_.message("layer " + std::to_string(layer + 1) + ": learning took the error of its output to " + format_number(100.0 * after / before, 1) + " % of GPTQ's");
    learned_.push_back({{"layer", layer}, {"before", before}, {"after", after}});
  }
  const Json& learning() const { return learned_; }

 private:
  ProgressLine line_;
  Json learned_ = Json::array();
};

// What can be known of the request before hours of work.
Result<ModelSummary> check_before(const Options& options, const QuantizeRequest& request, bool folder) {
  SW_TRY(check_model_argument(options.input, Takes::Model));
  SW_TRY(check_output(options.output, {{options.input, "the model being read"}, {options.calibration, "the calibration text"}}));
  SW_TRY(refuse_existing(options.output, options.force));
  SW_TRY(try_output(options.output, folder));
  SW_TRY(check_quantize_request(request));
  SW_ASSIGN(ModelSummary summary, summarize_model(options.input));
  if (!summary.unsupported.empty()) return fail(ErrorCode::Unsupported, options.input + ": " + summary.unsupported);
  if (!request.budget.given()) {
    SW_TRY(folder ? check_folder_holds(summary, request.spec, ExportTarget::Gptq) : check_gguf_holds(summary, request.spec, options.type));
  }
  return summary;
}

Result<int> quantize(const Context& context, const Options& options) {
  QuantizeRequest request;
  request.input = options.input;
  const bool folder = std::filesystem::path(options.output).extension() != ".gguf";
  request.spec = spec_from(options, folder);
  SW_ASSIGN(request.method, quant_method_from(options.method));
  request.learn_steps = options.learn_steps;
  request.fast_calibration = options.fast;
  request.calibration = options.calibration;
  request.calibration_samples = options.samples;
  request.calibration_context = options.context;
  request.seed = context.seed;
  SW_ASSIGN(request.budget, budget_from(options.budget));
  request.budget.gguf = !options.budget_of_codes;
  if (options.budget_of_codes && request.budget.bits_per_weight <= 0.0)
    return fail(ErrorCode::InvalidArgument, "--budget-of-codes counts bits a weight: give them as --budget 3.5.");
  const ExportTarget target = folder ? ExportTarget::Gptq : ExportTarget::Gguf;

  request.groups_by_order = options.groups_by_order;
  if (options.groups_by_order && !folder)
    return fail(ErrorCode::InvalidArgument, options.output + ": GGUF has no place for groups in another order. With --groups-by-order write a folder.");

  if (request.budget.given() && (folder || !options.type.empty())) {
    return fail(ErrorCode::InvalidArgument,
                folder ? options.output + ": a folder in the GPTQ layout holds one number of bits for all matrices. With --budget write a .gguf file."
                       : "--type and --budget exclude each other: with a budget each matrix gets the type that fits it.");
  }

  SW_ASSIGN(const ModelSummary before, check_before(options, request, folder));

  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  LayerProgress observer;
  const SizeQuestion question{before, request, target, options.type};
  SizeWords words;
  if (!options.budget_of_codes) {
    SW_ASSIGN(words, size_words(question));
    context.print(words.line);
    if (!words.advice.empty()) observer.warning(words.advice);
  }
  if (const MatrixCount count = gguf_leaves(before); !folder && options.type.empty() && count.left > 0) {
    observer.warning("The rows of " + std::to_string(count.left) + " of the " + std::to_string(count.all) +
                     " matrices are no multiple of 32, which a GGUF block holds: they are written as F16. A folder with one scale a row (--group 0) quantizes all.");
  }
  SW_ASSIGN(const QuantizeReport report, quantize_model(request, *backend, observer, context.stop));
  if (context.stop.stop_requested()) return kExitInterrupted;
  SW_ASSIGN(const ExportCheck written, write_model(*report.model, target, options.output, options.type, observer, context.stop));
  observer.finish();
  SW_ASSIGN(const ModelSummary after, summarize_model(options.output));
  std::string larger;
  if (after.file_bytes > before.file_bytes) {
    larger = "The result is larger than the model it was made from: " + format_bytes(after.file_bytes) + " (" + after.type + "), before " + format_bytes(before.file_bytes) +
             " (" + before.type + ")." + smaller_choices(question, before.file_bytes);
  }

  Json layers = Json::array();
  double worst = 0.0;
  std::string worst_name;
  for (const LayerError& layer : report.layers) {
    layers.push_back({{"name", layer.name}, {"relative_error", layer.relative_error}, {"bits", layer.spec.bits}, {"symmetric", layer.spec.symmetric}});
    if (layer.relative_error > worst) worst = layer.relative_error, worst_name = layer.name;
  }
  context.print_json({{"bits_per_weight", after.bits_per_weight},
                      {"packed_bits_per_weight", report.bits_per_weight},
                      {"file_bytes", after.file_bytes},
                      {"input_bytes", before.file_bytes},
                      {"larger", larger},
                      {"forecast", {{"file_bytes", words.forecast.file_bytes}, {"bits_per_weight", words.forecast.bits_per_weight}, {"container", words.forecast.container}, {"advice", words.advice}}},
                      {"seconds", report.seconds},
                      {"container", written.container},
                      {"type", after.type},
                      {"bits", request.budget.given() ? Json(nullptr) : Json(request.spec.bits)},
                      {"exact", written.exact},
                      {"explanation", written.explanation},
                      {"warnings", report.warnings},
                      {"learned", observer.learning()},
                      {"layers", layers}});
  context.print("wrote " + options.output + ": " + format_bytes(written.bytes) + ", " + format_number(after.bits_per_weight, 2) + " bits per weight as " + stored_words(written.container, written.bits));
  if (!written.explanation.empty()) context.print(written.explanation);
  if (!larger.empty() && words.advice.empty()) context.print(larger);
  context.print(std::to_string(report.layers.size()) + " matrices in " + format_duration(report.seconds) + "; largest relative error " + format_number(worst * 100, 2) + " % in " + worst_name);
  return 0;
}

}  // namespace

void add_quantize(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "quantize", "Make a model smaller: low-bit integers and scales");
  auto o = std::make_shared<Options>();
  verb->add_option("MODEL", o->input, "A .gguf file or a folder of safetensors")->required();
  verb->add_option("-o,--output", o->output, "A .gguf file, or a folder (GPTQ layout)")->required();
  verb->add_option("--bits", o->bits, "Bits of a weight's integer; the embedding and the head keep the type they have")->check(whole(2, 8))->capture_default_str();
  verb->add_option("--group", o->group, "Weights that share a scale; 0: one scale an output row. Left out: 64 in a folder; in a .gguf 32 (64 with 2 bits) and, unless --type or --budget is given, --symmetric: its smallest type")->check(CLI::IsMember({0, 32, 64, 128, 256}));
  verb->add_option("--method", o->method, method_help())->check(CLI::IsMember(method_words()))->capture_default_str();
  verb->add_option("--budget", o->budget, "Bits by layer instead of --bits: how large the result may be, as bits a weight of the matrices (3.5) or size of the file (80MB); needs --calibration");
  verb->add_flag("--budget-of-codes", o->budget_of_codes, "The budget counts integers, scales and zero points alone, not the GGUF types that hold them, which can be larger");
  verb->add_flag("--groups-by-order", o->groups_by_order, "gptq-act-order: inputs that are rounded together share a scale (desc_act, with a g_idx); only folders hold that");
  verb->add_flag("--symmetric", o->symmetric, "Zero point in the middle, not free");
  verb->add_option("--calibration", o->calibration, "A text or dataset that is like what the model will read");
  verb->add_option("--calibration-samples", o->samples, "Windows of calibration text")->check(whole(1, 100000))->capture_default_str();
  verb->add_option("--calibration-context", o->context, "Tokens of a window")->check(whole(8, 131072))->capture_default_str();
  verb->add_flag("--fast", o->fast, "GPTQ: the calibration text runs with activations in 8 bits; a third less time, perplexity may be a few percent higher or lower");
  verb->add_option("--learn-steps", o->learn_steps, "Steps of autoround and block on each layer; 0: as the method wants")->check(whole(0, 1000000));
  verb->add_option("--type", o->type, "GGUF type to store the integers in (q4_0, q4_1, q5_0, q8_0, ...); default: the one that holds them exactly");
  verb->add_flag("--force", o->force, "Replace what is at the output already");
  verb->callback([&context, o] { context.command = [&context, o] { return quantize(context, *o); }; });
}

}  // namespace scalewright::cli
