#include <cmath>
#include <limits>

#include "ui/widgets/chart_parts.h"

namespace scalewright::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

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
  for (const auto& series : m_series) static_cast<WholeGraph*>(series->graph)->whole = series->style.circles && !m_zoomed;
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

// Words above the topmost point stay within the plot.
constexpr double kLabelRoom = 0.12;

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
      strip->y()->setRange(low / 1.15, high * (i == 0 && !m_labels.isEmpty() ? std::pow(high / low, kLabelRoom) : 1.15));
    } else {
      if (strip->fromZero) low = std::min(low, 0.0);
      if (high <= low) high = low + std::max(1e-9, std::abs(low) * 0.1);
      const double room = (high - low) * 0.06;
      strip->y()->setRange(strip->fromZero && low >= 0 ? 0 : low - room, i == 0 && !m_labels.isEmpty() ? high + (high - low) * kLabelRoom : high + room);
    }
  }
}

}  // namespace scalewright::ui
