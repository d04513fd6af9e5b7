#pragma once
// Title, one line of purpose, actions at the right with the primary last; below the title where they would leave it no room.

#include <QWidget>

class QBoxLayout;

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

 protected:
  bool event(QEvent* event) override;
 signals:
  void titleChanged();


 private:
  void arrange();
  ElidedLabel *m_title, *m_purpose;
  FlowLayout* m_actions;
  QBoxLayout* m_parts;
};

}  // namespace scalewright::ui
