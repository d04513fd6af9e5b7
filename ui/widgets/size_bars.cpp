#include "ui/widgets/size_bars.h"

#include <QPainter>

#include "ui/settings/format.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

SizeBars::SizeBars(QWidget* parent) : QWidget(parent) {
  setScaledHeight(this, 46);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}
void SizeBars::setBytes(quint64 now, quint64 after) {
  m_now = now;
  m_after = after;
  setAccessibleName(tr("Size now %1, after %2").arg(bytesText(now), bytesText(after)));
  update();
}
void SizeBars::paintEvent(QPaintEvent*) {
  const quint64 most = std::max(m_now, m_after);
  if (most == 0) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double left = px(60), room = width() - left - px(90);
  const struct { QString name; quint64 bytes; Token token; } rows[] = {{tr("Now"), m_now, &ThemeTokens::press}, {tr("After"), m_after, &ThemeTokens::accent}};
  for (int i = 0; i < 2; ++i) {
    const double y = i * px(24), w = std::max(room * double(rows[i].bytes) / double(most), 3.0);
    painter.setFont(theme().font(FontRole::Body));
    painter.setPen(color(&ThemeTokens::text2));
    painter.drawText(QRectF(0, y, left, px(18)), Qt::AlignVCenter, rows[i].name);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(rows[i].token));
    painter.drawRoundedRect(QRectF(left, y + px(2), w, px(14)), px(4), px(4));
    painter.setFont(theme().font(FontRole::Mono));
    painter.setPen(color(&ThemeTokens::text));
    painter.drawText(QRectF(left + w + px(10), y, px(90), px(18)), Qt::AlignVCenter, bytesText(rows[i].bytes));
  }
}

}  // namespace scalewright::ui
