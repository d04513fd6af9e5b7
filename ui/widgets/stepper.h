#pragma once
// The steps of a wizard: done (with the value chosen, clickable), current, to come.

#include <QWidget>

namespace scalewright::ui {

class Stepper : public QWidget {
  Q_OBJECT
 public:
  explicit Stepper(const QStringList& names, QWidget* parent = nullptr);
  void setCurrent(int step);
  int current() const { return m_current; }
  void setReached(int step);  // steps below may be clicked
  void setStepValue(int step, const QString& value);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 signals:
  void stepClicked(int step);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  int stepAt(int x) const;
  void describe();
  QStringList m_names, m_values;
  int m_current = 0, m_reached = 0, m_marked = 0;  // marked: by the arrow keys
};

}  // namespace scalewright::ui
