#include "ui/widgets/chart.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMessageBox>
#include <QPainter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QTimer>
#include <cmath>
#include <limits>
#include <qcustomplot.h>

#include "ui/widgets/layout.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kMilliseconds = 100;

class FormatTicker : public QCPAxisTicker {
 public:
  Chart::Format format;

 protected:
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override {
    return format ? format(std::abs(tick) < 1e-12 ? 0 : tick) : QCPAxisTicker::getTickLabel(tick, locale, formatChar, precision);
  }
};

class FormatLogTicker : public QCPAxisTickerLog {
 public:
  Chart::Format format;

 protected:
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override {
    return format ? format(tick) : QCPAxisTickerLog::getTickLabel(tick, locale, formatChar, precision);
  }
};

QString plainNumber(double value) { return QLocale().toString(value, 'g', 4); }

}  // namespace

struct Chart::Series {
  SeriesStyle style;
  int strip = 0;
  QCPGraph* graph = nullptr;
};
struct Chart::Strip {
  QCPAxisRect* rect = nullptr;
  int height = 0;  // 0: takes the rest
  bool fixed = false, fromZero = false;
  double low = 0, high = 1;
  Format format;
  QCPAxis* x() const { return rect->axis(QCPAxis::atBottom); }
  QCPAxis* y() const { return rect->axis(QCPAxis::atLeft); }
};
struct Chart::Line {
  Qt::Orientation orientation;
  double value;
  Token token;
  QString words;
  int strip;
};

