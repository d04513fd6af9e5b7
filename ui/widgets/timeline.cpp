#include "ui/widgets/timeline.h"

#include <QPainter>
#include <cmath>

#include "ui/settings/format.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr int kMostBars = 12;      // more passes than this are drawn as one bar
constexpr int kHeight = 60;

}  // namespace

Timeline::Timeline(QWidget* parent) : QWidget(parent) {
  setScaledHeight(this, kHeight);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Timeline"));
}

void Timeline::setPlan(qint64 steps, double epochs, qint64 validateEvery, double seconds) {
  m_steps = std::max<qint64>(0, steps);
  m_epochs = epochs;
  m_every = std::max<qint64>(1, validateEvery);
  m_seconds = seconds;
  setAccessibleDescription(tr("%1 steps in %2 epochs, a validation every %3 steps").arg(countText(m_steps), numberText(epochs, epochs < 1 ? 2 : 0)).arg(m_every));
  update();
}
QSize Timeline::sizeHint() const { return {px(400), px(kHeight)}; }
QSize Timeline::minimumSizeHint() const { return {px(200), px(kHeight)}; }

void Timeline::paintEvent(QPaintEvent*) {
  if (m_steps == 0 || m_epochs <= 0) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const double W = width();
  // Validations.
  const qint64 validations = m_steps / m_every;
  painter.setPen(QPen(t.seriesValidation, 2));
  painter.setBrush(t.card);
  const double middle = px(8), radius = px(3.5);
  if (validations <= qint64(W / px(12)))
    for (qint64 i = 1; i <= validations; ++i) painter.drawEllipse(QPointF(std::clamp(double(i * m_every) / double(m_steps) * W, radius + 1, W - radius - 1), middle), radius, radius);
  // Passes.
  const int whole = int(std::ceil(m_epochs - 1e-6));
  const int bars = whole <= kMostBars ? std::max(1, whole) : 1;
  const double top = px(19), height = px(20);
  painter.setFont(theme().font(FontRole::HelpStrong));
  const QFontMetricsF metrics(painter.font());
  for (int i = 0; i < bars; ++i) {
    const double from = bars == 1 ? 0 : i / m_epochs * W, to = bars == 1 ? W : std::min(1.0, (i + 1) / m_epochs) * W;
    const QRectF bar(from, top, to - from - (i + 1 < bars ? px(3) : 0), height);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.accentSoft);
    painter.drawRoundedRect(bar, px(3), px(3));
    QString words = tr("Epoch %1").arg(i + 1);
    if (bars == 1) words = m_epochs < 1 ? tr("%1 of the rows").arg(percentText(m_epochs, 0)) : whole > kMostBars ? tr("%1 epochs").arg(numberText(m_epochs, 0)) : words;
    painter.setPen(t.accentText);
    if (metrics.horizontalAdvance(words) + px(12) < bar.width()) painter.drawText(bar.adjusted(px(9), 0, -px(3), 0), Qt::AlignVCenter, words);
  }
  // Time: its beginning, the ends of passes where there is room, its end.
  painter.setFont(theme().font(FontRole::Axis));
  painter.setPen(t.axis);
  const QFontMetricsF axis(painter.font());
  const QRectF line(0, px(43), W, px(16));
  const QString end = m_seconds > 0 ? durationText(m_seconds) : tr("step %1").arg(countText(m_steps));
  painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, tr("now"));
  painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, end);
  double free = axis.horizontalAdvance(tr("now")) + px(12);
  const double limit = W - axis.horizontalAdvance(end) - px(12);
  for (int i = 1; i < bars; ++i) {
    const QString words = m_seconds > 0 ? durationText(m_seconds * i / m_epochs) : countText(qint64(double(m_steps) * i / m_epochs));
    const double w = axis.horizontalAdvance(words), left = i / m_epochs * W - w / 2;
    if (left < free || left + w > limit) continue;
    painter.drawText(QRectF(left, line.top(), w + 2, line.height()), Qt::AlignVCenter, words);
    free = left + w + px(12);
  }
}

}  // namespace scalewright::ui
