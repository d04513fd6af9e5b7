#pragma once
// What a run will do when: its passes over the data as bars, its validations as circles above, the time below.

#include <QWidget>

namespace scalewright::ui {

class Timeline : public QWidget {
  Q_OBJECT
 public:
  explicit Timeline(QWidget* parent = nullptr);
  // `seconds` <= 0: not known.
  void setPlan(qint64 steps, double epochs, qint64 validateEvery, double seconds);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  qint64 m_steps = 0, m_every = 0;
  double m_epochs = 0.0, m_seconds = 0.0;
};

}  // namespace scalewright::ui
