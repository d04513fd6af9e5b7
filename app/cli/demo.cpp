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

// The job, a function a stage; each ends as its work did, and says so in `summary`.
class Demo {
 public:
  Demo(const Context& context, const Options& options, fs::path source, fs::path folder)
      : context_(context), options_(options), source_(std::move(source)), folder_(std::move(folder)), stage_(context) {}
  Result<int> run();

 private:
  Result<Outcome> quantize();
  Result<Outcome> score_untuned();
  Result<Outcome> tune();
  Result<Outcome> compare();
  Result<Outcome> chat();
  Result<Outcome> write_out();

  Outcome outcome() const { return context_.stop.stop_requested() ? Outcome::Cancelled : Outcome::Finished; }
  Result<ScoreReport> score_now();
  void sum_up_tuning(const TuneReport& tuned);

  const Context& context_;
  const Options& options_;
  const fs::path source_, folder_, quantized_ = folder_ / "sample-w4-g32.gguf", run_ = folder_ / "run";
  Stage stage_;
  ProgressObserver observer_;
  std::unique_ptr<Backend> backend_;
  std::shared_ptr<Model> model_;  // the quantized one, later with the scales of the run
  TrainableLayout layout_;
  std::vector<std::vector<uint16_t>> base_scales_;  // snapshot_scales
  Dataset questions_;
  ScoreReport before_;
  Json summary_;
};

Result<int> Demo::run() {
  SW_ASSIGN(backend_, context_.backend());
  summary_["device"] = backend_->description();
  context_.print("Scalewright " SCALEWRIGHT_VERSION " on " + backend_->description());
  for (const auto stage : {&Demo::quantize, &Demo::score_untuned, &Demo::tune, &Demo::compare, &Demo::chat, &Demo::write_out}) {
    SW_ASSIGN(const Outcome outcome, (this->*stage)());
    if (outcome == Outcome::Cancelled) return kExitInterrupted;
  }
  context_.print("\nDone. Talk to it:  scalewright-cli chat " + shell_word(run_.string()) + " --compare");
  context_.print_json(summary_);
  return 0;
}

Result<Outcome> Demo::quantize() {
  stage_.begin("Quantize " + source_.filename().string() + " to 4 bits, symmetric, groups of 32");
  DemoObserver observer;
  QuantizeRequest request;
  request.input = source_;
  request.spec = {.bits = 4, .group = 32, .symmetric = true};  // Q4_0: the smallest type that every program reads
  SW_ASSIGN(const QuantizeReport quantized, quantize_model(request, *backend_, observer, context_.stop));
  if (context_.stop.stop_requested()) return Outcome::Cancelled;
  SW_ASSIGN(const ExportCheck written, write_model(*quantized.model, ExportTarget::Gguf, quantized_, "", observer, context_.stop));
  observer.finish();
  summary_["quantize"] = {{"seconds", stage_.seconds()}, {"bits_per_weight", quantized.bits_per_weight}, {"file_bytes", written.bytes}, {"container", written.container}};
  context_.print("   " + format_bytes(written.bytes) + " as " + written.container + ", " + format_number(quantized.bits_per_weight, 2) + " bits per weight, in " + format_duration(stage_.seconds()));
  return outcome();
}

Result<ScoreReport> Demo::score_now() {
  ScoreOptions scoring;
  scoring.limit = options_.quick ? 20 : 0;
  SW_ASSIGN(ScoreReport report, score(model_, *backend_, questions_, scoring, observer_, context_.stop));
  observer_.finish();
  return report;
}

Result<Outcome> Demo::score_untuned() {
  SW_ASSIGN(model_, load_model(quantized_, observer_, context_.stop));
  layout_ = trainable_layout(*model_, Granularity::Group);
  base_scales_ = snapshot_scales(*model_, layout_);
  SW_ASSIGN(questions_, import_dataset(sample_dataset_path(true), ImportOptions()));
  stage_.begin("Score the untuned model on requests it never saw");
  SW_ASSIGN(before_, score_now());
  if (context_.stop.stop_requested()) return Outcome::Cancelled;
  context_.print("   exact match " + format_number(before_.exact_match * 100, 0) + " % of " + std::to_string(before_.rows) + " rows, in " + format_duration(stage_.seconds()));
  return Outcome::Finished;
}

// A run that an earlier demo left in the folder is moved aside by the trainer.
Result<Outcome> Demo::tune() {
  stage_.begin("Tune: the integers stay, only the scales learn");
  TuneRecipe recipe = sample_recipe(options_.quick);
  recipe.model = quantized_;
  recipe.data = sample_dataset_path(false);
  recipe.seed = context_.seed;
  recipe.threads = context_.threads;
  DemoTuneObserver observer;
  const auto store = RunStore::open(RunStore::default_file());
  std::unique_ptr<RecordingObserver> recording;
  if (store) recording = std::make_unique<RecordingObserver>(**store, recipe, run_, "demo", observer);
  TuneObserver& watcher = recording ? static_cast<TuneObserver&>(*recording) : observer;
  TuneControl control;
  const Result<TuneReport> tuned = Trainer::run(model_, *backend_, recipe, run_, false, watcher, control, context_.stop);
  if (recording) recording->ended(tuned);
  observer.finish();
  if (!tuned) return tl::unexpected<Error>(tuned.error());
  if (tuned->outcome == Outcome::Finished) sum_up_tuning(*tuned);
  return tuned->outcome;
}

