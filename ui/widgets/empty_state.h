#pragma once
// Nothing here yet: one sentence, one main action.

#include <QWidget>

class QLabel;

namespace scalewright::ui {

class Button;

class EmptyState : public QWidget {
  Q_OBJECT
 public:
  // Without `action` there is no button.
  EmptyState(const QString& iconName, const QString& title, const QString& line, const QString& action = {}, QWidget* parent = nullptr);
  void setText(const QString& title, const QString& line);
  Button* button() const { return m_button; }

 signals:
  void actionClicked();

 private:
  QLabel *m_title, *m_line;
  Button* m_button = nullptr;
};

}  // namespace scalewright::ui
