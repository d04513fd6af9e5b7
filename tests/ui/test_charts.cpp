// Charts: 100,000 points are drawn and panned (bench_chart says how fast), zoom stays within the data, files are written.

#include <QApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>
#include <qcustomplot.h>

#include <cmath>

#include "ui/widgets/bar_chart.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/theme.h"

using namespace scalewright::ui;

class TestCharts : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { theme().apply(ThemeMode::Light, 1.0); }

  void hundredThousandPointsPan() {
    Chart chart;
    chart.resize(900, 500);
    const int raw = chart.addSeries({.name = "raw", .token = &ThemeTokens::seriesRaw, .width = 1});
    const int smooth = chart.addSeries({.name = "smoothed", .token = &ThemeTokens::seriesSmooth, .width = 2.2});
    QList<double> x, y, z;
    unsigned state = 1;
    for (int i = 0; i < 100'000; ++i) {
      state = state * 1664525u + 1013904223u;
      x << i;
      z << 0.4 + 2 * std::exp(-i / 20000.0);
      y << z.last() + (state >> 16) / 65536.0 * 0.3;
    }
    chart.setData(raw, x, y);
    chart.setData(smooth, x, z);
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    chart.redrawNow();
    QElapsedTimer clock;
    clock.start();
    constexpr int kFrames = 60;
    for (int i = 0; i < kFrames; ++i) {
      chart.zoomX(i * 500, 40'000 + i * 700);
      chart.redrawNow();
      QApplication::processEvents();
    }
    const double frames = kFrames * 1000.0 / double(clock.elapsed());
    qInfo("%.0f frames a second with 200,000 points", frames);
    QCOMPARE(chart.size(raw), 100'000);
    QVERIFY(chart.zoomed());
  }

  void appendingIsCoalesced() {
    Chart chart;
    chart.resize(400, 200);
    const int series = chart.addSeries({.name = "s"});
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    for (int i = 0; i < 5000; ++i) chart.append(series, i, i);
    QCOMPARE(chart.size(series), 5000);
    QTest::qWait(150);
  }

  // In a page that scrolls the wheel is the page's; Ctrl makes it the chart's.
  void theWheelZoomsOnlyWithCtrl() {
    Chart chart;
    chart.resize(400, 200);
    const int series = chart.addSeries({.name = "s"});
    chart.setData(series, {0, 1, 2, 3}, {1, 2, 3, 4});
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    chart.redrawNow();
    auto* plot = chart.plot();
    const QPointF at = plot->rect().center();
    const auto wheel = [&](Qt::KeyboardModifiers keys) {
      QWheelEvent event(at, plot->mapToGlobal(at), {}, {0, 120}, Qt::NoButton, keys, Qt::NoScrollPhase, false);
      QApplication::sendEvent(plot, &event);
    };
    wheel(Qt::NoModifier);
    QVERIFY(!chart.zoomed());
    wheel(Qt::ControlModifier);
    QVERIFY(chart.zoomed());
    // What was computed anew replaces what lay beyond.
    chart.dropAfter(1.5);
    QCOMPARE(chart.size(series), 2);
  }

  void zoomStaysWithinTheData() {
    Chart chart;
    chart.resize(400, 200);
    const int series = chart.addSeries({.name = "s"});
    chart.setData(series, {0, 1, 2, 3}, {1, 2, 3, 4});
    chart.redrawNow();
    QSignalSpy spy(&chart, &Chart::xRangeChanged);
    QTest::keyClick(&chart, Qt::Key_Minus);  // wider than everything: bounded
    QTest::keyClick(&chart, Qt::Key_Plus);
    QVERIFY(chart.zoomed());
    QVERIFY(spy.count() >= 1);
    for (const auto& arguments : spy) {
      QVERIFY(arguments[0].toDouble() >= -1e-9);
      QVERIFY(arguments[1].toDouble() <= 3 + 1e-9);
    }
    QTest::keyClick(&chart, Qt::Key_0);
    QVERIFY(!chart.zoomed());
  }

  void filesAreWritten() {
    QTemporaryDir dir;
    Chart chart;
    chart.resize(500, 300);
    const int series = chart.addSeries({.name = "loss, \"raw\""});
    chart.setData(series, {1, 2, 3}, {3, 2, 1.5});
    for (const char* name : {"a.png", "a.svg", "a.csv"}) {
      QString error;
      QVERIFY2(chart.save(dir.filePath(name), &error), qPrintable(error));
      QVERIFY(QFile(dir.filePath(name)).size() > 20);
    }
    QFile csv(dir.filePath("a.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QCOMPARE(csv.readAll(), QByteArray("series,x,y\n\"loss, \"\"raw\"\"\",1,3\n\"loss, \"\"raw\"\"\",2,2\n\"loss, \"\"raw\"\"\",3,1.5\n"));
    QString error;
    QVERIFY(!chart.save(dir.filePath("a.xyz"), &error));
    QVERIFY(!error.isEmpty());
    QVERIFY(!chart.save("/proc/no/a.csv", &error));
    BarChart bars;
    bars.resize(400, 200);
    bars.setBars({0.05, 0.06}, 4);
    for (const char* name : {"b.png", "b.svg", "b.csv"}) QVERIFY(bars.save(dir.filePath(name), &error));
    QVERIFY(!bars.save("/proc/no/b.png", &error));
  }

  void strangeNumbersDoNoHarm() {
    Chart chart;
    chart.resize(300, 200);
    const int series = chart.addSeries({.name = "s", .circles = true});
    chart.addSeries({.name = "a", .area = true});
    chart.setLogarithmic(true);
    chart.addLine(Qt::Horizontal, std::nan(""), &ThemeTokens::text, "nothing");
    chart.redrawNow();
    chart.setData(series, {0, 1, 2}, {std::nan(""), 0, -1});
    chart.redrawNow();
    chart.setData(series, {5}, {5});
    chart.redrawNow();
    chart.setXRange(3, 3);
    chart.redrawNow();
    QVERIFY(!chart.grab().isNull());
  }

  // Points that lie on each other and on the line of the original: each keeps its words readable.
  void wordsDoNotLieOnEachOther_data() {
    QTest::addColumn<QList<double>>("sizes");
    QTest::addColumn<QList<double>>("perplexities");
    QTest::newRow("flat end") << QList<double>{77, 77, 77.5, 92, 140} << QList<double>{61, 25, 23.9, 23.45, 23.41};
    QTest::newRow("all near") << QList<double>{77, 78, 79, 80, 81} << QList<double>{23.6, 23.5, 23.5, 23.45, 23.4};
    QTest::newRow("at the edges") << QList<double>{40, 41, 139, 140} << QList<double>{900, 880, 23.5, 23.4};
  }
  void wordsDoNotLieOnEachOther() {
    QFETCH(QList<double>, sizes);
    QFETCH(QList<double>, perplexities);
    Chart chart;
    chart.resize(560, 260);
    chart.setLegendVisible(false);
    chart.addSeries({.name = "Perplexity", .token = &ThemeTokens::accent, .width = 2, .circles = true});
    const int original = chart.addLine(Qt::Horizontal, 23.38, &ThemeTokens::seriesValidation);
    chart.setLine(original, 23.38, "original 23.4");
    chart.setData(0, sizes, perplexities);
    QList<QPair<QPointF, QString>> names;
    for (int i = 0; i < sizes.size(); ++i) names << qMakePair(QPointF(sizes[i], perplexities[i]), i == 0 ? "2 bits" : i + 1 == sizes.size() ? "6, 8" : QString::number(i + 2));
    chart.setPointLabels(names);
    chart.setXRange(sizes.first() * 0.9, sizes.last() * 1.07);
    chart.show();
    QVERIFY(QTest::qWaitForWindowExposed(&chart));
    chart.redrawNow();
    const QPixmap drawn = chart.grab();
    const QList<QRectF> areas = chart.wordAreas();
    QCOMPARE(areas.size(), sizes.size() + 1);
    for (int i = 0; i < areas.size(); ++i) {
      QVERIFY2(QRectF(drawn.rect()).contains(areas[i]), qPrintable(QString::number(i)));
      for (int j = 0; j < i; ++j) QVERIFY2(!areas[i].intersects(areas[j]), qPrintable(QStringLiteral("%1 on %2").arg(i).arg(j)));
    }
  }

  void stepsAreWholeNumbers() {
    Chart chart;
    chart.resize(560, 170);
    const int series = chart.addSeries({.name = "loss", .token = &ThemeTokens::seriesSmooth, .width = 2});
    for (const int last : {3, 12}) {
      QList<double> x, y;
      for (int i = 1; i <= last; ++i) {
        x << i;
        y << 5.0 / i;
      }
      chart.setData(series, x, y);
      chart.show();
      chart.redrawNow();
      const QList<double> ticks = chart.plot()->xAxis->ticker() ? chart.plot()->xAxis->tickVector() : QList<double>();
      QVERIFY(ticks.size() >= 2);
      for (const double tick : ticks) QCOMPARE(tick, std::round(tick));
    }
  }

  void ticksAreRound() {
    QCOMPARE(niceTicks(0, 0.08, 4), QList<double>({0, 0.02, 0.04, 0.06, 0.08}));
    QCOMPARE(niceTicks(0, 1, 0).isEmpty(), false);
    QCOMPARE(niceTicks(2, 2, 4), QList<double>({2}));
  }
};

QTEST_MAIN(TestCharts)
#include "test_charts.moc"
