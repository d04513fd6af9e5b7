#pragma once
// A short message at the bottom centre of a window, six seconds, longer while the pointer or the focus is on it. For undo.

#include <QFrame>
#include <functional>

class QLabel;
class QTimer;

namespace scalewright::ui {

class Button;

class Toast : public QFrame {
  Q_OBJECT
 public:
  explicit Toast(QWidget* window);
  void show(const QString& text);
  void show(const QString& text, const QString& action, std::function<void()> onAction, const QString& icon = QStringLiteral("undo"));
  QString text() const;
  static constexpr int kMilliseconds = 6000;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void place();
  bool held() const;
  QLabel* m_text;
  Button* m_action;
  QTimer* m_timer;
  std::function<void()> m_onAction;
};

}  // namespace scalewright::ui
