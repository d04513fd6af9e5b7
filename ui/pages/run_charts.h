#pragma once
// The charts of one run as pictures for its report.

#include "ui/models/run_curves.h"
#include "ui/models/run_report.h"

namespace scalewright::ui {

// Loss with validation, learning rate with gradient norm, speed. UI thread; some milliseconds each.
QList<ReportPicture> drawRunCharts(const RunCurves& curves);

}  // namespace scalewright::ui
