// Each page empty, busy, failed and done: what it says, and that there is always a way on.

#include "tests/ui/small_chat_model.h"

#include <QDialog>
#include <QLabel>
#include <QMenu>
#include <QScrollBar>
#include <QSpinBox>
#include <QTimer>
#include <algorithm>
#include <iterator>
#include <thread>

#include "ui/jobs/chat_engine.h"
#include "ui/models/chat_log.h"
#include "ui/pages/chat_pane.h"
#include "ui/widgets/answer_view.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chat_transcript.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/message_field.h"

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

  // All GPUs are offered where there are several, and stay to be seen where they were chosen.
  void settingsOfferAllCards() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    QTest::keyClick(w.window.get(), Qt::Key_Comma, Qt::ControlModifier);
    Page* page = w.window->page(Place::Settings);
    QVERIFY(w.waitForJobs());
    QCOMPARE(buttonOf(page, "All GPUs") != nullptr, w.context->engine().cards() > 1);
    w.context->settings().setDevice("cuda:all");
    QTRY_VERIFY(buttonOf(page, "All GPUs"));
    QTRY_VERIFY(buttonOf(page, "All GPUs")->isChecked());
    CLICK(page, "Automatic");
    QCOMPARE(w.context->settings().device(), "auto");
    QVERIFY(w.waitForJobs());
    QVERIFY(buttonOf(page, "Automatic")->isChecked());
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

  // Shift+Return begins a line, Return sends; the field grows. Escape stops the answer.
  void aMessageOfSeveralLines() {
    TestWindow w(*m_home);
    Page* page = openChat(w);
    auto* field = qobject_cast<MessageField*>(page->firstField());
    QVERIFY(field);
    const int one = field->height();
    QTest::keyClicks(field, "say");
    QTest::keyClick(field, Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClicks(field, "3");
    QCOMPARE(field->text(), "say\n3");
    QTRY_VERIFY(field->height() > one);
    for (int i = 0; i < 20; ++i) QTest::keyClick(field, Qt::Key_Return, Qt::ShiftModifier);
    QTest::qWait(20);
    QVERIFY2(field->height() < 8 * field->fontMetrics().lineSpacing(), qPrintable(QString::number(field->height())));
    for (QSpinBox* box : page->findChildren<QSpinBox*>())
      if (box->toolTip().startsWith("Longest")) box->setValue(8000);
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY(buttonOf(page, "Stop"));
    QCOMPARE(field->text(), QString());
    const QPointer<Job> job = w.context->jobs().current();
    QTest::keyClick(field, Qt::Key_Escape);
    QVERIFY(!job || job->cancelling() || job->finished());  // so small a model may have answered before
    QVERIFY(w.waitForJobs());
    QTRY_COMPARE(field->height(), one);
  }

  // A model that is gone is told, and takes nothing away; the words go when it is back.
  void aModelThatIsGoneTakesNothing() {
    TestWindow w(*m_home);
    Page* page = openChat(w);
    facts(w, page, 0, "say 3");
    const QString other = m_models + "/other.gguf";
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", other}}});
    QCOMPARE(page->banner()->title(), "The model is not there");
    QVERIFY(page->findChild<ChatTranscript*>()->answer(0, 0));
    QVERIFY(QFile::copy(m_models + "/small.Q4_1.gguf", other));
    w.context->catalog().add({other});
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(!page->banner()->isVisible());
    QVERIFY(QFile::remove(other));
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", other}}});
    QVERIFY(page->banner()->isVisible());
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", m_models + "/small.Q4_1.gguf"}}});
    QVERIFY(!page->banner()->isVisible());
    QVERIFY(w.waitForJobs());
  }

  // Exact or fast arithmetic is chosen in the pane, used by the next answer, and remembered.
  void arithmeticIsChosen() {
    {
      TestWindow w(*m_home);
      Page* page = openChat(w);
      QVERIFY(page->findChild<ChatPane*>()->precision() == Precision::Exact);
      QCOMPARE(facts(w, page, 0, "say 3").contains("fast"), false);
      QAbstractButton* fast = nullptr;
      for (QAbstractButton* button : page->findChildren<QAbstractButton*>())
        if (button->accessibleName() == "Arithmetic Fast") fast = button;
      QVERIFY(fast && fast->toolTip().contains("8 bits"));
      fast->click();
      const QString said = facts(w, page, 1, "say 4");
      QVERIFY2(said.contains("; fast"), qPrintable(said));
    }
    TestWindow again(*m_home);
    QVERIFY(openChat(again)->findChild<ChatPane*>()->precision() == Precision::Fast);
  }

  // Who has not begun says what it waits for, and the context is counted from the prompt on.
  void anAnswerSaysWhatItWaitsFor() {
    TestWindow w(*m_home);
    Page* page = openChat(w);
    std::atomic<bool> free = false;
    w.context->jobs().run<int>("Other work", Place::Export, [&](JobContext& context) -> Result<int> {
      while (!free && !context.stopRequested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return 1;
    }, this, nullptr);
    QTRY_VERIFY(w.context->jobs().busy());
    QTest::keyClicks(page->firstField(), "say 3");
    QTest::keyClick(page->firstField(), Qt::Key_Return);
    const AnswerView* view = page->findChild<ChatTranscript*>()->answer(0, 0);
    const auto says = [view](const QString& words) {
      for (QLabel* label : view->findChildren<QLabel*>())
        if (label->text() == words) return true;
      return false;
    };
    QVERIFY(view && says("waits for the work that is going on"));
    free = true;
    QVERIFY(waitUntil([&] { return !view->streaming(); }));
    QVERIFY(w.waitForJobs());

    ChatRequest request;
    request.model = (m_models + "/small.Q4_1.gguf").toStdString();
    request.sides = {0, 1};
    for (auto& messages : request.messages) messages = {{"user", "say 3"}};
    request.sampling.max_tokens = 8;
    std::vector<ChatEvent> events;
    const EventStream<ChatEvent> stream([&](std::vector<ChatEvent> list) { std::move(list.begin(), list.end(), std::back_inserter(events)); });
    auto job = std::make_shared<WorkJob<ChatOutcome>>(
        "Answering", Place::Chat,
        [engine = std::make_shared<ChatEngine>(), host = &w.context->engine(), request, stream](JobContext& context) { return engine->answer(*host, request, stream, context); }, this, nullptr);
    job->listen(stream);
    w.context->jobs().start(job);
    QVERIFY(w.waitForJobs());
    QVERIFY(events.size() > 4 && events.front().begun && events.front().side == 0 && events.front().used > 0 && events.front().context > 0);
    const auto second = std::find_if(events.begin(), events.end(), [](const ChatEvent& event) { return event.side == 1; });
    QVERIFY(second != events.end() && second->begun && (second - 1)->finished);
    QVERIFY((second - 1)->used > events.front().used);
  }

  // Edit takes a prompt back, Answer again asks with another seed; the conversation is kept, found under Earlier, and saved as a file.
  void aConversationIsEditedKeptAndSaved() {
    TestWindow w(*m_home);
    Page* page = openChat(w);
    auto* transcript = page->findChild<ChatTranscript*>();
    facts(w, page, 0, "say 3");
    facts(w, page, 1, "say 4");
    emit transcript->regenerateClicked(0, 0);
    QVERIFY(waitUntil([&] { return !transcript->answer(0, 0)->streaming(); }));
    QVERIFY(w.waitForJobs());
    QVERIFY(!transcript->answer(1, 0));  // what came after answered something else
    facts(w, page, 1, "say 5");
    emit transcript->editClicked(1);
    QCOMPARE(qobject_cast<MessageField*>(page->firstField())->text(), "say 5");
    QVERIFY(!transcript->answer(1, 0));
    QTest::keyClick(page->firstField(), Qt::Key_Return);
    QVERIFY(waitUntil([&] { return transcript->answer(1, 0) && !transcript->answer(1, 0)->streaming(); }));
    QVERIFY(w.waitForJobs());
    const QString markdown = m_home->path("chat.md"), json = m_home->path("chat.json");
    for (const QString& file : {markdown, json}) {
      QTimer::singleShot(0, this, [file] { typeIntoDialog(file); });
      CLICK(page, "Save…");
      QTRY_VERIFY2(QFile::exists(file), qPrintable(file));
    }
    QVERIFY(read(markdown).contains("say 3") && read(markdown).contains("say 5") && !read(markdown).contains("say 4"));
    ChatLog log;
    QVERIFY(ChatLog::fromJson(read(json).toUtf8(), &log));
    QCOMPARE(int(log.turns.size()), 2);
    // Ctrl+N begins anew; the old one comes back from the menu.
    w.window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(w.window.get()));
    QTest::keyClick(page->firstField(), Qt::Key_N, Qt::ControlModifier);
    QTRY_VERIFY(!transcript->answer(0, 0));
    bool found = false;
    QTimer::singleShot(0, this, [&found] {
      auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
      if (!menu) return;
      for (QAction* action : menu->actions())
        if (action->text().startsWith("say 3")) found = true, action->trigger();
      menu->close();
    });
    CLICK(page, "Earlier…");
    QVERIFY(found);
    QTRY_VERIFY(transcript->answer(1, 0));
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

  // Two answers side by side begin at one height; while the longer is read, the shorter stays where it can be read too.
  void theLongerAnswerDoesNotHideTheOther() {
    ChatTranscript transcript;
    transcript.resize(700, 300);
    transcript.show();
    ChatLog log;
    log.sideBySide = true;
    const auto say = [&](int turn, int side, int lines) {
      transcript.answer(turn, side)->append(QString("a line of it\n\n").repeated(lines), lines);
      transcript.answer(turn, side)->finish("done");
    };
    const auto place = [&](int turn, int side) {
      const AnswerView* view = transcript.answer(turn, side);
      return QRect(view->mapTo(transcript.viewport(), QPoint()), view->size());
    };
    const QRect seen = transcript.viewport()->rect();
    QScrollBar* bar = transcript.verticalScrollBar();
    // While it streams: the second model begins when the first has said all of its long answer.
    transcript.addTurn("one long, one short", log, true);
    say(0, 0, 60);
    QTRY_VERIFY(bar->maximum() > 600 && bar->value() == bar->maximum());
    say(0, 1, 2);
    QTRY_VERIFY2(seen.contains(place(0, 1)), "the short answer is out of sight at the end of the long one");
    bar->setValue(bar->maximum() / 2);
    QVERIFY(seen.contains(place(0, 1)));
    bar->setValue(0);
    QCOMPARE(place(0, 0).top(), place(0, 1).top());
    // Neither fits: the shorter is read first, its end stays.
    transcript.addTurn("both long", log, true);
    say(1, 0, 60);
    say(1, 1, 30);
    QTRY_VERIFY(place(1, 1).height() > 400 && place(1, 1).height() < place(1, 0).height());
    QTRY_VERIFY(bar->value() == bar->maximum() && place(1, 1).bottom() <= seen.bottom());
    bar->setValue(bar->maximum() - 200);
    QVERIFY(place(1, 1).bottom() <= seen.bottom() && place(1, 1).bottom() > seen.bottom() - 40);
    bar->setValue(bar->maximum() - place(1, 0).height() + 200);
    QCOMPARE(place(1, 0).top(), place(1, 1).top());
    // It never leaves its turn.
    QVERIFY(place(0, 1).bottom() <= place(0, 0).bottom());
    // A window that was made smaller: as before.
    bar->setValue(300);
    transcript.resize(600, 240);
    QTRY_VERIFY(transcript.viewport()->rect().contains(place(0, 1)));
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
  Page* openChat(TestWindow& w) {
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", m_models + "/small.Q4_1.gguf"}}});
    w.waitForJobs();
    Page* page = w.window->page(Place::Chat);
    for (QSpinBox* box : page->findChildren<QSpinBox*>())
      if (box->toolTip().startsWith("Longest")) box->setValue(8);
    return page;
  }
  // What stands below the answer to `prompt`, which becomes turn `turn`.
  static QString facts(TestWindow& w, Page* page, int turn, const QString& prompt) {
    auto* transcript = page->findChild<ChatTranscript*>();
    QTest::keyClicks(page->firstField(), prompt);
    QTest::keyClick(page->firstField(), Qt::Key_Return);
    waitUntil([&] { return transcript->answer(turn, 0) && !transcript->answer(turn, 0)->streaming(); });
    w.waitForJobs();
    const AnswerView* view = transcript->answer(turn, 0);
    for (QLabel* label : view ? view->findChildren<QLabel*>() : QList<QLabel*>())
      if (label->text().contains("a second")) return label->text();
    return {};
  }
  static QString read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
  }
  QTemporaryDir m_made;
  std::unique_ptr<Home> m_home;
  QString m_folder, m_gguf, m_models;
};

QTEST_MAIN(TestPageStates)
#include "test_page_states.moc"
