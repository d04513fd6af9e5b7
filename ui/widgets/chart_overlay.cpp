#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/widgets/chart_parts.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

QString plainNumber(double value) { return QLocale().toString(value, 'g', 4); }

// The point of `graph` nearest to key `at`; the graph has points.
const QCPGraphData& nearest(const QCPGraph* graph, double at) {
  const auto points = graph->data();
  auto it = points->findBegin(at, true);
  if (auto next = it + 1; next != points->constEnd() && std::abs(next->key - at) < std::abs(it->key - at)) it = next;
  return *it;
}

bool drawn(const QCPGraph* graph) { return graph->visible() && !graph->data()->isEmpty(); }

}  // namespace

QList<QRectF> placeLabels(const QList<QPointF>& points, const QList<QSizeF>& sizes, const QList<QRectF>& taken, const QRectF& bounds) {
  const double beside = px(7), over = px(3), dot = px(5);
  QList<QRectF> placed;
  for (int i = 0; i < points.size(); ++i) {
    const QPointF p = points[i];
    const QSizeF size = sizes[i];
    QList<QRectF> choices;
    for (double off : {over, over + size.height(), over + 2 * size.height()})
      for (double top : {p.y() - off - size.height(), p.y() + off})
        for (double left : {p.x() + beside, p.x() - beside - size.width(), p.x() - size.width() / 2}) choices << QRectF(QPointF(left, top), size);
    const auto free = [&](const QRectF& choice) {
      if (!bounds.contains(choice)) return false;
      for (const QRectF& other : taken + placed)
        if (choice.intersects(other)) return false;
      for (const QPointF& other : points)
        if (choice.intersects(QRectF(other.x() - dot, other.y() - dot, 2 * dot, 2 * dot))) return false;
      return true;
    };
    const auto found = std::find_if(choices.begin(), choices.end(), free);
    placed << (found != choices.end() ? *found : choices.first());
  }
  return placed;
}

ChartOverlay::ChartOverlay(Chart* chart) : QWidget(chart->plot()), m_chart(chart) {
  setAttribute(Qt::WA_TransparentForMouseEvents);
  setAttribute(Qt::WA_NoSystemBackground);
}

void ChartOverlay::paintAll(QPainter* painter, bool withCross) {
  painter->setRenderHint(QPainter::Antialiasing);
  m_words.clear();
  m_drawnLines.clear();
  paintLines(painter);
  paintLabels(painter);
  if (withCross) paintCross(painter);
  paintEmpty(painter);
}

void ChartOverlay::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paintAll(&painter, true);
}

void ChartOverlay::paintEmpty(QPainter* painter) {
  if (m_chart->m_empty.isEmpty()) return;
  for (const auto& series : m_chart->m_series)
    if (series->graph->dataCount() > 0) return;
  painter->setFont(theme().font(FontRole::Help));
  painter->setPen(color(&ThemeTokens::text3));
  painter->drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, m_chart->m_empty);
}

void ChartOverlay::paintLines(QPainter* painter) {
  const auto paintWords = [&](const QRectF& in, const QString& words) {
    if (words.isEmpty()) return;
    // On a ground of its own: they may lie on an area of any colour.
    QRectF covered = painter->boundingRect(in, Qt::AlignRight, words);
    painter->fillRect(covered.adjusted(-px(3), 0, px(3), 0), color(&ThemeTokens::card));
    painter->drawText(in, Qt::AlignRight, words, &covered);
    m_words << covered;
  };
  for (const auto& line : m_chart->m_lines) {
    const auto& strip = m_chart->m_strips[line->strip];
    if (!std::isfinite(line->value) || !strip->rect->visible()) continue;
    const QRectF area = strip->rect->rect();
    QPen pen(color(line->token), 1.4 * theme().u());
    pen.setCapStyle(Qt::FlatCap);
    pen.setDashPattern({5, 3});
    painter->setPen(pen);
    painter->setFont(theme().font(FontRole::AxisStrong));
    const double height = QFontMetricsF(painter->font()).height();
    if (line->orientation == Qt::Horizontal) {
      const double y = strip->y()->coordToPixel(line->value);
      if (y < area.top() - 1 || y > area.bottom() + 1) continue;
      painter->drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
      const bool below = y - height - 2 < area.top() - 2;
      paintWords(QRectF(area.left(), below ? y + 2 : y - height - 2, area.width() - px(4), height), line->words);
      m_drawnLines << QRectF(area.left(), y - 1, area.width(), 2);
    } else {
      const double x = strip->x()->coordToPixel(line->value);
      if (x < area.left() - 1 || x > area.right() + 1) continue;
      painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
      paintWords(QRectF(x - px(206), area.top(), px(200), height), line->words);
    }
  }
}

void ChartOverlay::paintLabels(QPainter* painter) {
  const auto& strip = m_chart->m_strips.first();
  painter->setFont(theme().font(FontRole::AxisStrong));
  painter->setPen(color(&ThemeTokens::text2));
  QList<QPointF> points;
  QList<QSizeF> sizes;
  for (const auto& [point, words] : m_chart->m_labels) {
    points << QPointF(strip->x()->coordToPixel(point.x()), strip->y()->coordToPixel(point.y()));
    sizes << QSizeF(QFontMetricsF(painter->font()).horizontalAdvance(words) + 2, px(16));
  }
  const QList<QRectF> areas = placeLabels(points, sizes, m_words + m_drawnLines, QRectF(strip->rect->rect()).adjusted(-px(8), -px(8), px(8), 0));
  for (int i = 0; i < areas.size(); ++i) painter->drawText(areas[i], Qt::AlignCenter, m_chart->m_labels[i].second);
  m_words += areas;
}