// Crosshair, value box, lines with words and point labels are painted over the plot, so that moving the pointer draws no curve anew.
class ChartOverlay : public QWidget {
 public:
  explicit ChartOverlay(Chart* chart) : QWidget(chart->plot()), m_chart(chart) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAttribute(Qt::WA_NoSystemBackground);
  }
  void paintAll(QPainter* painter, bool withCross) {
    painter->setRenderHint(QPainter::Antialiasing);
    paintLines(painter);
    paintLabels(painter);
    if (withCross) paintCross(painter);
    paintEmpty(painter);
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    paintAll(&painter, true);
  }

 private:
  void paintEmpty(QPainter* painter) {
    if (m_chart->m_empty.isEmpty()) return;
    for (const auto& series : m_chart->m_series)
      if (series->graph->dataCount() > 0) return;
    painter->setFont(theme().font(FontRole::Help));
    painter->setPen(color(&ThemeTokens::text3));
    painter->drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap, m_chart->m_empty);
  }

  void paintLines(QPainter* painter) {
    for (const auto& line : m_chart->m_lines) {
      if (!std::isfinite(line->value)) continue;
      const auto& strip = m_chart->m_strips[line->strip];
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
        painter->drawText(QRectF(area.left(), below ? y + 2 : y - height - 2, area.width() - px(4), height), Qt::AlignRight, line->words);
      } else {
        const double x = strip->x()->coordToPixel(line->value);
        if (x < area.left() - 1 || x > area.right() + 1) continue;
        painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
        painter->drawText(QRectF(x - px(206), area.top(), px(200), height), Qt::AlignRight, line->words);
      }
    }
  }

  void paintLabels(QPainter* painter) {
    const auto& strip = m_chart->m_strips.first();
    painter->setFont(theme().font(FontRole::AxisStrong));
    painter->setPen(color(&ThemeTokens::text2));
    for (const auto& [point, words] : m_chart->m_labels) {
      const double x = strip->x()->coordToPixel(point.x()), y = strip->y()->coordToPixel(point.y());
      const double w = QFontMetricsF(painter->font()).horizontalAdvance(words) + 2;
      double left = x + px(7);
      if (left + w > strip->rect->right() + px(8)) left = x - w - px(7);
      painter->drawText(QRectF(left, y - px(19), w, px(16)), Qt::AlignLeft | Qt::AlignVCenter, words);
    }
  }

  void paintCross(QPainter* painter) {
    const double x = std::isnan(m_chart->m_cross) ? m_chart->m_marked : m_chart->m_cross;
    if (std::isnan(x) || m_chart->m_series.isEmpty()) return;
    const ThemeTokens& t = theme().tokens();
    // Snap to the nearest point of any series, so that line and values belong together.
    double at = kNone;
    for (const auto& series : m_chart->m_series) {
      const auto points = series->graph->data();
      if (points->isEmpty() || !series->graph->visible()) continue;
      auto it = points->findBegin(x, true);
      auto next = it + 1;
      if (next != points->constEnd() && std::abs(next->key - x) < std::abs(it->key - x)) it = next;
      if (std::isnan(at) || std::abs(it->key - x) < std::abs(at - x)) at = it->key;
    }
    if (std::isnan(at)) return;
    const auto& first = m_chart->m_strips.first();
    const double px_ = std::floor(first->x()->coordToPixel(at)) + 0.5;
    const QRectF area = first->rect->rect();
    if (px_ < area.left() - 1 || px_ > area.right() + 1) return;
    painter->setPen(QPen(t.control, 1));
    for (const auto& strip : m_chart->m_strips) {
      const QRectF r = strip->rect->rect();
      painter->drawLine(QPointF(px_, r.top()), QPointF(px_, r.bottom()));
    }
    struct Row { QString name, value; QColor ink; };
    QList<Row> rows;
    for (const auto& series : m_chart->m_series) {
      const auto points = series->graph->data();
      if (points->isEmpty() || !series->graph->visible()) continue;
      auto it = points->findBegin(at, true);
      if (auto next = it + 1; next != points->constEnd() && std::abs(next->key - at) < std::abs(it->key - at)) it = next;
      const double gap = points->size() > 1 ? std::abs((points->constEnd() - 1)->key - points->constBegin()->key) / double(points->size() - 1) : 1e300;
      if (std::abs(it->key - at) > gap * 1.01) continue;
      const auto& strip = m_chart->m_strips[series->strip];
      if (!series->style.area) {
        painter->setPen(QPen(t.card, 1.5));
        painter->setBrush(color(series->style.token));
        const QPointF dot(strip->x()->coordToPixel(it->key), strip->y()->coordToPixel(it->value));
        if (QRectF(strip->rect->rect()).adjusted(-2, -2, 2, 2).contains(dot)) painter->drawEllipse(dot, px(4), px(4));
      }
      if (series->style.inBox) {
        const Chart::Format& format = series->strip > 0 && strip->format ? strip->format : m_chart->m_boxFormat;
        rows << Row{series->style.name, format ? format(it->value) : plainNumber(it->value), color(series->style.token)};
      }
    }
    if (rows.isEmpty()) return;

    const QFont titleFont = theme().font(FontRole::Chip), nameFont = theme().font(FontRole::Help), valueFont = theme().font(FontRole::MonoSmall);
    const QFontMetricsF tm(titleFont), nm(nameFont), vm(valueFont);
    const QString title = m_chart->m_boxTitle ? m_chart->m_boxTitle(at) : plainNumber(at);
    double width = tm.horizontalAdvance(title) + px(20);
    for (const Row& row : rows) width = std::max(width, px(26) + nm.horizontalAdvance(row.name) + px(16) + vm.horizontalAdvance(row.value) + px(10));
    const double line = px(17);
    QRectF box(px_ + px(12), area.top() + px(6), width, px(28) + line * rows.size());
    if (box.right() > area.right()) box.moveRight(px_ - px(12));
    if (box.left() < 0) box.moveLeft(0);
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

  Chart* m_chart;
};

LegendRow::LegendRow(QWidget* parent) : QWidget(parent) {
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}
void LegendRow::setItems(const QList<SeriesStyle>& items) {
  m_items = items;
  QStringList names;
  for (const SeriesStyle& item : items) names << item.name;
  setAccessibleName(tr("Legend: %1").arg(names.join(QStringLiteral(", "))));
  setVisible(!items.isEmpty());
  updateGeometry();
  update();
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
int LegendRow::heightForWidth(int width) const { return layOut(width, nullptr); }
QSize LegendRow::sizeHint() const { return {px(200), layOut(std::max(width(), px(200)), nullptr)}; }
QSize LegendRow::minimumSizeHint() const { return {px(80), px(18)}; }
void LegendRow::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  layOut(width(), &painter);
}

