#include "ui/widgets/toast.h"

#include <QEvent>
#include <QKeyEvent>
#include <QTimer>
#include <utility>

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

Toast::Toast(QWidget* window) : QFrame(window) {
  setObjectName(QStringLiteral("toast"));
  m_text = label({});
  m_action = new Button(Button::Quiet, {}, QStringLiteral("undo"));
  setLayout(hbox({new IconLabel(QStringLiteral("check"), &ThemeTokens::ok), m_text, m_action}, 8, {14, 5, 8, 5}));
  m_timer = new QTimer(this);
  m_timer->setSingleShot(true);
  connect(m_timer, &QTimer::timeout, this, [this] { held() ? m_timer->start(1000) : hide(); });
  connect(m_action, &Button::clicked, this, [this] {
    hide();
    if (m_onAction) std::exchange(m_onAction, nullptr)();
  });
  window->installEventFilter(this);
  hide();
}

void Toast::show(const QString& text) { show(text, {}, nullptr); }
void Toast::show(const QString& text, const QString& action, std::function<void()> onAction, const QString& icon) {
  m_text->setText(text);
  m_action->setText(action);
  m_action->setIconName(icon);
  m_action->setVisible(!action.isEmpty());
  m_onAction = std::move(onAction);
  setAccessibleName(text);
  place();
  setVisible(true);
  raise();
  m_timer->start(kMilliseconds);
}
QString Toast::text() const { return m_text->text(); }

bool Toast::held() const { return underMouse() || m_action->hasFocus(); }

void Toast::place() {
  layout()->activate();
  adjustSize();
  QWidget* window = parentWidget();
  move((window->width() - width()) / 2, window->height() - height() - px(28 + 16));
}

bool Toast::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize && isVisible()) place();
  return QFrame::eventFilter(watched, event);
}
void Toast::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return hide();
  QFrame::keyPressEvent(event);
}

}  // namespace scalewright::ui
