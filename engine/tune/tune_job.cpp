// A run's beginning and end; its steps are in tune_loop.cpp.

#include "engine/tune/tune_job.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/core/file.h"
#include "engine/core/system.h"
#include "engine/tune/batch_recorder.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/step_estimate.h"
#include "engine/tune/tune_report.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;

std::string device_name(const Backend& backend) {
  const std::optional<DeviceMemory> device = backend.device_memory();
  return device ? device->name : backend.description();
}

fs::path from_anywhere(const fs::path& path) {
  if (path.empty()) return path;
  std::error_code error;
  const fs::path result = fs::absolute(path, error);
  return error ? path : result.lexically_normal();
}

}  // namespace

TuneJob::TuneJob(std::shared_ptr<Model> model, Backend& backend, TuneRecipe recipe, fs::path folder,
                 TuneObserver& observer, TuneControl& control, std::stop_token stop)
    : model_(std::move(model)),
      backend_(backend),
      recipe_(std::move(recipe)),
      folder_(from_anywhere(folder)),
      observer_(observer),
      control_(control),
      stop_(std::move(stop)),
      writer_(checkpoint_path(folder_)) {
  // The folder may be opened from anywhere later on.
  if (recipe_.model.empty()) recipe_.model = model_->path;
  for (fs::path* path : {&recipe_.model, &recipe_.data, &recipe_.validation, &recipe_.save_batches})
    *path = from_anywhere(*path);
}

Result<TuneReport> TuneJob::run(bool resume) {
  SW_TRY(prepare(resume));
  SW_ASSIGN(const Outcome outcome, loop());
  return finish(outcome);
}

Result<void> TuneJob::prepare(bool resume) {
  SW_TRY(check_recipe(recipe_));
  NewRunFolder made(folder_);
  SW_TRY(make_run_folder(folder_));
  SW_ASSIGN(lock_, RunLock::take(folder_));
  remove_leftovers(folder_);
  SW_ASSIGN(std::optional<Checkpoint> saved, find_checkpoint(resume));

  observer_.progress({"reading the data and planning the memory", 0.0, -1.0});
  SW_ASSIGN(prepared_,
            prepare_run(*model_, backend_, recipe_, saved ? std::optional(saved->shape) : std::nullopt, observer_));
  base_ = snapshot_scales(*model_, prepared_.layout);
  TunePlan& plan = prepared_.plan;

  state_.recipe = recipe_;
  state_.steps = plan.steps;
  state_.shape = prepared_.memory.shape;
  state_.model_name = model_->name;
  state_.codes_hash = model_->codes_hash();
  state_.scales_hash = hash_of_scales(base_);
  state_.data_hash = prepared_.data.hash;
  state_.backend = backend_.description();
  if (prepared_.shares.devices > 1)
    state_.backend += ", with " + std::to_string(prepared_.shares.devices - 1) + " more";
  state_.learning_rate = plan.learning_rate;
  state_.trainable = prepared_.layout.total;
  if (saved) SW_TRY(check_same_run(*saved));

  if (!plan.ledger.fits) return tl::unexpected(out_of_memory(plan.ledger));
  if (const uint64_t free = free_disk_bytes(folder_), needed = 2 * plan.checkpoint_bytes + plan.pack_bytes;
      free < needed) {
    return fail(ErrorCode::Io, folder_.string() + ": the run needs " + readable_bytes(needed) +
                                   " on this disk for its checkpoints and its scale pack, and " + readable_bytes(free) +
                                   " are free. Free some space, or choose another folder.");
  }
  const ProductTimes times = time_products(backend_, *model_, recipe_.granularity);
  release_unused_memory();
  plan.seconds_per_step = estimate_step_seconds(*model_, recipe_, state_.shape, times, prepared_.tokens_per_step,
                                                prepared_.learned_per_step);
  if (times.known()) plan.seconds = estimate_run_seconds(*model_, recipe_, prepared_, times);
  SW_TRY(take_memory());

  if (saved) SW_TRY(restore(std::move(*saved)));
  if (!recipe_.save_batches.empty())
    SW_TRY(save_batches(recipe_.save_batches, prepared_.data.train, recipe_, state_.steps));
  // Nothing is refused any more: only now the files of an earlier run make room.
  if (!resume) SW_TRY(move_aside());
  made.keep();
  SW_TRY(write_text_file(folder_ / kRecipeFile, recipe_to_json(recipe_)));
  if (!saved) {
    // Also shows at once whether the disk takes it.
    SW_TRY(write_checkpoint());
    SW_TRY(writer_.finish());
    writing_step_.reset();
    saved_step_ = 0;
  }
  plan.done_steps = state_.step;
  observer_.planned(plan);
  return {};
}