Chart::Chart(QWidget* parent) : QWidget(parent), m_plot(new QCustomPlot), m_legend(new LegendRow), m_timer(new QTimer(this)), m_cross(kNone), m_marked(kNone) {
  setObjectName(QStringLiteral("clear"));
  m_overlay = new ChartOverlay(this);
  setLayout(vbox({m_legend, grow(m_plot)}, 4));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setFocusPolicy(Qt::TabFocus);
  setMinimumHeight(60);
  m_plot->setMinimumSize(40, 40);
  m_plot->setPlottingHints(QCP::phFastPolylines | QCP::phCacheLabels);
  m_plot->setNoAntialiasingOnDrag(true);
  m_plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  m_plot->setFocusPolicy(Qt::NoFocus);
  m_plot->installEventFilter(this);
  m_plot->setMouseTracking(true);

  auto strip = std::make_shared<Strip>();
  strip->rect = m_plot->axisRect();
  strip->rect->setMarginGroup(QCP::msLeft | QCP::msRight, new QCPMarginGroup(m_plot));
  m_strips << strip;
  m_plot->plotLayout()->setRowSpacing(0);
  m_legend->hide();

  m_timer->setSingleShot(true);
  m_timer->setInterval(kMilliseconds);
  connect(m_timer, &QTimer::timeout, this, [this] {
    if (m_dirty && isVisible()) redraw();
  });
  connect(&theme(), &Theme::changed, this, &Chart::retheme);
  connect(m_plot, &QCustomPlot::mouseDoubleClick, this, [this] { resetZoom(); });
  connect(m_plot, &QCustomPlot::afterReplot, m_overlay, [this] { m_overlay->update(); });
  connect(m_strips[0]->x(), qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this](const QCPRange& range) {
    if (m_inRange) return;
    // By the person: stay within the data.
    double low = 0, high = 1;
    if (m_fixedX) {
      low = m_low;
      high = m_high;
    } else if (!dataRange(&low, &high)) {
      return;
    }
    const QCPRange bounded = range.bounded(low, high);
    zoomX(bounded.lower, bounded.upper);
    emit xRangeChanged(bounded.lower, bounded.upper);
  });
  retheme();
}

Chart::~Chart() = default;

void Chart::retheme() {
  ChartTheme::apply(m_plot);
  for (const auto& strip : m_strips) {
    ChartTheme::apply(strip->rect);
    const bool last = strip == m_strips.last();
    strip->x()->setTickLabels(last);
    strip->x()->setVisible(true);
    strip->rect->setRangeDrag(Qt::Horizontal);
    strip->rect->setRangeZoom(Qt::Horizontal);
    strip->rect->setMinimumMargins(QMargins(px(8), px(6), px(8), px(last ? 4 : 2)));
    if (strip->height > 0) {
      strip->rect->setMinimumSize(0, px(strip->height));
      strip->rect->setMaximumSize(QWIDGETSIZE_MAX, px(strip->height));
    }
    auto ticker = QSharedPointer<FormatTicker>::create();
    ticker->setTickCount(m_xTicks);
    ticker->format = m_xFormat;
    strip->x()->setTicker(ticker);
    if (m_log && strip == m_strips.first()) {
      auto log = QSharedPointer<FormatLogTicker>::create();
      log->setSubTickCount(0);
      log->format = strip->format;
      strip->y()->setTicker(log);
    } else {
      auto linear = QSharedPointer<FormatTicker>::create();
      linear->setTickCount(strip->height > 0 ? 2 : m_yTicks);
      linear->format = strip->format;
      strip->y()->setTicker(linear);
    }
  }
  for (int i = 0; i < m_series.size(); ++i) {
    const auto& series = m_series[i];
    QCPGraph* graph = series->graph;
    if (series->style.area) {
      graph->setPen(QPen(color(&ThemeTokens::card), 1));
      graph->setBrush(color(series->style.token));
      QCPGraph* below = nullptr;
      for (int j = i - 1; j >= 0 && !below; --j)
        if (m_series[j]->style.area && m_series[j]->strip == series->strip) below = m_series[j]->graph;
      graph->setChannelFillGraph(below);
    } else {
      graph->setPen(ChartTheme::pen(series->style));
    }
    graph->setScatterStyle(series->style.circles
                               ? QCPScatterStyle(QCPScatterStyle::ssCircle, QPen(color(series->style.token), 2), QBrush(color(&ThemeTokens::card)), px(7))
                               : QCPScatterStyle(QCPScatterStyle::ssNone));
    graph->setAntialiased(true);
  }
  m_dirty = true;
  schedule();
}

