#pragma once
// A slider with its value at the right of the label, typed too; a double click on the handle gives the default back.

#include <QWidget>

class QLabel;
class QLineEdit;
class QSlider;

namespace scalewright::ui {

class ValueSlider : public QWidget {
  Q_OBJECT
 public:
  // Values low..high in steps; `decimals` of the shown number.
  ValueSlider(const QString& label, double low, double high, double step, int decimals, double fallback, QWidget* parent = nullptr);
  double value() const;
  void setValue(double value);
  // no signal
  void setDefault(double value);      // what a double click gives back; goes there
  void setUnit(const QString& unit);  // words after the number

 signals:
  void valueChanged(double value);  // by the person

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void showValue();
  QSlider* m_slider;
  QLineEdit* m_edit;
  QLabel* m_unit;
  double m_low, m_step, m_default;
  int m_decimals;
};

}  // namespace scalewright::ui
