#pragma once
// A path to be written to. Without the focus it shows beginning and end where it has no room for all; the tooltip is the whole.

#include <QLineEdit>

namespace scalewright::ui {

class PathEdit : public QLineEdit {
  Q_OBJECT
 public:
  using QLineEdit::QLineEdit;
  QString shown() const;  // as it is drawn now

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QRect room() const;
};

}  // namespace scalewright::ui