int Chart::addStrip(int height) {
  auto strip = std::make_shared<Strip>();
  strip->rect = new QCPAxisRect(m_plot, true);
  strip->height = height;
  for (QCPAxis* axis : strip->rect->axes()) {
    axis->setLayer(QStringLiteral("axes"));
    axis->grid()->setLayer(QStringLiteral("grid"));
  }
  strip->rect->axis(QCPAxis::atTop)->setVisible(false);
  strip->rect->axis(QCPAxis::atRight)->setVisible(false);
  m_plot->plotLayout()->addElement(m_plot->plotLayout()->rowCount(), 0, strip->rect);
  strip->rect->setMarginGroup(QCP::msLeft | QCP::msRight, m_strips[0]->rect->marginGroup(QCP::msLeft));
  m_strips << strip;
  connect(strip->x(), qOverload<const QCPRange&>(&QCPAxis::rangeChanged), m_strips[0]->x(),
          [this](const QCPRange& range) { if (!m_inRange) m_strips[0]->x()->setRange(range); });
  retheme();
  return int(m_strips.size()) - 1;
}

int Chart::addSeries(const SeriesStyle& style, int strip) {
  auto series = std::make_shared<Series>();
  series->style = style;
  series->strip = strip;
  series->graph = m_plot->addGraph(m_strips[strip]->x(), m_strips[strip]->y());
  series->graph->setAdaptiveSampling(true);
  series->graph->setName(style.name);
  m_series << series;
  refreshLegend();
  retheme();
  return int(m_series.size()) - 1;
}

void Chart::clearSeries() {
  m_plot->clearGraphs();
  m_series.clear();
  refreshLegend();
  m_dirty = true;
  schedule();
}

void Chart::refreshLegend() {
  QList<SeriesStyle> items;
  for (const auto& series : m_series)
    if (series->style.inLegend && series->graph->visible()) items << series->style;
  m_legend->setItems(items);
}

void Chart::setData(int series, const QList<double>& x, const QList<double>& y) {
  m_series[series]->graph->setData(x, y, true);
  m_dirty = true;
  schedule();
}
void Chart::append(int series, double x, double y) {
  m_series[series]->graph->addData(x, y);
  m_dirty = true;
  schedule();
}
int Chart::size(int series) const { return m_series[series]->graph->dataCount(); }
void Chart::setSeriesVisible(int series, bool visible) {
  m_series[series]->graph->setVisible(visible);
  refreshLegend();
  m_dirty = true;
  schedule();
}

