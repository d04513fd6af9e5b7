#pragma once
// Fields for numbers without the small buttons, with a hint.

#include <QDoubleSpinBox>
#include <QSpinBox>

namespace scalewright::ui {

QSpinBox* wholeBox(int low, int high, const QString& hint);

// Without zeros at the end. Words in place of the smallest value are a hint: grey, and there to be typed over.
class RealBox : public QDoubleSpinBox {
  Q_OBJECT
 public:
  RealBox(double low, double high, int decimals, const QString& hint);
  void setHint(const QString& words);  // in place of the smallest value
  QString textFromValue(double value) const override;

 protected:
  void focusInEvent(QFocusEvent* event) override;

 private:
  bool hinting() const { return !specialValueText().isEmpty() && value() == minimum(); }
};

}  // namespace scalewright::ui
