#include "ui/pages/run_charts.h"

#include <QCoreApplication>

#include "ui/settings/format.h"
#include "ui/widgets/chart.h"

namespace scalewright::ui {
namespace {

constexpr QSize kLarge(900, 360), kSmall(900, 220);

QString tr(const char* text) { return QCoreApplication::translate("RunReport", text); }

}  // namespace

QList<ReportPicture> drawRunCharts(const RunCurves& curves) {
  QList<ReportPicture> pictures;
  {
    Chart chart;
    chart.setData(chart.addSeries({.name = tr("train, raw"), .token = &ThemeTokens::seriesRaw, .width = 1.0}), curves.steps, curves.loss);
    chart.setData(chart.addSeries({.name = tr("train, smoothed"), .token = &ThemeTokens::seriesSmooth, .width = 2.2}), curves.steps, curves.smoothed);
    chart.setData(chart.addSeries({.name = tr("validation"), .token = &ThemeTokens::seriesValidation, .width = 2.0, .circles = true}), curves.validationSteps, curves.validation);
    pictures.append({tr("Loss: raw (thin), smoothed (thick), validation (circles)"), chart.picture(kLarge).toImage()});
  }
  {
    Chart chart;
    chart.setYFormat([](double v) { return rateText(v); });
    chart.setYFromZero(true);
    chart.setData(chart.addSeries({.name = tr("learning rate"), .token = &ThemeTokens::seriesRate, .width = 2.0, .dashes = {4, 3}}), curves.steps, curves.rate);
    const int strip = chart.addStrip(90);
    chart.setYFromZero(true, strip);
    chart.setData(chart.addSeries({.name = tr("gradient norm"), .token = &ThemeTokens::seriesGradient, .width = 1.5}, strip), curves.steps, curves.gradient);
    pictures.append({tr("Learning rate (dashed) and gradient norm"), chart.picture(kSmall).toImage()});
  }
  {
    Chart chart;
    chart.setYFromZero(true);
    chart.setData(chart.addSeries({.name = tr("tokens a second"), .token = &ThemeTokens::seriesSmooth, .width = 1.5}), curves.steps, curves.speed);
    pictures.append({tr("Tokens a second"), chart.picture(kSmall).toImage()});
  }
  return pictures;
}

}  // namespace scalewright::ui
