#include "ui/widgets/number_boxes.h"

#include <QTimer>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

QSpinBox* wholeBox(int low, int high, const QString& hint) {
  auto* box = new QSpinBox;
  box->setRange(low, high);
  box->setButtonSymbols(QAbstractSpinBox::NoButtons);
  box->setToolTip(hint);
  return box;
}

RealBox::RealBox(double low, double high, int decimals, const QString& hint) {
  setDecimals(decimals);
  setRange(low, high);
  setButtonSymbols(QAbstractSpinBox::NoButtons);
  setToolTip(hint);
  connect(this, &QDoubleSpinBox::valueChanged, this, [this] { setStyleProperty(this, "hint", hinting()); });
}

void RealBox::setHint(const QString& words) {
  setSpecialValueText(words);
  setStyleProperty(this, "hint", hinting());
}

QString RealBox::textFromValue(double value) const {
  QString text = QDoubleSpinBox::textFromValue(value);
  const auto point = locale().decimalPoint();
  if (!text.contains(point)) return text;
  while (text.endsWith(QLatin1Char('0'))) text.chop(1);
  if (text.endsWith(point)) text.chop(1);
  return text;
}

void RealBox::focusInEvent(QFocusEvent* event) {
  QDoubleSpinBox::focusInEvent(event);
  if (hinting()) QTimer::singleShot(0, this, &QDoubleSpinBox::selectAll);
}

}  // namespace scalewright::ui
