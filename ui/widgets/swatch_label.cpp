#include "ui/widgets/swatch_label.h"

#include <QPainter>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

SwatchLabel::SwatchLabel(Token token, QWidget* parent) : QWidget(parent), m_token(token) { setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed); }

void SwatchLabel::setText(const QString& text) {
  m_text = text;
  setAccessibleName(text);
  updateGeometry();
  update();
}

QSize SwatchLabel::sizeHint() const {
  const QFontMetrics metrics(theme().font(FontRole::Help));
  return {m_text.isEmpty() ? 0 : metrics.horizontalAdvance(m_text) + px(23), metrics.height() + 2};
}

void SwatchLabel::paintEvent(QPaintEvent*) {
  if (m_text.isEmpty()) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(color(&ThemeTokens::control), 1));
  painter.setBrush(color(m_token));
  painter.drawRoundedRect(QRectF(0.5, (height() - px(11)) / 2.0 + 0.5, px(13), px(10)), px(3), px(3));
  painter.setFont(theme().font(FontRole::Help));
  painter.setPen(color(&ThemeTokens::text2));
  painter.drawText(QRectF(px(21), 0, width() - px(21), height()), Qt::AlignVCenter, m_text);
}

}  // namespace scalewright::ui
