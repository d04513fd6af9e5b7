#pragma once
// How charts look: grounds, axes, grid, the pens of series. Every chart of the program goes through here.

#include <QList>
#include <QPen>
#include <QPointF>

#include "ui/settings/theme_tokens.h"

class QCPAxisRect;
class QCustomPlot;
class QPainter;

namespace scalewright::ui {

struct SeriesStyle {
  QString name;
  Token token = &ThemeTokens::seriesSmooth;
  double width = 2.0;          // look pixels
  QList<double> dashes = {};   // in pen widths; empty: solid
  bool circles = false;        // hollow circles at the points
  bool area = false;           // filled down to the area series before it (stacks, bottom first)
  bool inLegend = true;
  bool inBox = true;           // in the value box at the crosshair
};

namespace ChartTheme {

void apply(QCustomPlot* plot);       // the plot's ground
void apply(QCPAxisRect* rect);       // axes, grid and fonts of one strip
QPen pen(const SeriesStyle& style);

// The six styles of compared runs: colour and, for 3, 4 and 6, a dash pattern of its own. run: 0..5, repeats beyond.
SeriesStyle runStyle(int run, const QString& name = {});
void paintRunMark(QPainter* painter, QPointF leftMiddle, int run);         // 18 wide
void paintSeriesMark(QPainter* painter, QPointF leftMiddle, const SeriesStyle& style);  // 18 wide, as in legends

}  // namespace ChartTheme
}  // namespace scalewright::ui
