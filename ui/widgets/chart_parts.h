#pragma once
// What a chart is made of; for the files of Chart alone.

#include <qcustomplot.h>

#include "ui/widgets/chart.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

// Circles at the ends of a range lie half outside the axes; they are drawn whole.
class WholeGraph : public QCPGraph {
 public:
  using QCPGraph::QCPGraph;
  bool whole = false;

 protected:
  QRect clipRect() const override { return whole ? QCPGraph::clipRect().adjusted(-px(6), -px(6), px(6), px(6)) : QCPGraph::clipRect(); }
};

struct Chart::Series {
  SeriesStyle style;
  int strip = 0;
  QCPGraph* graph = nullptr;
};
struct Chart::Strip {
  QCPAxisRect* rect = nullptr;
  int height = 0;  // 0: takes the rest
  bool fixed = false, fromZero = false;
  double low = 0, high = 1;
  Format format;
  QCPAxis* x() const { return rect->axis(QCPAxis::atBottom); }
  QCPAxis* y() const { return rect->axis(QCPAxis::atLeft); }
};
struct Chart::Line {
  Qt::Orientation orientation;
  double value;
  Token token;
  QString words;
  int strip;
};

// Crosshair, value box, lines with words and point labels are painted over the plot, so that moving the pointer draws no curve anew.
class ChartOverlay : public QWidget {
 public:
  // Where the words of lines and points were painted last, those of the lines first.
  const QList<QRectF>& wordAreas() const { return m_words; }
  explicit ChartOverlay(Chart* chart);
  void paintAll(QPainter* painter, bool withCross);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  struct Row { QString name, value; QColor ink; };
  void paintEmpty(QPainter* painter);
  void paintLines(QPainter* painter);
  void paintLabels(QPainter* painter);
  void paintCross(QPainter* painter);
  void paintBox(QPainter* painter, const QRectF& area, double x, const QString& title, const QList<Row>& rows);
  double nearestPoint(double x) const;  // NaN: no series has a point
  Chart* m_chart;
  QList<QRectF> m_words, m_drawnLines;
};

// Where the words of each point go: right above it where that is free, else at another of its corners or farther off. `taken`: areas
// that they keep clear of, and of each other; `bounds`: what they stay within where that can be. Sizes are of the words.
QList<QRectF> placeLabels(const QList<QPointF>& points, const QList<QSizeF>& sizes, const QList<QRectF>& taken, const QRectF& bounds);

}  // namespace scalewright::ui
