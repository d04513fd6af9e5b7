#pragma once
// A run's curves as the history has them, ready to be drawn.

#include <QList>

#include "engine/tune/run_store.h"

namespace scalewright::ui {

struct RunCurves {
  QList<double> steps, loss, smoothed, rate, gradient, speed;   // one a step
  QList<double> validationSteps, validation;
  std::vector<SampleRecord> answers;
};
Result<RunCurves> readRunCurves(const RunStore& store, int64_t run);

}  // namespace scalewright::ui
