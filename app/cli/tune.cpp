// tune: PEQA on a model and a dataset. plan: the memory ledger of the same, nothing run.

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>

#include "app/cli/context.h"
#include "app/cli/loss_words.h"
#include "app/cli/model_argument.h"
#include "app/cli/tune_options.h"
#include "engine/tune/memory_plan.h"
#include "engine/tune/recording_observer.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_store.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

namespace fs = std::filesystem;

class TuneProgress : public TuneObserver {
 public:
  void progress(const Progress& p) override { line_.show(p); }
  void warning(std::string_view text) override {
    line_.message("warning: " + std::string(text));
    warnings_.emplace_back(text);
  }
  void planned(const TunePlan& plan) override {
    begun_ = true;
    finished_before_ = plan.done_steps >= plan.steps;
    if (finished_before_) {
      line_.message("finished already, after " + std::to_string(plan.steps) + " steps; this is its report. To learn more from it, export it and tune what was written.");
      return;
    }
    const std::optional<DeviceLedger>& device = plan.ledger.device;
    line_.message("reserving " + (device ? format_bytes(device->total_bytes) + " of the " + format_bytes(device->memory_bytes) + " of " + device->name + " and " : std::string()) +
                  format_bytes(plan.ledger.total_bytes) + " of " + format_bytes(plan.ledger.machine_bytes) + ", " +
                  std::to_string(plan.steps) + " steps, " + std::to_string(plan.trainable) + " scales learn" +
                  (plan.devices > 1 ? ", " + std::to_string(plan.devices) + " devices share a step" : std::string()));
  }
  void step(const StepRecord& s) override {
    Progress p;
    p.step = "step " + std::to_string(s.step) + " of " + std::to_string(s.steps) + "  loss " + format_number(s.loss, 4) + "  " +
             format_number(s.tokens_per_second, 0) + " tokens/s";
    p.fraction = s.steps > 0 ? static_cast<double>(s.step) / static_cast<double>(s.steps) : -1.0;
    p.seconds_left = s.seconds_left;
    line_.show(p);
  }
  void validation(const ValidationRecord& v) override {
    line_.message("step " + std::to_string(v.step) + ": validation loss " + format_number(v.loss, 4));
  }
  void sample(const SampleRecord& s) override { line_.message("step " + std::to_string(s.step) + ": " + s.answer); }
  void finish() { line_.finish(); }
  const std::vector<std::string>& warnings() const { return warnings_; }
  bool begun() const { return begun_; }
  bool finished_before() const { return finished_before_; }

 private:
  ProgressLine line_;
  std::vector<std::string> warnings_;
  bool begun_ = false, finished_before_ = false;
};

// A resumed run goes on with as many threads as it had, unless told otherwise.
Result<std::unique_ptr<Backend>> backend_for(const Context& context, const TuneRecipe& recipe) {
  Context own = context;
  own.threads = recipe.threads;
  return own.backend();
}

Json items_json(const std::vector<MemoryItem>& all) {
  Json items = Json::array();
  for (const MemoryItem& item : all) items.push_back({{"name", item.name}, {"bytes", item.bytes}});
  return items;
}

// Of a card that a run uses.
Json device_json(const DeviceLedger& device) {
  return {{"name", device.name},
          {"ledger", items_json(device.items)},
          {"total_bytes", device.total_bytes},
          {"memory_bytes", device.memory_bytes},
          {"available_bytes", device.available_bytes},
          {"limit_bytes", device.limit_bytes},
          {"offloaded_bytes", device.offloaded_bytes}};
}
Json devices_json(const std::vector<DeviceLedger>& devices) {
  Json all = Json::array();
  for (const DeviceLedger& device : devices) all.push_back(device_json(device));
  return all;
}

void print_items(const Context& context, const std::vector<MemoryItem>& items) {
  for (const MemoryItem& item : items) {
    const std::string bytes = format_bytes(item.bytes);
    context.print(std::string(bytes.size() < 10 ? 10 - bytes.size() : 0, ' ') + bytes + "  " + item.name);
  }
  context.print("----------");
}

// A folder for the rows of several files. What was made in it goes again unless it is kept.
class RowsFolder {
 public:
  explicit RowsFolder(fs::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    for (fs::path at = folder_; !at.empty() && !fs::exists(at, error); at = at.parent_path()) made_.push_back(at);
  }
  RowsFolder(const RowsFolder&) = delete;
  RowsFolder& operator=(const RowsFolder&) = delete;
  ~RowsFolder() {
    std::error_code error;
    if (!kept_ && !made_.empty()) fs::remove_all(folder_, error);
    for (const fs::path& made : made_)
      if (fs::is_empty(made, error) && !error) fs::remove(made, error);
  }
  const fs::path& path() const { return folder_; }
  void keep() { kept_ = true; }

