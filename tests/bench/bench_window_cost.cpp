// What the window costs a training step: the sample tuned by the trainer alone, and by the window with its charts live, in turns
// in one process. Seconds a step and their ratio, which other work on the machine disturbs; and the processor time that the
// window's own thread takes a step, which it does not. SCALEWRIGHT_SAMPLE_MODEL names the model; the first argument the pairs.

#include <time.h>

#include <QApplication>
#include <QEventLoop>
#include <QTemporaryDir>
#include <QTimer>
#include <cstdio>
#include <numeric>

#include "engine/core/system.h"
#include "engine/tune/run_store.h"
#include "engine/tune/sample_recipe.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/pages/all_pages.h"
#include "ui/pages/tune_page.h"
#include "ui/pages/tune_run_view.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/theme.h"

namespace {

using namespace scalewright;
using namespace scalewright::ui;

constexpr int kSteps = 10, kSkipped = 2;  // the first steps warm caches

// The median of the steps that count.
double median(std::vector<double> seconds) {
  if (seconds.size() <= kSkipped) return 0.0;
  seconds.erase(seconds.begin(), seconds.begin() + kSkipped);
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

class Counting : public TuneObserver {
 public:
  explicit Counting(std::stop_source& stop) : m_stop(stop) {}
  void step(const StepRecord& record) override {
    seconds.push_back(record.seconds);
    if (record.step >= kSteps) m_stop.request_stop();
  }
  std::vector<double> seconds;

 private:
  std::stop_source& m_stop;
};

double alone(const QString& folder) {
  auto backend = make_backend({});
  Observer quiet;
  auto model = load_model(sample_model_path(), quiet);
  if (!backend || !model) return 0.0;
  TuneRecipe recipe = sample_recipe(true);
  recipe.model = sample_model_path();
  recipe.data = sample_dataset_path(false);
  recipe.validation_split = 0.1;
  std::stop_source stop;
  Counting counting(stop);
  TuneControl control;
  const auto report = Trainer::run(*model, **backend, recipe, folder.toStdString(), false, counting, control, stop.get_token());
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return median(counting.seconds);
}

// The event loop as the program runs it, until `done`; looked at twice a second, so that the looking costs nothing.
template <class Done>
bool runUntil(Done done, int seconds) {
  QEventLoop loop;
  QTimer look, end;
  bool reached = false;
  QObject::connect(&look, &QTimer::timeout, [&] {
    if ((reached = done())) loop.quit();
  });
  QObject::connect(&end, &QTimer::timeout, &loop, &QEventLoop::quit);
  look.start(500);
  end.start(seconds * 1000);
  loop.exec();
  return reached;
}

double threadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

struct InWindow {
  double step = 0.0, own = 0.0;  // seconds: of a step; of the window's thread, of a step
};

InWindow inWindow(const QString& folder) {
  Settings settings(folder + QStringLiteral("/scalewright.ini"));
  AppContext context(settings);
  MainWindow window(context);
  installPages(window, context);
  window.resize(1280, 720);
  window.showPlace(Place::Tune);
  window.show();
  window.deliver({Place::Tune, page_messages::kSample, {}});
  auto* page = static_cast<TunePage*>(window.page(Place::Tune));
  runUntil([&] {
    if (!page->running()) page->primary();
    return page->running();
  }, 120);
  const auto steps = [&] {
    const auto* run = page->findChild<TuneRunView*>();
    return run ? run->lossChart()->size(0) : 0;
  };
  InWindow result;
  if (!runUntil([&] { return steps() >= kSkipped; }, 120)) return result;
  const int first = steps();
  const double begun = threadSeconds();
  if (!runUntil([&] { return steps() >= kSteps; }, 180)) return result;
  result.own = (threadSeconds() - begun) / std::max(1, steps() - first);
  context.jobs().cancelAll();
  context.jobs().waitForAll(60000);
  std::vector<double> seconds;
  if (const auto store = RunStore::open(RunStore::default_file()))
    if (const auto runs = (*store)->runs(); runs && !runs->empty())
      if (const auto records = (*store)->steps(runs->front().id))
        for (const StepRecord& record : *records) seconds.push_back(record.seconds);
  seconds.resize(std::min<size_t>(seconds.size(), kSteps));
  result.step = median(seconds);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  const std::string model = sample_model_path().string();
  qputenv("SCALEWRIGHT_SAMPLE_MODEL", model.c_str());
  QApplication application(argc, argv);
  theme().apply(ThemeMode::Light, 1.0);
  const int pairs = argc > 1 ? std::max(1, atoi(argv[1])) : 2;
  std::vector<double> ratios;
  for (int i = 0; i < pairs; ++i) {
    QTemporaryDir folder;
    qputenv("XDG_DATA_HOME", folder.filePath("data").toLocal8Bit());
    const double without = alone(folder.filePath("alone"));
    const InWindow with = inWindow(folder.path());
    if (without <= 0 || with.step <= 0) return 1;
    ratios.push_back(with.step / without);
    std::printf("pair %d: %.4f s a step alone, %.4f s in the window: %+.2f %%; the window's thread took %.1f ms a step, %.2f %%\n", i + 1, without, with.step,
                (ratios.back() - 1) * 100, with.own * 1e3, with.own / without * 100);
    std::fflush(stdout);
  }
  std::printf("mean %+.2f %%\n", (std::accumulate(ratios.begin(), ratios.end(), 0.0) / double(ratios.size()) - 1) * 100);
  return 0;
}
