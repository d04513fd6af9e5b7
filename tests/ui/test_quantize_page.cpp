// The Quantize page: what it refuses before the work, the container it chooses by itself, its methods, and that nothing scrolls
// where there is room.

#include "tests/ui/small_chat_model.h"

#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QScrollArea>
#include <QScrollBar>
#include <optional>

#include "engine/export/output_check.h"
#include "ui/jobs/quantize_work.h"
#include "ui/pages/quantize_forecast_card.h"
#include "ui/pages/quantize_form.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/option_card.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestQuantizePage : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    m_folder = makeChatFolder(m_made.filePath("small"));
    if (m_folder.isEmpty()) QSKIP("The golden sets are not here.");
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", m_made.filePath("nothing.gguf").toLocal8Bit());
  }
  void init() {
    m_home = std::make_unique<Home>();
    m_models = m_home->path("home/models");
    QVERIFY(copyFolder(m_folder, m_models + "/full"));
  }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }

  void theContainerDoesNotGrow() {
    TestWindow w(*m_home);
    Page* page = open(w);
    QuantizeForm* form = page->findChild<QuantizeForm*>();
    QVERIFY(form->request().spec.symmetric);
    QCOMPARE(form->containerName(), "Q4_0");
    QVERIFY2(output(page)->text().endsWith("full.Q4_0.gguf"), qPrintable(output(page)->text()));
    // Free zero points are there to be chosen, with what they cost.
    auto* container = containerOf(page);
    QVERIFY(container);
    QVERIFY2(container->itemText(1).contains("Q5_0"), qPrintable(container->itemText(1)));
    container->setCurrentIndex(1);
    emit container->activated(1);
    QVERIFY(!form->request().spec.symmetric);
    QVERIFY2(output(page)->text().endsWith("full.W4-Q5_0.gguf"), qPrintable(output(page)->text()));
    container->setCurrentIndex(0);
    emit container->activated(0);
    QVERIFY(w.waitForJobs());
    CLICK(page, "Quantize");
    QVERIFY(waitUntil([&] { return buttonOf(page, "Fine-tune it") != nullptr; }));
    QVERIFY(w.waitForJobs());
    const auto written = summarize_model((m_models + "/full.Q4_0.gguf").toStdString());
    QVERIFY(written.has_value());
    QCOMPARE(written->type, "Q4_0");
    // The figure that was told before is the one of the file.
    const auto* card = page->findChild<QuantizeForecastCard*>();
    QVERIFY2(std::abs(card->forecast().bits_per_weight - written->bits_per_weight) < 0.005 * written->bits_per_weight, qPrintable(QStringLiteral("%1, %2").arg(card->forecast().bits_per_weight).arg(written->bits_per_weight)));
    QVERIFY(says(page, numberText(written->bits_per_weight, 2)));
    QVERIFY(says(page, "Relative, against the full-precision weights"));
  }

  void refusedBeforeTheWork() {
    TestWindow w(*m_home);
    Page* page = open(w);
    // A GGUF is a file, and this is a folder.
    QVERIFY(QDir().mkpath(m_models + "/taken.gguf"));
    type(page, m_models + "/taken.gguf");
    CLICK(page, "Quantize");
    QVERIFY(says(page, "this is a folder"));
    QVERIFY(buttonOf(page, "Quantize") && !w.context->jobs().busy());
    // A GPTQ model is a folder, and this is the name of a file.
    auto* container = containerOf(page);
    container->setCurrentIndex(2);
    emit container->activated(2);
    type(page, m_models + "/new.gguf");
    CLICK(page, "Quantize");
    QVERIFY(says(page, "this is the name of a .gguf file"));
    QVERIFY(!w.context->jobs().busy());
    QVERIFY(!QFileInfo::exists(m_models + "/new.gguf"));
    // Within the model's own folder.
    type(page, m_models + "/full");
    CLICK(page, "Quantize");
    QVERIFY(says(page, "never overwritten") || says(page, "would replace it"));
    QVERIFY(!w.context->jobs().busy());
    QVERIFY(QFileInfo::exists(m_models + "/full/config.json"));
  }

  // Rows of 72 inputs are no multiple of groups of 32: a folder cannot hold that, and the page says so where the container is chosen,
  // with what would do.
  void aFolderThatCannotHoldItIsRefused() {
    const QString odd = m_models + "/odd";
    if (!scalewright_tests::make_tiny_model("qwen2", odd.toStdString())) QSKIP("The golden sets are not here.");
    TestWindow w(*m_home);
    Page* page = open(w, odd);
    QuantizeForm* form = page->findChild<QuantizeForm*>();
    for (const auto& [index, target] : {std::pair{2, ExportTarget::Gptq}, {3, ExportTarget::Awq}, {4, ExportTarget::CompressedTensors}}) {
      chooseContainer(page, 0);
      QTRY_VERIFY(!says(page, "no multiple of the groups"));
      chooseContainer(page, index);
      QCOMPARE(form->target(), target);
      QTRY_VERIFY(says(page, "72 inputs are no multiple of the groups of 32"));
      QVERIFY(says(page, "Choose one scale a row (group 0), or write a .gguf file."));
      QVERIFY(!buttonOf(page, "Quantize")->isEnabled());
    }
    QVERIFY(w.waitForJobs());
    const auto summary = w.context->catalog().table().find(odd)->summary;
    QVERIFY(!checkHolds(*summary, form->request(), ExportTarget::Gptq));
    QVERIFY(checkHolds(*w.context->catalog().table().find(m_models + "/full")->summary, form->request(), ExportTarget::Gptq));
    // Ctrl+Enter does nothing either.
    const QStringList before = QDir(m_models).entryList(QDir::AllEntries | QDir::NoDotAndDotDot);
    page->primary();
    QVERIFY(!w.context->jobs().busy());
    QCOMPARE(QDir(m_models).entryList(QDir::AllEntries | QDir::NoDotAndDotDot), before);
    // The way on that it names.
    chooseContainer(page, 0);
    QTRY_VERIFY(buttonOf(page, "Quantize")->isEnabled());
  }

  // The words of the bits promise what only a source in 16 bits keeps.
  void nothingIsPromisedOfASecondRounding() {
    const QString quantized = m_models + "/small.Q4_1.gguf";
    QVERIFY(makeChatGguf(m_folder, quantized));
    TestWindow w(*m_home);
    Page* page = open(w);
    QVERIFY(says(page, "4 keeps nearly all of the quality."));
    w.window->deliver({Place::Quantize, page_messages::kUseModel, {{"path", quantized}}});
    QTRY_VERIFY(says(page, "4 bits round it a second time; a model in 16 bits as the source keeps more."));
    QVERIFY(!says(page, "nearly all of the quality"));
    QVERIFY(w.waitForJobs());
    // Nor is there a full-precision weight that its errors could be measured against.
    CLICK(page, "Quantize");
    QTRY_VERIFY(says(page, "Relative, against the weights of the file"));
    QVERIFY(!says(page, "full-precision weights"));
    QVERIFY(w.waitForJobs());
  }

  void theForecastIsOfTheContainer() {
    TestWindow w(*m_home);
    Page* page = open(w);
    auto* card = page->findChild<QuantizeForecastCard*>();
    for (QAbstractButton* bits : page->findChildren<QAbstractButton*>())
      if (bits->accessibleName() == "Bits 2") bits->click();
    QTRY_VERIFY(card->forecast().container == "Q4_0");
    QCOMPARE(page->findChild<QuantizeForm*>()->resultName(), "W2 in Q4_0");
    QTRY_VERIFY(says(page, "4 bits take no more room here, and keep more."));
    QVERIFY2(output(page)->text().endsWith("full.W2-Q4_0.gguf"), qPrintable(output(page)->text()));
    const quint64 file = card->forecast().file_bytes;
    chooseContainer(page, 2);
    QTRY_VERIFY2(card->forecast().file_bytes < file, qPrintable(QStringLiteral("%1 against %2").arg(card->forecast().file_bytes).arg(file)));
    QVERIFY(says(page, "A GPTQ folder holds 2-bit codes as they are"));
    QVERIFY(w.waitForJobs());
  }

  // What is expected of few layers and few tokens is never better than the original, and more bits are never worse.
  void theTrialPromisesNothingBetterThanTheOriginal() {
    TestWindow w(*m_home);
    open(w);
    TrialRequest request;
    request.model = (m_models + "/full").toStdString();
    request.text = textFile().toStdString();
    for (const int bits : {2, 4, 8}) request.specs.push_back({bits, 32, true});
    std::optional<Result<TrialReport>> report;
    EngineHost* engine = &w.context->engine();
    w.context->jobs().run<TrialReport>(
        "A trial", Place::Quantize, [engine, request](JobContext& context) { return runTrial(*engine, request, EventStream<TrialPoint>(EventStream<TrialPoint>::Receiver()), context); }, w.window.get(),
        [&report](Result<TrialReport> made) { report = std::move(made); });
    QVERIFY(w.waitForJobs());
    QVERIFY2(report && *report, report && !*report ? report->error().message.c_str() : "");
    const auto& points = (*report)->points;
    QCOMPARE(points.size(), size_t{3});
    for (const TrialPoint& point : points) QVERIFY2(point.perplexity >= (*report)->original, qPrintable(QStringLiteral("%1 bits: %2, the original has %3").arg(point.bits).arg(point.perplexity).arg((*report)->original)));
    QVERIFY(points[0].perplexity > points[1].perplexity && points[1].perplexity > points[2].perplexity);
  }

  // Measuring the text before and after is part of the time and the memory.
  void theForecastCountsTheMeasuring() {
    const auto summary = summarize_model((m_models + "/full").toStdString());
    QVERIFY(summary.has_value());
    QuantizeRequest request;
    request.input = (m_models + "/full").toStdString();
    request.spec = {4, 32, true};
    const auto alone = forecastOrder(*summary, request, ExportTarget::Gguf, false), measured = forecastOrder(*summary, request, ExportTarget::Gguf, true);
    QVERIFY(alone && measured);
    QVERIFY(measured->seconds > alone->seconds);
    QVERIFY(measured->memory_bytes > alone->memory_bytes);
  }

  void moreMethodsAreOneControl() {
    TestWindow w(*m_home);
    Page* page = open(w);
    OptionCard* more = nullptr;
    for (OptionCard* card : page->findChildren<OptionCard*>())
      if (card->text() == "More methods") more = card;
    QVERIFY(more);
    QTest::mouseClick(more, Qt::LeftButton);
    QTRY_VERIFY(qobject_cast<QMenu*>(QApplication::activePopupWidget()));
    auto* menu = qobject_cast<QMenu*>(QApplication::activePopupWidget());
    QCOMPARE(menu->actions().size(), 5);
    QAction* awq = nullptr;
    for (QAction* action : menu->actions())
      if (action->text().startsWith("AWQ")) awq = action;
    QVERIFY(awq);
    awq->trigger();
    menu->close();
    QVERIFY(more->isChecked());
    QCOMPARE(more->text(), "AWQ");
    QVERIFY(page->findChild<QuantizeForm*>()->request().method == QuantMethod::Awq);
    QVERIFY(says(page, "AWQ needs a text."));
    QVERIFY(!buttonOf(page, "Quantize")->isEnabled());
    QTRY_VERIFY(says(page, "AWQ needs a text: choose one"));  // beside the button
    // Another card takes over, and this one offers the rest again.
    for (OptionCard* card : page->findChildren<OptionCard*>())
      if (card->text() == "Clip search") QTest::mouseClick(card, Qt::LeftButton);
    QCOMPARE(more->text(), "More methods");
    QVERIFY(w.waitForJobs());
  }

  void nothingScrollsWhereThereIsRoom_data() {
    QTest::addColumn<bool>("empty");
    QTest::newRow("empty") << true;
    QTest::newRow("form and run") << false;
  }
  void nothingScrollsWhereThereIsRoom() {
    QFETCH(bool, empty);
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    if (empty) {
      w.window->showPlace(Place::Quantize);
      QVERIFY(w.waitForJobs());
      QTest::qWait(50);
      QCOMPARE(hidden(w.window->page(Place::Quantize)), 0);
      return;
    }
    Page* page = open(w);
    QTest::qWait(50);
    QCOMPARE(hidden(page), 0);
    CLICK(page, "Quantize");
    QTest::qWait(30);
    QVERIFY(buttonOf(page, "Cancel") || buttonOf(page, "Fine-tune it"));
    QCOMPARE(hidden(page), 0);
    QVERIFY(w.waitForJobs());
  }

 private:
  Page* open(TestWindow& w, const QString& model = {}) {
    w.context->catalog().add({m_models});
    w.waitForJobs();
    w.window->deliver({Place::Quantize, page_messages::kUseModel, {{"path", model.isEmpty() ? m_models + "/full" : model}}});
    w.waitForJobs();
    QTest::qWait(120);  // the forecast
    w.waitForJobs();
    return w.window->page(Place::Quantize);
  }
  QString textFile() {
    QFile file(m_home->path("home/text.txt"));
    if (file.open(QIODevice::WriteOnly))
      for (int i = 0; i < 60; ++i) file.write("The mill by the river was old when the town was young, and it turned. ");
    return file.fileName();
  }
  static QLineEdit* output(Page* page) {
    for (QLineEdit* edit : page->findChildren<QLineEdit*>())
      if (edit->toolTip().startsWith("Where the result") || edit->toolTip().contains("/full.")) return edit;
    return nullptr;
  }
  static void type(Page* page, const QString& path) {
    output(page)->selectAll();
    QTest::keyClicks(output(page), path);
  }
  static QComboBox* containerOf(Page* page) {
    for (QComboBox* box : page->findChildren<QComboBox*>())
      if (box->accessibleName() == "Write as") return box;
    return nullptr;
  }
  static void chooseContainer(Page* page, int index) {
    QComboBox* box = containerOf(page);
    box->setCurrentIndex(index);
    emit box->activated(index);
  }
  static bool says(Page* page, const QString& words) {
    for (QLabel* text : page->findChildren<QLabel*>())
      if (text->isVisible() && text->text().contains(words)) return true;
    return false;
  }
  // Look pixels that must be scrolled to be seen.
  static int hidden(Page* page) {
    int most = 0;
    for (QScrollArea* area : page->findChildren<QScrollArea*>()) most = std::max(most, area->verticalScrollBar()->maximum());
    return most;
  }

  QTemporaryDir m_made;
  std::unique_ptr<Home> m_home;
  QString m_folder, m_models;
};

QTEST_MAIN(TestQuantizePage)
#include "test_quantize_page.moc"
