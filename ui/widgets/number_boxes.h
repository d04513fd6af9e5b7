#pragma once
// Fields for numbers without the small buttons, with a hint.

#include <QDoubleSpinBox>
#include <QSpinBox>

namespace scalewright::ui {

QSpinBox* wholeBox(int low, int high, const QString& hint);

// Without zeros at the end; words in place of the smallest value are there to be typed over.
class RealBox : public QDoubleSpinBox {
  Q_OBJECT
 public:
  RealBox(double low, double high, int decimals, const QString& hint);
  QString textFromValue(double value) const override;

 protected:
  void focusInEvent(QFocusEvent* event) override;
};

}  // namespace scalewright::ui
