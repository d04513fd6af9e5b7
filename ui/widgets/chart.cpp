#include <QKeyEvent>
#include <QTimer>
#include <QWheelEvent>
#include <cmath>
#include <limits>

#include "ui/widgets/chart_parts.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr int kMilliseconds = 100;
constexpr double kFewDecades = 0.7, kManyDecades = 3.0;  // of a logarithmic axis: evenly spaced ticks below, powers of ten alone above
constexpr double kPauses = 100.0;  // a drawing is followed by so many times its own length: one hundredth of a processor

class FormatTicker : public QCPAxisTicker {
 public:
  Chart::Format format;
  bool whole = false;  // ticks at whole numbers

 protected:
  double getTickStep(const QCPRange& range) override {
    const double step = QCPAxisTicker::getTickStep(range);
    return whole ? std::max(1.0, std::floor(step)) : step;
  }
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override {
    return format ? format(std::abs(tick) < 1e-12 ? 0 : tick) : QCPAxisTicker::getTickLabel(tick, locale, formatChar, precision);
  }
};

class FormatLogTicker : public QCPAxisTickerLog {
 public:
  Chart::Format format;

 protected:
  // Powers of ten alone leave a short range with one tick or none.
  QVector<double> createTickVector(double step, const QCPRange& range) override {
    if (range.lower <= 0 || range.upper <= range.lower) return QCPAxisTickerLog::createTickVector(step, range);
    const double decades = std::log10(range.upper / range.lower);
    if (decades < kFewDecades) return QCPAxisTicker::createTickVector(QCPAxisTicker::getTickStep(range), range);
    if (decades > kManyDecades) return QCPAxisTickerLog::createTickVector(step, range);
    QVector<double> ticks;
    for (double power = std::pow(10.0, std::floor(std::log10(range.lower))); power < range.upper; power *= 10)
      for (const double times : {1.0, 2.0, 5.0}) ticks << power * times;
    return ticks;
  }
  QString getTickLabel(double tick, const QLocale& locale, QChar formatChar, int precision) override {
    return format ? format(tick) : QCPAxisTickerLog::getTickLabel(tick, locale, formatChar, precision);
  }
};

}  // namespace

Chart::Chart(QWidget* parent) : QWidget(parent), m_plot(new QCustomPlot), m_legend(new LegendRow), m_timer(new QTimer(this)), m_cross(kNone), m_marked(kNone) {
  setObjectName(QStringLiteral("clear"));
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
  m_overlay = new ChartOverlay(this);

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
  connect(&theme(), &Theme::changed, this, &Chart::restyleLater);
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
  restyleLater();
}

Chart::~Chart() = default;

// Series, strips and formats come one after another while a page is made; axes and pens are set once, before the next drawing.
void Chart::restyleLater() {
  m_restyle = true;
  m_dirty = true;
  schedule();
}

void Chart::restyle() {
  if (!std::exchange(m_restyle, false)) return;
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
    ticker->whole = !m_xFormat;  // steps
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
  restyleLater();
  return int(m_strips.size()) - 1;
}

int Chart::addSeries(const SeriesStyle& style, int strip) {
  auto series = std::make_shared<Series>();
  series->style = style;
  series->strip = strip;
  series->graph = new WholeGraph(m_strips[strip]->x(), m_strips[strip]->y());  // the plot owns it
  series->graph->setAdaptiveSampling(true);
  series->graph->setName(style.name);
  m_series << series;
  refreshLegend();
  restyleLater();
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
  m_legend->setVisible(m_legendOn && !items.isEmpty());
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
void Chart::dropAfter(double x) {
  for (const auto& series : m_series) series->graph->data()->removeAfter(x);
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
  restyleLater();
}
void Chart::setXFormat(Format format) {
  m_xFormat = std::move(format);
  restyleLater();
}
void Chart::setYFormat(Format format, int strip) {
  m_strips[strip]->format = std::move(format);
  restyleLater();
}
void Chart::setTickCount(int x, int y) {
  m_xTicks = x;
  m_yTicks = y;
  restyleLater();
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
QList<QRectF> Chart::wordAreas() const { return m_overlay->wordAreas(); }
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
void Chart::setLegendVisible(bool on) {
  m_legendOn = on;
  refreshLegend();
}
void Chart::setEmptyText(const QString& text) {
  m_empty = text;
  m_dirty = true;
  schedule();
}

void Chart::hideWhenEmpty() {
  bool any = m_empty.isEmpty();
  for (const auto& series : m_series) any = any || series->graph->dataCount() > 0;
  for (const auto& strip : m_strips) strip->rect->setVisible(any);
}

// Not before its share of a processor allows it: what takes long to draw is drawn less often. A single change comes at once.
void Chart::schedule() {
  if (m_timer->isActive()) return;
  const double passed = m_drawn.isValid() ? double(m_drawn.elapsed()) : 1e9;
  m_timer->start(int(std::max(double(kMilliseconds), kPauses * m_plot->replotTime(true) - passed)));
}
void Chart::redraw() {
  m_drawn.start();
  restyle();
  m_dirty = false;
  hideWhenEmpty();
  fitX();
  fitY();
  m_plot->replot(QCustomPlot::rpQueuedReplot);
}
void Chart::redrawNow() {
  restyle();
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
      // Without Ctrl the wheel belongs to the page: it goes on to what scrolls.
      case QEvent::Wheel:
        if (!(static_cast<QWheelEvent*>(event)->modifiers() & Qt::ControlModifier)) {
          event->ignore();
          return true;
        }
        break;
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

}  // namespace scalewright::ui
