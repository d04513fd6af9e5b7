// demo: the main job from end to end on the sample: quantize, tune, compare, chat, export, with a summary.

#include <chrono>
#include <filesystem>
#include <iostream>

#include "app/cli/context.h"
#include "app/cli/loss_words.h"
#include "app/cli/model_argument.h"
#include "engine/chat/generator.h"
#include "engine/core/file.h"
#include "engine/core/system.h"
#include "engine/eval/evaluate.h"
#include "engine/export/exporter.h"
#include "engine/quant/quantize_job.h"
#include "engine/tune/recording_observer.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_store.h"
#include "engine/tune/sample_recipe.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  bool quick = false;
  std::string folder, model;
};

// Announces the parts of the job and times them.
class Stage {
 public:
  explicit Stage(const Context& context) : context_(context) {}
  void begin(const std::string& title) {
    ++number_;
    if (!context_.json) std::cout << "\n" << number_ << ". " << title << '\n' << std::flush;
    start_ = std::chrono::steady_clock::now();
  }
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  const Context& context_;
  int number_ = 0;
  std::chrono::steady_clock::time_point start_;
};

class DemoObserver : public QuantizeObserver {
 public:
  void progress(const Progress& p) override { line_.show(p); }
  void finish() { line_.finish(); }

 private:
  ProgressLine line_;
};

class DemoTuneObserver : public TuneObserver {
 public:
  void step(const StepRecord& s) override {
    line_.show({.step = "step " + std::to_string(s.step) + " of " + std::to_string(s.steps) + "  loss " + format_number(s.loss, 3) + "  " + format_number(s.tokens_per_second, 0) + " tokens/s",
                .fraction = static_cast<double>(s.step) / static_cast<double>(std::max<int64_t>(1, s.steps)),
                .seconds_left = s.seconds_left});
  }
  void finish() { line_.finish(); }

 private:
  ProgressLine line_;
};

