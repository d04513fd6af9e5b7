#pragma once
// One answer of a model: Markdown and code as such, growing while it streams; below it how fast it came, and what can be done.

#include <QTextBrowser>
#include <QWidget>

class QLabel;

namespace scalewright::ui {

class Button;

// Text as high as its content; never scrolls, loads nothing, follows no link by itself.
class FlowText : public QTextBrowser {
  Q_OBJECT
 public:
  explicit FlowText(QWidget* parent = nullptr);
  void setAnswer(const QString& text, bool streaming);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  QVariant loadResource(int type, const QUrl& name) override;

 private:
  void fit();
  void restyle();
  QString m_text;
  bool m_streaming = false, m_mono = false;
};

class AnswerView : public QWidget {
  Q_OBJECT
 public:
  explicit AnswerView(const QString& whose, QWidget* parent = nullptr);
  void wait(const QString& why);       // until begin(): "waits until ..."
  void begin();                        // reads its prompt
  void append(const QString& text, int tokens = 1);
  void finish(const QString& facts);   // "58 tokens, 71 a second"
  void fail(const QString& message);
  void restart();
  bool streaming() const { return m_streaming; }
  QString text() const { return m_text; }
  void setText(const QString& text, const QString& facts);  // a kept conversation

 signals:
  void regenerateClicked();

 private:
  void show();
  FlowText* m_view;
  QLabel* m_facts;
  Button *m_copy, *m_again;
  QString m_text;
  bool m_streaming = true;
  int m_pieces = 0;
};

}  // namespace scalewright::ui
