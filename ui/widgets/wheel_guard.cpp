#include "ui/widgets/wheel_guard.h"

#include <QAbstractSpinBox>
#include <QApplication>
#include <QComboBox>
#include <QEvent>
#include <QSlider>

namespace scalewright::ui {
namespace {

// The field that a wheel over `watched` would change; null: none.
QWidget* fieldOf(QObject* watched) {
  if (qobject_cast<QAbstractSpinBox*>(watched) || qobject_cast<QComboBox*>(watched) || qobject_cast<QSlider*>(watched)) return static_cast<QWidget*>(watched);
  return nullptr;
}

}  // namespace

WheelGuard::WheelGuard(QObject* parent) : QObject(parent) { qApp->installEventFilter(this); }

bool WheelGuard::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Polish) {
    // The wheel does not bring the focus either.
    if (QWidget* field = fieldOf(watched); field && field->focusPolicy() == Qt::WheelFocus) field->setFocusPolicy(Qt::StrongFocus);
  } else if (event->type() == QEvent::Wheel) {
    if (QWidget* field = fieldOf(watched); field && !field->hasFocus()) {
      event->ignore();  // what lies around it is scrolled
      return true;
    }
  }
  return false;
}

}  // namespace scalewright::ui
