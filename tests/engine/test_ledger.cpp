// The highest memory of a tuning process against its ledger: never above, and close to it. Each run is a process of its
// own (this program started as a worker), since the highest memory of a process never goes down.

#include <sys/wait.h>

#include <QtTest>
#include <sstream>

#include "engine/core/file.h"
#include "engine/core/system.h"
#include "engine/tune/tune_report.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

// --worker MODEL FOLDER RUN STEPS CONTEXT LIMIT GRANULARITY
int work(const std::vector<std::string>& a) {
  TuneRecipe recipe = small_recipe(a[0], a[1], std::stoll(a[3]));
  recipe.context = std::stoll(a[4]);
  recipe.memory_limit = std::stoull(a[5]);
  recipe.granularity = need(granularity_from(a[6]));
  recipe.checkpoint_every = 0.0;
  recipe.validation_split = 0.05;
  recipe.sample_prompt = "the word abc";
  auto made = make_backend({.threads = 2, .isa = Isa::Auto, .device = "cpu"});
  const std::unique_ptr<Backend> backend = made ? std::move(*made) : make_reference_backend();
  // A run of very many steps is not waited for.
  std::stop_source stop;
  struct Heard : KeepingObserver {
    std::stop_source* stop = nullptr;
    void step(const StepRecord& r) override {
      if (r.steps > 10 && r.step == 3) stop->request_stop();
    }
  } heard;
  heard.stop = &stop;
  TuneControl control;
  const auto report = Trainer::run(open_model(recipe.model), *backend, recipe, a[2], false, heard, control, stop.get_token());
  if (!report) {
    std::fprintf(stderr, "%s\n", report.error().message.c_str());
    return 1;
  }
  TuneReport at_the_end = *report;
  at_the_end.peak_bytes = peak_resident_bytes();
  at_the_end.trainable = heard.plans.at(0).kept_layers;  // the parent has no other way to learn it
  return write_text_file(fs::path(a[2]) / "peak.json", report_to_json(at_the_end)) ? 0 : 1;
}

// --worker MODEL FOLDER RUN: what a small run would reserve, before and after a larger one in the same process.
int work_twice(const std::vector<std::string>& a) {
  TuneRecipe small = small_recipe(a[0], a[1], 2);
  small.context = 64;
  TuneRecipe large = small;
  large.context = 256;
  large.sample_prompt = "the word abc";
  const auto backend = need(make_backend({.threads = 2, .isa = Isa::Auto, .device = "cpu"}));
  const std::shared_ptr<Model> model = open_model(small.model);
  const auto reserve = [&] {
    forget_peak_resident_bytes();
    return need(Trainer::plan(*model, *backend, small)).ledger.total_bytes;
  };
  const uint64_t before = reserve();
  {
    const TrainableLayout layout = trainable_layout(*model, large.granularity);
    const auto base = snapshot_scales(*model, layout);
    KeepingObserver heard;
    TuneControl control;
    need(Trainer::run(model, *backend, large, a[2], false, heard, control, {}));
    restore_scales(*model, layout, base);
  }
  return write_text_file(fs::path(a[1]) / "twice.txt", std::to_string(before) + " " + std::to_string(reserve())) ? 0 : 1;
}

struct Measured {
  double ledger = 0.0, peak = 0.0;
  int kept = 0;
};

Measured measure(const fs::path& model, const fs::path& folder, int64_t steps, int64_t context, uint64_t limit,
                 const char* granularity) {
  const fs::path run = folder / "run";
  const pid_t child = start_worker({model.string(), folder.string(), run.string(), std::to_string(steps),
                                    std::to_string(context), std::to_string(limit), granularity});
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return {};
  const TuneReport report = need(report_from_json(need(read_text_file(run / "peak.json"))));
  return {static_cast<double>(report.reserved_bytes), static_cast<double>(report.peak_bytes),
          static_cast<int>(report.trainable)};
}

}  // namespace

class TestLedger : public QObject {
  Q_OBJECT
 private slots:
  void small_runs_stay_below();
  void many_steps_are_counted();
  void sample_stays_below_and_close_data();
  void sample_stays_below_and_close();
  void keeps_what_the_limit_allows();
  void a_second_run_reserves_no_more();
};

void TestLedger::small_runs_stay_below() {
  const auto models = tunable_models();
  QVERIFY2(!models.empty(), "no GGUF files in the golden folder");
  for (const fs::path& model : models) {
    QTemporaryDir folder;
    const Measured m = measure(model, folder.path().toStdString(), 4, 64, 0, "group");
    QVERIFY2(m.peak > 0, model.c_str());
    QVERIFY2(m.peak <= m.ledger,
             qPrintable(QString("%1: peak %2, ledger %3").arg(model.c_str()).arg(m.peak).arg(m.ledger)));
  }
}

// The numbers of the steps are in the ledger, and nothing is taken beside it for those that are still to come.
void TestLedger::many_steps_are_counted() {
  const auto models = tunable_models();
  QVERIFY2(!models.empty(), "no GGUF files in the golden folder");
  double few = 0.0;
  for (const int64_t steps : {int64_t{4}, int64_t{1} << 20}) {
    QTemporaryDir folder;
    const Measured m = measure(models.front(), folder.path().toStdString(), steps, 64, 0, "group");
    const QString text = QString("%1 steps: peak %2, ledger %3").arg(steps).arg(m.peak).arg(m.ledger);
    QVERIFY2(m.peak > 0 && m.peak <= m.ledger, qPrintable(text));
    if (steps == 4) {
      few = m.ledger;
      continue;
    }
    QVERIFY2(m.ledger > few + 3.0 * 8.0 * static_cast<double>(steps), qPrintable(text));
    QVERIFY2(m.peak < few + 4e6, qPrintable(text));
  }
}