void Chart::setXRange(double low, double high) {
  if (m_fixedX && low == m_low && high == m_high) return;
  m_fixedX = high > low;
  m_low = low;
  m_high = high;
  m_dirty = true;
  schedule();
}
void Chart::clearXRange() {
  m_fixedX = false;
  m_dirty = true;
  schedule();
}
void Chart::setYRange(double low, double high, int strip) {
  m_strips[strip]->fixed = true;
  m_strips[strip]->low = low;
  m_strips[strip]->high = high;
  m_dirty = true;
  schedule();
}
void Chart::setYFromZero(bool on, int strip) {
  m_strips[strip]->fromZero = on;
  m_dirty = true;
  schedule();
}
void Chart::setLogarithmic(bool on) {
  if (on == m_log) return;
  m_log = on;
  m_strips[0]->y()->setScaleType(on ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  retheme();
}
void Chart::setXFormat(Format format) {
  m_xFormat = std::move(format);
  retheme();
}
void Chart::setYFormat(Format format, int strip) {
  m_strips[strip]->format = std::move(format);
  retheme();
}
void Chart::setTickCount(int x, int y) {
  m_xTicks = x;
  m_yTicks = y;
  retheme();
}
int Chart::addLine(Qt::Orientation orientation, double value, Token token, const QString& words, int strip) {
  m_lines << std::make_shared<Line>(Line{orientation, value, token, words, strip});
  m_overlay->update();
  return int(m_lines.size()) - 1;
}
void Chart::setLine(int line, double value, const QString& words) {
  m_lines[line]->value = value;
  m_lines[line]->words = words;
  m_dirty = true;
  schedule();
}
void Chart::setPointLabels(const QList<QPair<QPointF, QString>>& labels) {
  m_labels = labels;
  m_overlay->update();
}
void Chart::setBoxTitle(Format title) { m_boxTitle = std::move(title); }
void Chart::setBoxFormat(Format values) { m_boxFormat = std::move(values); }
void Chart::setMarked(double x) {
  m_marked = x;
  m_overlay->update();
}
void Chart::setLegendVisible(bool on) { m_legend->setVisible(on); }
void Chart::setEmptyText(const QString& text) {
  m_empty = text;
  m_dirty = true;
  schedule();
}

void Chart::linkX(Chart* other) {
  connect(this, &Chart::xRangeChanged, other, &Chart::zoomX);
  connect(other, &Chart::xRangeChanged, this, &Chart::zoomX);
  connect(this, &Chart::crosshairMoved, other, [other](double x) { other->setCrosshair(x, false); });
  connect(other, &Chart::crosshairMoved, this, [this](double x) { setCrosshair(x, false); });
}

void Chart::zoomX(double low, double high) {
  if (std::isnan(low)) {
    m_zoomed = false;
  } else {
    m_zoomed = true;
    m_inRange = true;
    for (const auto& strip : m_strips) strip->x()->setRange(low, high);
    m_inRange = false;
  }
  fitX();
  fitY();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}
void Chart::resetZoom() {
  zoomX(kNone, kNone);
  emit xRangeChanged(kNone, kNone);
}

bool Chart::dataRange(double* low, double* high) const {
  bool any = false;
  for (const auto& series : m_series) {
    if (!series->graph->visible()) continue;
    bool found = false;
    const QCPRange range = series->graph->data()->keyRange(found);
    if (!found) continue;
    *low = any ? std::min(*low, range.lower) : range.lower;
    *high = any ? std::max(*high, range.upper) : range.upper;
    any = true;
  }
  if (any && *high <= *low) *high = *low + 1;
  return any;
}

void Chart::fitX() {
  if (m_zoomed) return;
  double low = 0, high = 1;
  if (m_fixedX) {
    low = m_low;
    high = m_high;
  } else {
    dataRange(&low, &high);
  }
  m_inRange = true;
  for (const auto& strip : m_strips) strip->x()->setRange(low, high);
  m_inRange = false;
}

void Chart::fitY() {
  // Lines denser than the pixels gain nothing from smoothing and cost most of a frame.
  const QCPRange seen = m_strips[0]->x()->range();
  for (const auto& series : m_series) {
    const auto points = series->graph->data();
    const double whole = points->size() > 1 ? (points->constEnd() - 1)->key - points->constBegin()->key : 0;
    const double visible = whole > 0 ? points->size() * std::min(1.0, seen.size() / whole) : 0;
    series->graph->setAntialiased(visible < 3000);
  }
  for (int i = 0; i < m_strips.size(); ++i) {
    const auto& strip = m_strips[i];
    if (strip->fixed) {
      strip->y()->setRange(strip->low, strip->high);
      continue;
    }
    const QCPRange keys = strip->x()->range();
    const bool log = m_log && i == 0;
    double low = 0, high = 1;
    bool any = false;
    for (const auto& series : m_series) {
      if (series->strip != i || !series->graph->visible()) continue;
      bool found = false;
      const QCPRange range = series->graph->data()->valueRange(found, log ? QCP::sdPositive : QCP::sdBoth, keys);
      if (!found || !std::isfinite(range.lower) || !std::isfinite(range.upper)) continue;
      low = any ? std::min(low, range.lower) : range.lower;
      high = any ? std::max(high, range.upper) : range.upper;
      any = true;
    }
    for (const auto& line : m_lines)
      if (any && line->strip == i && line->orientation == Qt::Horizontal && std::isfinite(line->value)) {
        low = std::min(low, line->value);
        high = std::max(high, line->value);
      }
    if (log) {
      if (!any || low <= 0) low = high > 0 ? high / 100 : 0.1;
      if (high <= low) high = low * 10;
      strip->y()->setRange(low / 1.15, high * 1.15);
    } else {
      if (strip->fromZero) low = std::min(low, 0.0);
      if (high <= low) high = low + std::max(1e-9, std::abs(low) * 0.1);
      const double room = (high - low) * 0.06;
      strip->y()->setRange(strip->fromZero && low >= 0 ? 0 : low - room, high + room);
    }
  }
}

void Chart::hideWhenEmpty() {
  bool any = m_empty.isEmpty();
  for (const auto& series : m_series) any = any || series->graph->dataCount() > 0;
  for (const auto& strip : m_strips) strip->rect->setVisible(any);
}

void Chart::schedule() {
  if (!m_timer->isActive()) m_timer->start();
}
void Chart::redraw() {
  m_dirty = false;
  hideWhenEmpty();
  fitX();
  fitY();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}
void Chart::redrawNow() {
  m_dirty = false;
  hideWhenEmpty();
  fitX();
  fitY();
  m_plot->replot(QCustomPlot::rpImmediateRefresh);
}
void Chart::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (m_dirty) redraw();
}

