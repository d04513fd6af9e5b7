// "Score…" of a run: the same figures as the command line's, beside those of the original; what cannot be scored is said, and it stops.

#include "tests/ui/small_chat_model.h"

#include <QDialog>
#include <QLabel>
#include <QSpinBox>
#include <QTableView>
#include <QThread>
#include <QTimer>
#include <limits>

#include "engine/eval/evaluate.h"
#include "engine/tune/held_out.h"
#include "engine/tune/trainer.h"
#include "ui/models/cell_roles.h"
#include "ui/models/run_table_model.h"
#include "ui/pages/score_dialog.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/combo.h"
#include "ui/widgets/metric.h"
#include "ui/widgets/number_boxes.h"
#include "ui/widgets/segmented.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestScoreDialog : public QObject {
  Q_OBJECT

 private slots:
  // One short run, whose history and folder all tests look at.
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    if (!m_sample.make()) QSKIP("The golden sets are not here.");
    m_home = std::make_unique<Home>();
    QVERIFY(!m_sample.giveTo(*m_home).isEmpty());
    const QString rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeRows(rows, 60));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, rows);
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    // So fast that it answers otherwise than the original, right or wrong.
    CLICK(tune, "Advanced");
    for (RealBox* rate : tune->findChildren<RealBox*>())
      if (rate->accessibleName() == "Learning rate") {
        rate->setValue(0.2);
        emit rate->editingFinished();
      }
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Start");
    QVERIFY(waitUntil([&] { return buttonOf(tune, "New run") != nullptr; }));
    const auto runs = history();
    QCOMPARE(int(runs.size()), 1);
    m_run = runs[0].folder;
  }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }
  void cleanupTestCase() { SmallSample::forget(); }

  void heldBackRowsAreScored() {
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    CLICK(dialog, "Score");
    QTRY_VERIFY(buttonOf(dialog, "Stop"));
    QVERIFY(waitUntil([&] { return buttonOf(dialog, "Other rows…") != nullptr; }));
    const Expected expected = byTheEngine({}, AnswerRule());
    if (QTest::currentTestFailed()) return;
    QCOMPARE(shown(dialog), expected.shown);
    QCOMPARE(int(answers(dialog)->rowCount()), 6);  // a tenth
    QCOMPARE(column(dialog, 2), expected.tuned);
    QCOMPARE(column(dialog, 3), expected.original);
    QVERIFY(expected.tuned != expected.original);
    // The history has it too, with the rows it was measured on.
    QVERIFY(w.waitForJobs());
    for (QTableView* view : w.window->page(Place::Runs)->findChildren<QTableView*>())
      if (view->accessibleName() == "Runs") QTRY_VERIFY(view->model()->index(0, RunTableModel::RightAnswers).data(Qt::ToolTipRole).toString().contains("word for word: of 6 held-out rows (Just now)"));
    dialog->reject();
  }

  // A file of the person's own, of which the last number counts.
  void aFileIsScoredByItsNumbers() {
    const QString file = m_home->path("home/held-out.jsonl");
    QVERIFY(writeRows(file, 15));
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    QTimer::singleShot(300, this, [&] { typeIntoDialog(file); });
    CLICK(dialog, "Choose a file…");
    QCOMPARE(dialog->findChild<Combo*>()->currentText(), QString("held-out.jsonl"));
    match(dialog, 1);
    limit(dialog)->setValue(9);
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return buttonOf(dialog, "Other rows…") != nullptr; }));
    const Expected expected = byTheEngine(file, *AnswerRule::create(AnswerMatch::Number), 9);
    if (QTest::currentTestFailed()) return;
    QCOMPARE(shown(dialog), expected.shown);
    QCOMPARE(int(answers(dialog)->rowCount()), 9);
    // What was measured stays with the run: the rule, the rows, and both shares.
    QVERIFY(w.waitForJobs());
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    const auto kept = runScores(**store, history().front().id);
    QVERIFY(kept && !kept->empty());
    const RunScore& last = kept->front();
    QVERIFY(last.match == AnswerMatch::Number && last.rows == "9 rows of held-out.jsonl" && last.when > 0);
    QCOMPARE(QStringList({percentText(last.after), percentText(last.before)}), expected.shown);
    for (QTableView* view : w.window->page(Place::Runs)->findChildren<QTableView*>())
      if (view->accessibleName() == "Runs") QTRY_COMPARE(view->model()->index(0, RunTableModel::RightAnswers).data(SubTextRole).toString(), QString("the last number"));
    dialog->reject();
  }

  void whatCannotBeScoredIsSaid() {
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    // A pattern needs one group.
    match(dialog, 2);
    QLineEdit* pattern = nullptr;
    for (QLineEdit* edit : dialog->findChildren<QLineEdit*>())
      if (edit->isVisible() && edit->placeholderText().startsWith("####")) pattern = edit;
    QVERIFY(pattern);
    QTest::keyClicks(pattern, "is .*");
    CLICK(dialog, "Score");
    QVERIFY(buttonOf(dialog, "Score"));
    QVERIFY(says(dialog, "has 0 capture groups"));
    pattern->clear();
    QTest::keyClicks(pattern, "is (.*)");
    QVERIFY(!says(dialog, "has 0 capture groups"));
    // A file without answers.
    const QString file = m_home->path("home/no-answers.jsonl");
    QFile text(file);
    QVERIFY(text.open(QIODevice::WriteOnly) && text.write("{\"text\": \"only a text\"}\n") > 0);
    text.close();
    QTimer::singleShot(300, this, [&] { typeIntoDialog(file); });
    CLICK(dialog, "Choose a file…");
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return dialog->findChild<Banner*>()->isVisible(); }));
    QVERIFY2(dialog->findChild<Banner*>()->text().contains("no row has a question"), qPrintable(dialog->findChild<Banner*>()->text()));
    dialog->reject();
  }

  // What it learned from says little of what it can do: before and beside the figures.
  void learnedRowsAreNamedSo() {
    const QString rows = m_home->path("home/rows.jsonl");
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    QTimer::singleShot(300, this, [&] { typeIntoDialog(rows); });
    CLICK(dialog, "Choose a file…");
    QVERIFY(dialog->findChild<Banner*>()->isVisible());
    QCOMPARE(dialog->findChild<Banner*>()->title(), QString("It learned from these rows"));
    limit(dialog)->setValue(4);
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return buttonOf(dialog, "Other rows…") != nullptr; }));
    QVERIFY2(dialog->findChild<Banner*>()->text().contains("It learned from these rows"), qPrintable(dialog->findChild<Banner*>()->text()));
    QVERIFY(w.waitForJobs());
    for (QTableView* view : w.window->page(Place::Runs)->findChildren<QTableView*>())
      if (view->accessibleName() == "Runs") {
        const QModelIndex right = view->model()->index(0, RunTableModel::RightAnswers);
        QTRY_COMPARE(right.data(SubTextRole).toString(), QString("on learned rows"));
        QVERIFY2(right.data(Qt::ToolTipRole).toString().contains("4 rows that it learned from, in rows.jsonl"), qPrintable(right.data(Qt::ToolTipRole).toString()));
      }
    dialog->reject();
  }

  // A table whose columns nobody knows is refused in words of the window, which has no command line.
  void unknownColumnsAreSaid() {
    const QString file = m_home->path("home/table.csv");
    QFile text(file);
    QVERIFY(text.open(QIODevice::WriteOnly) && text.write("first,second\na,b\n") > 0);
    text.close();
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    QTimer::singleShot(300, this, [&] { typeIntoDialog(file); });
    CLICK(dialog, "Choose a file…");
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return dialog->findChild<Banner*>()->isVisible(); }));
    const QString said = dialog->findChild<Banner*>()->text();
    QVERIFY2(said.contains("table.csv") && said.contains("columns") && !said.contains("command line"), qPrintable(said));
    dialog->reject();
  }

  // Rows that were held back of other data than these may have been learned.
  void changedDataAreNotScored() {
    const QString rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeRows(rows, 59));
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return dialog->findChild<Banner*>()->isVisible(); }));
    QVERIFY2(dialog->findChild<Banner*>()->text().contains("its data have changed since it learned from them"), qPrintable(dialog->findChild<Banner*>()->text()));
    QVERIFY(w.waitForJobs());
    const auto model = w.context->engine().opened(recipe().model);
    QVERIFY(model.has_value() && (*model)->pack.empty());
    dialog->reject();
    QVERIFY(writeRows(rows, 60));
  }

  // Stopped it shows the form again, and the model holds its own scales.
  void itStops() {
    const QString file = m_home->path("home/many.jsonl");
    QVERIFY(writeRows(file, 5000));
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    QTimer::singleShot(300, this, [&] { typeIntoDialog(file); });
    CLICK(dialog, "Choose a file…");
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return says(dialog, "Tuned: row "); }));
    dialog->reject();
    QVERIFY(waitUntil([&] { return buttonOf(dialog, "Score") != nullptr; }));
    QCOMPARE(dialog->findChild<Banner*>()->title(), QString("Stopped"));
    QVERIFY(w.waitForJobs());
    const auto model = w.context->engine().opened(recipe().model);
    QVERIFY(model.has_value() && (*model)->pack.empty());
    // Its window closed while it works: it stops, and is gone.
    CLICK(dialog, "Score");
    QVERIFY(waitUntil([&] { return says(dialog, "Tuned: row "); }));
    dialog->close();
    QTRY_VERIFY_WITH_TIMEOUT(!w.window->findChild<ScoreDialog*>(), 20000);
    QVERIFY(w.waitForJobs());
  }

  // Behind other work it waits, says so, and is given up at once.
  void itWaitsForOtherWork() {
    TestWindow w(*m_home);
    ScoreDialog* dialog = open(w);
    if (QTest::currentTestFailed()) return;
    const auto other = w.context->jobs().run<bool>(
        "Other work", Place::None,
        [](JobContext& context) -> Result<bool> {
          while (!context.stopRequested()) QThread::msleep(5);
          return true;
        },
        this, [](Result<bool>) {});
    QTRY_VERIFY(w.context->jobs().busy());
    CLICK(dialog, "Score");
    QTRY_VERIFY(says(dialog, "Waiting for the work that is going on"));
    dialog->reject();
    QTRY_VERIFY(!w.window->findChild<ScoreDialog*>());
    other->cancel();
    QVERIFY(w.waitForJobs());
  }

 private:
  struct Expected { QStringList shown, tuned, original; };

  ScoreDialog* open(TestWindow& w) {
    ScoreDialog* dialog = nullptr;
    [&] {
      w.window->showPlace(Place::Runs);
      QVERIFY(w.waitForJobs());
      CLICK(w.window->page(Place::Runs), "Score…");
      QTRY_VERIFY((dialog = w.window->findChild<ScoreDialog*>()));
      QVERIFY(!dialog->isModal());
    }();
    return dialog;
  }
  TuneRecipe recipe() const {
    QFile file(QString::fromStdString(m_run) + "/recipe.json");
    if (!file.open(QIODevice::ReadOnly)) return {};
    const auto read = recipe_from_json(file.readAll().toStdString());
    return read ? *read : TuneRecipe();
  }
  // The shares as `score RUN --compare original` measures them.
  Expected byTheEngine(const QString& file, const AnswerRule& rule, int64_t limit = 0) {
    Expected expected;
    [&] {
      Observer observer;
      auto backend = make_backend({});
      QVERIFY(backend.has_value());
      const auto run = open_run(m_run, observer);
      QVERIFY(run.has_value());
      const auto rows = file.isEmpty() ? held_out_rows(*run->model, run->recipe, std::numeric_limits<size_t>::max()) : import_dataset(file.toStdString(), {});
      QVERIFY(rows.has_value());
      const auto tuned = score(run->model, **backend, *rows, {.limit = limit, .rule = rule}, observer, {});
      restore_scales(*run->model, trainable_layout(*run->model, run->recipe.granularity), run->base_scales);
      const auto original = score(run->model, **backend, *rows, {.limit = limit, .rule = rule}, observer, {});
      QVERIFY(tuned.has_value() && original.has_value());
      expected.shown = {percentText(tuned->matched), percentText(original->matched)};
      for (const ScoredRow& row : tuned->answers) expected.tuned << QString::fromStdString(row.answer).simplified();
      for (const ScoredRow& row : original->answers) expected.original << QString::fromStdString(row.answer).simplified();
    }();
    return expected;
  }
  static QStringList shown(ScoreDialog* dialog) {
    QStringList figures;
    for (const Metric* metric : dialog->findChildren<Metric*>()) figures << metric->number();
    return figures;
  }
  static QAbstractItemModel* answers(ScoreDialog* dialog) { return dialog->findChild<QTableView*>()->model(); }
  static QStringList column(ScoreDialog* dialog, int number) {
    QStringList texts;
    for (int row = 0; row < answers(dialog)->rowCount(); ++row) texts << answers(dialog)->index(row, number).data().toString();
    return texts;
  }
  static QSpinBox* limit(ScoreDialog* dialog) { return dialog->findChild<QSpinBox*>(); }
  static void match(ScoreDialog* dialog, int index) {
    auto* choice = dialog->findChild<Segmented*>();
    choice->setCurrent(index);
    emit choice->chosen(index);
  }
  static bool says(QWidget* in, const QString& words) {
    for (QLabel* label : in->findChildren<QLabel*>())
      if (label->isVisible() && label->text().contains(words)) return true;
    return false;
  }

  SmallSample m_sample;
  std::unique_ptr<Home> m_home;
  std::string m_run;
};

QTEST_MAIN(TestScoreDialog)
#include "test_score_dialog.moc"
