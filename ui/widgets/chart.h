#pragma once
// A chart on QCustomPlot: strips over one x axis, our legend row, crosshair with a value box, zoom and pan, linear or log,
// saved as PNG, SVG or CSV. New data is drawn at most ten times a second, takes a hundredth of a
// processor at most, and is drawn only while it can be seen.

#include <QElapsedTimer>
#include <QWidget>
#include <functional>
#include <memory>

#include "ui/widgets/chart_theme.h"

class QCPAxisRect;
class QCPGraph;
class QCPRange;
class QCustomPlot;
class QTimer;

namespace scalewright::ui {

class ChartOverlay;
class Settings;

class LegendRow : public QWidget {
  Q_OBJECT
 public:
  explicit LegendRow(QWidget* parent = nullptr);
  void setItems(const QList<SeriesStyle>& items);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fit();
  int layOut(int width, QPainter* painter) const;  // height used
  QList<SeriesStyle> m_items;
};

class Chart : public QWidget {
  Q_OBJECT
 public:
  using Format = std::function<QString(double)>;
  explicit Chart(QWidget* parent = nullptr);
  ~Chart() override;

  int addStrip(int height);                  // below the others, look pixels; strip 0 exists and takes the rest
  int addSeries(const SeriesStyle& style, int strip = 0);
  void clearSeries();
  void setData(int series, const QList<double>& x, const QList<double>& y);  // x ascending
  void append(int series, double x, double y);
  void dropAfter(double x);                   // what lies right of it, of every series
  int size(int series) const;
  void setSeriesVisible(int series, bool visible);

  void setXRange(double low, double high);   // the whole of it; without it, what the data covers
  void clearXRange();
  void setYRange(double low, double high, int strip = 0);  // fixed; without it, what is seen of the data
  void setYFromZero(bool on, int strip = 0);
  void setLogarithmic(bool on);              // y of strip 0
  bool logarithmic() const { return m_log; }
  void setXFormat(Format format);            // without one x are whole numbers, such as steps
  void setYFormat(Format format, int strip = 0);
  void setTickCount(int x, int y);
  // A dashed line at a value with words above its right end (horizontal) or beside it (vertical). Returns its number.
  int addLine(Qt::Orientation orientation, double value, Token token, const QString& words = {}, int strip = 0);
  void setLine(int line, double value, const QString& words);
  // Words beside points of strip 0, replacing the earlier ones.
  void setPointLabels(const QList<QPair<QPointF, QString>>& labels);
  // Where words of lines and points were painted last, in pixels of the plot; for tests.
  QList<QRectF> wordAreas() const;
  // First line of the value box for an x ("Step 120, epoch 2"), and how its values are written.
  void setBoxTitle(Format title);
  void setBoxFormat(Format values);
  void setMarked(double x);                  // a crosshair that stays while the pointer is away; NaN: none
  void setLegendVisible(bool on);
  void setEmptyText(const QString& text);    // shown while no series has a point

  void linkX(Chart* other);                  // both ways: zoom, pan, crosshair
  void resetZoom();
  bool zoomed() const { return m_zoomed; }
  void zoomX(double low, double high);

  // By the name's ending: .png, .svg, .csv. False with a message that says what to do.
  bool save(const QString& path, QString* error = nullptr);
  void saveAs(const QString& suggestedName, Settings& settings);  // asks for the file
  QPixmap picture(const QSize& size);
  void redrawNow();                           // for tests and reports
  QCustomPlot* plot() const { return m_plot; }

 signals:
  void xRangeChanged(double low, double high);
  void crosshairMoved(double x);              // NaN: left

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  friend class ChartOverlay;
  struct Series;
  struct Strip;
  struct Line;
  void restyleLater();
  void restyle();
  void schedule();
  void redraw();
  void hideWhenEmpty();
  void fitX();
  void fitY();
  bool dataRange(double* low, double* high) const;
  void setCrosshair(double x, bool tell);
  void refreshLegend();

  QCustomPlot* m_plot;
  LegendRow* m_legend;
  ChartOverlay* m_overlay;
  QTimer* m_timer;
  QElapsedTimer m_drawn;                      // since the last drawing of new data
  QList<std::shared_ptr<Series>> m_series;
  QList<std::shared_ptr<Strip>> m_strips;
  QList<std::shared_ptr<Line>> m_lines;
  QList<QPair<QPointF, QString>> m_labels;
  Format m_boxTitle, m_boxFormat, m_xFormat;
  QString m_empty;
  double m_low = 0, m_high = 0, m_cross, m_marked;
  bool m_fixedX = false, m_log = false, m_zoomed = false, m_dirty = false, m_inRange = false, m_restyle = false, m_legendOn = true;
  int m_xTicks = 6, m_yTicks = 5;
};

}  // namespace scalewright::ui
