#pragma once
// Title, one line of purpose, actions at the right with the primary last; below the title where they would leave it no room. A purpose
// that does not fit beside them goes below both.

#include <QWidget>

class QBoxLayout;
class QLabel;

namespace scalewright::ui {

class ElidedLabel;
class FlowLayout;

class PageHeader : public QWidget {
  Q_OBJECT
 public:
  explicit PageHeader(QWidget* parent = nullptr);
  void setTitle(const QString& title);
  void setPurpose(const QString& line);
  QString title() const;
  QString purpose() const;
  void addAction(QWidget* control);
  void setActions(const QList<QWidget*>& controls);  // hides all others; they stay owned by the header

 signals:
  void titleChanged();

 protected:
  bool event(QEvent* event) override;

 private:
  void arrange();
  ElidedLabel* m_title;
  QLabel* m_purpose;
  FlowLayout* m_actions;
  QBoxLayout *m_words, *m_parts, *m_rows;  // title and purpose; those and the actions; and what does not fit beside them
};

}  // namespace scalewright::ui
