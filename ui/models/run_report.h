#pragma once
// A run on one page, as HTML with its charts inside, or as PDF.

#include <QImage>
#include <QList>
#include <QString>
#include <vector>

#include "ui/models/run_scores.h"

namespace scalewright::ui {

struct ReportPicture {
  QString title;
  QImage picture;
};
// Any thread.
bool writeRunReport(const QString& path, const RunRow& run, const std::vector<SampleRecord>& answers, const std::vector<RunScore>& scores, const QList<ReportPicture>& charts, QString* error);

}  // namespace scalewright::ui
