// Pan and zoom of a chart with 100,000 points a series, software renderer: frames a second, and the processor time of a frame.

#include <QApplication>
#include <benchmark/benchmark.h>
#include <cmath>

#include "ui/widgets/chart.h"
#include "ui/widgets/theme.h"

namespace {

using namespace scalewright::ui;

void fill(Chart& chart, int points) {
  const int raw = chart.addSeries({.name = "raw", .token = &ThemeTokens::seriesRaw, .width = 1});
  const int smooth = chart.addSeries({.name = "smoothed", .token = &ThemeTokens::seriesSmooth, .width = 2.2});
  QList<double> x, y, z;
  unsigned state = 1;
  for (int i = 0; i < points; ++i) {
    state = state * 1664525u + 1013904223u;
    x << i;
    z << 0.4 + 2 * std::exp(-i / 20000.0);
    y << z.last() + (state >> 16) / 65536.0 * 0.3;
  }
  chart.setData(raw, x, y);
  chart.setData(smooth, x, z);
}

void pan(benchmark::State& state) {
  const int points = int(state.range(0));
  Chart chart;
  chart.resize(900, 500);
  fill(chart, points);
  chart.show();
  QApplication::processEvents();
  chart.redrawNow();
  int i = 0;
  for (auto _ : state) {
    const double part = (i++ % 60) / 60.0;
    chart.zoomX(points * 0.3 * part, points * (0.4 + 0.4 * part));
    chart.redrawNow();
    QApplication::processEvents();
  }
  state.counters["frames_per_second"] = benchmark::Counter(double(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(pan)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  theme().apply(ThemeMode::Light, 1.0);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
