#pragma once
// A rendered row as the model sees it: what it learns to write is highlighted, the rest only read.

#include <QTextEdit>

#include "engine/text/chat_template.h"

namespace scalewright::ui {

class LearnedText : public QTextEdit {
  Q_OBJECT
 public:
  explicit LearnedText(QWidget* parent = nullptr);
  void setRendered(const Rendered& rendered);

 private:
  void paintText();
  Rendered m_rendered;
};

}  // namespace scalewright::ui