void Chart::setCrosshair(double x, bool tell) {
  m_cross = x;
  m_overlay->update();
  if (tell) emit crosshairMoved(x);
}

bool Chart::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_plot) {
    switch (event->type()) {
      case QEvent::Resize: m_overlay->setGeometry(m_plot->rect()); break;
      case QEvent::MouseMove: {
        const QPointF at = static_cast<QMouseEvent*>(event)->position();
        const QRectF area = m_strips[0]->rect->rect();
        const bool inside = at.x() >= area.left() && at.x() <= area.right();
        setCrosshair(inside ? m_strips[0]->x()->pixelToCoord(at.x()) : kNone, true);
        break;
      }
      case QEvent::Leave: setCrosshair(kNone, true); break;
      default: break;
    }
  }
  return QWidget::eventFilter(watched, event);
}

void Chart::keyPressEvent(QKeyEvent* event) {
  const QCPRange range = m_strips[0]->x()->range();
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal: m_strips[0]->x()->scaleRange(0.7); return;
    case Qt::Key_Minus: m_strips[0]->x()->scaleRange(1 / 0.7); return;
    case Qt::Key_Left: m_strips[0]->x()->moveRange(-range.size() * 0.1); return;
    case Qt::Key_Right: m_strips[0]->x()->moveRange(range.size() * 0.1); return;
    case Qt::Key_0:
    case Qt::Key_Home: resetZoom(); return;
    default: QWidget::keyPressEvent(event);
  }
}

QPixmap Chart::picture(const QSize& size) {
  redrawNow();
  QPixmap pixmap(size * 2);
  pixmap.setDevicePixelRatio(2.0);
  pixmap.fill(color(&ThemeTokens::card));
  QCPPainter painter(&pixmap);
  m_plot->toPainter(&painter, size.width(), size.height());
  return pixmap;
}

bool Chart::save(const QString& path, QString* error) {
  redrawNow();
  const QString ending = QFileInfo(path).suffix().toLower();
  const QSize size = m_plot->size().expandedTo(QSize(640, 320));
  auto refuse = [error](const QString& why) {
    if (error) *error = why;
    return false;
  };
  if (ending == QLatin1String("png")) {
    return picture(size).save(path) || refuse(tr("%1 cannot be written. Choose another folder.").arg(path));
  }
  if (ending == QLatin1String("svg")) {
    QSvgGenerator generator;
    generator.setFileName(path);
    generator.setSize(size);
    generator.setViewBox(QRect(QPoint(), size));
    QCPPainter painter;
    if (!painter.begin(&generator)) return refuse(tr("%1 cannot be written. Choose another folder.").arg(path));
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    m_plot->toPainter(&painter, size.width(), size.height());
    return true;
  }
  if (ending == QLatin1String("csv")) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return refuse(tr("%1 cannot be written: %2. Choose another folder.").arg(path, file.errorString()));
    file.write("series,x,y\n");
    for (const auto& series : m_series) {
      const QByteArray name = '"' + series->style.name.toUtf8().replace('"', "\"\"") + '"';
      for (const QCPGraphData& point : *series->graph->data())
        file.write(name + ',' + QByteArray::number(point.key, 'g', 12) + ',' + QByteArray::number(point.value, 'g', 12) + '\n');
    }
    return file.commit() || refuse(tr("%1 cannot be written: %2. Free some space or choose another folder.").arg(path, file.errorString()));
  }
  return refuse(tr("A chart is saved as .png, .svg or .csv; %1 has none of these endings.").arg(QFileInfo(path).fileName()));
}

void Chart::saveAs(const QString& suggestedName) {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save the chart"), suggestedName + QStringLiteral(".png"),
                                                    tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)"));
  if (path.isEmpty()) return;
  QString error;
  if (!save(path, &error)) QMessageBox::warning(this, tr("The chart was not saved"), error);
}

}  // namespace scalewright::ui