// Goes on from there, in the memory and on the device of now.
Result<void> TuneJob::restore(Checkpoint saved) {
  if (saved.backend != state_.backend) {
    observer_.warning("The run began on " + saved.backend + " and goes on on " + state_.backend +
                      "; its losses may differ in the last digits.");
  }
  if (saved.shape.kept_layers != state_.shape.kept_layers) {
    observer_.warning(
        "There is less memory than when the run began, so fewer activations are kept: the steps take longer.");
  }
  saved.recipe = recipe_;
  saved.shape = state_.shape;
  saved.backend = state_.backend;
  state_ = std::move(saved);
  SW_TRY(read_arrays(checkpoint_path(folder_), state_,
                     {optimizer_->parameters(), optimizer_->first_moment(), optimizer_->second_moment()}));
  optimizer_->refresh();
  SW_TRY(team_->take_state());
  stream_->seek(state_.cursor);
  seconds_before_ = state_.seconds;
  saved_step_ = verified_step_ = state_.step;
  return {};
}

Result<void> TuneJob::move_aside() {
  SW_ASSIGN(const fs::path aside, move_earlier_run_aside(folder_));
  if (!aside.empty()) observer_.warning("The folder held an earlier run; its files are now in " + aside.string() + ".");
  return {};
}

Result<std::optional<Checkpoint>> TuneJob::find_checkpoint(bool resume) {
  std::error_code error;
  const fs::path path = checkpoint_path(folder_);
  if (!resume) return std::optional<Checkpoint>();
  if (!fs::exists(path, error)) {
    observer_.warning(folder_.string() + " holds no checkpoint yet: the run begins at its first step.");
    return std::optional<Checkpoint>();
  }
  SW_ASSIGN(Checkpoint saved, read_checkpoint(path));
  // A rate that was left to the default is the one that it came to.
  TuneRecipe began = saved.recipe, now = recipe_;
  for (TuneRecipe* recipe : {&began, &now})
    if (recipe->learning_rate == 0.0) recipe->learning_rate = saved.learning_rate;
  if (const std::string difference = recipe_difference(began, now); !difference.empty()) {
    const bool longer = began.steps != now.steps;
    return fail(ErrorCode::InvalidArgument,
                folder_.string() + ": the run was begun with another recipe: " + difference +
                    ". Resume it with the recipe it began with, or start a new run in another folder." +
                    (longer ? " To learn more from it, export the finished run and tune what was written." : ""));
  }
  return std::optional(std::move(saved));
}

Result<void> TuneJob::check_same_run(const Checkpoint& saved) const {
  const auto other = [&](const std::string& what) {
    return fail(ErrorCode::InvalidArgument, folder_.string() + ": the run cannot go on: " + what);
  };
  if (saved.codes_hash != state_.codes_hash || saved.trainable != state_.trainable) {
    return other("it tuned the codes " + saved.codes_hash + " (" + saved.model_name + "), and " + model_->name +
                 " has the codes " + state_.codes_hash + ". Open the model that it began with.");
  }
  if (saved.scales_hash != state_.scales_hash) {
    return other("the scales of " + model_->name +
                 " are not those that it began with. Open the model as it was before tuning.");
  }
  if (saved.data_hash != state_.data_hash) {
    return other("the data have changed since it began. Put the files back as they were, or start a new run.");
  }
  if (saved.steps != state_.steps) {
    return other("it had " + std::to_string(saved.steps) + " steps and would now have " + std::to_string(state_.steps) +
                 ".");
  }
  return {};
}