Result<int> demo(const Context& context, const Options& options) {
  const fs::path source = options.model.empty() ? sample_model_path() : fs::path(options.model);
  const fs::path train = sample_dataset_path(false), held_out = sample_dataset_path(true);
  std::error_code ignored;
  if (!fs::exists(source, ignored))
    return fail(ErrorCode::Io, "The sample model is not at " + source.string() + ". Run installer/get-sample.sh, or give a model of your own with --model.");
  SW_TRY(check_model_argument(source.string(), Takes::Model));
  const fs::path folder = options.folder.empty() ? data_folder() / "demo" : fs::path(options.folder);
  fs::create_directories(folder, ignored);
  if (!fs::is_directory(folder, ignored)) return fail(ErrorCode::Io, folder.string() + ": this folder cannot be made. Choose another one with -o.");
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  Stage stage(context);
  Json summary;
  summary["device"] = backend->description();
  context.print("Scalewright " SCALEWRIGHT_VERSION " on " + backend->description());

  stage.begin("Quantize " + source.filename().string() + " to 4 bits, symmetric, groups of 32");
  DemoObserver quantize_observer;
  QuantizeRequest request;
  request.input = source;
  request.spec = {.bits = 4, .group = 32, .symmetric = true};  // Q4_0: the smallest type that every program reads
  SW_ASSIGN(QuantizeReport quantized, quantize_model(request, *backend, quantize_observer, context.stop));
  if (context.stop.stop_requested()) return kExitInterrupted;
  const fs::path quantized_path = folder / "sample-w4-g32.gguf";
  SW_ASSIGN(const ExportCheck written, write_model(*quantized.model, ExportTarget::Gguf, quantized_path, "", quantize_observer, context.stop));
  quantize_observer.finish();
  summary["quantize"] = {{"seconds", stage.seconds()}, {"bits_per_weight", quantized.bits_per_weight}, {"file_bytes", written.bytes}, {"container", written.container}};
  context.print("   " + format_bytes(written.bytes) + " as " + written.container + ", " + format_number(quantized.bits_per_weight, 2) + " bits per weight, in " + format_duration(stage.seconds()));
  quantized.model.reset();

  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, load_model(quantized_path, observer, context.stop));
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  const auto base_scales = snapshot_scales(*model, layout);
  ImportOptions import;
  SW_ASSIGN(const Dataset questions, import_dataset(held_out, import));
  ScoreOptions scoring;
  scoring.limit = options.quick ? 20 : 0;
  stage.begin("Score the untuned model on requests it never saw");
  SW_ASSIGN(const ScoreReport before, score(model, *backend, questions, scoring, observer, context.stop));
  observer.finish();
  if (context.stop.stop_requested()) return kExitInterrupted;
  context.print("   exact match " + format_number(before.exact_match * 100, 0) + " % of " + std::to_string(before.rows) + " rows, in " + format_duration(stage.seconds()));

  stage.begin("Tune: the integers stay, only the scales learn");
  TuneRecipe recipe = sample_recipe(options.quick);
  recipe.model = quantized_path;
  recipe.data = train;
  recipe.seed = context.seed;
  recipe.threads = context.threads;
  const fs::path run = folder / "run";
  fs::remove_all(run, ignored);
  DemoTuneObserver tune_observer;
  const auto store = RunStore::open(RunStore::default_file());
  std::unique_ptr<RecordingObserver> recording;
  if (store) recording = std::make_unique<RecordingObserver>(**store, recipe, run, "demo", tune_observer);
  TuneObserver& watcher = recording ? static_cast<TuneObserver&>(*recording) : tune_observer;
  TuneControl control;
  const Result<TuneReport> tuned = Trainer::run(model, *backend, recipe, run, false, watcher, control, context.stop);
  if (recording) recording->ended(tuned);
  tune_observer.finish();
  if (!tuned) return tl::unexpected<Error>(tuned.error());
  if (tuned->outcome == Outcome::Cancelled) return kExitInterrupted;
  summary["tune"] = {{"seconds", tuned->seconds},
                     {"steps", tuned->steps},
                     {"trainable", tuned->trainable},
                     {"first_loss", tuned->losses.front()},
                     {"last_loss", tuned->losses.back()},
                     {"loss_change", loss_change_json(*tuned)},
                     {"tokens_per_second", tuned->tokens_per_second},
                     {"reserved_bytes", tuned->reserved_bytes},
                     {"peak_bytes", tuned->peak_bytes},
                     {"codes_hash_before", tuned->codes_hash_before},
                     {"codes_hash_after", tuned->codes_hash_after}};
  context.print("   " + loss_words(*tuned, 3) + " in " + std::to_string(tuned->steps) + " steps, " +
                format_duration(tuned->seconds) + "; memory " + format_bytes(tuned->peak_bytes) + " of " + format_bytes(tuned->reserved_bytes) + " reserved");
  context.print("   codes hash before and after: " + tuned->codes_hash_before + (tuned->codes_hash_before == tuned->codes_hash_after ? ", unchanged" : ", CHANGED"));

  stage.begin("Compare on the same requests");
  SW_ASSIGN(const ScoreReport after, score(model, *backend, questions, scoring, observer, context.stop));
  observer.finish();
  if (context.stop.stop_requested()) return kExitInterrupted;
  summary["score"] = {{"rows", after.rows}, {"exact_match_before", before.exact_match}, {"exact_match_after", after.exact_match}, {"loss_before", before.loss}, {"loss_after", after.loss}};
  context.print("   exact match " + format_number(before.exact_match * 100, 0) + " % -> " + format_number(after.exact_match * 100, 0) + " % of " + std::to_string(after.rows) + " rows");

  stage.begin("Chat with both, from one copy of the codes");
  const std::vector<Message> question = {questions.examples.front().messages.front()};
  SamplingOptions sampling;
  sampling.temperature = 0.0;
  sampling.max_tokens = 96;
  SessionOptions session_options;
  session_options.context = 512;
  session_options.precision = Precision::Exact;
  session_options.kv = KvType::F16;
  const auto tuned_scales = snapshot_scales(*model, layout);
  Json answers;
  for (const bool use_tuned : {false, true}) {
    restore_scales(*model, layout, use_tuned ? tuned_scales : base_scales);
    SW_ASSIGN(const auto conversation, Conversation::create(model, *backend, session_options));
    SW_ASSIGN(const Generation answer, conversation->answer(question, sampling, [](std::string_view) {}, context.stop));
    if (context.stop.stop_requested()) return kExitInterrupted;
    answers[use_tuned ? "tuned" : "original"] = answer.text;
    answers[use_tuned ? "tuned_tokens_per_second" : "original_tokens_per_second"] = answer.tokens_per_second();
    if (!use_tuned) context.print("   you       " + question.front().content);
    context.print(std::string(use_tuned ? "   tuned     " : "   original  ") + answer.text);
  }
  summary["chat"] = answers;
  model->tuned_by = own_name(run);  // its scales are the run's again

  stage.begin("Export: GGUF and scale pack, reopened and compared");
  const fs::path exported = folder / "sample-tuned.gguf", pack = folder / "sample-task.safetensors";
  SW_ASSIGN(const ExportReport report, export_model(*model, ExportTarget::Gguf, exported, "", *backend, observer, context.stop));
  SW_ASSIGN(const ExportReport pack_report, export_model(*model, ExportTarget::Pack, pack, "", *backend, observer, context.stop));
  observer.finish();
  summary["export"] = {{"file", exported.string()},
                       {"bytes", report.bytes},
                       {"exact", report.exact},
                       {"largest_logit_difference", report.largest_logit_difference},
                       {"perplexity_difference", report.perplexity_difference},
                       {"pack", pack.string()},
                       {"pack_bytes", pack_report.bytes}};
  char difference[64];
  std::snprintf(difference, sizeof difference, "%.3g", report.largest_logit_difference);
  context.print("   " + exported.string() + ", " + format_bytes(report.bytes) + "; largest logit difference against memory " + difference);
  context.print("   " + pack.string() + ", " + format_bytes(pack_report.bytes));
  context.print("\nDone. Talk to it:  scalewright-cli chat " + shell_word(run.string()) + " --compare");
  context.print_json(summary);
  return 0;
}

}  // namespace

void add_demo(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "demo", "The main job on the sample: quantize, tune, compare, chat, export");
  auto o = std::make_shared<Options>();
  verb->add_flag("--quick", o->quick, "Fewer steps and fewer rows: about three minutes on two cores");
  verb->add_option("--model", o->model, "Another model than the sample");
  verb->add_option("-o,--output", o->folder, "Folder for what it writes");
  verb->callback([&context, o] { context.command = [&context, o] { return demo(context, *o); }; });
}

}  // namespace scalewright::cli
