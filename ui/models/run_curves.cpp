#include "ui/models/run_curves.h"

#include "ui/models/smoothing.h"

namespace scalewright::ui {

Result<RunCurves> readRunCurves(const RunStore& store, int64_t run, int64_t planned) {
  RunCurves curves;
  SW_ASSIGN(const auto steps, store.steps(run));
  Smoother smoother(planned);
  for (const StepRecord& step : steps) {
    curves.steps.append(static_cast<double>(step.step));
    curves.loss.append(step.loss);
    curves.smoothed.append(smoother.add(step.loss));
    curves.rate.append(step.learning_rate);
    curves.gradient.append(step.gradient_norm);
    curves.speed.append(step.tokens_per_second);
  }
  SW_ASSIGN(const auto validations, store.validations(run));
  for (const ValidationRecord& record : validations) {
    curves.validationSteps.append(static_cast<double>(record.step));
    curves.validation.append(record.loss);
  }
  SW_ASSIGN(curves.answers, store.samples(run));
  SW_ASSIGN(curves.scores, runScores(store, run));
  return curves;
}

}  // namespace scalewright::ui
