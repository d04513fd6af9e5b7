#pragma once
// Bars that grow while a job runs (error by layer), and histograms. Painted directly: some dozen rectangles.

#include <QWidget>
#include <functional>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

// One bar a thing; those not measured yet are faint places, the next one is outlined.
class BarChart : public QWidget {
  Q_OBJECT
 public:
  explicit BarChart(QWidget* parent = nullptr);
  // `values` in order, fewer than `count` while running; shown through `format`; labels for the tooltip.
  void setBars(const QList<double>& values, int count, const QStringList& names = {});
  void setFormat(std::function<QString(double)> format);
  void setMeanWords(const QString& words);  // "mean so far %1"; empty: no line
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;
  bool save(const QString& path, QString* error = nullptr);  // .png, .svg, .csv

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void paintOn(QPainter* painter, const QSize& size) const;
  QRectF plotRect(const QSize& size) const;
  QList<double> m_values;
  QStringList m_names;
  int m_count = 0;
  QString m_mean;
  std::function<QString(double)> m_format;
};

class Histogram : public QWidget {
  Q_OBJECT
 public:
  explicit Histogram(QWidget* parent = nullptr);
  // Counts of equal bins from low to high; ticks are written by `format`.
  void setBins(const QList<double>& counts, double low, double high);
  void setFormat(std::function<QString(double)> format);
  void setLimit(double value, const QString& words);  // bars beyond it are in the warning series; NaN: none
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QList<double> m_counts;
  double m_low = 0, m_high = 1, m_limit;
  QString m_words;
  std::function<QString(double)> m_format;
};

// Round ticks for a range: 0, 2, 4, 6 ...
QList<double> niceTicks(double low, double high, int wanted);

}  // namespace scalewright::ui
