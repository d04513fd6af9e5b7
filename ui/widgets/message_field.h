#pragma once
// Where a message is written: Return sends it, Shift+Return begins a line; it grows with its lines up to six, then scrolls.

#include <QPlainTextEdit>

namespace scalewright::ui {

class MessageField : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit MessageField(QWidget* parent = nullptr);
  QString text() const { return toPlainText(); }
  void setText(const QString& text);  // the caret goes to its end
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 signals:
  void returnPressed();

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void fit();
  int m_lines = 1;  // as they are laid out now, at most six
};

}  // namespace scalewright::ui
