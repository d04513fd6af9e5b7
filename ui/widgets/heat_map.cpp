#include "ui/widgets/heat_map.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <cmath>

#include "ui/widgets/theme.h"
#include "ui/widgets/tooltips.h"

namespace scalewright::ui {

HeatMap::HeatMap(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::MinimumExpanding);
  setAccessibleName(tr("Tensors by layer"));
}

void HeatMap::setCells(const QStringList& rows, int layers, const QList<QList<double>>& values, const QList<QStringList>& texts) {
  const bool sameShape = rows == m_rows && layers == m_layers;
  m_rows = rows;
  m_layers = layers;
  m_values = values;
  m_texts = texts;
  if (!sameShape) {
    m_layer = m_row = -1;
    setMaximumHeight(int(std::max<qsizetype>(m_rows.size(), 1)) * px(24) + px(20));
    updateGeometry();
  }
  update();
}

void HeatMap::setCurrent(int layer, int row) {
  m_layer = layer;
  m_row = row;
  setAccessibleDescription(m_texts.value(row).value(layer));
  update();
}

double HeatMap::left() const {
  const QFontMetricsF metrics(theme().font(FontRole::Axis));
  double widest = 0;
  for (const QString& row : m_rows) widest = std::max(widest, metrics.horizontalAdvance(row));
  return widest + px(8);
}
double HeatMap::cell() const { return m_layers > 0 ? (width() - left() - 1) / m_layers : 1; }
double HeatMap::rowHeight() const {
  if (m_rows.isEmpty()) return px(15);
  return std::clamp(std::floor(double(height() - px(20)) / double(m_rows.size())), double(px(15)), double(px(24)));
}

QSize HeatMap::sizeHint() const { return {px(378), int(m_rows.size()) * px(15) + px(20)}; }
QSize HeatMap::minimumSizeHint() const { return {px(200), sizeHint().height()}; }

bool HeatMap::cellAt(QPointF where, int* layer, int* row) const {
  const int x = int(std::floor((where.x() - left()) / cell())), y = int(std::floor(where.y() / rowHeight()));
  if (x < 0 || y < 0 || x >= m_layers || y >= m_rows.size()) return false;
  *layer = x;
  *row = y;
  return true;
}

void HeatMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const double l = left(), c = cell(), h = rowHeight();
  const double space = c > px(5) ? 1.5 : 0.5;
  painter.setFont(theme().font(FontRole::Axis));
  for (int row = 0; row < m_rows.size(); ++row) {
    painter.setPen(t.text2);
    painter.drawText(QRectF(0, row * h, l - px(6), h - 2), Qt::AlignVCenter, m_rows[row]);
    painter.setPen(Qt::NoPen);
    for (int layer = 0; layer < m_layers; ++layer) {
      const double value = m_values.value(row).value(layer, std::nan(""));
      const QRectF rect(l + layer * c, row * h, c - space, h - 2);
      if (std::isnan(value)) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.border, 1));
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
        painter.setPen(Qt::NoPen);
      } else {
        painter.setBrush(mixed(t.heat0, t.heat1, value));
        painter.drawRoundedRect(rect, 2, 2);
      }
    }
  }
  if (m_layer >= 0 && m_row >= 0) {
    const QRectF ring(l + m_layer * c - 1, m_row * h - 0.5, c + 0.5, h - 1);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(t.card, 3));
    painter.drawRoundedRect(ring, 3, 3);
    painter.setPen(QPen(t.seriesValidation, 2));
    painter.drawRoundedRect(ring, 3, 3);
  }
  // Layer numbers: as many as there is room for, the last always.
  painter.setPen(t.axis);
  const QFontMetricsF metrics(painter.font());
  const double numberWidth = metrics.horizontalAdvance(QString::number(m_layers)) + px(14);
  int step = 1;
  for (int wanted : {1, 2, 5, 10, 20, 50, 100})
    if (wanted * c >= numberWidth) {
      step = wanted;
      break;
    } else {
      step = wanted;
    }
  for (int layer = 0; layer < m_layers; ++layer) {
    const bool last = layer == m_layers - 1;
    if (!last && (layer % step != 0 || (m_layers - 1 - layer) * c < numberWidth)) continue;
    QRectF where(l + layer * c + c / 2 - px(20), m_rows.size() * h + 2, px(40), px(16));
    if (where.right() > width()) where.moveRight(width());
    painter.drawText(where, last && where.right() >= width() ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignCenter, QString::number(layer));
  }
}

void HeatMap::choose(int layer, int row) {
  if (layer == m_layer && row == m_row) return;
  setCurrent(layer, row);
  emit currentChanged(layer, row);
}
void HeatMap::mousePressEvent(QMouseEvent* event) {
  int layer = 0, row = 0;
  if (event->button() == Qt::LeftButton && cellAt(event->position(), &layer, &row)) choose(layer, row);
}
void HeatMap::keyPressEvent(QKeyEvent* event) {
  int layer = std::max(m_layer, 0), row = std::max(m_row, 0);
  switch (event->key()) {
    case Qt::Key_Left: layer = std::max(0, layer - 1); break;
    case Qt::Key_Right: layer = std::min(m_layers - 1, layer + 1); break;
    case Qt::Key_Up: row = std::max(0, row - 1); break;
    case Qt::Key_Down: row = std::min(int(m_rows.size()) - 1, row + 1); break;
    case Qt::Key_Home: layer = 0; break;
    case Qt::Key_End: layer = m_layers - 1; break;
    default: return QWidget::keyPressEvent(event);
  }
  if (m_layers > 0 && !m_rows.isEmpty()) choose(layer, row);
}
bool HeatMap::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    int layer = 0, row = 0;
    if (cellAt(help->pos(), &layer, &row))
      showTip(help->globalPos(), m_texts.value(row).value(layer), this);
    else
      QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

HeatRamp::HeatRamp(QWidget* parent) : QWidget(parent) { setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed); }
void HeatRamp::setEnds(const QString& low, const QString& high) {
  m_low = low;
  m_high = high;
  setAccessibleName(tr("From %1 to %2").arg(low, high));
  updateGeometry();
  update();
}
QSize HeatRamp::sizeHint() const {
  const QFontMetrics metrics(theme().font(FontRole::Axis));
  return {metrics.horizontalAdvance(m_low) + metrics.horizontalAdvance(m_high) + px(92 + 12), px(16)};
}
void HeatRamp::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setFont(theme().font(FontRole::Axis));
  const QFontMetrics metrics(painter.font());
  const double low = metrics.horizontalAdvance(m_low), x = low + px(6);
  painter.setPen(color(&ThemeTokens::axis));
  painter.drawText(QRectF(0, 0, low + 1, height()), Qt::AlignVCenter, m_low);
  painter.drawText(QRectF(x + px(92) + px(6), 0, width(), height()), Qt::AlignVCenter, m_high);
  QLinearGradient ramp(x, 0, x + px(92), 0);
  ramp.setColorAt(0, color(&ThemeTokens::heat0));
  ramp.setColorAt(1, color(&ThemeTokens::heat1));
  painter.setPen(QPen(color(&ThemeTokens::border), 1));
  painter.setBrush(ramp);
  painter.drawRoundedRect(QRectF(x + 0.5, px(3) + 0.5, px(92), px(9)), px(3), px(3));
}

}  // namespace scalewright::ui
