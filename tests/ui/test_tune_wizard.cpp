// Fine-tune before and after the run: columns that nobody knows, rows that cannot be used, numbers as they are used, and what the
// held-out rows say in the end.

#include "tests/ui/small_chat_model.h"

#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QTableView>
#include <QTextEdit>
#include <QThread>
#include <QTimer>
#include <algorithm>
#include <atomic>

#include "engine/data/dataset_look.h"
#include "engine/tune/run_store.h"
#include "ui/models/run_table_model.h"
#include "ui/pages/tune_run_view.h"
#include "ui/pages/tune_step.h"
#include "ui/settings/language.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/chart.h"
#include "ui/widgets/number_boxes.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/segmented.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestTuneWizard : public QObject, SampleTest {
  Q_OBJECT

 private slots:
  void initTestCase() { makeSample(); }
  void init() { enterHome(); }
  void cleanup() { leaveHome(); }

  // In the smallest window, with the longer words: every step goes up and down only.
  void everyStepFitsTheSmallestWindow() {
    const Language german("de");
    TestWindow w(*m_home, ThemeMode::Light, {640, 480});
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    const auto beyond = [&] {
      QTest::qWait(60);
      int most = 0;
      for (QScrollArea* area : tune->findChildren<QScrollArea*>())
        if (area->isVisible()) most = std::max(most, area->horizontalScrollBar()->maximum());
      return most;
    };
    QCOMPARE(beyond(), 0);
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    QCOMPARE(beyond(), 0);
    CLICK(tune, "Advanced");
    QCOMPARE(beyond(), 0);
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    QCOMPARE(beyond(), 0);
    QCOMPARE(w.window->size(), QSize(640, 480));
  }

  void aRefusedFileIsLookedAt() {
    const QString table = m_home->path("home/table.csv"), rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeFile(table, "frage,antwort\neins,1\n") && writeFile(rows, "{\"f\": \"eins\", \"a\": 1}\nno json\n"));
    QVERIFY(!import_dataset(table.toStdString(), {}).has_value());
    const auto header = look_at_dataset(table.toStdString(), {});
    QVERIFY(header.has_value());
    QVERIFY(header->columns == (std::vector<std::string>{"frage", "antwort"}) && header->format == DatasetFormat::Auto);
    const auto keys = look_at_dataset(rows.toStdString(), {});
    QVERIFY(keys.has_value());
    QCOMPARE(int(keys->problems.size()), 2);
    QVERIFY(keys->columns.size() == 2 && keys->format == DatasetFormat::Auto);
  }

  // Asked in the window where the command line has --columns; the run's recipe keeps it.
  void unknownColumnsAreNamed() {
    const QString table = m_home->path("home/fragen.csv");
    QByteArray rows = "frage,antwort\n";
    for (int i = 0; i < 40; ++i) rows += QByteArrayLiteral("say ") + QByteArray::number(i) + ",it is " + QByteArray::number(i) + '\n';
    QVERIFY(writeFile(table, rows));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, table);
    QVERIFY(w.waitForJobs());
    auto *prompt = box(tune, "Column: Prompt"), *answer = box(tune, "Column: Answer");
    QTRY_VERIFY(prompt && prompt->isVisible() && answer->isVisible());
    QVERIFY(!tune->banner()->isVisible());
    QVERIFY(!buttonOf(tune, "Next: Method")->isEnabled());
    choose(prompt, "frage");
    choose(answer, "antwort");
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(!prompt->isVisible());
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    // After the last step the page says what it is at: the held-out rows are asked, one by one, twice.
    QStringList said;
    const auto listening = connect(&w.context->jobs(), &JobQueue::jobProgressed, this, [&] {
      for (QLabel* text : tune->findChildren<QLabel*>())
        if (text->text().startsWith("answering") && !said.contains(text->text())) said << text->text();
    });
    CLICK(tune, "Start");
    QVERIFY(waitUntil([&] { return buttonOf(tune, "New run") != nullptr; }));
    disconnect(listening);
    QVERIFY2(said.contains("answering them as the original: row 4 of 4"), qPrintable(said.join('\n')));
    const auto runs = history();
    QCOMPARE(int(runs.size()), 1);
    const auto recipe = recipe_from_json(runs[0].recipe_json);
    QVERIFY(recipe.has_value());
    QVERIFY(recipe->columns == (std::map<std::string, std::string>{{"prompt", "frage"}, {"completion", "antwort"}}));
    QVERIFY(recipe->learning_rate > 0.0);  // the one that was used, though the program chose it
    // The held-out rows were asked before and after, and the window says so.
    const auto store = RunStore::open(RunStore::default_file());
    QVERIFY(store.has_value());
    const auto scores = (*store)->evaluations(runs[0].id);
    QVERIFY(scores.has_value());
    QCOMPARE(int(scores->size()), 2);
    QVERIFY2(tune->banner()->text().startsWith("Of 4 rows that it never learned from"), qPrintable(tune->banner()->text()));
    w.window->showPlace(Place::Runs);
    QVERIFY(w.waitForJobs());
    for (QTableView* view : w.window->page(Place::Runs)->findChildren<QTableView*>())
      if (view->accessibleName() == "Runs") QTRY_VERIFY(view->model()->index(0, RunTableModel::RightAnswers).data().toString().contains(QStringLiteral("→")));
  }

  // Where no row can be used each one says why, and the words leave with the file.
  // A file that cannot be used is named; what was known of the others stays, and nothing goes on before it is gone.
  void oneBadFileLeavesTheOthers() {
    const QString table = m_home->path("home/fragen.csv"), empty = m_home->path("home/empty.jsonl");
    QByteArray rows = "frage,antwort\n";
    for (int i = 0; i < 40; ++i) rows += QByteArrayLiteral("say ") + QByteArray::number(i) + ",it is " + QByteArray::number(i) + '\n';
    QVERIFY(writeFile(table, rows) && writeFile(empty, {}));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, table);
    QVERIFY(w.waitForJobs());
    choose(box(tune, "Column: Prompt"), "frage");
    choose(box(tune, "Column: Answer"), "antwort");
    QVERIFY(w.waitForJobs());
    dropRows(tune, empty);
    QVERIFY(w.waitForJobs());
    const auto said = [&](const QString& words) {
      const auto texts = tune->findChildren<QLabel*>();
      return std::any_of(texts.begin(), texts.end(), [&](QLabel* text) { return text->isVisible() && text->text().contains(words); });
    };
    QTRY_VERIFY(said("One of the files cannot be used") && said("empty.jsonl"));
    QVERIFY(!said("Which column is which?"));
    QVERIFY(said("40 rows") && said("Row 1 of 40") && said("not read"));
    QVERIFY(!buttonOf(tune, "Next: Method")->isEnabled());
    QCOMPARE(buttonOf(tune, "Next: Method")->toolTip(), "Remove the file that cannot be used");
    QList<QAbstractButton*> removes;
    for (QAbstractButton* button : tune->findChildren<QAbstractButton*>())
      if (button->isVisible() && button->accessibleName() == "Remove this file") removes << button;
    QCOMPARE(removes.size(), 2);
    removes.last()->click();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(tune, "Next: Method")->isEnabled() && !tune->banner()->isVisible());
  }

  // Behind other work the rows are not read yet, and that is what is said.
  void rowsThatWaitSaySo() {
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    std::atomic<bool> over = false;
    w.context->jobs().run<bool>(
        "Quantizing another", Place::Quantize,
        [&over](JobContext& context) -> Result<bool> {
          while (!over && !context.stopRequested()) QThread::msleep(5);
          return true;
        },
        w.window.get(), {});
    QTRY_VERIFY(w.context->jobs().busy());
    const QString rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeRows(rows, 20));
    dropRows(tune, rows);
    const auto said = [&](const QString& words) {
      const auto texts = tune->findChildren<QLabel*>();
      return std::any_of(texts.begin(), texts.end(), [&](QLabel* text) { return text->isVisible() && text->text().contains(words); });
    };
    QTRY_VERIFY(said("is read when this is done: Quantizing another"));
    QVERIFY(!said("reading every row"));
    over = true;
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(said("20 rows"));
  }

  void badRowsAreListed() {
    const QString rows = m_home->path("home/bad.jsonl");
    QVERIFY(writeFile(rows, "{\"prompt\": \"a\", \"completion\": \"\"}\n{\"prompt\": \"\", \"completion\": \"b\"}\nno json\n"));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, rows);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(tune->banner()->isVisible());
    auto* problems = named<QTableView>(tune, "Rows with problems");
    QVERIFY(problems && problems->isVisible());
    QCOMPARE(problems->model()->rowCount(), 3);
    for (QAbstractButton* button : tune->findChildren<QAbstractButton*>())
      if (button->accessibleName() == "Remove this file" && button->isVisible()) {
        QTest::mouseClick(button, Qt::LeftButton);
        break;
      }
    QTRY_VERIFY(!tune->banner()->isVisible());
    QCOMPARE(problems->model()->rowCount(), 0);
  }

  void numbersAreThoseThatAreUsed() {
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    const QString rows = m_home->path("home/rows.jsonl");
    QVERIFY(writeRows(rows, 100));
    dropRows(tune, rows);
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Advanced");
    CLICK(tune, "Reset to defaults");
    QVERIFY(w.waitForJobs());
    auto* rate = named<RealBox>(tune, "Learning rate");
    auto* context = named<QSpinBox>(tune, "Context");
    QVERIFY(rate && context);
    QTRY_COMPARE(rate->text(), QString("0.001 (default)"));
    // Grey as every hint; what the person types is not.
    const auto inkOfRate = [&] { return rate->findChild<QLineEdit*>()->palette().color(QPalette::Text); };
    QCOMPARE(inkOfRate(), theme().tokens().text3);
    QCOMPARE(context->maximum(), 512);  // of this model
    // The rows that were read are still told, though they are cut elsewhere now.
    QVERIFY(tune->findChild<TuneStep*>("dataStep")->value().startsWith("100 row"));  // the plural is the translation's
    rate->setFocus();
    QTRY_VERIFY(rate->hasFocus());
    QTest::qWait(20);
    QTest::keyClicks(rate, "0.002");
    QTest::keyClick(rate, Qt::Key_Return);
    QCOMPARE(rate->value(), 0.002);
    QCOMPARE(rate->text(), QString("0.002"));
    QCOMPARE(inkOfRate(), theme().tokens().text);
    CLICK(tune, "Reset to defaults");
    QTRY_COMPARE(rate->value(), 0.0);
    // The question is one that the model does not learn the answer of, and that is said.
    bool told = false;
    for (QLabel* text : tune->findChildren<QLabel*>()) told = told || (text->isVisible() && text->text().contains("never learns from it"));
    QVERIFY(told);
    QVERIFY(w.waitForJobs());
  }

  // Instead of a part that is held back: nothing of the examples is, and the file may be of another form.
  void aFileIsValidatedOn() {
    const QString rows = m_home->path("home/rows.jsonl"), own = m_home->path("home/own.jsonl"), bad = m_home->path("home/bad.jsonl");
    QVERIFY(writeRows(rows, 40) && writeChat(own) && writeFile(bad, "no json\n"));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, rows);
    QVERIFY(w.waitForJobs());
    const auto choose = [&](const QString& file) {
      QTimer::singleShot(300, this, [file] { typeIntoDialog(file); });
      CLICK(tune, "Own file…");
      QVERIFY(w.waitForJobs());
    };
    // One that cannot be used, or that is learned from, holds the wizard up until it is taken back.
    for (const QString& file : {bad, rows}) {
      choose(file);
      if (QTest::currentTestFailed()) return;
      QTRY_VERIFY(tune->banner()->isVisible());
      QVERIFY2(tune->banner()->text().contains("every row of it is learned from too") == (file == rows), qPrintable(tune->banner()->text()));
      QVERIFY(!buttonOf(tune, "Next: Method")->isEnabled());
      QVERIFY(!buttonOf(tune, "Own file…"));
      QAbstractButton* lowest = nullptr;
      const auto height = [&](const QWidget* button) { return button->mapTo(tune, QPoint()).y(); };
      for (QAbstractButton* button : tune->findChildren<QAbstractButton*>())
        if (button->isVisible() && button->accessibleName() == "Remove this file" && (!lowest || height(button) > height(lowest))) lowest = button;
      QTest::mouseClick(lowest, Qt::LeftButton);
      QVERIFY(w.waitForJobs());
      QTRY_VERIFY(buttonOf(tune, "Own file…") && buttonOf(tune, "Next: Method")->isEnabled());
    }
    choose(own);
    if (QTest::currentTestFailed()) return;
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    auto* prompt = named<QLineEdit>(tune, "A prompt of your own");
    QVERIFY(prompt);
    QCOMPARE(prompt->text(), QString("say 90"));
    CLICK(tune, "Next: Plan");
    QVERIFY(w.waitForJobs());
    bool planned = false;
    for (QLabel* text : tune->findChildren<QLabel*>()) planned = planned || (text->isVisible() && text->text() == "40 rows, 3 to validate");
    QVERIFY(planned);
    CLICK(tune, "Start");
    QVERIFY(waitUntil([&] { return buttonOf(tune, "New run") != nullptr; }));
    QVERIFY2(tune->banner()->text().startsWith("Of 3 rows that it never learned from"), qPrintable(tune->banner()->text()));
    const auto recipe = recipe_from_json(history().front().recipe_json);
    QVERIFY(recipe.has_value());
    QCOMPARE(QString::fromStdString(recipe->validation.string()), own);
    QCOMPARE(recipe->validation_split, 0.0);
  }

  // A table of prompts and answers may be learned as texts of one of its columns.
  void oneColumnIsLearnedAsText() {
    const QString table = m_home->path("home/table.csv");
    QVERIFY(writeFile(table, "prompt,completion,note\na,b,first note\nc,d,second note\ne,f,third note\n"));
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    dropRows(tune, table);
    QVERIFY(w.waitForJobs());
    QTimer::singleShot(300, this, [] {
      auto* dialog = qobject_cast<QDialog*>(QApplication::activeModalWidget());
      if (!dialog) return;
      auto* kind = dialog->findChild<Segmented*>();
      kind->setCurrent(1);
      emit kind->chosen(1);
      for (QComboBox* column : dialog->findChildren<QComboBox*>())
        if (column->isVisible()) choose(column, "note");
      dialog->accept();
    });
    CLICK(tune, "Columns…");
    QVERIFY(w.waitForJobs());
    QVERIFY2(!tune->banner()->isVisible(), qPrintable(tune->banner()->text()));
    bool seen = false;
    for (QTextEdit* text : tune->findChildren<QTextEdit*>()) seen = seen || text->toPlainText().contains("first note");
    QVERIFY(seen);
    // Opened again it shows what was chosen.
    QString shown;
    QTimer::singleShot(300, this, [&] {
      auto* dialog = qobject_cast<QDialog*>(QApplication::activeModalWidget());
      if (!dialog) return;
      for (QComboBox* column : dialog->findChildren<QComboBox*>())
        if (column->isVisible()) shown += column->currentText();
      dialog->reject();
    });
    CLICK(tune, "Columns…");
    QCOMPARE(shown, QString("note"));
  }

  // A pause is said where the run is looked at, and its charts can be read in a small window.
  void aPauseIsSaid() {
    TestWindow w(*m_home);
    Page* tune = startLongRun(w, *m_home);
    if (QTest::currentTestFailed()) return;
    auto* run = tune->findChild<TuneRunView*>();
    QVERIFY(waitUntil([&] { return run->lossChart()->size(0) > 2; }));
    QVERIFY2(run->lossChart()->height() >= px(300), qPrintable(QString::number(run->lossChart()->height())));
    CLICK(tune, "Pause");
    const auto says = [&](const QString& words) {
      for (QLabel* text : run->findChildren<QLabel*>())
        if (text->isVisible() && text->text().startsWith(words)) return true;
      return false;
    };
    QVERIFY(waitUntil([&] { return says("Paused at step"); }));
    bool titled = false;
    for (QLabel* text : tune->header()->findChildren<QLabel*>()) titled = titled || text->text().endsWith(", paused");
    QVERIFY(titled);
    CLICK(tune, "Resume");
    QVERIFY(waitUntil([&] { return !says("Paused at step"); }));
    CLICK(tune, "Stop and keep");
    QVERIFY(w.waitForJobs());
  }

 private:
  static bool writeChat(const QString& path) {
    QByteArray rows;
    for (const char* number : {"90", "91", "92"})
      rows += QByteArrayLiteral("{\"messages\": [{\"role\": \"user\", \"content\": \"say ") + number + "\"}, {\"role\": \"assistant\", \"content\": \"it is " + number + "\"}]}\n";
    return writeFile(path, rows);
  }
  static QComboBox* box(QWidget* in, const QString& name) { return named<QComboBox>(in, name); }
  static void choose(QComboBox* box, const QString& words) {
    box->setCurrentIndex(box->findText(words));
    emit box->activated(box->currentIndex());
  }
};

QTEST_MAIN(TestTuneWizard)
#include "test_tune_wizard.moc"
