#pragma once
// A run on one page, as HTML with its chart inside, or as PDF.

#include <QPixmap>
#include <QString>

#include "engine/tune/run_store.h"

namespace scalewright::ui {

bool writeRunReport(const QString& path, const RunRow& run, const QPixmap& chart, QString* error);

}  // namespace scalewright::ui