void TestLedger::sample_stays_below_and_close_data() {
  QTest::addColumn<int>("context");
  QTest::addColumn<qulonglong>("limit");
  QTest::addColumn<QString>("granularity");
  QTest::newRow("all that fits") << 256 << qulonglong{0} << "group";
  QTest::newRow("400 MB") << 256 << qulonglong{400'000'000} << "group";
  QTest::newRow("row factors, 300 MB") << 128 << qulonglong{300'000'000} << "row";
}

void TestLedger::sample_stays_below_and_close() {
  QFETCH(int, context);
  QFETCH(qulonglong, limit);
  QFETCH(QString, granularity);
  const fs::path sample = sample_model_path();
  if (!fs::exists(sample)) QSKIP("the sample model is not here; the set-up fetches it");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  QSKIP("a sanitizer keeps memory of its own");
#endif
  QTemporaryDir folder;
  const Measured m = measure(sample, folder.path().toStdString(), 2, context, limit, granularity.toUtf8().constData());
  const QString text = QString("peak %1 MB, ledger %2 MB (%3 %), %4 layers kept")
                           .arg(m.peak / 1e6, 0, 'f', 1)
                           .arg(m.ledger / 1e6, 0, 'f', 1)
                           .arg(100.0 * m.peak / m.ledger, 0, 'f', 2)
                           .arg(m.kept);
  qInfo("%s", qPrintable(text));
  QVERIFY2(m.peak > 0 && m.peak <= m.ledger, qPrintable(text));
  QVERIFY2(m.peak >= 0.97 * m.ledger, qPrintable(text));
  if (limit > 0) QVERIFY2(m.ledger <= static_cast<double>(limit), qPrintable(text));
}

// One more kept layer would not fit; and the losses do not depend on how many there are.
void TestLedger::keeps_what_the_limit_allows() {
  const auto models = tunable_models();
  QVERIFY2(!models.empty(), "no GGUF files in the golden folder");
  const auto backend = make_reference_backend();
  QTemporaryDir folder;
  for (const fs::path& path : models) {
    auto model = open_model(path);
    TuneRecipe recipe = small_recipe(path, folder.path().toStdString(), 3);
    recipe.context =
        256;  // large enough for a layer's activations to stand out of what the process itself gains meanwhile
    recipe.batch = 8;
    const int layers = model->config.layers;
    const TunePlan all = need(Trainer::plan(*model, *backend, recipe));
    QCOMPARE(all.kept_layers, layers);
    // What one layer keeps, from the graph itself.
    TrainShape shape{
        .batch = recipe.batch, .context = recipe.context, .granularity = recipe.granularity, .kept_layers = layers};
    const auto bytes = [&] {
      uint64_t sum = 0;
      for (const MemoryItem& item : TrainGraph::plan(*model, *backend, shape)) sum += item.bytes;
      return sum;
    };
    const uint64_t with_all = bytes();
    shape.kept_layers = 0;
    const uint64_t with_none = bytes();
    if (with_all == with_none) continue;  // one layer: it is the one under way
    recipe.memory_limit = all.ledger.total_bytes - (with_all - with_none) / 2;
    const TunePlan some = need(Trainer::plan(*model, *backend, recipe));
    QVERIFY(some.kept_layers < layers);
    QVERIFY(some.ledger.fits);
    const TuneReport a =
        need(tune(open_model(path), recipe, fs::path(folder.path().toStdString()) / (path.stem().string() + "a")));
    recipe.memory_limit = 0;
    const TuneReport b =
        need(tune(open_model(path), recipe, fs::path(folder.path().toStdString()) / (path.stem().string() + "b")));
    for (size_t i = 0; i < a.losses.size(); ++i) QVERIFY(std::abs(a.losses[i] / b.losses[i] - 1.0) < 1e-5);
  }
}

// What a run gave back is not counted for the next one: neither as resident nor as the highest that it was.
void TestLedger::a_second_run_reserves_no_more() {
  const fs::path sample = sample_model_path();
  if (!fs::exists(sample)) QSKIP("the sample model is not here; the set-up fetches it");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  QSKIP("a sanitizer keeps memory of its own");
#endif
  QTemporaryDir folder;
  const fs::path path = folder.path().toStdString();
  const pid_t child = start_worker({sample.string(), path.string(), (path / "run").string()});
  int status = 0;
  QVERIFY(child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  std::istringstream text(need(read_text_file(path / "twice.txt")));
  double first = 0.0, second = 0.0;
  text >> first >> second;
  const QString words = QString("before a larger run %1 MB, after it %2 MB").arg(first / 1e6, 0, 'f', 1).arg(second / 1e6, 0, 'f', 1);
  qInfo("%s", qPrintable(words));
  QVERIFY2(first > 0 && second > 0 && second <= 1.02 * first, qPrintable(words));
}

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "--worker") return work_twice({argv + 2, argv + argc});
  if (argc == 9 && std::string(argv[1]) == "--worker") return work({argv + 2, argv + argc});
  QCoreApplication app(argc, argv);
  TestLedger test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_ledger.moc"
