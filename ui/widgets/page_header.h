#pragma once
// Title, one line of purpose, actions at the right with the primary last.

#include <QWidget>

class QHBoxLayout;
class QLabel;

namespace scalewright::ui {

class ElidedLabel;

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

 private:
  ElidedLabel *m_title, *m_purpose;
  QHBoxLayout* m_actions;
};

}  // namespace scalewright::ui