void Demo::sum_up_tuning(const TuneReport& tuned) {
  summary_["tune"] = {{"seconds", tuned.seconds},
                      {"steps", tuned.steps},
                      {"trainable", tuned.trainable},
                      {"first_loss", tuned.losses.front()},
                      {"last_loss", tuned.losses.back()},
                      {"loss_change", loss_change_json(tuned)},
                      {"tokens_per_second", tuned.tokens_per_second},
                      {"reserved_bytes", tuned.reserved_bytes},
                      {"peak_bytes", tuned.peak_bytes},
                      {"codes_hash_before", tuned.codes_hash_before},
                      {"codes_hash_after", tuned.codes_hash_after}};
  context_.print("   " + loss_words(tuned, 3) + " in " + std::to_string(tuned.steps) + " steps, " + format_duration(tuned.seconds) + "; memory " + format_bytes(tuned.peak_bytes) + " of " +
                 format_bytes(tuned.reserved_bytes) + " reserved");
  context_.print("   codes hash before and after: " + tuned.codes_hash_before + (tuned.codes_hash_before == tuned.codes_hash_after ? ", unchanged" : ", CHANGED"));
}

Result<Outcome> Demo::compare() {
  stage_.begin("Compare on the same requests");
  SW_ASSIGN(const ScoreReport after, score_now());
  if (context_.stop.stop_requested()) return Outcome::Cancelled;
  summary_["score"] = {{"rows", after.rows}, {"exact_match_before", before_.exact_match}, {"exact_match_after", after.exact_match}, {"loss_before", before_.loss}, {"loss_after", after.loss}};
  context_.print("   exact match " + format_number(before_.exact_match * 100, 0) + " % -> " + format_number(after.exact_match * 100, 0) + " % of " + std::to_string(after.rows) + " rows");
  return Outcome::Finished;
}

Result<Outcome> Demo::chat() {
  stage_.begin("Chat with both, from one copy of the codes");
  const std::vector<Message> question = {questions_.examples.front().messages.front()};
  SamplingOptions sampling;
  sampling.temperature = 0.0;
  sampling.max_tokens = 96;
  SessionOptions session_options;
  session_options.context = 512;
  session_options.precision = Precision::Exact;
  session_options.kv = KvType::F16;
  const auto tuned_scales = snapshot_scales(*model_, layout_);
  Json answers;
  for (const bool use_tuned : {false, true}) {
    restore_scales(*model_, layout_, use_tuned ? tuned_scales : base_scales_);
    SW_ASSIGN(const auto conversation, Conversation::create(model_, *backend_, session_options));
    SW_ASSIGN(const Generation answer, conversation->answer(question, sampling, [](std::string_view) {}, context_.stop));
    if (context_.stop.stop_requested()) return Outcome::Cancelled;
    answers[use_tuned ? "tuned" : "original"] = answer.text;
    answers[use_tuned ? "tuned_tokens_per_second" : "original_tokens_per_second"] = answer.tokens_per_second();
    if (!use_tuned) context_.print("   you       " + question.front().content);
    context_.print(std::string(use_tuned ? "   tuned     " : "   original  ") + answer.text);
  }
  summary_["chat"] = answers;
  model_->tuned_by = own_name(run_);  // its scales are the run's again
  return Outcome::Finished;
}

Result<Outcome> Demo::write_out() {
  stage_.begin("Export: GGUF and scale pack, reopened and compared");
  const fs::path exported = folder_ / "sample-tuned.gguf", pack = folder_ / "sample-task.safetensors";
  SW_ASSIGN(const ExportReport report, export_model(*model_, ExportTarget::Gguf, exported, "", *backend_, observer_, context_.stop));
  SW_ASSIGN(const ExportReport pack_report, export_model(*model_, ExportTarget::Pack, pack, "", *backend_, observer_, context_.stop));
  observer_.finish();
  summary_["export"] = {{"file", exported.string()},
                        {"bytes", report.bytes},
                        {"exact", report.exact},
                        {"largest_logit_difference", report.largest_logit_difference},
                        {"perplexity_difference", report.perplexity_difference},
                        {"pack", pack.string()},
                        {"pack_bytes", pack_report.bytes}};
  char difference[64];
  std::snprintf(difference, sizeof difference, "%.3g", report.largest_logit_difference);
  context_.print("   " + exported.string() + ", " + format_bytes(report.bytes) + "; largest logit difference against memory " + difference);
  context_.print("   " + pack.string() + ", " + format_bytes(pack_report.bytes));
  return Outcome::Finished;
}

Result<int> demo(const Context& context, const Options& options) {
  const fs::path source = options.model.empty() ? sample_model_path() : fs::path(options.model);
  std::error_code ignored;
  if (!fs::exists(source, ignored))
    return fail(ErrorCode::Io, "The sample model is not at " + source.string() + ". Run installer/get-sample.sh, or give a model of your own with --model.");
  SW_TRY(check_model_argument(source.string(), Takes::Model));
  const fs::path folder = options.folder.empty() ? data_folder() / "demo" : fs::path(options.folder);
  fs::create_directories(folder, ignored);
  if (!fs::is_directory(folder, ignored)) return fail(ErrorCode::Io, folder.string() + ": this folder cannot be made. Choose another one with -o.");
  return Demo(context, options, source, folder).run();
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
