// A run as a job of the window, without the window: whatever ends it, the model that chat and export use is as in its file.

#include "tests/ui/small_chat_model.h"

#include "engine/quant/tap_backend.h"
#include "ui/jobs/tune_job.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

struct Inner {
  std::unique_ptr<Backend> backend = std::move(*make_backend({.threads = 2, .device = "cpu"}));
};
// Fails at the first product after the run in `folder` has written what it learned.
class FailsAfterTheRun : private Inner, public quant::TapBackend {
 public:
  explicit FailsAfterTheRun(std::filesystem::path folder) : TapBackend(*backend), m_pack(std::move(folder) / "tuned.safetensors") {}
  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy, Precision precision) override {
    if (std::filesystem::exists(m_pack)) throw std::runtime_error("its fan fell off");
    TapBackend::linear(x, ldx, T, w, bias, y, ldy, precision);
  }

 private:
  std::filesystem::path m_pack;
};

}  // namespace

class TestTuneJob : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    if (!m_sample.make()) QSKIP("The golden sets are not here.");
  }

  void whateverEndsItTheModelIsTheOriginal() {
    const Home home;
    const std::filesystem::path folder = home.path("home/run").toStdString();
    QVERIFY(writeRows(home.path("home/rows.jsonl"), 40));
    EngineHost host({.make = [&](const BackendOptions&) -> Result<std::unique_ptr<Backend>> { return std::make_unique<FailsAfterTheRun>(folder); },
                     .why = [] { return std::string(); },
                     .whyNoGpu = [] { return std::string(); }});
    TuneRequest request;
    request.recipe.model = m_sample.gguf().toStdString();
    request.recipe.data = home.path("home/rows.jsonl").toStdString();
    request.recipe.validation_split = 0.1;
    request.recipe.context = 64;
    request.recipe.steps = 3;
    request.folder = folder;
    request.name = "run";
    JobQueue jobs;
    const auto job = startTune(jobs, host, request, std::make_shared<TuneControl>(), EventStream<TuneEvent>([](auto) {}), this, nullptr);
    QVERIFY(jobs.waitForAll(120000));
    QCOMPARE(job->state(), Job::State::Failed);
    QVERIFY2(job->error().contains("its fan fell off"), qPrintable(job->error()));
    QVERIFY(!host.activeTune().control);
    const auto open = host.opened(request.recipe.model);
    QVERIFY(open.has_value());
    QVERIFY((*open)->pack.empty());
    QVERIFY(snapshot_scales(*(*open)->model, (*open)->layout) == (*open)->baseScales);
  }

 private:
  SmallSample m_sample;
};

QTEST_MAIN(TestTuneJob)
#include "test_tune_job.moc"
