#pragma once
// Two bars, now and after, to one scale.

#include <QWidget>

namespace scalewright::ui {

class SizeBars : public QWidget {
  Q_OBJECT
 public:
  explicit SizeBars(QWidget* parent = nullptr);
  void setBytes(quint64 now, quint64 after);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  quint64 m_now = 0, m_after = 0;
};

}  // namespace scalewright::ui
