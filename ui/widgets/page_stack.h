#pragma once
// Shows one of several widgets and asks for the room of that one alone (a QStackedWidget asks for the tallest of them all).

#include <QList>
#include <QWidget>

class QVBoxLayout;

namespace scalewright::ui {

class PageStack : public QWidget {
  Q_OBJECT
 public:
  explicit PageStack(QWidget* parent = nullptr);
  int addWidget(QWidget* page);  // its index; the first one is shown
  QWidget* widget(int index) const { return m_pages.value(index); }
  int currentIndex() const { return m_current; }
  QWidget* currentWidget() const { return widget(m_current); }

 public slots:
  // Keyboard focus within the page that leaves goes to the one that comes.
  void setCurrentIndex(int index);

 private:
  QVBoxLayout* m_layout;
  QList<QWidget*> m_pages;
  int m_current = -1;
};

}  // namespace scalewright::ui
