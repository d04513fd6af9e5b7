#pragma once
// A colour and what it means: one entry of a legend in words.

#include <QWidget>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

class SwatchLabel : public QWidget {
  Q_OBJECT
 public:
  explicit SwatchLabel(Token token, QWidget* parent = nullptr);
  void setText(const QString& text);  // empty: nothing is drawn
  QString text() const { return m_text; }
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Token m_token;
  QString m_text;
};

}  // namespace scalewright::ui
