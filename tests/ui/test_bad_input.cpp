// What goes wrong says so where the person is, with a way on; the window stays alive and nothing is lost.

#include "tests/ui/small_chat_model.h"

#include <QLabel>
#include <QComboBox>
#include <QTableView>
#include <csignal>
#include <sqlite3.h>
#include <sys/resource.h>

#include "engine/tune/run_store.h"
#include "ui/pages/tune_run_view.h"
#include "ui/models/cell_roles.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chart.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

// Files of this process grow no further than this: to whoever writes, the disk is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &m_before);
    rlimit limit = m_before;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &m_before); }

 private:
  rlimit m_before{};
};

}  // namespace

class TestBadInput : public QObject, SampleTest {
  Q_OBJECT

 private slots:
  void initTestCase() { makeSample(); }
  void init() { enterHome(); }
  void cleanup() { leaveHome(); }

  void aHalfDownloadedModel() {
    QFile whole(m_sample.gguf());
    QVERIFY(whole.open(QIODevice::ReadOnly));
    const QString half = m_home->path("home/models/half.gguf");
    QVERIFY(writeFile(half, whole.read(whole.size() / 2)));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    w.window->openPaths({half});
    QVERIFY(w.waitForJobs());
    Page* models = w.window->page(Place::Models);
    QTRY_VERIFY(models->banner()->isVisible());
    QVERIFY2(models->banner()->title().contains("half.gguf is incomplete"), qPrintable(models->banner()->title()));
    QVERIFY2(models->banner()->text().contains("byte"), qPrintable(models->banner()->text()));
    QTRY_VERIFY(buttonOf(models->banner(), "Choose another file"));
    // Said once, and no model is counted.
    const auto told = [&](const QString& words) {
      int count = 0;
      for (QLabel* text : models->findChildren<QLabel*>()) count += text->isVisible() && text->text().contains(words);
      return count;
    };
    QTRY_COMPARE(told("the download is incomplete"), 1);
    QCOMPARE(told("1 model in 1 folder"), 0);
    QCOMPARE(told("No model that can be used"), 1);
    models->banner()->dismiss();
    QTRY_COMPARE(told("the download is incomplete"), 1);  // now beside the list
    QVERIFY(told("Why it cannot be used") == 1);
    w.window->openPaths({half});
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(models->banner()->isVisible());
    // A model that can be used takes the complaint away.
    w.window->openPaths({m_sample.gguf()});
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(!models->banner()->isVisible());
    w.window->openPaths({half});
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(models->banner()->isVisible());
    CLICK(models->banner(), "Remove from list");
    QVERIFY(w.waitForJobs());
    QVERIFY(QFile::exists(half));
  }

