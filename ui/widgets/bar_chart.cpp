#include "ui/widgets/bar_chart.h"

#include <QFileInfo>
#include <QHelpEvent>
#include <QPainter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QToolTip>
#include <cmath>
#include <limits>
#include <numeric>

#include "ui/widgets/theme.h"
#include "ui/widgets/tooltips.h"

namespace scalewright::ui {

QList<double> niceTicks(double low, double high, int wanted) {
  if (!(high > low)) return {low};
  const double raw = (high - low) / std::max(1, wanted);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = power * 10;
  for (double factor : {1.0, 2.0, 2.5, 5.0})
    if (power * factor >= raw * 0.999) {
      step = power * factor;
      break;
    }
  QList<double> ticks;
  for (double v = std::ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) ticks << (std::abs(v) < step * 1e-9 ? 0 : v);
  return ticks;
}

BarChart::BarChart(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  connect(&theme(), &Theme::changed, this, [this] { update(); });
}
void BarChart::setBars(const QList<double>& values, int count, const QStringList& names) {
  m_values = values;
  m_count = count;
  m_names = names;
  if (!values.isEmpty() && m_format)
    setAccessibleDescription(tr("%1 of %2 bars; the last is %3").arg(values.size()).arg(count).arg(m_format(values.last())));
  update();
}
void BarChart::setFormat(std::function<QString(double)> format) { m_format = std::move(format); }
void BarChart::setMeanWords(const QString& words) { m_mean = words; }
QSize BarChart::sizeHint() const { return {px(480), px(280)}; }
QSize BarChart::minimumSizeHint() const { return {px(200), px(110)}; }

QRectF BarChart::plotRect(const QSize& size) const {
  const QFontMetricsF metrics(theme().font(FontRole::Axis));
  const double left = std::max(double(px(44)), m_format ? metrics.horizontalAdvance(m_format(0.1)) + px(10) : 0.0);
  return {left, double(px(8)), size.width() - left - px(4), double(size.height() - px(8) - px(24))};
}

void BarChart::paintOn(QPainter* painter, const QSize& size) const {
  if (m_count <= 0) return;
  painter->setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const QRectF area = plotRect(size);
  double highest = 0;
  for (double v : m_values)
    if (std::isfinite(v)) highest = std::max(highest, v);
  if (highest <= 0) highest = 1;
  const QList<double> ticks = niceTicks(0, highest * 1.12, 4);
  const double top = std::max(ticks.last(), highest * 1.05);
  auto Y = [&](double v) { return area.bottom() - v / top * area.height(); };
  painter->setFont(theme().font(FontRole::Axis));
  for (double tick : ticks) {
    const double y = std::round(Y(tick)) + 0.5;
    painter->setPen(QPen(t.grid, 1));
    painter->drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    painter->setPen(t.axis);
    painter->drawText(QRectF(0, y - px(9), area.left() - px(8), px(18)), Qt::AlignRight | Qt::AlignVCenter, m_format ? m_format(tick) : QString::number(tick));
  }
  const double cell = area.width() / m_count;
  const double gap = cell > px(8) ? px(4) : cell > 3 ? 1 : 0;
  const double numberWidth = QFontMetricsF(painter->font()).horizontalAdvance(QString::number(m_count)) + px(16);
  int step = 1;
  for (int wanted : {1, 2, 5, 10, 20, 50, 100, 200, 500}) {
    step = wanted;
    if (wanted * cell >= numberWidth) break;
  }
  for (int i = 0; i < m_count; ++i) {
    const double x = area.left() + i * cell + gap / 2, w = std::max(cell - gap, 0.8);
    const double radius = std::min(2.0 * theme().u(), w / 2);
    if (i < m_values.size()) {
      const double value = std::isfinite(m_values[i]) ? m_values[i] : 0;
      painter->setPen(Qt::NoPen);
      painter->setBrush(t.accent);
      painter->drawRoundedRect(QRectF(QPointF(x, Y(value)), QPointF(x + w, area.bottom())), radius, radius);
    } else {
      const bool next = i == m_values.size();
      const double h = px(next ? 26 : 10);
      painter->setPen(QPen(next ? t.accent : t.border, 1.2));
      painter->setBrush(next ? t.accentSoft : t.sunken);
      painter->drawRoundedRect(QRectF(x, area.bottom() - h, w, h), radius, radius);
    }
    const bool last = i == m_count - 1;
    if (last || (i % step == 0 && (m_count - 1 - i) * cell >= numberWidth)) {
      painter->setPen(t.axis);
      painter->drawText(QRectF(x + w / 2 - px(24), area.bottom() + px(6), px(48), px(16)), Qt::AlignCenter, QString::number(i));
    }
  }
  painter->setPen(QPen(t.control, 1));
  painter->drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5));
  if (!m_mean.isEmpty() && !m_values.isEmpty()) {
    const double mean = std::accumulate(m_values.begin(), m_values.end(), 0.0) / double(m_values.size());
    QPen pen(t.seriesValidation, 1.5 * theme().u());
    pen.setDashPattern({4, 3});
    painter->setPen(pen);
    painter->drawLine(QPointF(area.left(), Y(mean)), QPointF(area.right(), Y(mean)));
    painter->setFont(theme().font(FontRole::AxisStrong));
    const QString words = m_mean.arg(m_format ? m_format(mean) : QString::number(mean));
    const QFontMetricsF metrics(painter->font());
    const QRectF where(area.right() - metrics.horizontalAdvance(words) - px(6), Y(mean) - metrics.height() - 2, metrics.horizontalAdvance(words) + px(4), metrics.height());
    // Words never lie on bars: a ground of the card behind them.
    painter->setPen(Qt::NoPen);
    painter->setBrush(t.card);
    painter->drawRoundedRect(where.adjusted(-px(3), 0, px(2), 0), px(3), px(3));
    painter->setPen(t.seriesValidation);
    painter->drawText(where, Qt::AlignCenter, words);
  }
}