double ChartOverlay::nearestPoint(double x) const {
  double at = kNone;
  for (const auto& series : m_chart->m_series) {
    if (!drawn(series->graph)) continue;
    const double key = nearest(series->graph, x).key;
    if (std::isnan(at) || std::abs(key - x) < std::abs(at - x)) at = key;
  }
  return at;
}

void ChartOverlay::paintCross(QPainter* painter) {
  const double x = std::isnan(m_chart->m_cross) ? m_chart->m_marked : m_chart->m_cross;
  if (std::isnan(x)) return;
  // Snap to the nearest point of any series, so that line and values belong together.
  const double at = nearestPoint(x);
  if (std::isnan(at)) return;
  const ThemeTokens& t = theme().tokens();
  const auto& first = m_chart->m_strips.first();
  const double pixel = std::floor(first->x()->coordToPixel(at)) + 0.5;
  const QRectF area = first->rect->rect();
  if (pixel < area.left() - 1 || pixel > area.right() + 1) return;
  painter->setPen(QPen(t.control, 1));
  for (const auto& strip : m_chart->m_strips) {
    const QRectF r = strip->rect->rect();
    painter->drawLine(QPointF(pixel, r.top()), QPointF(pixel, r.bottom()));
  }
  QList<Row> rows;
  QHash<int, double> below;  // of stacked areas, by strip: where the one before ends
  for (const auto& series : m_chart->m_series) {
    if (!drawn(series->graph)) continue;
    const auto points = series->graph->data();
    const QCPGraphData& point = nearest(series->graph, at);
    const double gap = points->size() > 1 ? std::abs((points->constEnd() - 1)->key - points->constBegin()->key) / double(points->size() - 1) : 1e300;
    if (std::abs(point.key - at) > gap * 1.01) continue;
    const auto& strip = m_chart->m_strips[series->strip];
    double value = point.value;
    if (series->style.area) {
      value -= below.value(series->strip, 0.0);
      below[series->strip] = point.value;
    } else {
      painter->setPen(QPen(t.card, 1.5));
      painter->setBrush(color(series->style.token));
      const QPointF dot(strip->x()->coordToPixel(point.key), strip->y()->coordToPixel(point.value));
      if (QRectF(strip->rect->rect()).adjusted(-2, -2, 2, 2).contains(dot)) painter->drawEllipse(dot, px(4), px(4));
    }
    if (!series->style.inBox) continue;
    const Chart::Format& format = series->strip > 0 && strip->format ? strip->format : m_chart->m_boxFormat;
    const Row row{series->style.name, format ? format(value) : plainNumber(value), color(series->style.token)};
    series->style.area ? rows.prepend(row) : rows.append(row);  // a stack is read from its top
  }
  if (!rows.isEmpty()) paintBox(painter, area, pixel, m_chart->m_boxTitle ? m_chart->m_boxTitle(at) : plainNumber(at), rows);
}

void ChartOverlay::paintBox(QPainter* painter, const QRectF& area, double x, const QString& title, const QList<Row>& rows) {
  const ThemeTokens& t = theme().tokens();
  const QFont titleFont = theme().font(FontRole::Chip), nameFont = theme().font(FontRole::Help), valueFont = theme().font(FontRole::MonoSmall);
  const QFontMetricsF tm(titleFont), nm(nameFont), vm(valueFont);
  double width = tm.horizontalAdvance(title) + px(20);
  for (const Row& row : rows) width = std::max(width, px(26) + nm.horizontalAdvance(row.name) + px(16) + vm.horizontalAdvance(row.value) + px(10));
  const double line = px(17);
  QRectF box(x + px(12), area.top() + px(6), width, px(28) + line * double(rows.size()));
  if (box.right() > area.right()) box.moveRight(x - px(12));
  if (box.left() < 0) box.moveLeft(0);
  // Not on words, where there is room beside them.
  const auto onWords = [this](const QRectF& there) { return std::any_of(m_words.begin(), m_words.end(), [&](const QRectF& words) { return words.intersects(there); }); };
  for (double top = box.top(); onWords(box) && top + box.height() <= area.bottom(); top += px(6))
    if (const QRectF lower(box.left(), top, box.width(), box.height()); !onWords(lower)) box = lower;
  if (box.bottom() > this->height()) box.moveBottom(std::max<double>(box.height(), this->height() - 1));
  painter->setPen(QPen(t.control, 1));
  painter->setBrush(t.raised);
  painter->drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(6), px(6));
  painter->setFont(titleFont);
  painter->setPen(t.text2);
  painter->drawText(QRectF(box.left() + px(10), box.top() + px(5), box.width(), px(18)), Qt::AlignVCenter, title);
  for (int i = 0; i < rows.size(); ++i) {
    const double y = box.top() + px(32) + i * line;
    painter->setPen(Qt::NoPen);
    painter->setBrush(rows[i].ink);
    painter->drawRoundedRect(QRectF(box.left() + px(10), y - 1.5, px(10), 3), 1.5, 1.5);
    painter->setFont(nameFont);
    painter->setPen(t.text);
    painter->drawText(QRectF(box.left() + px(26), y - px(8), box.width(), px(16)), Qt::AlignVCenter, rows[i].name);
    painter->setFont(valueFont);
    painter->drawText(QRectF(box.left(), y - px(8), box.width() - px(10), px(16)), Qt::AlignVCenter | Qt::AlignRight, rows[i].value);
  }
}

}  // namespace scalewright::ui
