#include "ui/widgets/chart.h"

#include <QPainter>
#include <QResizeEvent>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

LegendRow::LegendRow(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}
void LegendRow::setItems(const QList<SeriesStyle>& items) {
  m_items = items;
  QStringList names;
  for (const SeriesStyle& item : items) names << item.name;
  setAccessibleName(tr("Legend: %1").arg(names.join(QStringLiteral(", "))));
  fit();
  update();
}
// As high as its rows at this width.
void LegendRow::fit() {
  const int height = layOut(std::max(width(), px(80)), nullptr);
  if (height != minimumHeight() || height != maximumHeight()) setFixedHeight(height);
}
void LegendRow::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fit();
}
int LegendRow::layOut(int width, QPainter* painter) const {
  const QFont font = theme().font(FontRole::Help);
  const QFontMetrics metrics(font);
  int x = 0, y = 0;
  for (const SeriesStyle& item : m_items) {
    const int w = px(24) + metrics.horizontalAdvance(item.name);
    if (x > 0 && x + w > width) {
      x = 0;
      y += px(18);
    }
    if (painter) {
      ChartTheme::paintSeriesMark(painter, QPointF(x, y + px(9)), item);
      painter->setFont(font);
      painter->setPen(color(&ThemeTokens::text2));
      painter->drawText(QRectF(x + px(item.area ? 19 : 24), y, w, px(18)), Qt::AlignVCenter, item.name);
    }
    x += w + px(item.area ? 11 : 16);
  }
  return y + px(18);
}
QSize LegendRow::sizeHint() const { return {px(200), minimumHeight()}; }
void LegendRow::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  layOut(width(), &painter);
}

}  // namespace scalewright::ui