  void everyRowIsWrong() {
    const QString data = m_home->path("home/wrong.jsonl");
    QByteArray rows;
    for (int i = 0; i < 30; ++i) rows += "{\"prompt\": \"one\", \"completion\": \"\"}\n";
    QVERIFY(writeFile(data, rows));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, data);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(tune->banner()->isVisible());
    QVERIFY2(tune->banner()->text().contains("wrong.jsonl"), qPrintable(tune->banner()->text()));
    auto* next = buttonOf(tune, "Next: Method");
    QVERIFY(next && !next->isEnabled());
    QVERIFY(!next->toolTip().isEmpty());
    // The way on: another file.
    const QString good = m_home->path("home/good.jsonl");
    QVERIFY(writeRows(good, 40));
    dropRows(tune, good);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(tune, "Next: Method")->isEnabled());
    QTRY_VERIFY(!tune->banner()->isVisible());
  }

  void someRowsAreWrong() {
    const QString data = m_home->path("home/mixed.jsonl");
    QVERIFY(writeFile(data,
                      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n"
                      "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assitant\", \"content\": \"b\"}]}\n"
                      "not json at all\n"
                      "{\"messages\": [{\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"d\"}]}\n"));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, data);
    QVERIFY(w.waitForJobs());
    QTableView* problems = nullptr;
    for (QTableView* view : tune->findChildren<QTableView*>())
      if (view->isVisible()) problems = view;
    QVERIFY(problems);
    QTRY_COMPARE(problems->model()->rowCount(), 2);
    QCOMPARE(problems->model()->index(0, 0).data().toString(), "2");
    QCOMPARE(problems->model()->index(1, 0).data().toString(), "3");
    QString all;
    for (int row = 0; row < 2; ++row) all += problems->model()->index(row, 1).data().toString() + ' ' + problems->model()->index(row, 1).data(SubTextRole).toString() + '\n';
    QVERIFY2(all.contains("messages[1].role"), qPrintable(all));
    QVERIFY(buttonOf(tune, "Next: Method")->isEnabled());
  }

  void theDiskFillsDuringARun() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(run);
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 5; }));
    // A first whole checkpoint, then no more room.
    CLICK(tune, "Stop and keep");
    QVERIFY(waitUntil([&] { return tune->banner()->isVisible(); }));
    const int kept = run->lossChart()->size(0);
    {
      FullDisk full(16 * 1024);
      CLICK(tune->banner(), "Go on");
      QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 3 || tune->banner()->isVisible(); }));
      if (auto* stop = buttonOf(tune, "Stop and keep")) QTest::mouseClick(stop, Qt::LeftButton);  // the checkpoint is due
      QVERIFY(waitUntil([&] { return tune->banner()->isVisible(); }));
      QCOMPARE(tune->banner()->title(), "The run stopped");
      QVERIFY2(tune->banner()->text().contains("checkpoint.bin: cannot write"), qPrintable(tune->banner()->text()));
      QTRY_VERIFY(buttonOf(tune->banner(), "Resume"));
    }
    // Room again: it goes on from the last whole checkpoint.
    CLICK(tune->banner(), "Resume");
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 3; }));
    CLICK(tune, "Stop and keep");
    QVERIFY(waitUntil([&] { return tune->banner()->isVisible(); }));
    QCOMPARE(tune->banner()->title(), "Stopped, and kept");
    QVERIFY(w.waitForJobs());
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    QVERIFY((*store)->runs()->front().step >= kept);
  }

  void aModelDeletedWhileOpen() {
    TestWindow w(*m_home);
    w.window->openPaths({m_model});
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", m_model}}});
    QVERIFY(w.waitForJobs());
    QVERIFY(QFile::remove(m_model));
    // Chat: the model is not in memory yet, so the answer says what is missing.
    Page* chat = w.window->page(Place::Chat);
    QTest::keyClicks(chat->firstField(), "hello");
    QTest::keyClick(chat->firstField(), Qt::Key_Return);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(chat->banner()->isVisible());
    QVERIFY2(chat->banner()->text().contains("small.Q4_1.gguf"), qPrintable(chat->banner()->text()));
    QTRY_VERIFY(buttonOf(chat->banner(), "Choose another model"));
    // Models: the line stays and says why.
    QTest::keyClick(w.window.get(), Qt::Key_1, Qt::ControlModifier);
    QTest::keyClick(w.window.get(), Qt::Key_F5);
    QVERIFY(w.waitForJobs());
    const ModelEntry* entry = w.context->catalog().table().find(m_model);
    QVERIFY(entry && !entry->usable());
    QVERIFY2(entry->problem.contains("not there any more"), qPrintable(entry->problem));
  }

  void aDamagedHistory() {
    const QString file = QString::fromStdString(RunStore::default_file().string());
    QDir().mkpath(QFileInfo(file).absolutePath());
    QVERIFY(writeFile(file, QByteArray(9000, 'x')));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    // Said at the start, where the person is.
    Page* models = w.window->page(Place::Models);
    QVERIFY(waitUntil([&] { return models->banner()->isVisible(); }));
    QVERIFY2(models->banner()->text().contains(".damaged-1"), qPrintable(models->banner()->text()));
    QVERIFY(QFile::exists(file + ".damaged-1"));
    // The history goes on, empty.
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    QVERIFY(!w.window->page(Place::Runs)->banner()->isVisible());
  }

  void aLockedHistory() {
    { QVERIFY(RunStore::open(RunStore::default_file()).has_value()); }
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    sqlite3* other = nullptr;
    QCOMPARE(sqlite3_open(RunStore::default_file().c_str(), &other), SQLITE_OK);
    QCOMPARE(sqlite3_exec(other, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE lock_test(a);", nullptr, nullptr, nullptr), SQLITE_OK);
    w.window->showPlace(Place::Runs);
    Page* runs = w.window->page(Place::Runs);
    QVERIFY(waitUntil([&] { return runs->banner()->isVisible(); }));
    QTRY_VERIFY(buttonOf(runs->banner(), "Try again"));
    sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    CLICK(runs->banner(), "Try again");
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(!runs->banner()->isVisible());
  }

  void settingsOfAnotherVersion() {
    QVERIFY(writeFile(m_home->path("scalewright.ini"), "[General]\nversion=99\n[look]\ntheme=dark\n"));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    // Said where the person is, not only in the settings.
    Page* models = w.window->page(Place::Models);
    QTRY_VERIFY(models->banner()->isVisible());
    QVERIFY2(models->banner()->text().contains(".v99"), qPrintable(models->banner()->text()));
    QVERIFY(QFile::exists(m_home->path("scalewright.ini.v99")));
  }
};

QTEST_MAIN(TestBadInput)
#include "test_bad_input.moc"
