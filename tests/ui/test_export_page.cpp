// The Export page: which models it offers, and what it asks and refuses before it writes.

#include "tests/ui/small_chat_model.h"

#include <QComboBox>
#include <QLabel>
#include <QMessageBox>
#include <QScrollArea>
#include <QScrollBar>
#include <QTimer>

#include "engine/core/file.h"
#include "engine/tune/recipe.h"
#include "ui/jobs/export_reasons.h"
#include "ui/jobs/model_catalog.h"
#include "ui/pages/export_targets.h"
#include "ui/settings/language.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/option_card.h"
#include "ui/widgets/path_edit.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestExportPage : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    if (!m_sample.make()) QSKIP("The golden sets are not here.");
    // The same model as a GPTQ folder.
    auto backend = make_backend({});
    QVERIFY(backend.has_value());
    QuantizeObserver observer;
    QuantizeRequest request;
    request.input = makeChatFolder(m_made.filePath("full")).toStdString();
    request.spec = {.bits = 4, .group = 32, .symmetric = false};
    auto report = quantize_model(request, **backend, observer, {});
    QVERIFY(report.has_value());
    QVERIFY(write_model(*report->model, ExportTarget::Gptq, m_made.filePath("gptq").toStdString(), {}, observer, {}).has_value());
  }
  void init() { m_home = std::make_unique<Home>(); }
  void cleanup() {
    SmallSample::forget();
    QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n')));
  }

  // An export under way, or one that was killed, is in no list of models.
  void whatIsBeingWrittenIsNoModel() {
    const QString models = m_home->path("home/written");
    for (const char* name : {"a.gguf.part-4711-0/a.gguf", "b.part-4711-1/b/config.json", "c.part-one/c.gguf"}) {
      const QString file = models + "/" + name;
      QVERIFY(QDir().mkpath(QFileInfo(file).path()));
      QVERIFY(QFile(file).open(QIODevice::WriteOnly));
    }
    QCOMPARE(findModels(models), QStringList{models + "/c.part-one/c.gguf"});
  }

  void foldersAreModelsToo() {
    const QString folder = m_home->path("home/elsewhere/gptq");
    QVERIFY(copyFolder(m_made.filePath("gptq"), folder));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    // Not in any list before: the folder is read and taken.
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", folder}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    auto* targets = page->findChild<ExportTargets*>();
    QTRY_COMPARE(targets->modelPath(), folder);
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    auto* list = qobject_cast<QComboBox*>(targets->firstField());
    QVERIFY(list && list->findText("Choose a folder…") > 0 && list->findText("Choose a file…") > 0);
    // What is no model says so and leaves the choice as it was.
    QVERIFY(QDir().mkpath(m_home->path("home/empty")));
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", m_home->path("home/empty")}}});
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(page->banner()->isVisible());
    QCOMPARE(page->banner()->title(), "This cannot be exported");
    QCOMPARE(targets->modelPath(), folder);
  }

  // Why a target is impossible is read as a whole, in plain words; the engine's own are the tooltip.
  void reasonsAreWholeAndPlain_data() {
    QTest::addColumn<QString>("language");
    QTest::addColumn<QString>("begins");
    QTest::addColumn<QString>("ends");
    QTest::newRow("English") << "en" << "Holds whole zero points only;" << "Choose GGUF.";
    QTest::newRow("German") << "de" << "Fasst nur ganze Nullpunkte;" << "Wählen Sie GGUF.";
  }
  void reasonsAreWholeAndPlain() {
    QFETCH(QString, language);
    QFETCH(QString, begins);
    QFETCH(QString, ends);
    const Language installed(language);
    const QString model = m_sample.giveTo(*m_home);
    TestWindow w(*m_home);
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", model}}});
    QVERIFY(w.waitForJobs());
    auto* targets = w.window->page(Place::Export)->findChild<ExportTargets*>();
    QTRY_VERIFY(w.waitForJobs() && targets->chosen());
    // As the engine refuses a Q4_1 file.
    ExportChoices choices;
    for (const ExportTarget target : kExportTargets) {
      choices.targets.push_back({.target = target});
      if (target == ExportTarget::Gguf) choices.targets.back().check = ExportCheck{.exact = true, .container = "Q4_1"};
      else choices.targets.back().refusal = std::string("GPTQ: The offsets of 'blk.0.attn_q' are no whole multiples of its scales (as in Q4_1 and Q5_1), so its weights are not s (q - z). GGUF holds them exactly, and safetensors holds the weights in full; for this format quantize the model anew, best from full precision.");
    }
    targets->showChoices(choices);
    const QFontMetrics help(theme().font(FontRole::Help));
    OptionCard* gptq = nullptr;
    for (OptionCard* card : targets->findChildren<OptionCard*>()) {
      if (card->text() == "GPTQ") gptq = card;
      if (!card->isEnabled()) QTRY_VERIFY2(card->height() >= card->heightForWidth(card->width()) && card->height() > 3 * help.height(), qPrintable(card->line()));
    }
    QVERIFY(gptq && !gptq->isEnabled());
    QVERIFY2(gptq->line().startsWith(begins) && gptq->line().endsWith(ends), qPrintable(gptq->line()));
    QVERIFY2(gptq->toolTip().contains("s (q - z)"), qPrintable(gptq->toolTip()));
  }

  // The run that ended last is what a person comes for, unless they chose something since.
  void theNewestRunIsChosen() {
    const QString sample = m_sample.giveTo(*m_home);
    TestWindow w(*m_home);
    QVERIFY(w.context->project().ensureOpen());
    w.context->catalog().add({sample});
    QVERIFY(w.waitForJobs());
    w.window->showPlace(Place::Export);
    QVERIFY(w.waitForJobs());
    auto* targets = w.window->page(Place::Export)->findChild<ExportTargets*>();
    QTRY_COMPARE(targets->modelPath(), sample);
    const auto ends = [&](const QString& name, int secondsFromNow) {
      const QString run = w.context->project().runsFolder() + "/" + name;
      TuneRecipe recipe;
      recipe.model = sample.toStdString();
      QFile pack(run + "/tuned.safetensors");
      const bool made = QDir().mkpath(run) && write_text_file((run + "/recipe.json").toStdString(), recipe_to_json(recipe)) && pack.open(QIODevice::WriteOnly) &&
                        pack.write("pack") > 0 && pack.flush() && pack.setFileTime(QDateTime::currentDateTime().addSecs(secondsFromNow), QFileDevice::FileModificationTime);
      pack.close();
      w.context->catalog().refresh();
      return made && w.waitForJobs() ? run : QString();
    };
    const QString last = ends("b-run", 10);
    QTRY_COMPARE(targets->modelPath(), last);
    (void)ends("a-run", 5);  // older
    QTest::qWait(50);
    QCOMPARE(targets->modelPath(), last);
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", sample}}});
    (void)ends("c-run", -20);
    QTRY_COMPARE(targets->modelPath(), sample);
    const QString again = ends("b-run", 60);
    QTRY_COMPARE(targets->modelPath(), again);
  }

  // The file that was written joins the list and changes nothing of what is chosen: the result stays in view.
  void theResultStays() {
    const QString model = m_sample.giveTo(*m_home);
    TestWindow w(*m_home);
    w.context->catalog().add({model});
    QVERIFY(w.waitForJobs());
    w.window->showPlace(Place::Export);
    Page* page = w.window->page(Place::Export);
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    page->primary();
    QVERIFY(waitUntil([&] { return page->banner()->isVisible(); }));
    QVERIFY(w.waitForJobs());
    QTest::qWait(50);
    QCOMPARE(page->findChild<ExportTargets*>()->modelPath(), model);
    QVERIFY(buttonOf(page, "Export again"));
    // A long path is seen with its beginning and its end, and whole while it is being changed.
    auto* name = page->findChild<PathEdit*>();
    QVERIFY(name);
    name->clearFocus();
    name->setText("/home/somebody/" + QString(80, 'x') + "/out.gguf");
    QVERIFY2(name->shown().startsWith("/home") && name->shown().endsWith("out.gguf") && name->shown() != name->text(), qPrintable(name->shown()));
  }

  // What is chosen, shown and written is one model. One that is gone leaves nothing chosen, and nothing of it in view.
  void whatIsGoneIsNotReplacedByAnother() {
    const QString gone = m_sample.giveTo(*m_home), other = m_home->path("home/models/other.gguf");
    QVERIFY(makeChatGguf(makeChatFolder(m_made.filePath("small, tuned: orders")), other));
    TestWindow w(*m_home);
    w.context->catalog().add({gone, other});
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", gone}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    auto* targets = page->findChild<ExportTargets*>();
    auto* list = qobject_cast<QComboBox*>(targets->firstField());
    auto* name = page->findChild<PathEdit*>();
    const auto nothingIsChosen = [&] {
      QPushButton* start = buttonOf(page, "Export");
      page->primary();
      return !targets->model() && list->currentIndex() < 0 && !targets->chosen() && name->text().isEmpty() && start && !start->isEnabled() && !buttonOf(page, "Export again") &&
             !page->banner()->isVisible() && !w.context->jobs().busy() && !saysSomewhere(page, QFileInfo(gone).fileName());
    };
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    // Removed from the list on the other page, before and after it was written.
    for (const bool written : {false, true}) {
      if (written) {
        page->primary();
        QVERIFY(waitUntil([&] { return page->banner()->isVisible(); }));
        QVERIFY(w.waitForJobs());
      }
      w.window->showPlace(Place::Models);
      w.context->catalog().remove(gone);
      QVERIFY(w.waitForJobs());
      w.window->showPlace(Place::Export);
      QTRY_VERIFY(nothingIsChosen());
      // Back again, it is the one that was chosen, and nothing was written from it yet.
      w.context->catalog().restore(gone);
      QVERIFY(w.waitForJobs());
      QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
      QVERIFY(targets->model() && targets->model()->path == gone && name->text().contains("small") && saysSomewhere(page, QFileInfo(gone).fileName()));
    }
    // Moved away by something else; the other one is then looked at for itself.
    QVERIFY(QFile::rename(gone, gone + ".away"));
    w.context->catalog().refresh();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(nothingIsChosen());
    list->setCurrentIndex(list->findData(other));
    emit list->activated(list->currentIndex());
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    QVERIFY(name->text().contains("other") && saysSomewhere(page, "other.gguf"));
  }

  // What was written from one model is not shown above the next one, nor beside another file of the same name.
  void aResultBelongsToItsModel() {
    const QString model = m_sample.giveTo(*m_home), other = m_home->path("home/models/other.gguf");
    QVERIFY(QFile::copy(model, other));
    TestWindow w(*m_home);
    w.context->catalog().add({model, other});
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", model}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    auto* list = qobject_cast<QComboBox*>(page->findChild<ExportTargets*>()->firstField());
    const auto write = [&] {
      QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
      page->primary();
      QVERIFY(waitUntil([&] { return page->banner()->isVisible(); }));
      QVERIFY(w.waitForJobs());
      QVERIFY(buttonOf(page, "Export again"));
    };
    write();
    list->setCurrentIndex(list->findData(other));
    emit list->activated(list->currentIndex());
    QVERIFY(w.waitForJobs());
    QVERIFY(!page->banner()->isVisible());
    write();
    QFile file(other);
    QVERIFY(file.open(QIODevice::ReadWrite) && file.setFileTime(QDateTime::currentDateTime().addSecs(60), QFileDevice::FileModificationTime));
    file.close();
    w.context->catalog().refresh();
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled() && !page->banner()->isVisible());
  }

  // An export says in the model's name that it was tuned, and the list says so too.
  void aTunedFileIsListedAsSuch() {
    const QString folder = makeChatFolder(m_made.filePath("small, tuned: orders"));
    const QString file = m_home->path("home/models/orders.gguf"), plain = m_sample.giveTo(*m_home);
    QVERIFY(makeChatGguf(folder, file));
    QVERIFY(readModelEntry(file).learned);
    QVERIFY(readModelEntry(file).shownState() == ModelState::Tuned && !readModelEntry(file).run());
    QVERIFY(readModelEntry(plain).shownState() == ModelState::Quantized);
  }

  // Six targets, with the longest reasons that there are, in a window of the smallest size that is promised.
  void nothingScrollsWhereThereIsRoom_data() {
    QTest::addColumn<QString>("language");
    QTest::newRow("en") << "en";
    QTest::newRow("de") << "de";
  }
  void nothingScrollsWhereThereIsRoom() {
    QFETCH(QString, language);
    const Language words(language);
    const QString model = m_sample.giveTo(*m_home);
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", model}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    // As of a model that no folder format holds.
    const QString reason = plainReason(ExportTarget::Gptq, "its zero points are no whole multiples of its scales");
    int reasons = 0;
    for (OptionCard* card : page->findChildren<OptionCard*>())
      if (card->text().contains("GPTQ") || card->text().contains("AWQ") || card->text().contains("compressed")) card->setLine(reason), ++reasons;
    QCOMPARE(reasons, 3);
    QTest::qWait(50);
    QCOMPARE(hidden(page), 0);
  }

  void aModelfileIsNotReplacedWithoutAsking() {
    const QString model = m_sample.giveTo(*m_home);
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", model}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    const QString file = m_home->path("home/models/out.gguf"), modelfile = m_home->path("home/models/out.Modelfile");
    QFile mine(modelfile);
    QVERIFY(mine.open(QIODevice::WriteOnly) && mine.write("my own") == 6);
    mine.close();
    auto* name = qobject_cast<QLineEdit*>(page->findChild<ExportTargets*>()->outputField()->findChild<QLineEdit*>());
    QVERIFY(name);
    name->selectAll();
    QTest::keyClicks(name, file);
    QVERIFY(answered(page, "Keep it"));
    QVERIFY(!w.context->jobs().busy() && !QFile::exists(file));
    QVERIFY(mine.open(QIODevice::ReadOnly) && mine.readAll() == "my own");
    mine.close();
    QVERIFY(answered(page, "Replace"));
    QVERIFY(waitUntil([&] { return page->banner()->isVisible(); }));
    QVERIFY(w.waitForJobs());
    QVERIFY(QFile::exists(file));
    QVERIFY(mine.open(QIODevice::ReadOnly) && mine.readAll().startsWith("FROM ./out.gguf"));
    // Once more: what was written by now is there, and both are asked about at once.
    QVERIFY(buttonOf(page, "Export again"));
    const QDateTime before = QFileInfo(file).lastModified();
    QVERIFY(answered(page, "Keep it"));
    QVERIFY(!w.context->jobs().busy() && QFileInfo(file).lastModified() == before);
    QVERIFY2(m_asked.contains("out.gguf") && m_asked.contains("out.Modelfile"), qPrintable(m_asked));
    QVERIFY(answered(page, "Replace"));
    QVERIFY(waitUntil([&] { return QFileInfo(file).lastModified() != before && page->banner()->isVisible(); }));
    QVERIFY(w.waitForJobs());
  }

 private:
  // Presses Export and answers the question that comes; false: nothing was asked.
  bool answered(Page* page, const QString& words) {
    bool asked = false;
    QTimer::singleShot(300, this, [&] {
      for (QWidget* top : QApplication::topLevelWidgets())
        if (auto* box = qobject_cast<QMessageBox*>(top))
          for (QAbstractButton* b : box->buttons())
            if (b->text() == words) asked = true, m_asked = box->text(), b->click();
    });
    page->primary();
    return asked;
  }

  static bool saysSomewhere(Page* page, const QString& words) {
    for (const QLabel* label : page->findChildren<QLabel*>())
      if (label->isVisible() && label->text().contains(words)) return true;
    return false;
  }

  static int hidden(Page* page) {
    int most = 0;
    for (QScrollArea* area : page->findChildren<QScrollArea*>()) most = std::max(most, area->verticalScrollBar()->maximum());
    return most;
  }

  SmallSample m_sample;
  QTemporaryDir m_made;
  QString m_asked;  // by the last question
  std::unique_ptr<Home> m_home;
};

QTEST_MAIN(TestExportPage)
#include "test_export_page.moc"
