#include "ui/widgets/message_field.h"

#include <QEvent>
#include <QKeyEvent>
#include <algorithm>
#include <cmath>

#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr int kMostLines = 6;

}  // namespace

MessageField::MessageField(QWidget* parent) : QPlainTextEdit(parent) {
  setTabChangesFocus(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);  // everything wraps
  document()->setDocumentMargin(2);
  connect(document(), &QTextDocument::contentsChanged, this, &MessageField::fit);
}

void MessageField::setText(const QString& text) {
  setPlainText(text);
  moveCursor(QTextCursor::End);
}

QSize MessageField::sizeHint() const {
  const int words = m_lines * fontMetrics().lineSpacing() + 2 * int(document()->documentMargin());
  return {px(120), std::max(px(32), words + px(12))};
}

// A line that wraps counts as those it is shown in.
void MessageField::fit() {
  const int lines = std::clamp(int(std::ceil(document()->size().height())), 1, kMostLines);
  if (lines == m_lines) return;
  m_lines = lines;
  setVerticalScrollBarPolicy(document()->size().height() > kMostLines ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
  updateGeometry();
}

void MessageField::keyPressEvent(QKeyEvent* event) {
  const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  if (enter && !(event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier))) {
    emit returnPressed();
    return;
  }
  QPlainTextEdit::keyPressEvent(event);
}

void MessageField::resizeEvent(QResizeEvent* event) {
  QPlainTextEdit::resizeEvent(event);
  fit();
}

void MessageField::changeEvent(QEvent* event) {
  QPlainTextEdit::changeEvent(event);
  if (event->type() == QEvent::FontChange) updateGeometry();
}

}  // namespace scalewright::ui
