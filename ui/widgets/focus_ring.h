#pragma once
// Focus by keyboard: a ring of 2 px, 2 px outside the control. Views paint theirs inside their rows.

#include <QFocusFrame>
#include <QObject>
#include <QPointer>

namespace scalewright::ui {

class FocusRing : public QObject {
  Q_OBJECT
 public:
  explicit FocusRing(QObject* parent);

 private:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void follow(QWidget* now);
  QPointer<QFocusFrame> m_frame;
  bool m_keyboard = false;
};

}  // namespace scalewright::ui
