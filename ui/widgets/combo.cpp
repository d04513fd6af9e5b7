#include "ui/widgets/combo.h"

#include <QHelpEvent>
#include <QStyleOptionComboBox>
#include <QStylePainter>

#include "ui/widgets/theme.h"
#include "ui/widgets/tooltips.h"

namespace scalewright::ui {

Combo::Combo(QWidget* parent) : QComboBox(parent) {
  setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  setMinimumContentsLength(6);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

// Where it is as wide as its words, the words fit within what shown() leaves them.
QSize Combo::sizeHint() const {
  const QSize hint = QComboBox::sizeHint();
  return sizeAdjustPolicy() == QComboBox::AdjustToContents ? QSize(hint.width() + px(28), hint.height()) : hint;
}

QString Combo::shown() const {
  QStyleOptionComboBox option;
  initStyleOption(&option);
  const QRect room = style()->subControlRect(QStyle::CC_ComboBox, &option, QStyle::SC_ComboBoxEditField, this);
  const QString text = currentIndex() < 0 && !placeholderText().isEmpty() ? placeholderText() : currentText();
  return fontMetrics().elidedText(text, Qt::ElideMiddle, std::max(px(20), room.width() - px(4)));
}

void Combo::paintEvent(QPaintEvent*) {
  QStylePainter painter(this);
  painter.setPen(palette().color(isEnabled() ? QPalette::Text : QPalette::PlaceholderText));
  QStyleOptionComboBox option;
  initStyleOption(&option);
  painter.drawComplexControl(QStyle::CC_ComboBox, option);
  if (currentIndex() < 0 && !placeholderText().isEmpty()) option.palette.setBrush(QPalette::ButtonText, option.palette.placeholderText());
  option.currentText = shown();
  painter.drawControl(QStyle::CE_ComboBoxLabel, option);
}

bool Combo::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    QStringList lines;
    if (currentIndex() >= 0 && shown() != currentText()) lines << currentText();
    if (!toolTip().isEmpty()) lines << toolTip();
    if (lines.isEmpty()) return QComboBox::event(event);
    showTip(static_cast<QHelpEvent*>(event)->globalPos(), lines.join(QLatin1Char('\n')), this);
    return true;
  }
  return QComboBox::event(event);
}

}  // namespace scalewright::ui