Result<void> TuneJob::take_memory() {
  const MemoryChoice& memory = prepared_.memory;
  SW_ASSIGN(arena_, Arena::reserve(memory.optimizer_bytes + memory.graph_bytes));
  ArenaCursor cursor(arena_->data());
  optimizer_.emplace(*model_, prepared_.layout, recipe_.parametrization, cursor);
  SW_ASSIGN(graph_,
            TrainGraph::create(model_, backend_, memory.shape, arena_->data() + cursor.used(), memory.graph_bytes));
  SW_ASSIGN(team_, ReplicaTeam::start(*model_, prepared_.layout, recipe_.parametrization, memory, prepared_.shares,
                                      {.name = device_name(backend_),
                                       .backend = &backend_,
                                       .optimizer = &*optimizer_,
                                       .graph = graph_.get()}));
  SW_ASSIGN(sample_, SampleAnswer::create(model_, backend_, recipe_));
  stream_ = std::make_unique<BatchStream>(prepared_.data.train, recipe_.batch, recipe_.context, recipe_.seed, true);
  batches_.resize(static_cast<size_t>(recipe_.accumulate));
  if (prepared_.data.validation) {
    validation_stream_ =
        std::make_unique<BatchStream>(prepared_.data.validation, memory.shape.batch, recipe_.context, recipe_.seed, false);
  }
  const auto steps = static_cast<size_t>(std::min(prepared_.plan.steps, kMostKept));
  for (std::vector<double>* series : {&state_.losses, &state_.gradient_norms, &state_.learning_rates})
    series->reserve(steps);
  return {};
}

Result<TuneReport> TuneJob::finish(Outcome outcome) {
  state_.seconds = seconds();
  SW_TRY(verify_last_update());
  SW_TRY(write_checkpoint());
  SW_TRY(writer_.finish());
  observer_.checkpointed(state_.step);

  const float* values = optimizer_->stored_values();
  store_scales(*model_, prepared_.layout, values, base_);
  tuned_ = true;
  model_->tuned_by = own_name(folder_);
  serve_control();
  TuneReport report;
  report.outcome = outcome;
  report.steps = state_.step;
  report.trainable = static_cast<int64_t>(state_.trainable);
  report.tokens = state_.tokens;
  report.losses = state_.losses;
  report.gradient_norms = state_.gradient_norms;
  report.learning_rates = state_.learning_rates;
  report.validation = state_.validation;
  report.samples = state_.samples;
  report.seconds = state_.seconds;
  report.tokens_per_second = state_.seconds > 0.0 ? static_cast<double>(state_.tokens) / state_.seconds : 0.0;
  report.reserved_bytes = prepared_.plan.ledger.total_bytes;
  report.codes_hash_before = state_.codes_hash;
  report.codes_hash_after = model_->codes_hash();
  if (report.codes_hash_after != report.codes_hash_before) {
    return fail(ErrorCode::Device,
                "The codes of " + model_->name + " changed while their scales were tuned (" + report.codes_hash_before +
                    " became " + report.codes_hash_after +
                    "). This is an error of this program or of the machine's memory; nothing was exported.");
  }
  SW_TRY(write_scale_pack(folder_ / kPackFile, *model_, prepared_.layout, values, own_name(folder_)));
  report.peak_bytes = peak_resident_bytes();
  SW_TRY(write_text_file(folder_ / kReportFile, report_to_json(report)));
  return report;
}

double TuneJob::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count() - paused_seconds_;
}

}  // namespace scalewright
