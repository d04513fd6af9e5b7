// Fine-tune in the window: several files in one run, another prompt while it goes on, a chat beside it and its memory.

#include "tests/ui/small_chat_model.h"

#include <QDoubleSpinBox>
#include <QLabel>
#include <QTableView>
#include <QThread>
#include <qcustomplot.h>

#include "engine/data/data_files.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_store.h"
#include "ui/jobs/chat_engine.h"
#include "ui/models/run_table_model.h"
#include "ui/pages/data_file_row.h"
#include "ui/pages/tune_run_view.h"
#include "ui/widgets/banner.h"
#include "ui/settings/format.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/form_field.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progress_bar.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestTunePage : public QObject, SampleTest {
  Q_OBJECT

 private slots:
  void initTestCase() { makeSample(); }
  void init() { enterHome(); }
  void cleanup() { leaveHome(); }

  // Rows of several files, each by its own form, come back from the one file as they were.
  void severalFilesAreOneDataset() {
    const QString table = m_home->path("home/table.csv"), chat = m_home->path("home/chat.jsonl"), text = m_home->path("home/plain.txt");
    QVERIFY(writeFile(table, "question,reply\nwhat is \"\"one\"\",1\nwhat is two,2\n"));
    QVERIFY(writeFile(chat, "{\"messages\": [{\"role\": \"user\", \"content\": \"three\"}, {\"role\": \"assistant\", \"content\": \"3\\n\"}]}\nno json\n"));
    QVERIFY(writeFile(text, "a text\n"));
    const std::vector<DataFile> files = {{.path = table.toStdString(), .columns = {{"prompt", "question"}, {"completion", "reply"}}}, {.path = chat.toStdString()}};
    const auto read = read_data_files(files);
    QVERIFY2(read.has_value(), read ? "" : read.error().message.c_str());
    QCOMPARE(int(read->dataset.examples.size()), 3);
    QCOMPARE(int(read->dataset.problems.size()), 1);
    QCOMPARE(read->dataset.problems[0].file, "chat.jsonl");
    QCOMPARE(int(read->dataset.problems[0].line), 2);
    const auto path = write_merged(*read, files, m_home->path("home/data").toStdString());
    QVERIFY(path.has_value());
    const auto again = import_dataset(*path, {});
    QVERIFY(again.has_value());
    QCOMPARE(int(again->examples.size()), 3);
    for (size_t i = 0; i < 3; ++i) {
      QVERIFY(again->examples[i].messages == read->dataset.examples[i].messages);
      QCOMPARE(again->examples[i].line, read->dataset.examples[i].line);
    }
    // The same rows give the same file; other rows another.
    QCOMPARE(*write_merged(*read, files, m_home->path("home/data").toStdString()), *path);
    const auto mixed = read_data_files({files[1], {.path = text.toStdString()}});
    QVERIFY(!mixed.has_value());
    QVERIFY2(mixed.error().message.find("plain.txt") != std::string::npos, mixed.error().message.c_str());
  }

  void severalFilesInOneRun() {
    const QString first = m_home->path("home/first.jsonl"), second = m_home->path("home/second.jsonl");
    QVERIFY(writeRows(first, 6000) && writeRows(second, 4000));  // long enough to be stopped
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, first);
    QVERIFY(w.waitForJobs());
    QCOMPARE(rows(tune), 1);  // in place of the sample
    dropRows(tune, second);
    QVERIFY(w.waitForJobs());
    QCOMPARE(rows(tune), 2);
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Start");
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 2; }));
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
    const auto runs = history();
    QCOMPARE(int(runs.size()), 1);
    const auto recipe = recipe_from_json(runs[0].recipe_json);
    QVERIFY(recipe.has_value());
    QVERIFY2(recipe->data.filename().string().starts_with("first-and-1-more-"), recipe->data.c_str());
    QCOMPARE(int(import_dataset(recipe->data, {})->examples.size()), 10000);
    // One is taken out again.
    CLICK(tune, "New run");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Back");
    QCOMPARE(rows(tune), 2);
    QTest::mouseClick(named<QAbstractButton>(tune->findChildren<DataFileRow*>().last(), "Remove this file"), Qt::LeftButton);
    QVERIFY(w.waitForJobs());
    QTRY_COMPARE(rows(tune), 1);
    QVERIFY(buttonOf(tune, "Next: Method")->isEnabled());
  }

  // The rate's chart ends with the run; a rate far above the usual one is marked, with the usual one.
  // After an error before the first step nothing is left on the page of the run before, nor does anything seem to go on.
  void anErrorLeavesNoOldFigures() {
    Settings settings(m_home->path("settings.ini"));
    TuneRunView view(settings);
    view.show();
    TunePlan plan;
    plan.steps = 10;
    plan.ledger.items = {{"weights", MemoryPart::Weights, 700'000'000}};
    plan.ledger.total_bytes = 700'000'000;
    StepRecord step;
    step.step = 10;
    step.steps = 10;
    step.loss = 1.0f;
    view.begin({});
    view.take({plan, step, ValidationRecord{.step = 5, .loss = 0.25f}, ValidationRecord{.step = 10, .loss = 0.5f}});
    const auto says = [&view](const QString& words) {
      for (QLabel* text : view.findChildren<QLabel*>())
        if (text->text().contains(words) || text->toolTip().contains(words)) return true;
      for (ElidedLabel* text : view.findChildren<ElidedLabel*>())
        if (text->fullText().contains(words)) return true;
      return false;
    };
    QVERIFY(says("lowest 0.250") && says("700 MB reserved"));
    view.begin({});
    view.finish(tl::unexpected(Error{ErrorCode::OutOfMemory, "No room."}), false);
    QVERIFY(says("Stopped by an error"));
    QVERIFY(!says("lowest 0.250") && !says("700 MB"));
    QCOMPARE(view.findChild<ProgressBar*>()->fraction(), 0.0);
  }

  void theLearningRate() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    auto* chart = named<Chart>(tune, "Learning rate");
    QVERIFY(chart);
    chart->redrawNow();
    const auto* axis = chart->plot()->axisRect(0)->axis(QCPAxis::atBottom);
    QTRY_COMPARE(axis->range().lower, 0.0);
    const double last = axis->range().upper;
    QVERIFY(last >= 1 && chart->size(0) > 1);
    auto* steps = [&]() -> QLabel* {
      for (QLabel* each : tune->findChildren<QLabel*>())
        if (each->isVisible() && each->text() == countText(qint64(last))) return each;
      return nullptr;
    }();
    QVERIFY2(steps, qPrintable(QString::number(last)));  // the number of steps is said on the page
    auto* rate = named<QDoubleSpinBox>(tune, "Learning rate");
    QVERIFY(rate);
    auto* field = qobject_cast<FormField*>(rate->parentWidget());
    QVERIFY(field && field->error().isEmpty());
    rate->setValue(1.0);
    emit rate->editingFinished();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY2(field->error() == "Usual: " + rateText(1e-3), qPrintable(field->error()));
    rate->setValue(0.0);
    emit rate->editingFinished();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(field->error().isEmpty());
  }

  void thePromptChangesWhileItRuns() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 2; }));
    CLICK(run, "Change…");
    auto* edit = run->findChild<QLineEdit*>();
    QVERIFY(edit && edit->isVisible());
    // Escape leaves it as it was.
    QTest::keyClick(edit, Qt::Key_Escape);
    QVERIFY(!edit->isVisible());
    CLICK(run, "Change…");
    QTest::keyClicks(edit, "what now");
    QTest::keyClick(edit, Qt::Key_Return);
    QVERIFY(!edit->isVisible());
    const auto asked = [] {
      const auto store = RunStore::open(RunStore::default_file());
      int count = 0;
      if (!store) return count;
      const auto runs = (*store)->runs();
      if (!runs || runs->empty()) return count;
      const auto samples = (*store)->samples(runs->front().id);
      for (const SampleRecord& sample : samples ? *samples : std::vector<SampleRecord>{}) count += sample.prompt == "what now";
      return count;
    };
    // Answered at once, not at the next validation only, and the run goes on.
    QVERIFY(waitUntil([&] { return asked() > 0; }));
    const int before = run->lossChart()->size(0);
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > before + 2; }));
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
    QVERIFY(!buttonOf(run, "Change…"));
    // A restart goes on with it.
    const auto runs = history();
    QCOMPARE(int(runs.size()), 1);
    const auto recipe = read_run_recipe(runs[0].folder);
    QVERIFY(recipe.has_value());
    QCOMPARE(recipe->sample_prompt, "what now");
    TestWindow again(*m_home);
    QVERIFY(again.waitForJobs());
    Page* page = again.window->page(Place::Tune);
    again.window->deliver({Place::Tune, page_messages::kResumeRun, {{"path", QString::fromStdString(runs[0].folder)}}});
    auto* goesOn = page->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return (goesOn = page->findChild<TuneRunView*>()) && goesOn->lossChart()->size(0) > 2; }));
    bool shown = false;
    for (ElidedLabel* text : goesOn->findChildren<ElidedLabel*>()) shown = shown || text->fullText() == "“what now”";
    QVERIFY(shown);
    CLICK(page, "Stop and keep");
    QVERIFY(again.waitForJobs());
  }

  // Looked at from its first moment on: it appears, its curve grows, and its state is the present one.
  void runsShowTheRunThatGoesOn() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    w.window->showPlace(Place::Runs);
    Page* page = w.window->page(Place::Runs);
    auto* runs = named<QTableView>(page, "Runs");
    QVERIFY(runs);
    const auto state = [&] { return runs->model()->index(0, RunTableModel::State).data().toString(); };
    QVERIFY(waitUntil([&] { return state() == "Running"; }));
    auto* chart = page->findChild<Chart*>();
    QVERIFY(waitUntil([&] { return chart->plot()->graphCount() > 0 && chart->size(0) > 2; }));
    const int before = chart->size(0);
    QVERIFY(waitUntil([&] { return chart->size(0) > before; }));
    // A name that is being typed stays while the row goes on.
    CLICK(page, "Rename");
    auto* edit = runs->findChild<QLineEdit*>();
    QVERIFY(edit);
    edit->setText("half a na");
    const int typed = chart->size(0);
    QVERIFY(waitUntil([&] { return chart->size(0) > typed; }));
    QCOMPARE(runs->findChild<QLineEdit*>(), edit);
    QCOMPARE(edit->text(), "half a na");
    QTest::keyClick(edit, Qt::Key_Escape);
    w.window->showPlace(Place::Tune);
    CLICK(tune, "Pause");
    w.window->showPlace(Place::Runs);
    QVERIFY(waitUntil([&] { return state() == "Paused"; }));
    w.window->showPlace(Place::Tune);
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
  }

  // Stop holds also while its curves so far are being read: no step is made.
  void aStopBeforeTheRunGoesOn() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 2; }));
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
    const int64_t kept = history().front().step;
    std::atomic<bool> read = false;
    w.context->jobs().run<int>("What is read before", Place::None, [&](JobContext&) -> Result<int> {
      while (!read) QThread::msleep(5);
      return 0;
    }, this, nullptr, Lane::Quick);
    CLICK(tune->banner(), "Go on");
    CLICK(tune, "Stop and keep");
    read = true;
    QVERIFY(w.waitForJobs());
    QCOMPARE(tune->banner()->title(), "Stopped before its first step");
    QVERIFY(buttonOf(tune->banner(), "Go on"));
    QVERIFY(buttonOf(tune, "New run"));
    QCOMPARE(history().front().step, kept);
  }

  void aChatBesideARunTakesOnlyWhatIsThere() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 2; }));
    // Shown before it is taken.
    CLICK(tune, "Try it now");
    Page* chat = w.window->page(Place::Chat);
    bool shown = false;
    for (QLabel* text : chat->findChildren<QLabel*>()) shown = shown || (text->isVisible() && text->text().startsWith("Beside the run a side takes"));
    QVERIFY(shown);
    // Refused with words where it is not there, between two steps; the run goes on.
    ChatRequest request;
    request.model = m_model.toStdString();
    request.sides = {1};
    request.messages[1] = {{"user", "say 3"}};
    request.free = 1;
    std::atomic<int> outcome = 0;
    QString words;
    auto engine = std::make_shared<ChatEngine>();
    auto job = std::make_shared<WorkJob<ChatOutcome>>(
        "Answering", Place::Chat,
        [engine, host = &w.context->engine(), request](JobContext& context) { return engine->answer(*host, request, EventStream<ChatEvent>([](auto) {}), context); }, this,
        [&](Result<ChatOutcome> result) {
          outcome = result ? 1 : 2;
          if (!result) words = QString::fromStdString(result.error().message);
        });
    w.context->jobs().startInside(job, w.context->engine().activeTune().control);
    QVERIFY(waitUntil([&] { return outcome != 0; }));
    QCOMPARE(int(outcome), 2);
    QVERIFY2(words.contains("beside the run"), qPrintable(words));
    const int before = run->lossChart()->size(0);
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > before + 2; }));
    QTest::keyClick(w.window.get(), Qt::Key_3, Qt::ControlModifier);
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
  }

 private:
  static int rows(Page* tune) {
    int visible = 0;
    for (DataFileRow* row : tune->findChildren<DataFileRow*>()) visible += row->isVisible();
    return visible;
  }
};

QTEST_MAIN(TestTunePage)
#include "test_tune_page.moc"
