#include "ui/widgets/path_edit.h"

#include <QPainter>
#include <QStyle>
#include <QStyleOptionFrame>

namespace scalewright::ui {

QRect PathEdit::room() const {
  QStyleOptionFrame panel;
  initStyleOption(&panel);
  return style()->subElementRect(QStyle::SE_LineEditContents, &panel, this).adjusted(2, 0, -2, 0);  // as QLineEdit leaves
}

QString PathEdit::shown() const { return hasFocus() ? text() : fontMetrics().elidedText(text(), Qt::ElideMiddle, room().width()); }

void PathEdit::paintEvent(QPaintEvent* event) {
  const QString words = shown();
  if (words == text()) return QLineEdit::paintEvent(event);
  QStyleOptionFrame panel;
  initStyleOption(&panel);
  QPainter painter(this);
  style()->drawPrimitive(QStyle::PE_PanelLineEdit, &panel, &painter, this);
  painter.setPen(palette().color(isEnabled() ? QPalette::Active : QPalette::Disabled, QPalette::Text));
  painter.drawText(room(), Qt::AlignVCenter | Qt::AlignLeft, words);
}

}  // namespace scalewright::ui
