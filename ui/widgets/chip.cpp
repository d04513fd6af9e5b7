#include "ui/widgets/chip.h"

#include <QFontMetricsF>
#include <QPainter>
#include <cmath>

namespace scalewright::ui {

Chip::Chip(const QString& text, Tone tone, QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setFontRole(this, FontRole::Chip);
  setState(text, tone);
}

void Chip::setState(const QString& text, Tone tone) {
  m_text = text;
  m_tone = tone;
  setAccessibleName(text);
  updateGeometry();
  update();
}
void Chip::setOnSelection(bool on) {
  m_onSelection = on;
  update();
}

QSizeF Chip::sizeFor(const QString& text) {
  return {QFontMetricsF(theme().font(FontRole::Chip)).horizontalAdvance(text) + px(16), double(px(19))};
}
QSize Chip::sizeHint() const {
  const QSizeF size = sizeFor(m_text);
  return {int(std::ceil(size.width())), int(size.height())};
}

QRectF Chip::paint(QPainter* painter, QPointF leftMiddle, const QString& text, Tone tone, bool onSelection) {
  const QSizeF size = sizeFor(text);
  const QRectF rect(leftMiddle.x(), leftMiddle.y() - size.height() / 2, size.width(), size.height());
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(Qt::NoPen);
  painter->setBrush(color(onSelection ? &ThemeTokens::card : toneSoft(tone)));
  painter->drawRoundedRect(rect, rect.height() / 2, rect.height() / 2);
  painter->setFont(theme().font(FontRole::Chip));
  painter->setPen(color(toneText(tone)));
  painter->drawText(rect, Qt::AlignCenter, text);
  painter->restore();
  return rect;
}

void Chip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (!m_text.isEmpty()) paint(&painter, QPointF(0, height() / 2.0), m_text, m_tone, m_onSelection);
}

}  // namespace scalewright::ui
