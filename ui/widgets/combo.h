#pragma once
// A combo box whose text is shortened where it does not fit; the whole of it is then the tooltip.

#include <QComboBox>

namespace scalewright::ui {

class Combo : public QComboBox {
  Q_OBJECT
 public:
  explicit Combo(QWidget* parent = nullptr);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QString shown() const;
};

}  // namespace scalewright::ui
