#include "ui/widgets/learned_text.h"

#include <QRegularExpression>
#include <QTextCursor>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

LearnedText::LearnedText(QWidget* parent) : QTextEdit(parent) {
  setReadOnly(true);
  setAccessibleName(tr("The row as the model sees it"));
  setFontRole(this, FontRole::Mono);
  setStyleProperty(this, "sunken", true);
  connect(&theme(), &Theme::changed, this, &LearnedText::paintText);
}

void LearnedText::setRendered(const Rendered& rendered) {
  m_rendered = rendered;
  paintText();
}

void LearnedText::paintText() {
  clear();
  QTextCursor cursor(document());
  QTextCharFormat read, learned, control;
  read.setForeground(color(&ThemeTokens::text));
  learned.setForeground(color(&ThemeTokens::text));
  learned.setBackground(color(&ThemeTokens::learned));
  control.setForeground(color(&ThemeTokens::text3));
  // Byte ranges of UTF-8; special tokens of the part that is only read are quiet.
  static const QRegularExpression special(QStringLiteral("<[|/]?[A-Za-z_|]+[|]?>"));
  const auto insertRead = [&](const QString& text) {
    qsizetype at = 0;
    for (auto it = special.globalMatch(text); it.hasNext();) {
      const auto match = it.next();
      cursor.insertText(text.mid(at, match.capturedStart() - at), read);
      cursor.insertText(match.captured(), control);
      at = match.capturedEnd();
    }
    cursor.insertText(text.mid(at), read);
  };
  const std::string& text = m_rendered.text;
  size_t at = 0;
  for (const auto& [begin, end] : m_rendered.learned) {
    if (begin < at || end > text.size() || end < begin) continue;
    insertRead(QString::fromUtf8(text.data() + at, static_cast<qsizetype>(begin - at)));
    cursor.insertText(QString::fromUtf8(text.data() + begin, static_cast<qsizetype>(end - begin)), learned);
    at = end;
  }
  insertRead(QString::fromUtf8(text.data() + at, static_cast<qsizetype>(text.size() - at)));
  moveCursor(QTextCursor::Start);
}

}  // namespace scalewright::ui
