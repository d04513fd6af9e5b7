// A run killed with SIGKILL at random instants, again and again, and resumed each time ends with the same losses and
// the same scales, to the bit, as one that nothing happened to. The killed process is this program itself, started as a
// worker.

#include <signal.h>
#include <sys/wait.h>

#include <QtTest>
#include <chrono>
#include <random>
#include <thread>

#include "engine/core/file.h"
#include "engine/tune/tune_report.h"
#include "tests/testkit/tune_fixture.h"

using namespace scalewright;
using namespace scalewright::testkit;

namespace {

constexpr int64_t kSteps = 80;

TuneRecipe worker_recipe(const fs::path& model, const fs::path& folder, double checkpoint_every,
                         const std::string& form) {
  TuneRecipe recipe = small_recipe(model, folder, kSteps);
  recipe.checkpoint_every = checkpoint_every;
  recipe.validate_every = 7;
  recipe.sample_prompt = "the word b";
  recipe.accumulate = 2;
  if (form == "raw row") {
    recipe.parametrization = Parametrization::Raw;
    recipe.granularity = Granularity::Row;
  }
  return recipe;
}

// --worker MODEL FOLDER RUN CHECKPOINT_EVERY FORM
int work(const std::vector<std::string>& arguments) {
  const TuneRecipe recipe = worker_recipe(arguments[0], arguments[1], std::stod(arguments[3]), arguments[4]);
  const auto report = tune(open_model(recipe.model), recipe, arguments[2], true);
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return report ? 0 : 1;
}

}  // namespace

class TestResume : public QObject {
  Q_OBJECT
 private slots:
  void survives_being_killed_data();
  void survives_being_killed();
};

void TestResume::survives_being_killed_data() {
  QTest::addColumn<double>("checkpoint_every");
  QTest::addColumn<QString>("form");
  QTest::newRow("a checkpoint each step") << 0.0 << "relative group";
  QTest::newRow("checkpoints by time") << 0.01 << "relative group";
  QTest::newRow("raw, row factors") << 0.01 << "raw row";
}

void TestResume::survives_being_killed() {
  QFETCH(double, checkpoint_every);
  QFETCH(QString, form);
  const auto models = tunable_models();
  QVERIFY2(!models.empty(), "no GGUF files in the golden folder");
  QTemporaryDir temporary;
  const fs::path folder = temporary.path().toStdString();
  const TuneRecipe recipe = worker_recipe(models.front(), folder, checkpoint_every, form.toStdString());

  const auto begin = std::chrono::steady_clock::now();
  const TuneReport whole = need(tune(open_model(recipe.model), recipe, folder / "whole"));
  const auto length = std::chrono::steady_clock::now() - begin;

  std::mt19937 random(std::random_device{}());
  const auto most = std::max<int64_t>(std::chrono::duration_cast<std::chrono::microseconds>(length).count() / 3, 20000);
  int kills = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {
    const pid_t child = start_worker({recipe.model.string(), folder.string(), (folder / "killed").string(),
                                      std::to_string(checkpoint_every), form.toStdString()});
    QVERIFY(child > 0);
    std::this_thread::sleep_for(
        std::chrono::microseconds(static_cast<int64_t>(random() % static_cast<uint64_t>(most))));
    if (kills < 20) ::kill(child, SIGKILL);
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ++kills;
      continue;
    }
    QVERIFY2(WIFEXITED(status) && WEXITSTATUS(status) == 0,
             qPrintable(QString("exit %1 after %2 kills").arg(status).arg(kills)));
    if (kills >= 20) break;
  }
  QVERIFY(kills >= 10);
  const TuneReport resumed = need(report_from_json(need(read_text_file(folder / "killed" / "report.json"))));
  QCOMPARE(resumed.steps, kSteps);
  QCOMPARE(resumed.losses, whole.losses);
  QCOMPARE(resumed.gradient_norms, whole.gradient_norms);
  QCOMPARE(resumed.learning_rates, whole.learning_rates);
  QCOMPARE(resumed.validation.size(), whole.validation.size());
  for (size_t i = 0; i < whole.validation.size(); ++i) QCOMPARE(resumed.validation[i].loss, whole.validation[i].loss);
  QCOMPARE(resumed.samples.size(), whole.samples.size());
  for (size_t i = 0; i < whole.samples.size(); ++i) QCOMPARE(resumed.samples[i].answer, whole.samples[i].answer);
  Observer quiet;
  const OpenRun a = need(open_run(folder / "whole", quiet)), b = need(open_run(folder / "killed", quiet));
  const TrainableLayout layout = trainable_layout(*a.model, Granularity::Group);
  QVERIFY(snapshot_scales(*a.model, layout) == snapshot_scales(*b.model, layout));
  QVERIFY(a.base_scales != snapshot_scales(*a.model, layout));
  for (const auto& entry : fs::directory_iterator(folder / "killed")) {
    QVERIFY2(entry.path().filename().string().find(".part-") == std::string::npos, entry.path().c_str());
  }
}

int main(int argc, char** argv) {
  if (argc == 7 && std::string(argv[1]) == "--worker") return work({argv + 2, argv + argc});
  QCoreApplication app(argc, argv);
  TestResume test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_resume.moc"
