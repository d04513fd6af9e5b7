#include "engine/tune/trainer.h"

#include <exception>
#include <new>
#include <string>

#include "engine/tune/run_preparation.h"
#include "engine/tune/step_estimate.h"
#include "engine/tune/tune_job.h"

namespace scalewright {

void TuneControl::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
  changed_.notify_all();
}

void TuneControl::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

bool TuneControl::is_paused() const {
  const std::lock_guard lock(mutex_);
  return paused_;
}

void TuneControl::post(std::function<void(Model&)> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
  changed_.notify_all();
}

namespace {

// The standard library throws where memory or a folder fails it; nothing above this room expects that.
template <class Work>
auto without_exceptions(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory,
                "There is not enough memory for tuning. Close other programs, or choose a smaller context or batch.");
  } catch (const std::exception& error) {
    return fail(ErrorCode::Io, std::string("Tuning stopped: ") + error.what() + ". The last checkpoint is kept.");
  }
}

}  // namespace

Result<TunePlan> Trainer::plan(const Model& model, const Backend& backend, const TuneRecipe& recipe, Observer* observer) {
  return without_exceptions([&]() -> Result<TunePlan> {
    Observer nobody;
    const ProductTimes times = time_products_like(backend, model, recipe.granularity);
    SW_ASSIGN(Preparation prepared, prepare_run(model, backend, recipe, std::nullopt, observer ? *observer : nobody));
    prepared.plan.seconds_per_step = estimate_step_seconds(model, recipe, prepared.memory.shape, times,
                                                           prepared.tokens_per_step, prepared.learned_per_step);
    if (times.known()) prepared.plan.seconds = estimate_run_seconds(model, recipe, prepared, times);
    return prepared.plan;
  });
}

Result<TuneReport> Trainer::run(std::shared_ptr<Model> model, Backend& backend, const TuneRecipe& recipe,
                                const std::filesystem::path& run_folder, bool resume, TuneObserver& observer,
                                TuneControl& control, std::stop_token stop) {
  return without_exceptions([&] {
    return TuneJob(std::move(model), backend, recipe, run_folder, observer, control, std::move(stop)).run(resume);
  });
}

}  // namespace scalewright