void BarChart::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paintOn(&painter, size());
}

bool BarChart::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && m_count > 0) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const QRectF area = plotRect(size());
    const int i = int(std::floor((help->pos().x() - area.left()) / (area.width() / m_count)));
    if (i >= 0 && i < m_values.size())
      showTip(help->globalPos(), QStringLiteral("%1: %2").arg(m_names.value(i, QString::number(i)), m_format ? m_format(m_values[i]) : QString::number(m_values[i])), this);
    else
      QToolTip::hideText();
    return true;
  }
  return QWidget::event(event);
}

bool BarChart::save(const QString& path, QString* error) {
  const QString ending = QFileInfo(path).suffix().toLower();
  const QSize size = this->size().expandedTo(QSize(640, 320));
  bool done = false;
  if (ending == QLatin1String("png")) {
    QPixmap pixmap(size * 2);
    pixmap.setDevicePixelRatio(2.0);
    pixmap.fill(color(&ThemeTokens::card));
    QPainter painter(&pixmap);
    paintOn(&painter, size);
    painter.end();
    done = pixmap.save(path);
  } else if (ending == QLatin1String("svg")) {
    QSvgGenerator generator;
    generator.setFileName(path);
    generator.setSize(size);
    generator.setViewBox(QRect(QPoint(), size));
    QPainter painter;
    done = painter.begin(&generator);
    if (done) {
      painter.fillRect(QRect(QPoint(), size), color(&ThemeTokens::card));
      paintOn(&painter, size);
    }
  } else if (ending == QLatin1String("csv")) {
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly)) {
      file.write("name,value\n");
      for (int i = 0; i < m_values.size(); ++i)
        file.write('"' + m_names.value(i, QString::number(i)).toUtf8().replace('"', "\"\"") + "\"," + QByteArray::number(m_values[i], 'g', 12) + '\n');
      done = file.commit();
    }
  }
  if (!done && error) *error = tr("%1 cannot be written. Choose a .png, .svg or .csv in another folder.").arg(path);
  return done;
}

