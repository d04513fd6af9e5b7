#pragma once
// One figure in large type with its unit, and what it is below.

#include <QWidget>

class QLabel;

namespace scalewright::ui {

class ElidedLabel;

class Metric : public QWidget {
  Q_OBJECT
 public:
  explicit Metric(const QString& what = {}, QWidget* parent = nullptr);
  void setFigure(const QString& number, const QString& unit, const QString& what);
  QString number() const;

 private:
  QLabel *m_number, *m_unit;
  ElidedLabel* m_what;
};

}  // namespace scalewright::ui
