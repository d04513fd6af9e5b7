#pragma once
// Text in the roles and tones of the look.

#include <QLabel>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

// Ink of a label: a property that the style sheet colours.
enum class Ink { Text, Text2, Text3, Accent, Ok, Warn, Danger, Info, Validation };

QLabel* label(const QString& text, FontRole role = FontRole::Body, Ink ink = Ink::Text, bool wraps = false);
void setInk(QLabel* label, Ink ink);
Ink inkOf(Tone tone);
// An icon as a label that follows theme and size.
class IconLabel : public QWidget {
  Q_OBJECT
 public:
  explicit IconLabel(const QString& name, Token token = &ThemeTokens::text2, int size = 16, QWidget* parent = nullptr);
  void setIcon(const QString& name, Token token);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_name;
  Token m_token;
  int m_size;
};

// One line that shortens itself to the room it has; the whole text is its tooltip when it does not fit.
class ElidedLabel : public QLabel {
  Q_OBJECT
 public:
  explicit ElidedLabel(const QString& text = {}, FontRole role = FontRole::Body, Ink ink = Ink::Text,
                       Qt::TextElideMode mode = Qt::ElideRight, QWidget* parent = nullptr);
  void setFullText(const QString& text);
  QString fullText() const { return m_text; }
  void setHint(const QString& hint);  // its tooltip, below the text where that is cut
  QSize minimumSizeHint() const override;
  QSize sizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void elide();
  QString m_text, m_hint;
  Qt::TextElideMode m_mode;
};

}  // namespace scalewright::ui
