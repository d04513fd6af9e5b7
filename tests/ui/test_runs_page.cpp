// Runs: the history as it is shown, what can be done with a run, and its report with its own charts.

#include "tests/ui/ui_fixture.h"

#include <QFileDialog>
#include <QMessageBox>
#include <QTableView>
#include <QTimer>
#include <qcustomplot.h>

#include "engine/core/file.h"
#include "engine/tune/run_folder.h"
#include "engine/tune/run_store.h"
#include "engine/tune/tune_report.h"
#include "ui/jobs/tune_job.h"
#include "ui/models/run_report.h"
#include "ui/models/run_table_model.h"
#include "ui/pages/run_charts.h"
#include "ui/pages/tune_run_view.h"
#include "ui/settings/format.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/labels.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestRunsPage : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { qInstallMessageHandler(collectWarnings); }
  void init() { m_home = std::make_unique<Home>(); }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }

  // The run of another window ends there; here its row follows.
  void theRunOfAnotherWindowIsFollowed() {
    const QString folder = m_home->path("home/project/runs/other");
    QVERIFY(QDir().mkpath(folder));
    QVERIFY(addRun(folder, "running"));
    auto lock = std::make_unique<Result<RunLock>>(RunLock::take(folder.toStdString()));
    QVERIFY(lock->has_value());
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    QTRY_COMPARE(table(page, "Runs")->model()->index(0, RunTableModel::State).data().toString(), "Running");
    lock.reset();  // that window was closed
    QTRY_COMPARE(table(page, "Runs")->model()->index(0, RunTableModel::State).data().toString(), "Interrupted");
  }

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
    auto* view = table(page, "Runs");
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
    // Off the list, and back.
    answerNext("Off the list");
    CLICK(page, "Delete");
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Fine-tune a model"));
    QVERIFY2(m_asked.contains("project/runs/first"), qPrintable(m_asked));
    // The question was a window of its own.
    w.window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(w.window.get()));
    QTest::keyClick(w.window.get(), Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Resume"));
    QVERIFY(QFileInfo::exists(folder));
  }

  // The question says what stays; with the files nothing of the run is offered any more.
  void aRunIsDeletedWithItsFiles() {
    const QString folder = m_home->path("home/project/runs/first");
    QVERIFY(QDir().mkpath(folder) && addRun(folder, "finished"));
    QVERIFY(write_text_file((folder + "/recipe.json").toStdString(), recipe_to_json({})).has_value());
    QVERIFY(write_text_file((folder + "/checkpoint.bin").toStdString(), std::string(2'000'000, 'x')).has_value());
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    answerNext("Keep it");
    CLICK(page, "Delete");
    QVERIFY(w.waitForJobs());
    QVERIFY(buttonOf(page, "Delete")->isEnabled() && QFileInfo::exists(folder) && history().size() == 1);
    QVERIFY2(m_asked.contains("2.0 MB"), qPrintable(m_asked));
    answerNext("Files to the trash");
    CLICK(page, "Delete");
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Fine-tune a model"));
    QVERIFY(!QFileInfo::exists(folder) && history().empty());
  }

  // Reopened at a checkpoint a run shows what it showed: the smoothed loss of the history, its memory, and each answer once.
  void aRunGoesOnAsItWas() {
    const QString folder = m_home->path("home/run");
    QVERIFY(QDir().mkpath(folder) && addRun(folder, "interrupted"));
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    const RunRow row = (*store)->runs()->front();
    const auto curves = readRunCurves(**store, row.id, row.steps);
    const auto events = eventsSoFar(folder.toStdString());
    QVERIFY(curves.has_value() && events.has_value() && !events->empty());
    const Home& home = *m_home;
    Settings settings(home.path("scalewright.ini"));
    TuneRunView view(settings);
    view.begin("what %1 now");
    view.take(*events);
    TunePlan plan;
    plan.steps = row.steps;
    plan.done_steps = 40;
    plan.ledger.total_bytes = 100'000'000;
    plan.ledger.items = {{.bytes = 100'000'000}};
    view.take({plan, ValidationRecord{40, 0.25}, SampleRecord{10, "what %1 now", "again"}});
    QCOMPARE(view.lossChart()->size(0), 40);
    QCOMPARE(view.lossText(), numberText(curves->smoothed[39], 3));
    QCOMPARE(view.lossChart()->size(2), 2);  // validations
    for (Chart* chart : view.findChildren<Chart*>())
      if (chart->accessibleName() == "Memory by part") QCOMPARE(chart->size(0), 40);
    int answers = 0;
    for (ElidedLabel* text : view.findChildren<ElidedLabel*>()) answers += text->isVisibleTo(&view) && text->fullText().contains("step   10");
    QCOMPARE(answers, 1);
    // The validation of its checkpoint is made again.
    view.take({ValidationRecord{40, 0.25}});
    QCOMPARE(view.lossChart()->size(2), 2);
  }

  // Several runs lie over each other in one chart, and of their recipes the table shows what differs.
  void severalRunsAreCompared() {
    TuneRecipe slow, fast;
    slow.learning_rate = 1e-3;
    fast.learning_rate = 5e-3;
    fast.context = 256;
    QVERIFY(addRun(m_home->path("home/slow"), "finished", "slow", slow) && addRun(m_home->path("home/fast"), "finished", "fast", fast));
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    auto* runs = table(page, "Runs");
    QVERIFY(runs);
    QTRY_COMPARE(runs->model()->rowCount(), 2);
    for (int row = 0; row < 2; ++row) runs->model()->setData(runs->model()->index(row, 0), Qt::Checked, Qt::CheckStateRole);
    QVERIFY(w.waitForJobs());
    auto* chart = page->findChild<Chart*>();
    const auto curves = [&] {
      int count = 0;
      for (int i = 0; i < chart->plot()->graphCount(); ++i) count += chart->plot()->graph(i)->visible() && chart->plot()->graph(i)->dataCount() >= 50;
      return count;
    };
    QTRY_VERIFY2(curves() >= 2, qPrintable(QString::number(curves())));
    QTableView* recipes = nullptr;
    for (QTableView* view : page->findChildren<QTableView*>())
      if (view != runs) recipes = view;
    QVERIFY(recipes);
    QTRY_COMPARE(recipes->model()->columnCount(), 3);  // the name of a value, and both runs
    QStringList values;
    for (int row = 0; row < recipes->model()->rowCount(); ++row)
      for (int column = 0; column < 3; ++column) values << recipes->model()->index(row, column).data().toString();
    const QString all = values.join('|');
    QVERIFY2(all.contains("256 × 1") && all.contains("512 × 1") && all.contains("5e-3"), qPrintable(all));
    QVERIFY2(!all.contains("cosine"), qPrintable(all));  // the same in both
  }

  void longStepsAreNotCut() {
    QVERIFY(addRun(m_home->path("home/long"), "stopped", "long", {}, 9'999'999));
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    auto* runs = table(w.window->page(Place::Runs), "Runs");
    QTRY_COMPARE(runs->model()->rowCount(), 1);
    constexpr int kSteps = 2;
    const QString text = runs->model()->index(0, kSteps).data().toString();
    QCOMPARE(text, "50 of 9,999,999");
    QTRY_VERIFY2(runs->columnWidth(kSteps) - px(20) >= QFontMetrics(theme().font(FontRole::Mono)).horizontalAdvance(text), qPrintable(QString::number(runs->columnWidth(kSteps))));
  }

  // As the run's own page says it: pauses and the time between two starts are no work.
  void theTimeIsTheRunsOwn() {
    const QString folder = m_home->path("home/rested");
    QVERIFY(QDir().mkpath(folder));
    QVERIFY(addRun(folder, "finished"));
    TuneReport report;
    report.steps = 50;
    report.seconds = 448.0;
    QFile file(folder + "/report.json");
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(QByteArray::fromStdString(report_to_json(report))) > 0);
    file.close();
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    auto* runs = table(w.window->page(Place::Runs), "Runs");
    QTRY_COMPARE(runs->model()->rowCount(), 1);
    QCOMPARE(runs->model()->index(0, RunTableModel::Time).data().toString(), durationText(448.0));
  }

  // Nothing of the row shines through the name that is typed.
  void theNameIsTypedOnAGroundOfItsOwn() {
    QVERIFY(addRun(m_home->path("home/named"), "finished"));
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    CLICK(page, "Rename");
    auto* edit = table(page, "Runs")->findChild<QLineEdit*>();
    QVERIFY(edit);
    QVERIFY2(edit->x() >= px(16 + 16), qPrintable(QString::number(edit->x())));  // the box before it stays in sight
    edit->clear();
    const QRect area(edit->mapTo(w.window.get(), QPoint(0, 0)), edit->size());
    const QImage seen = w.window->grab(area.adjusted(px(8), 4, -px(8), -4)).toImage();
    QSet<QRgb> colours;
    for (int x = 0; x < seen.width(); ++x)
      for (int y = 0; y < seen.height(); ++y) colours << seen.pixel(x, y);
    QVERIFY2(colours.size() <= 3, qPrintable(QString::number(colours.size())));  // the ground, and a cursor
    QTest::keyClick(edit, Qt::Key_Escape);
  }

  // A dialog begins where the last one of its kind ended, whatever the others did.
  void dialogsRememberTheirFolders() {
    const QString reports = m_home->path("home/reports"), charts = m_home->path("home/charts");
    QVERIFY(QDir().mkpath(reports) && QDir().mkpath(charts));
    QVERIFY(addRun(m_home->path("home/run"), "finished"));
    TestWindow w(*m_home);
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Runs);
    QString began;
    const auto answer = [&](const QString& file) {
      QTimer::singleShot(300, this, [&began, file] {
        auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget());
        if (!dialog) return;
        began = dialog->directory().absolutePath();
        dialog->findChild<QLineEdit*>()->setText(file);
        file.isEmpty() ? dialog->reject() : static_cast<QDialog*>(dialog)->accept();
      });
    };
    QAbstractButton* save = nullptr;
    for (QAbstractButton* button : page->findChildren<QAbstractButton*>())
      if (button->accessibleName() == "Save the chart as PNG, SVG or CSV") save = button;
    QVERIFY(save);
    answer(reports + "/one.html");
    CLICK(page, "Report…");
    QVERIFY(w.waitForJobs());
    QVERIFY(QFileInfo::exists(reports + "/one.html"));
    answer(charts + "/loss.png");
    QTest::mouseClick(save, Qt::LeftButton);
    QVERIFY(QFileInfo::exists(charts + "/loss.png"));
    answer({});
    CLICK(page, "Report…");
    QCOMPARE(began, reports);
    answer({});
    QTest::mouseClick(save, Qt::LeftButton);
    QCOMPARE(began, charts);
  }

  void theReportHasItsCharts() {
    QVERIFY(addRun(m_home->path("home/run"), "finished"));
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    const RunRow run = (*store)->runs()->front();
    const auto curves = readRunCurves(**store, run.id, run.steps);
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
    const std::vector<RunScore> scores = {{.match = AnswerMatch::Pattern, .pattern = "<(.*)>", .before = 0.25, .after = 0.75, .rows = "8 rows of more.jsonl", .when = 1700000000}};
    QString error;
    const QString html = m_home->path("report.html"), pdf = m_home->path("report.pdf");
    QVERIFY2(writeRunReport(html, run, curves->answers, scores, charts, &error), qPrintable(error));
    QVERIFY2(writeRunReport(pdf, run, curves->answers, scores, charts, &error), qPrintable(error));
    const QString text = read(html);
    QCOMPARE(text.count("data:image/png;base64,"), 3);
    QVERIFY(text.contains("what %1 now") && text.contains("&lt;it&gt; is %2"));
    QVERIFY(text.contains("first run"));
    QVERIFY(text.contains("by the pattern &lt;(.*)&gt;") && text.contains("8 rows of more.jsonl"));
    QVERIFY(read(pdf).startsWith("%PDF"));
    QVERIFY(!writeRunReport("/proc/no/report.html", run, {}, {}, charts, &error));
    QVERIFY(error.contains("/proc/no/report.html"));
  }

 private:
  static QString read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromLatin1(file.readAll()) : QString();
  }
  // Answers the question that comes.
  void answerNext(const QString& words) {
    m_asked.clear();
    QTimer::singleShot(300, this, [this, words] {
      for (QWidget* top : QApplication::topLevelWidgets())
        if (auto* box = qobject_cast<QMessageBox*>(top))
          for (QAbstractButton* b : box->buttons())
            if (b->text() == words) m_asked = box->informativeText(), b->click();
    });
  }
  static QTableView* table(Page* page, const QString& name) {
    for (QTableView* view : page->findChildren<QTableView*>())
      if (view->accessibleName() == name) return view;
    return nullptr;
  }
  static bool addRun(const QString& folder, const char* state, const char* name = "first run", const TuneRecipe& recipe = {}, int steps = 100) {
    const auto store = RunStore::open(RunStore::default_file());
    if (!store) return false;
    RunRow row;
    row.folder = folder.toStdString();
    row.name = name;
    row.model = "/models/m.gguf";
    row.data = "/data/rows.jsonl";
    row.state = state;
    row.recipe_json = recipe_to_json(recipe);
    row.started = 1700000000;
    row.step = 50;
    row.steps = steps;
    const auto id = (*store)->begin(row);
    if (!id) return false;
    std::vector<StepRecord> records;
    for (int i = 1; i <= 50; ++i)
      records.push_back({.step = i, .steps = steps, .loss = 2.0 / i, .gradient_norm = 1.0 / i, .learning_rate = 1e-3 * (1 - i / 100.0), .tokens_per_second = 400.0 + i});
    return (*store)->add_steps(*id, records) && (*store)->add_validation(*id, {10, 0.5}) && (*store)->add_sample(*id, {10, "what %1 now", "<it> is %2"});
  }

  QString m_asked;  // by the last question
  std::unique_ptr<Home> m_home;
};

QTEST_MAIN(TestRunsPage)
#include "test_runs_page.moc"
