#include "ui/pages/chat_head.h"

#include <QLabel>

#include "ui/settings/format.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

ChatHead::ChatHead(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("clear"));
  m_leftChip = new Chip;
  m_leftName = new ElidedLabel({}, FontRole::CardTitle, Ink::Text, Qt::ElideMiddle);
  m_leftCodes = label({}, FontRole::Help, Ink::Text2);
  m_rightName = new ElidedLabel({}, FontRole::CardTitle, Ink::Text, Qt::ElideMiddle);
  m_rightCodes = label({}, FontRole::Help, Ink::Ok);
  m_lock = new IconLabel(QStringLiteral("lock"), &ThemeTokens::ok, 14);
  m_line = verticalLine();
  m_right = wrap(hbox({new Chip(tr("Tuned"), Tone::Accent), grow(m_rightName), m_lock, m_rightCodes}, 8));
  setLayout(hbox({grow(wrap(hbox({m_leftChip, grow(m_leftName), m_leftCodes}, 8))), m_line, grow(m_right)}, 16, QMargins(16, 10, 16, 10)));
}

// Where there is little room the names stay; the lock says the rest when it is pointed at.
void ChatHead::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const bool wide = width() > px(640);
  m_leftCodes->setVisible(wide);
  m_rightCodes->setVisible(wide);
}

void ChatHead::setAnswering(const QString& original, const QString& tuned, bool both, bool learned, const QString& codesHash) {
  const bool plain = both || tuned.isEmpty();
  const QString codes = codesHash.isEmpty() ? QString() : tr("codes %1").arg(hashText(codesHash));
  const bool isTuned = !plain || (learned && !both);
  m_leftChip->setState(isTuned ? tr("Tuned") : tr("Original"), isTuned ? Tone::Accent : Tone::Neutral);
  m_leftName->setFullText(plain ? original : tuned);
  m_leftCodes->setText(codes);
  m_rightName->setFullText(tuned);
  m_rightCodes->setText(codes.isEmpty() ? tr("one copy of the codes") : tr("%1, the same").arg(codes));
  m_lock->setToolTip(m_rightCodes->text());
  m_line->setVisible(both);
  m_right->setVisible(both);
}

}  // namespace scalewright::ui