Histogram::Histogram(QWidget* parent) : QWidget(parent), m_limit(std::numeric_limits<double>::quiet_NaN()) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  connect(&theme(), &Theme::changed, this, [this] { update(); });
}
void Histogram::setBins(const QList<double>& counts, double low, double high) {
  m_counts = counts;
  m_low = low;
  m_high = high > low ? high : low + 1;
  update();
}
void Histogram::setFormat(std::function<QString(double)> format) { m_format = std::move(format); }
void Histogram::setLimit(double value, const QString& words) {
  m_limit = value;
  m_words = words;
  update();
}
QSize Histogram::sizeHint() const { return {px(360), px(100)}; }
QSize Histogram::minimumSizeHint() const { return {px(120), px(56)}; }

void Histogram::paintEvent(QPaintEvent*) {
  if (m_counts.isEmpty()) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const double bottom = height() - px(20), W = width();
  const double cell = W / double(m_counts.size());
  double highest = 1e-300;
  for (double v : m_counts) highest = std::max(highest, v);
  for (int i = 0; i < m_counts.size(); ++i) {
    const double value = m_low + (m_high - m_low) * (i + 0.5) / double(m_counts.size());
    const double h = m_counts[i] > 0 ? std::max(m_counts[i] / highest * (bottom - 2), 1.5) : 0;
    painter.setPen(Qt::NoPen);
    painter.setBrush(!std::isnan(m_limit) && value > m_limit ? t.seriesValidation : t.accent);
    painter.drawRoundedRect(QRectF(i * cell, bottom - h, std::max(cell - 1.5, 0.8), h), 1.5, 1.5);
  }
  painter.setPen(QPen(t.control, 1));
  painter.drawLine(QPointF(0, bottom + 0.5), QPointF(W, bottom + 0.5));
  painter.setFont(theme().font(FontRole::Axis));
  painter.setPen(t.axis);
  for (double tick : niceTicks(m_low, m_high, W > px(300) ? 4 : 3)) {
    const double x = (tick - m_low) / (m_high - m_low) * W;
    QRectF where(x - px(50), bottom + px(4), px(100), px(16));
    int align = Qt::AlignHCenter;
    if (x < px(24)) where.moveLeft(0), align = Qt::AlignLeft;
    if (x > W - px(24)) where.moveRight(W), align = Qt::AlignRight;
    painter.drawText(where, align, m_format ? m_format(tick) : QString::number(tick));
  }
  if (!std::isnan(m_limit) && m_limit >= m_low && m_limit <= m_high) {
    const double x = (m_limit - m_low) / (m_high - m_low) * W;
    QPen pen(t.seriesValidation, 1.5 * theme().u());
    pen.setDashPattern({4, 3});
    painter.setPen(pen);
    painter.drawLine(QPointF(x, 0), QPointF(x, bottom));
    painter.setFont(theme().font(FontRole::AxisStrong));
    const double w = QFontMetricsF(painter.font()).horizontalAdvance(m_words) + 2;
    const bool fitsLeft = x - w - px(6) > 0;
    painter.drawText(QRectF(fitsLeft ? x - w - px(6) : x + px(6), 0, w, px(16)), Qt::AlignVCenter, m_words);
  }
}

bool Histogram::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip && !m_counts.isEmpty()) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int i = std::clamp(int(help->pos().x() * m_counts.size() / std::max(1, width())), 0, int(m_counts.size()) - 1);
    const double from = m_low + (m_high - m_low) * i / double(m_counts.size()), to = m_low + (m_high - m_low) * (i + 1) / double(m_counts.size());
    auto words = [this](double v) { return m_format ? m_format(v) : QLocale().toString(v, 'g', 4); };
    showTip(help->globalPos(), tr("%1 to %2: %3").arg(words(from), words(to), QLocale().toString(m_counts[i], 'f', 0)), this);
    return true;
  }
  return QWidget::event(event);
}

}  // namespace scalewright::ui
