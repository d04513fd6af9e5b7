#include "ui/models/run_report.h"

#include <QBuffer>
#include <QCoreApplication>
#include <QDateTime>
#include <QPdfWriter>
#include <QSaveFile>
#include <QTextDocument>

#include "ui/models/recipe_diff_model.h"
#include "ui/models/run_table_model.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("RunReport", text); }

QString pictureHtml(const ReportPicture& chart) {
  QByteArray png;
  QBuffer buffer(&png);
  buffer.open(QIODevice::WriteOnly);
  chart.picture.save(&buffer, "PNG");
  return QStringLiteral("<h2>%1</h2><p><img src=\"data:image/png;base64,%2\" width=\"900\"></p>").arg(chart.title.toHtmlEscaped(), QString::fromLatin1(png.toBase64()));
}

// What it answered to the person's own prompt on its way.
QString answersHtml(const std::vector<SampleRecord>& answers) {
  if (answers.empty()) return {};
  QString rows;
  for (const SampleRecord& answer : answers)
    rows += QStringLiteral("<tr><td>%1</td><td>%2</td><td>%3</td></tr>").arg(tr("step %1").arg(answer.step), QString::fromStdString(answer.prompt).toHtmlEscaped(), QString::fromStdString(answer.answer).toHtmlEscaped());
  return QStringLiteral("<h2>%1</h2><table>%2</table>").arg(tr("Sample answers"), rows);
}

// What was measured, newest first.
QString scoresHtml(const std::vector<RunScore>& scores) {
  if (scores.empty()) return {};
  QString rows;
  for (const RunScore& score : scores)
    rows += QStringLiteral("<tr><td>%1</td><td>%2</td><td>%3</td><td>%4</td></tr>")
                .arg(ruleText(score).toHtmlEscaped(), shareText(score), rowsText(score).toHtmlEscaped(), QDateTime::fromSecsSinceEpoch(score.when).toString(Qt::ISODate));
  return QStringLiteral("<h2>%1</h2><table>%2</table>").arg(tr("Right answers, of the original → and of what it learned"), rows);
}

QString html(const RunRow& run, const std::vector<SampleRecord>& answers, const std::vector<RunScore>& scores, const QList<ReportPicture>& charts) {
  const auto row = [](const QString& key, const QString& value) { return QStringLiteral("<tr><td>%1</td><td>%2</td></tr>").arg(key.toHtmlEscaped(), value.toHtmlEscaped()); };
  QString facts = row(tr("State"), runStateText(run.state)) + row(tr("Steps"), tr("%1 of %2").arg(countText(run.step), countText(run.steps))) +
                  row(tr("Last loss"), numberText(run.last_loss, 4)) + row(tr("Best validation loss"), numberText(run.best_validation, 4)) +
                  row(tr("Memory at its peak"), bytesText(run.peak_bytes)) + row(tr("Began"), QDateTime::fromSecsSinceEpoch(run.started).toString(Qt::ISODate)) +
                  row(tr("Took"), run.ended > run.started ? durationText(workedSeconds(run)) : QStringLiteral("–")) +
                  row(tr("Folder"), QString::fromStdString(run.folder));
  QString recipe;
  RecipeDiffModel model;
  model.setRuns({run});
  for (int i = 0; i < model.rowCount(); ++i) recipe += row(model.index(i, 0).data().toString(), model.index(i, 1).data().toString());
  QString pictures;
  for (const ReportPicture& chart : charts) pictures += pictureHtml(chart);
  const QString notes = run.notes.empty() ? QString() : QStringLiteral("<h2>%1</h2><p>%2</p>").arg(tr("Notes"), QString::fromStdString(run.notes).toHtmlEscaped().replace('\n', QLatin1String("<br>")));
  return QStringLiteral("<!doctype html><html><head><meta charset=\"utf-8\"><title>%1</title><style>body{font-family:Inter,Noto Sans,sans-serif;max-width:60em;margin:2em auto;color:#14201e}"
                        "td{padding:2px 24px 2px 0}td+td{font-family:monospace}</style></head><body><h1>%1</h1><p>%2</p>%3"
                        "<h2>%4</h2><table>%5</table><h2>%6</h2><table>%7</table>%8</body></html>")
      .arg(QString::fromStdString(run.name).toHtmlEscaped(), tr("%1 learned %2.").arg(QString::fromStdString(run.model), QString::fromStdString(run.data)).toHtmlEscaped(), pictures,
           tr("Figures"), facts, tr("Recipe"), recipe, scoresHtml(scores) + answersHtml(answers) + notes);
}

}  // namespace

bool writeRunReport(const QString& path, const RunRow& run, const std::vector<SampleRecord>& answers, const std::vector<RunScore>& scores, const QList<ReportPicture>& charts, QString* error) {
  const QString page = html(run, answers, scores, charts);
  QSaveFile file(path);
  const auto failed = [&] {
    if (error) *error = tr("%1: %2. Choose another folder.").arg(path, file.errorString());
    return false;
  };
  if (!file.open(QIODevice::WriteOnly)) return failed();
  if (path.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive)) {
    QPdfWriter writer(&file);
    writer.setPageSize(QPageSize(QPageSize::A4));
    writer.setTitle(QString::fromStdString(run.name));
    QTextDocument document;
    document.setHtml(QString(page).replace(QLatin1String("width=\"900\""), QLatin1String("width=\"640\"")));
    document.print(&writer);
  } else if (file.write(page.toUtf8()) < 0) {
    return failed();
  }
  return file.commit() || failed();
}

}  // namespace scalewright::ui
