#pragma once
// 28 pixels at the foot: the running job, its step and time left at the left; device and memory at the right.

#include <QWidget>

class QLabel;

namespace scalewright::ui {

class ElidedLabel;
class StatusDot;

class StatusBar : public QWidget {
  Q_OBJECT
 public:
  explicit StatusBar(QWidget* parent = nullptr);
  void setReady(const QString& word = {});                // no job runs
  void setJob(const QString& title, const QString& step, const QString& timeLeft);
  void setMachine(const QString& device, const QString& memory);
  QString jobText() const;

 signals:
  void jobClicked();  // brings the person to the job's page

 protected:
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  StatusDot* m_dot;
  ElidedLabel *m_job, *m_step;
  QLabel *m_left, *m_device, *m_memory;
  QWidget *m_line1, *m_line2;
  bool m_busy = false;
};

}  // namespace scalewright::ui