 private:
  fs::path folder_;
  std::vector<fs::path> made_;  // innermost first
  bool kept_ = false;
};

Result<int> plan(const Context& context, const TuneOptions& options) {
  if (!options.model.empty()) SW_TRY(check_model_argument(options.model, Takes::Model));
  SW_ASSIGN(TuneRecipe recipe, options.recipe(context));
  const RowsFolder rows(fs::temp_directory_path() / ("scalewright-plan-" + std::to_string(::getpid())));
  SW_TRY(options.merge_data(recipe, rows.path()));
  SW_TRY(TuneOptions::check_data(recipe));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, backend_for(context, recipe));
  TuneProgress observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, load_model(recipe.model, observer, context.stop));
  warn_of_context(observer, recipe.context, model->config.context_length);
  SW_ASSIGN(const TunePlan plan, Trainer::plan(*model, *backend, recipe, &observer));
  observer.finish();
  const MemoryLedger& ledger = plan.ledger;
  context.print_json({{"ledger", items_json(ledger.items)},
                      {"device", ledger.device ? device_json(*ledger.device) : Json(nullptr)},
                      {"more_devices", devices_json(ledger.more_devices)},
                      {"devices", plan.devices},
                      {"total_bytes", ledger.total_bytes},
                      {"machine_bytes", ledger.machine_bytes},
                      {"available_bytes", ledger.available_bytes},
                      {"limit_bytes", ledger.limit_bytes},
                      {"fits", ledger.fits},
                      {"remedies", ledger.remedies},
                      {"least_bytes", ledger.least ? Json(ledger.least->bytes) : Json(nullptr)},
                      {"seconds_per_step", plan.seconds_per_step},
                      {"seconds", plan.seconds},
                      {"validations", plan.validations},
                      {"warnings", observer.warnings()},
                      {"steps", plan.steps},
                      {"batches_per_epoch", plan.batches_per_epoch},
                      {"trainable", plan.trainable},
                      {"kept_layers", plan.kept_layers},
                      {"learning_rate", plan.learning_rate},
                      {"usual_learning_rate", plan.usual_learning_rate},
                      {"rows", plan.rows},
                      {"tokens", plan.tokens},
                      {"learned_tokens", plan.learned_tokens},
                      {"cut", plan.cut},
                      {"dropped", plan.dropped},
                      {"checkpoint_bytes", plan.checkpoint_bytes},
                      {"pack_bytes", plan.pack_bytes}});
  const auto verdict = [](uint64_t total, uint64_t limit) { return total <= limit ? ": fits" : ": does not fit"; };
  const auto print_device = [&](const DeviceLedger& device) {
    print_items(context, device.items);
    context.print(format_bytes(device.total_bytes) + " on " + device.name + ", which has " + format_bytes(device.memory_bytes) + ", " +
                  format_bytes(device.memory_bytes - std::min(device.memory_bytes, device.available_bytes)) + " of it held by other programs" +
                  verdict(device.total_bytes, device.limit_bytes));
    if (device.offloaded_bytes > 0)
      context.print(format_bytes(device.offloaded_bytes) + " of the blocks stay in the machine's memory and come to the card as they are needed");
  };
  if (ledger.device) print_device(*ledger.device);
  for (const DeviceLedger& device : ledger.more_devices) print_device(device);
  print_items(context, ledger.items);
  context.print(format_bytes(ledger.total_bytes) + " in all; this machine has " + format_bytes(ledger.machine_bytes) + ", " +
                format_bytes(ledger.available_bytes) + " of it free" + verdict(ledger.total_bytes, ledger.limit_bytes));
  for (const std::string& remedy : ledger.remedies) context.print("  " + remedy);
  if (!ledger.fits && ledger.remedies.empty()) context.print(remedy_words(ledger));
  context.print(std::to_string(plan.steps) + " steps over " + std::to_string(plan.rows) + (plan.rows == 1 ? " example (" : " examples (") + std::to_string(plan.learned_tokens) +
                " of " + std::to_string(plan.tokens) + " tokens are learned), which share rows of " + std::to_string(recipe.context) + " tokens: " +
                std::to_string(plan.batches_per_epoch) + (plan.batches_per_epoch == 1 ? " batch" : " batches") + " a pass" +
                (plan.validations > 0 ? ", " + std::to_string(plan.validations) + " validations" : std::string()) + "; about " + format_duration(plan.seconds));
  return 0;
}

