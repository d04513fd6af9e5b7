// Each page empty, busy, failed and done: what it says, and that there is always a way on.

#include "tests/ui/small_chat_model.h"

#include <QLabel>
#include <QScrollBar>
#include <thread>

#include "ui/widgets/answer_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chat_transcript.h"
#include "ui/widgets/empty_state.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestPageStates : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    m_folder = makeChatFolder(m_made.filePath("small"));
    if (m_folder.isEmpty()) QSKIP("The golden sets are not here.");
    m_gguf = m_made.filePath("small.Q4_1.gguf");
    QVERIFY(makeChatGguf(m_folder, m_gguf));
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", m_made.filePath("nothing.gguf").toLocal8Bit());
  }
  void init() {
    m_home = std::make_unique<Home>();
    m_models = m_home->path("home/models");
    QDir().mkpath(m_models);
    QVERIFY(QFile::copy(m_gguf, m_models + "/small.Q4_1.gguf"));
    QVERIFY(copyFolder(m_folder, m_models + "/full"));
  }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }

  void emptyPagesSayHowToBegin() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    const struct { Place place; const char* way; } pages[] = {
        {Place::Models, "Open model…"}, {Place::Quantize, "Go to Models"}, {Place::Tune, "Choose a file…"}, {Place::Runs, "Fine-tune a model"}, {Place::Chat, "Choose a model…"}, {Place::Export, "Go to Models"}};
    for (const auto& page : pages) {
      w.window->showPlace(page.place);
      QVERIFY(w.waitForJobs());
      QTRY_VERIFY2(buttonOf(w.window->page(page.place), page.way), page.way);
      QVERIFY(buttonOf(w.window->page(page.place), page.way)->isEnabled());
      QVERIFY(!w.window->page(page.place)->banner()->isVisible());
    }
    // What cannot be done yet says why.
    w.window->showPlace(Place::Tune);
    auto* next = buttonOf(w.window->page(Place::Tune), "Next: Data");
    QVERIFY(next && !next->isEnabled() && !next->toolTip().isEmpty());
    w.window->showPlace(Place::Chat);
    auto* send = buttonOf(w.window->page(Place::Chat), "Send");
    QVERIFY(send && !send->isEnabled() && !send->toolTip().isEmpty());
  }

  void quantizeBusyFailedDone() {
    TestWindow w(*m_home);
    w.context->catalog().add({m_models});
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Quantize, page_messages::kUseModel, {{"path", m_models + "/full"}}});
    QVERIFY(w.waitForJobs());
    QTest::qWait(150);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Quantize);
    // Failed before it starts: the field says so, nothing is written.
    QLineEdit* output = nullptr;
    for (QLineEdit* edit : page->findChildren<QLineEdit*>())
      if (edit->isVisible() && edit->text().endsWith(".gguf")) output = edit;
    QVERIFY(output);
    const QString good = output->text();
    output->clear();
    QTest::keyClicks(output, "/proc/no/where.gguf");
    CLICK(page, "Quantize");
    bool said = false;
    for (QLabel* text : page->findChildren<QLabel*>()) said = said || (text->isVisible() && text->text().contains("there is no folder"));
    QVERIFY(said);
    QVERIFY(buttonOf(page, "Quantize"));
    // Waiting behind another job it can be cancelled, and is back where it was.
    std::atomic<bool> free = false;
    w.context->jobs().run<int>("Other work", Place::Export, [&](JobContext& context) -> Result<int> {
      while (!free && !context.stopRequested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return 1;
    }, this, nullptr);
    output->clear();
    QTest::keyClicks(output, good);
    CLICK(page, "Quantize");
    QVERIFY(buttonOf(page, "Cancel"));
    CLICK(page, "Cancel");
    free = true;
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Quantize"));
    QVERIFY(QDir(m_models).entryList({"full*.gguf"}).isEmpty());
    // Done: what next.
    CLICK(page, "Quantize");
    QVERIFY(waitUntil([&] { return buttonOf(page, "Fine-tune it") != nullptr; }));
    QVERIFY(buttonOf(page, "Chat with it"));
    QVERIFY(page->banner()->isVisible());
    QVERIFY(w.waitForJobs());
  }

  void chatBusyStoppedDone() {
    TestWindow w(*m_home);
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", m_models + "/small.Q4_1.gguf"}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Chat);
    QTest::keyClicks(page->firstField(), "say 3");
    QTest::keyClick(page->firstField(), Qt::Key_Return);
    QTRY_VERIFY(buttonOf(page, "Stop"));  // at once, before the first word
    CLICK(page, "Stop");
    auto* transcript = page->findChild<ChatTranscript*>();
    QVERIFY(waitUntil([&] { return !transcript->answer(0, 0)->streaming(); }));
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(page, "Send"));
    QVERIFY(!page->banner()->isVisible());  // stopping is no failure
    QTest::keyClicks(page->firstField(), "say 4");
    QTest::keyClick(page->firstField(), Qt::Key_Return);
    QVERIFY(waitUntil([&] { return transcript->answer(1, 0) && !transcript->answer(1, 0)->streaming(); }));
    QVERIFY(w.waitForJobs());
    QVERIFY(buttonOf(page, "Save…")->isEnabled());
  }

  void theConversationStaysAtItsEnd() {
    ChatTranscript transcript;
    transcript.resize(500, 300);
    transcript.show();
    ChatLog log;
    QScrollBar* bar = transcript.verticalScrollBar();
    for (int turn = 0; turn < 4; ++turn) {
      transcript.addTurn("say it", log, true);
      for (int piece = 0; piece < 3; ++piece) {
        transcript.answer(turn, log.single)->append(QString("a line of it\n\n").repeated(12), 12);
        QTest::qWait(40);
        QVERIFY(turn == 0 || bar->maximum() > 0);
        QCOMPARE(bar->value(), bar->maximum());
      }
    }
    // Who scrolled up to read is left there.
    bar->setValue(0);
    transcript.answer(3, log.single)->append(QString("more\n\n").repeated(12), 12);
    QTest::qWait(20);
    QCOMPARE(bar->value(), 0);
  }

  void exportFailedAndAgain() {
    TestWindow w(*m_home);
    w.context->catalog().add({m_models});
    QVERIFY(w.waitForJobs());
    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", m_models + "/small.Q4_1.gguf"}}});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Export);
    QTRY_VERIFY(buttonOf(page, "Export") && buttonOf(page, "Export")->isEnabled());
    // The original is never overwritten.
    QLineEdit* output = nullptr;
    for (QLineEdit* edit : page->findChildren<QLineEdit*>())
      if (edit->isVisible() && edit->text().endsWith(".gguf")) output = edit;
    QVERIFY(output);
    output->clear();
    QTest::keyClicks(output, m_models + "/small.Q4_1.gguf");
    const qint64 size = QFileInfo(m_models + "/small.Q4_1.gguf").size();
    CLICK(page, "Export");
    QVERIFY(w.waitForJobs());
    bool said = false;
    for (QLabel* text : page->findChildren<QLabel*>()) said = said || (text->isVisible() && text->text().contains("never overwritten"));
    QVERIFY(said);
    QCOMPARE(QFileInfo(m_models + "/small.Q4_1.gguf").size(), size);
    output->clear();
    QTest::keyClicks(output, m_models + "/copy.gguf");
    CLICK(page, "Export");
    QVERIFY(waitUntil([&] { return page->banner()->isVisible(); }));
    QVERIFY2(page->banner()->title().contains("checked"), qPrintable(page->banner()->title()));
    QTRY_VERIFY(buttonOf(page, "Show in folder"));
    QVERIFY(buttonOf(page, "Export again"));
    QVERIFY(w.waitForJobs());
  }

  void nothingFlashesAsAWindowOfItsOwn() {
    // A widget shown before it has a parent would be a window for a moment, and take the focus.
    TestWindow w(*m_home);
    w.window->activateWindow();
    w.context->catalog().add({m_models});
    QVERIFY(w.waitForJobs());
    for (int i = 0; i <= int(Place::Help); ++i) {
      w.window->showPlace(Place(i));
      QVERIFY(w.waitForJobs());
      for (QWidget* top : QApplication::topLevelWidgets())
        QVERIFY2(!top->isVisible() || top == w.window.get(), top->metaObject()->className());
      QCOMPARE(QApplication::activeWindow(), w.window.get());
    }
  }

 private:
  QTemporaryDir m_made;
  std::unique_ptr<Home> m_home;
  QString m_folder, m_gguf, m_models;
};

QTEST_MAIN(TestPageStates)
#include "test_page_states.moc"
