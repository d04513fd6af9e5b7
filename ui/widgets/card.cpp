#include "ui/widgets/card.h"

#include "ui/widgets/labels.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

Card::Card(const QString& title, const QString& hint, QWidget* parent) : QFrame(parent) {
  setObjectName(QStringLiteral("card"));
  auto* outer = vbox({}, 0);
  m_title = label(title, FontRole::CardTitle);
  m_hint = new ElidedLabel(hint, FontRole::Help, Ink::Text3);
  m_tools = hbox({}, 4);
  auto* line = hbox({m_title, grow(m_hint), m_tools}, 8, {16, 8, 12, 0});
  m_head = wrap(line);
  setScaledMinimum(m_head, 0, 40);
  m_body = vbox({}, 8, {16, 12, 16, 12});
  outer->addWidget(m_head);
  outer->addLayout(m_body, 1);
  setLayout(outer);
  setTitle(title);
}

void Card::setTitle(const QString& title) {
  m_title->setText(title);
  setAccessibleName(title);
  m_head->setVisible(!title.isEmpty());
  if (!title.isEmpty()) setBodyMargins(16, 4, 16, 12);
}
void Card::setHint(const QString& hint) { m_hint->setFullText(hint); }
void Card::addTool(QWidget* tool) { m_tools->addWidget(tool); }
void Card::setBodyMargins(int left, int top, int right, int bottom) { setScaledMargins(m_body, left, top, right, bottom); }

QFrame* sunkenFrame(QLayout* layout) {
  auto* frame = new QFrame;
  frame->setObjectName(QStringLiteral("sunken"));
  frame->setLayout(layout);
  return frame;
}

}  // namespace scalewright::ui
