#include "ui/widgets/button.h"

#include <QApplication>
#include <QEvent>
#include <QGuiApplication>
#include <QMouseEvent>
#include <QStyleHints>
#include <utility>

#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

const char* kindName(Button::Kind kind) {
  switch (kind) {
    case Button::Default: return "default";
    case Button::Primary: return "primary";
    case Button::Soft: return "soft";
    case Button::Quiet: return "quiet";
    case Button::Danger: return "danger";
    case Button::Icon: return "icon";
    case Button::Square: return "square";
  }
  return "default";
}

// The last press that a button took: on what it said, where on the screen, when (milliseconds of the system).
struct Press {
  const Button* button = nullptr;
  QString words;
  QPointF where;
  quint64 when = 0;
};
Press& lastPress() {
  static Press press;
  return press;
}

}  // namespace

Button::Button(Kind kind, const QString& text, const QString& iconName, QWidget* parent)
    : QPushButton(parent), m_kind(kind), m_icon(iconName) {
  setProperty("kind", QLatin1String(kindName(kind)));
  setAutoDefault(false);
  const bool iconOnly = kind == Icon || kind == Square;
  if (iconOnly) {
    setAccessibleName(text);
    setHint(text);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  } else {
    setText(text);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  }
  setFontRole(this, kind == Primary || kind == Soft ? FontRole::ButtonStrong : FontRole::Button);
  if (!iconName.isEmpty()) setIconName(iconName);
  connect(&theme(), &Theme::changed, this, [this] {
    if (!icon().isNull()) sizeIcon();
  });
}

Token Button::ink() const {
  switch (m_kind) {
    case Primary: return &ThemeTokens::onAccent;
    case Soft: return &ThemeTokens::accentText;
    case Danger: return &ThemeTokens::danger;
    default: return &ThemeTokens::text2;
  }
}

void Button::setIconName(const QString& name) {
  m_icon = name;
  const bool iconOnly = m_kind == Icon || m_kind == Square;
  setIcon(name.isEmpty() ? QIcon() : iconOnly ? ui::icon(name, ink()) : buttonIcon(name, ink()));
  sizeIcon();
}

void Button::sizeIcon() {
  const bool iconOnly = m_kind == Icon || m_kind == Square;
  // Fusion keeps 4 px between icon and text; the padded pixmap adds the rest.
  setIconSize(QSize(px(iconOnly ? 16 : 19), px(16)));
}

void Button::setHint(const QString& tooltip) {
  m_hint = tooltip;
  setToolTip(tooltip);
}

void Button::setRefusal(const QString& reason) {
  // Disabled for a moment (a plan is being made), it gets the focus back unless the person went elsewhere.
  if (!reason.isEmpty() && hasFocus()) {
    clearFocus();
    m_hadFocus = true;
  }
  setEnabled(reason.isEmpty());
  if (reason.isEmpty() && std::exchange(m_hadFocus, false) && isVisible() && !QApplication::focusWidget()) setFocus(Qt::OtherFocusReason);
  setToolTip(reason.isEmpty() ? m_hint : reason);
  setAccessibleDescription(reason);
}

void Button::setBusy(bool busy, const QString& text) {
  if (busy == m_busy) return;
  m_busy = busy;
  if (busy) {
    m_text = this->text();
    setMinimumWidth(width());
    if (!text.isEmpty()) setText(text);
    setIcon(buttonIcon(QStringLiteral("refresh"), ink()));
    setEnabled(false);
  } else {
    setText(m_text);
    setMinimumWidth(0);
    setIconName(m_icon);
    setEnabled(true);
  }
}

bool Button::secondOfTwo(const QMouseEvent& press) const {
  const Press& first = lastPress();
  const QStyleHints& hints = *QGuiApplication::styleHints();
  return first.button && (first.button != this || first.words != text()) && press.timestamp() - first.when < quint64(hints.mouseDoubleClickInterval()) &&
         (press.globalPosition() - first.where).manhattanLength() <= 2 * hints.mouseDoubleClickDistance();
}

void Button::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) {
    if (secondOfTwo(*event)) return;
    lastPress() = {this, text(), event->globalPosition(), event->timestamp()};
  }
  QPushButton::mousePressEvent(event);
}

void Button::changeEvent(QEvent* event) {
  QPushButton::changeEvent(event);
  if (event->type() == QEvent::FontChange && !icon().isNull()) sizeIcon();
}

}  // namespace scalewright::ui
