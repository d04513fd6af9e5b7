#include "ui/widgets/focus_ring.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QApplication>
#include <QEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QSlider>

#include "ui/widgets/stepper.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

class Frame : public QFocusFrame {
 public:
  using QFocusFrame::QFocusFrame;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(color(&ThemeTokens::accent), 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), px(9), px(9));
  }
};

// Text fields show focus by their own edge; views and the stepper inside themselves.
bool wantsRing(const QWidget* widget) {
  if (qobject_cast<const QAbstractItemView*>(widget) || qobject_cast<const Stepper*>(widget)) return false;
  return qobject_cast<const QAbstractButton*>(widget) || qobject_cast<const QSlider*>(widget) ||
         widget->inherits("scalewright::ui::HeatMap") || widget->inherits("scalewright::ui::Banner");
}

}  // namespace

FocusRing::FocusRing(QObject* parent) : QObject(parent) {
  qApp->installEventFilter(this);
  connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) { follow(now); });
}

bool FocusRing::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::KeyPress) {
    m_keyboard = true;
  } else if (event->type() == QEvent::MouseButtonPress) {
    m_keyboard = false;
    if (m_frame) m_frame->setWidget(nullptr);
    if (QWidget* focus = QApplication::focusWidget(); focus && focus->property("keyboardFocus").toBool()) {
      focus->setProperty("keyboardFocus", false);
      focus->update();
    }
  }
  return QObject::eventFilter(watched, event);
}

void FocusRing::follow(QWidget* now) {
  if (m_frame) m_frame->setWidget(nullptr);
  if (!now) return;
  if (qobject_cast<QAbstractItemView*>(now)) now->setProperty("keyboardFocus", m_keyboard);
  if (!m_keyboard || !wantsRing(now) || !now->window() || now->window() == now) return;
  // A frame belongs to the window of its widget; it is made anew where it was deleted with its parent.
  if (!m_frame) m_frame = new Frame(now->window());
  m_frame->setWidget(now);
}

}  // namespace scalewright::ui