Result<int> tune(const Context& context, const TuneOptions& options) {
  if (!options.model.empty()) SW_TRY(check_model_argument(options.model, Takes::Model));
  SW_ASSIGN(TuneRecipe recipe, options.recipe(context));
  RowsFolder rows(fs::path(options.run) / "data");
  SW_TRY(options.merge_data(recipe, rows.path()));
  SW_TRY(TuneOptions::check_data(recipe));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, backend_for(context, recipe));
  TuneProgress progress;
  SW_ASSIGN(const std::shared_ptr<Model> model, load_model(recipe.model, progress, context.stop));
  if (context.stop.stop_requested()) return kExitInterrupted;
  warn_of_context(progress, recipe.context, model->config.context_length);
  std::string store_warning;
  auto store = RunStore::open(RunStore::default_file(), &store_warning);
  if (!store) store_warning = store.error().message;
  if (!store_warning.empty()) progress.warning(store_warning);
  std::unique_ptr<RecordingObserver> recording;
  if (store) recording = std::make_unique<RecordingObserver>(**store, recipe, options.run, std::filesystem::path(options.run).filename().string(), progress);
  TuneObserver& watcher = recording ? static_cast<TuneObserver&>(*recording) : progress;
  TuneControl control;
  const Result<TuneReport> report = Trainer::run(model, *backend, recipe, options.run, options.resume, watcher, control, context.stop);
  if (recording) recording->ended(report);
  if (progress.begun()) rows.keep();
  if (!report) return tl::unexpected<Error>(report.error());
  if (report->outcome == Outcome::Finished && !progress.finished_before()) progress.finish();

  Json validation = Json::array();
  for (const ValidationRecord& v : report->validation) validation.push_back({{"step", v.step}, {"loss", v.loss}});
  Json samples = Json::array();
  for (const SampleRecord& s : report->samples) samples.push_back({{"step", s.step}, {"prompt", s.prompt}, {"answer", s.answer}});
  const bool interrupted = report->outcome == Outcome::Cancelled;
  context.print_json({{"steps", report->steps},
                      {"interrupted", interrupted},
                      {"finished_before", progress.finished_before()},
                      {"warnings", progress.warnings()},
                      {"losses", report->losses},
                      {"gradient_norms", report->gradient_norms},
                      {"validation", validation},
                      {"samples", samples},
                      {"learning_rates", report->learning_rates},
                      {"loss_change", loss_change_json(*report)},
                      {"trainable", report->trainable},
                      {"tokens", report->tokens},
                      {"seconds", report->seconds},
                      {"tokens_per_second", report->tokens_per_second},
                      {"reserved_bytes", report->reserved_bytes},
                      {"peak_bytes", report->peak_bytes},
                      {"codes_hash_before", report->codes_hash_before},
                      {"codes_hash_after", report->codes_hash_after}});
  if (!report->losses.empty())
    context.print(loss_words(*report, 4) + " over " + std::to_string(report->steps) + " steps, " + format_duration(report->seconds) + ", " +
                  format_number(report->tokens_per_second, 0) + " tokens/s");
  context.print("memory: " + format_bytes(report->peak_bytes) + " at its peak, " + format_bytes(report->reserved_bytes) + " reserved");
  context.print("codes hash " + report->codes_hash_before + (report->codes_hash_before == report->codes_hash_after ? ": unchanged" : ": CHANGED to " + report->codes_hash_after));
  if (interrupted) {
    context.print("stopped after a clean checkpoint; go on with: scalewright-cli tune --resume -o " + shell_word(options.run));
    return kExitInterrupted;
  }
  context.print("run folder: " + options.run);
  return 0;
}

}  // namespace

void add_tune(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "tune", "Fine-tune by PEQA: integers frozen, only their scales learn");
  auto o = std::make_shared<TuneOptions>();
  o->add_to(*verb);
  verb->add_option("-o,--output", o->run, "Folder of the run")->required();
  verb->add_flag("--resume", o->resume, "Go on from the last checkpoint in that folder; what is not given is taken from its recipe. A finished run is not lengthened: export it, and tune what was written");
  verb->callback([&context, o] {
    o->check_required();
    context.command = [&context, o] { return tune(context, *o); };
  });

  CLI::App* plan_verb = add_verb(app, context, "plan", "The memory that tune would reserve, byte by byte; nothing is run");
  auto p = std::make_shared<TuneOptions>();
  p->add_to(*plan_verb);
  plan_verb->add_option("-o,--output", p->run, "Folder of the run; nothing is written");
  plan_verb->add_flag("--resume", p->resume, "Plan to go on with the run in that folder");
  plan_verb->callback([&context, p] {
    p->check_required();
    context.command = [&context, p] { return plan(context, *p); };
  });
}

}  // namespace scalewright::cli
