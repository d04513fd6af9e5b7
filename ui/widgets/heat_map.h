#pragma once
// Rows by layers, one cell a tensor; arrows move, the chosen cell is ringed. Values are 0..1 of the ramp or NaN (nothing).

#include <QList>
#include <QStringList>
#include <QWidget>

namespace scalewright::ui {

class HeatMap : public QWidget {
  Q_OBJECT
 public:
  explicit HeatMap(QWidget* parent = nullptr);
  // values[row][layer]; texts say a cell in words for tooltip and screen reader.
  void setCells(const QStringList& rows, int layers, const QList<QList<double>>& values, const QList<QStringList>& texts);
  void setCurrent(int layer, int row);  // no signal
  int currentLayer() const { return m_layer; }
  int currentRow() const { return m_row; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 signals:
  void currentChanged(int layer, int row);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  double left() const;
  double cell() const;
  double rowHeight() const;
  bool cellAt(QPointF where, int* layer, int* row) const;
  void choose(int layer, int row);
  QStringList m_rows;
  int m_layers = 0, m_layer = -1, m_row = -1;
  QList<QList<double>> m_values;
  QList<QStringList> m_texts;
};

// The ramp of the heat map with its ends in words.
class HeatRamp : public QWidget {
  Q_OBJECT
 public:
  explicit HeatRamp(QWidget* parent = nullptr);
  void setEnds(const QString& low, const QString& high);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_low, m_high;
};

}  // namespace scalewright::ui
