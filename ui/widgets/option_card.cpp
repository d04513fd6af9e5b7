#include "ui/widgets/option_card.h"

#include <QPainter>
#include <QResizeEvent>
#include <cmath>

#include "ui/widgets/chip.h"

namespace scalewright::ui {

void paintRadio(QPainter* painter, const QRectF& rect, bool on, bool enabled) {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const double k = rect.width() / 16.0;
  painter->setPen(QPen(color(on && enabled ? &ThemeTokens::accent : enabled ? &ThemeTokens::control : &ThemeTokens::border), 1.4 * k));
  painter->setBrush(color(&ThemeTokens::card));
  painter->drawEllipse(rect.adjusted(1.5 * k, 1.5 * k, -1.5 * k, -1.5 * k));
  if (on) {
    painter->setPen(Qt::NoPen);
    painter->setBrush(color(enabled ? &ThemeTokens::accent : &ThemeTokens::text3));
    painter->drawEllipse(rect.adjusted(4.5 * k, 4.5 * k, -4.5 * k, -4.5 * k));
  }
  painter->restore();
}

OptionCard::OptionCard(const QString& title, const QString& line, QWidget* parent) : QAbstractButton(parent), m_line(line) {
  setText(title);
  setCheckable(true);
  setAutoExclusive(true);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setAccessibleName(title);
  setAccessibleDescription(line);
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void OptionCard::setLine(const QString& line) {
  if (line == m_line) return;
  m_line = line;
  setAccessibleDescription(line);
  updateGeometry();
  update();
}
void OptionCard::setChip(const QString& text, Tone tone) {
  m_chip = text;
  m_tone = tone;
  update();
}
void OptionCard::setChipAtRight(bool right) {
  m_chipRight = right;
  update();
}
void OptionCard::setRoomForLine(bool on) {
  m_roomForLine = on;
  updateGeometry();
}
void OptionCard::setOpensList(bool on) {
  m_opensList = on;
  update();
}
void OptionCard::setMetric(const QString& number, const QString& unit, const QString& below) {
  m_metric = number;
  m_unit = unit;
  m_below = below;
  updateGeometry();
  update();
}

int OptionCard::textLeft() const { return m_metric.isEmpty() ? px(38) : px(14); }

// Of the words below the number.
int OptionCard::belowHeight(int width) const {
  const QFontMetrics help(theme().font(FontRole::Help));
  return std::max(help.height(), help.boundingRect(QRect(0, 0, std::max(40, width - textLeft() - px(10)), 10000), Qt::TextWordWrap, m_below).height());
}

// A list of many has no room to waste.
int OptionCard::padding() const { return px(m_roomForLine ? 7 : 9); }

QSize OptionCard::sizeHint() const { return {px(200), heightForWidth(px(200))}; }
// As high as it is where it is wide; how high it is at a width says heightForWidth(). A row of cards with numbers is narrow, and as high as
// what is written in them takes now.
QSize OptionCard::minimumSizeHint() const { return {px(110), heightForWidth(m_metric.isEmpty() ? std::max(px(600), width()) : width())}; }
void OptionCard::resizeEvent(QResizeEvent* event) {
  QAbstractButton::resizeEvent(event);
  if (!m_metric.isEmpty() && event->oldSize().width() != width()) updateGeometry();
}

int OptionCard::heightForWidth(int width) const {
  const QFontMetrics help(theme().font(FontRole::Help)), strong(theme().font(FontRole::Strong));
  const QRect line = help.boundingRect(QRect(0, 0, std::max(40, width - textLeft() - px(12)), 10000), Qt::TextWordWrap, m_line);
  int height = padding() + strong.height() + px(2) + (m_line.isEmpty() ? (m_roomForLine ? help.height() : 0) : line.height()) + padding();
  if (!m_metric.isEmpty()) height += QFontMetrics(theme().font(FontRole::Metric)).height() + belowHeight(width) + px(14);
  return height;
}

void OptionCard::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const bool on = isChecked(), enabled = isEnabled();
  painter.setPen(QPen(color(on ? &ThemeTokens::accent : &ThemeTokens::border), 1));
  painter.setBrush(color(on ? &ThemeTokens::accentSoft : !enabled ? &ThemeTokens::sunken : underMouse() ? &ThemeTokens::hover : &ThemeTokens::card));
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8));

  const QFont strong = theme().font(FontRole::Strong), help = theme().font(FontRole::Help);
  const QFontMetrics sm(strong);
  const int top = padding();
  const int titleLeft = m_metric.isEmpty() ? px(38) : px(38);
  paintRadio(&painter, QRectF(px(13), top + (sm.height() - px(16)) / 2.0, px(16), px(16)), on, enabled);

  double right = width() - px(12);
  if (!m_chip.isEmpty()) {
    const double w = Chip::sizeFor(m_chip).width(), after = titleLeft + sm.horizontalAdvance(text()) + px(9);
    const bool below = !m_chipRight && !m_metric.isEmpty() && after > right - w;
    const double x = m_chipRight || below ? right - w : std::min(after, right - w);
    const double middle = below ? top + sm.height() + px(6) + QFontMetrics(theme().font(FontRole::Metric)).height() / 2.0 : top + sm.height() / 2.0;
    Chip::paint(&painter, QPointF(x, middle), m_chip, m_tone, on);
    if (m_chipRight) right = x - px(6);
  }
  if (m_opensList) {
    right -= px(14);
    painter.setPen(QPen(color(enabled ? &ThemeTokens::text2 : &ThemeTokens::text3), 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF middle(right + px(8), top + sm.height() / 2.0 + 1);
    const QPointF mark[] = {middle + QPointF(-px(4), -px(2)), middle + QPointF(0, px(2)), middle + QPointF(px(4), -px(2))};
    painter.drawPolyline(mark, 3);
    right -= px(4);
  }
  painter.setFont(strong);
  painter.setPen(color(enabled ? &ThemeTokens::text : &ThemeTokens::text3));
  painter.drawText(QRectF(titleLeft, top, right - titleLeft, sm.height()), Qt::AlignVCenter, sm.elidedText(text(), Qt::ElideRight, int(right - titleLeft)));

  int y = top + sm.height() + px(2);
  const int left = textLeft();
  if (!m_metric.isEmpty()) {
    const QFont metric = theme().font(FontRole::Metric);
    const QFontMetrics mm(metric);
    y += px(4);
    painter.setFont(metric);
    painter.drawText(QPointF(left, y + mm.ascent()), m_metric);
    painter.setFont(theme().font(FontRole::Body));
    painter.setPen(color(&ThemeTokens::text2));
    painter.drawText(QPointF(left + mm.horizontalAdvance(m_metric) + px(5), y + mm.ascent()), m_unit);
    y += mm.height() + px(2);
    painter.setFont(help);
    painter.drawText(QRectF(left, y, width() - left - px(10), belowHeight(width())), Qt::TextWordWrap, m_below);
    y += belowHeight(width()) + px(4);
  }
  painter.setFont(help);
  painter.setPen(color(&ThemeTokens::text3));
  const int room = width() - left - px(12);
  painter.drawText(QRectF(left, y, room, height() - y), Qt::TextWordWrap, m_line);
}

}  // namespace scalewright::ui
