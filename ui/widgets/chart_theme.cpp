#include "ui/widgets/chart_theme.h"

#include <QPainter>
#include <qcustomplot.h>

#include "ui/widgets/theme.h"

namespace scalewright::ui::ChartTheme {

void apply(QCustomPlot* plot) { plot->setBackground(QBrush(color(&ThemeTokens::card))); }

void apply(QCPAxisRect* rect) {
  const ThemeTokens& t = theme().tokens();
  rect->setBackground(QBrush(Qt::NoBrush));
  for (QCPAxis* axis : rect->axes()) {
    axis->setTickLabelFont(theme().font(FontRole::Axis));
    axis->setTickLabelColor(t.axis);
    axis->setLabelFont(theme().font(FontRole::Axis));
    axis->setLabelColor(t.axis);
    axis->setNumberFormat(QStringLiteral("g"));  // "5e-3" stays as it is written
    axis->setTickLength(0);
    axis->setSubTickLength(0);
    axis->setTickPen(Qt::NoPen);
    axis->setSubTickPen(Qt::NoPen);
    axis->setSubTicks(false);
    axis->setTickLabelPadding(px(axis->axisType() == QCPAxis::atLeft ? 8 : 5));
    axis->setBasePen(axis->axisType() == QCPAxis::atBottom ? QPen(t.control, 1) : QPen(Qt::NoPen));
    axis->grid()->setPen(axis->axisType() == QCPAxis::atLeft ? QPen(t.grid, 1) : QPen(Qt::NoPen));
    axis->grid()->setZeroLinePen(Qt::NoPen);
    axis->grid()->setSubGridVisible(false);
    axis->grid()->setVisible(axis->axisType() == QCPAxis::atLeft);
  }
}

QPen pen(const SeriesStyle& style) {
  QPen result(color(style.token), std::max(1.0, style.width * theme().u()));
  result.setCapStyle(Qt::RoundCap);
  result.setJoinStyle(Qt::RoundJoin);
  if (!style.dashes.isEmpty()) {
    result.setCapStyle(Qt::FlatCap);
    result.setDashPattern(style.dashes);
  }
  return result;
}

SeriesStyle runStyle(int run, const QString& name) {
  static const Token tokens[] = {&ThemeTokens::run1, &ThemeTokens::run2, &ThemeTokens::run3,
                                 &ThemeTokens::run4, &ThemeTokens::run5, &ThemeTokens::run6};
  static const QList<double> dashes[] = {{}, {}, {5, 2.5}, {2, 2}, {}, {6, 2, 1.5, 2}};
  const int i = ((run % 6) + 6) % 6;
  return {.name = name, .token = tokens[i], .width = 2.2, .dashes = dashes[i]};
}

void paintRunMark(QPainter* painter, QPointF leftMiddle, int run) {
  SeriesStyle style = runStyle(run);
  style.width = 3;
  if (!style.dashes.isEmpty()) style.dashes = run % 6 == 2 ? QList<double>{2.4, 1.2} : run % 6 == 3 ? QList<double>{1, 1} : QList<double>{2.6, 0.9, 0.8, 0.9};
  painter->setPen(pen(style));
  painter->drawLine(leftMiddle, leftMiddle + QPointF(px(18), 0));
}

void paintSeriesMark(QPainter* painter, QPointF at, const SeriesStyle& style) {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  if (style.area) {
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(style.token));
    painter->drawRoundedRect(QRectF(at.x() + px(4), at.y() - px(5), px(10), px(10)), px(3), px(3));
  } else {
    painter->setPen(pen(style));
    painter->drawLine(at, at + QPointF(px(18), 0));
    if (style.circles) {
      painter->setPen(QPen(color(style.token), 2));
      painter->setBrush(color(&ThemeTokens::card));
      painter->drawEllipse(at + QPointF(px(9), 0), px(3) + 0.2, px(3) + 0.2);
    }
  }
  painter->restore();
}

}  // namespace scalewright::ui::ChartTheme
