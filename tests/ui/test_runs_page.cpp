// Runs: the history as it is shown, what can be done with a run, and its report with its own charts.

#include "tests/ui/ui_fixture.h"

#include <QTableView>

#include "engine/tune/run_store.h"
#include "ui/models/run_report.h"
#include "ui/pages/run_charts.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestRunsPage : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { qInstallMessageHandler(collectWarnings); }
  void init() { m_home = std::make_unique<Home>(); }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }

  void whatCanBeDoneWithARun() {
    const QString folder = m_home->path("home/project/runs/first");
    QVERIFY(QDir().mkpath(folder));
    QVERIFY(addRun(folder, "running"));
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    // Nobody works in its folder: it was interrupted, and can go on. It has no pack yet.
    QTRY_VERIFY(buttonOf(page, "Resume") && buttonOf(page, "Resume")->isEnabled());
    QVERIFY(buttonOf(page, "Export…") && !buttonOf(page, "Export…")->isEnabled() && !buttonOf(page, "Export…")->toolTip().isEmpty());
    QFile pack(folder + "/tuned.safetensors");
    QVERIFY(pack.open(QIODevice::WriteOnly));
    pack.close();
    page->refresh();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Export…")->isEnabled());
    // Another name, typed into the table.
    CLICK(page, "Rename");
    auto* view = page->findChild<QTableView*>();
    for (QTableView* table : page->findChildren<QTableView*>())
      if (table->accessibleName() == "Runs") view = table;
    auto* edit = view->findChild<QLineEdit*>();
    QVERIFY(edit);
    edit->setText("second name");
    QTest::keyClick(edit, Qt::Key_Return);
    QTest::qWait(50);  // the table takes it over after the key
    QVERIFY(w.waitForJobs());
    {
      const auto store = RunStore::open(RunStore::default_file());
      QVERIFY(store.has_value());
      QCOMPARE((*store)->runs()->front().name, std::string("second name"));
    }
    // Deleted from the history, and back.
    CLICK(page, "Delete");
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Fine-tune a model"));
    QTest::keyClick(w.window.get(), Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Resume"));
    QVERIFY(QFileInfo::exists(folder));
  }

  void theReportHasItsCharts() {
    QVERIFY(addRun(m_home->path("home/run"), "finished"));
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    const RunRow run = (*store)->runs()->front();
    const auto curves = readRunCurves(**store, run.id);
    QVERIFY(curves.has_value());
    QCOMPARE(int(curves->steps.size()), 50);
    QCOMPARE(int(curves->smoothed.size()), 50);
    QCOMPARE(int(curves->validation.size()), 1);
    const auto charts = drawRunCharts(*curves);
    QCOMPARE(int(charts.size()), 3);
    for (const ReportPicture& chart : charts) {
      // Something is drawn: more than one colour.
      QSet<QRgb> colours;
      for (int x = 0; x < chart.picture.width(); x += 3)
        for (int y = 0; y < chart.picture.height(); y += 3) colours << chart.picture.pixel(x, y);
      QVERIFY2(colours.size() > 4, qPrintable(chart.title));
    }
    QString error;
    const QString html = m_home->path("report.html"), pdf = m_home->path("report.pdf");
    QVERIFY2(writeRunReport(html, run, curves->answers, charts, &error), qPrintable(error));
    QVERIFY2(writeRunReport(pdf, run, curves->answers, charts, &error), qPrintable(error));
    const QString text = read(html);
    QCOMPARE(text.count("data:image/png;base64,"), 3);
    QVERIFY(text.contains("what %1 now") && text.contains("&lt;it&gt; is %2"));
    QVERIFY(text.contains("first run"));
    QVERIFY(read(pdf).startsWith("%PDF"));
    QVERIFY(!writeRunReport("/proc/no/report.html", run, {}, charts, &error));
    QVERIFY(error.contains("/proc/no/report.html"));
  }

 private:
  static QString read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromLatin1(file.readAll()) : QString();
  }
  static bool addRun(const QString& folder, const char* state) {
    const auto store = RunStore::open(RunStore::default_file());
    if (!store) return false;
    RunRow row;
    row.folder = folder.toStdString();
    row.name = "first run";
    row.model = "/models/m.gguf";
    row.data = "/data/rows.jsonl";
    row.state = state;
    row.recipe_json = recipe_to_json({});
    row.started = 1700000000;
    row.step = 50;
    row.steps = 100;
    const auto id = (*store)->begin(row);
    if (!id) return false;
    std::vector<StepRecord> steps;
    for (int i = 1; i <= 50; ++i)
      steps.push_back({.step = i, .steps = 100, .loss = 2.0 / i, .gradient_norm = 1.0 / i, .learning_rate = 1e-3 * (1 - i / 100.0), .tokens_per_second = 400.0 + i});
    return (*store)->add_steps(*id, steps) && (*store)->add_validation(*id, {10, 0.5}) && (*store)->add_sample(*id, {10, "what %1 now", "<it> is %2"});
  }

  std::unique_ptr<Home> m_home;
};

QTEST_MAIN(TestRunsPage)
#include "test_runs_page.moc"
