#pragma once
// A run's curves as the history has them, ready to be drawn, and what was asked of it.

#include <QList>

#include "ui/models/run_scores.h"

namespace scalewright::ui {

struct RunCurves {
  QList<double> steps, loss, smoothed, rate, gradient, speed;   // one a step
  QList<double> validationSteps, validation;
  std::vector<SampleRecord> answers;
  std::vector<RunScore> scores;                                 // newest first
};
// `planned` steps, done or not: smoothed as the live page smooths it.
Result<RunCurves> readRunCurves(const RunStore& store, int64_t run, int64_t planned);

}  // namespace scalewright::ui
