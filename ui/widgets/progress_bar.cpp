#include "ui/widgets/progress_bar.h"

#include <QPainter>
#include <cmath>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

ProgressBar::ProgressBar(int height, QWidget* parent) : QWidget(parent) {
  setScaledHeight(this, height);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Progress"));
}
void ProgressBar::setFraction(double fraction) {
  const double f = std::isfinite(fraction) ? std::min(fraction, 1.0) : -1.0;
  if (f == m_fraction) return;
  m_fraction = f;
  setAccessibleDescription(f < 0 ? tr("not known") : tr("%1 percent").arg(int(f * 100)));
  update();
}
void ProgressBar::setToken(Token token) {
  m_token = token;
  update();
}
void ProgressBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const QRectF track(rect());
  const double radius = track.height() / 2;
  painter.setBrush(color(&ThemeTokens::press));
  painter.drawRoundedRect(track, radius, radius);
  painter.setBrush(color(m_token));
  if (m_fraction < 0) {
    // Not known: a still mark in the middle third, so that nothing blinks.
    painter.setOpacity(0.6);
    painter.drawRoundedRect(track.adjusted(track.width() / 3, 0, -track.width() / 3, 0), radius, radius);
  } else if (m_fraction > 0) {
    QRectF done = track;
    done.setWidth(std::max(track.width() * m_fraction, track.height()));
    painter.drawRoundedRect(done, radius, radius);
  }
}

}  // namespace scalewright::ui
