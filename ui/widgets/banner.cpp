#include "ui/widgets/banner.h"

#include <QKeyEvent>

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

Banner::Banner(QWidget* parent) : QFrame(parent) {
  setObjectName(QStringLiteral("banner"));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setFocusPolicy(Qt::TabFocus);
  m_icon = new IconLabel(QStringLiteral("info"), &ThemeTokens::info, 18);
  m_title = label({}, FontRole::Strong, Ink::Text, true);
  m_text = label({}, FontRole::Help, Ink::Text2, true);
  m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_actions = hbox({}, 8);
  m_close = new Button(Button::Icon, tr("Close this message"), QStringLiteral("close"));
  connect(m_close, &Button::clicked, this, &Banner::dismiss);
  setLayout(hbox({vbox({gap(1), m_icon, fill()}, 0), grow(vbox({m_title, m_text}, 2)), m_actions, m_close}, 12, {14, 10, 12, 10}));
  hide();
}

void Banner::show(Tone tone, const QString& title, const QString& text, bool closable) {
  clearLayout(m_actions);
  const char* name = tone == Tone::Danger ? "danger" : tone == Tone::Warn ? "warn" : tone == Tone::Ok ? "ok" : "info";
  const char* glyph = tone == Tone::Danger ? "error" : tone == Tone::Warn ? "warn" : tone == Tone::Ok ? "check" : "info";
  setStyleProperty(this, "tone", QLatin1String(name));
  m_icon->setIcon(QLatin1String(glyph), tone == Tone::Neutral || tone == Tone::Accent ? &ThemeTokens::info : toneText(tone));
  m_title->setText(title);
  m_text->setText(text);
  m_text->setVisible(!text.isEmpty());
  m_close->setVisible(closable);
  setAccessibleName(title);
  setAccessibleDescription(text);
  setVisible(true);
}

Button* Banner::addAction(const QString& text, bool quiet, const QString& iconName) {
  auto* button = new Button(quiet ? Button::Quiet : Button::Default, text, iconName);
  m_actions->addWidget(button);
  return button;
}

void Banner::dismiss() {
  if (!isVisibleTo(parentWidget())) return;
  hide();
  emit dismissed();
}
QString Banner::title() const { return m_title->text(); }
QString Banner::text() const { return m_text->text(); }

void Banner::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape && m_close->isVisible()) return dismiss();
  QFrame::keyPressEvent(event);
}

}  // namespace scalewright::ui
