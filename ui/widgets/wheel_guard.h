#pragma once
// A page that is scrolled changes nothing on its way: boxes and sliders take the wheel only while they have the focus.

#include <QObject>

namespace scalewright::ui {

// Filters the events of the whole application while it lives.
class WheelGuard : public QObject {
  Q_OBJECT
 public:
  explicit WheelGuard(QObject* parent);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
};

}  // namespace scalewright::ui
