// The model that a page begins with: the one chosen on the Models page, or the only one that suits.

#include "tests/ui/small_chat_model.h"

#include <QComboBox>
#include <QTableView>

#include "ui/pages/export_targets.h"
#include "ui/pages/quantize_form.h"
#include "ui/pages/tune_model_step.h"

using namespace scalewright;
using namespace scalewright::ui;

class TestOfferedModel : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    if (!m_sample.make()) QSKIP("The golden sets are not here.");
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", m_none.filePath("nothing.gguf").toLocal8Bit());
  }
  void init() {
    m_home = std::make_unique<Home>();
    m_one = m_home->path("home/models/one.gguf");
    m_two = m_home->path("home/models/two.gguf");
    QVERIFY(QDir().mkpath(QFileInfo(m_one).path()) && QFile::copy(m_sample.gguf(), m_one));
  }
  void cleanup() { QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n'))); }

  void theOnlyOneIsPreselected() {
    TestWindow w(*m_home);
    w.context->catalog().add({m_home->path("home/models")});  // found, not chosen by name
    QVERIFY(w.waitForJobs());
    for (const Place place : {Place::Quantize, Place::Tune, Place::Chat, Place::Export}) QCOMPARE(chosenOn(w, place), m_one);
    w.window->showPlace(Place::Tune);
    QTRY_VERIFY(buttonOf(w.window->page(Place::Tune), "Next: Data") && buttonOf(w.window->page(Place::Tune), "Next: Data")->isEnabled());
  }

  void theOneSelectedAmongModels() {
    QVERIFY(QFile::copy(m_one, m_two));
    TestWindow w(*m_home);
    w.context->catalog().add({m_home->path("home/models")});
    QVERIFY(w.waitForJobs());
    // Two that nobody chose from: no page guesses what shall learn or talk.
    QCOMPARE(chosenOn(w, Place::Tune), QString());
    QCOMPARE(chosenOn(w, Place::Chat), QString());
    for (const QString& path : {m_two, m_one}) {
      select(w, path);
      for (const Place place : {Place::Quantize, Place::Tune, Place::Chat, Place::Export}) QCOMPARE(chosenOn(w, place), path);
    }
    // What a person chose on a page stays there.
    w.window->deliver({Place::Tune, page_messages::kUseModel, {{"path", m_one}}});
    w.window->deliver({Place::Chat, page_messages::kUseModel, {{"path", m_one}}});
    QVERIFY(w.waitForJobs());
    select(w, m_two);
    QCOMPARE(chosenOn(w, Place::Tune), m_one);
    QCOMPARE(chosenOn(w, Place::Chat), m_one);
  }

  // The list has room for a usual name, and no button takes the place of another when the last model goes.
  void theListOfModels() {
    const QString named = m_home->path("home/models/SmolLM2-135M-Instruct.Q4_1.gguf");
    QVERIFY(QFile::rename(m_one, named));
    TestWindow w(*m_home);
    w.context->catalog().add({named});
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Models);
    const int width = QFontMetrics(theme().font(FontRole::Strong)).horizontalAdvance(QFileInfo(named).fileName());
    QTRY_VERIFY2(page->findChild<QTableView*>()->columnWidth(0) - px(26) >= width, qPrintable(QString::number(page->findChild<QTableView*>()->columnWidth(0))));
    const auto placeOf = [&](const QString& words) {
      QPushButton* button = buttonOf(page, words);
      return button ? QRect(button->mapTo(page, QPoint()), button->size()) : QRect();
    };
    const QRect open = placeOf("Open model…");
    QVERIFY(!open.isEmpty());
    w.context->catalog().remove(named);
    QTRY_VERIFY(buttonOf(page, "Try it on the sample"));
    QVERIFY(!placeOf("Scan folder…").isEmpty() && !placeOf("Scan folder…").intersects(open));
  }

 private:
  static void select(TestWindow& w, const QString& path) {
    w.window->showPlace(Place::Models);
    (void)w.waitForJobs();
    auto* table = w.window->page(Place::Models)->findChild<QTableView*>();
    for (int row = 0; row < table->model()->rowCount(); ++row)
      if (table->model()->index(row, 0).data().toString() == QFileInfo(path).fileName())
        QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(table->model()->index(row, 0)).center());
    (void)w.waitForJobs();
  }
  static QString chosenOn(TestWindow& w, Place place) {
    w.window->showPlace(place);
    (void)w.waitForJobs();
    QTest::qWait(30);
    (void)w.waitForJobs();
    Page* page = w.window->page(place);
    if (place == Place::Export) return page->findChild<ExportTargets*>()->modelPath();
    if (place == Place::Quantize) return page->findChild<QuantizeForm*>()->model() ? page->findChild<QuantizeForm*>()->model()->path : QString();
    for (QComboBox* box : page->findChildren<QComboBox*>())
      if (box->accessibleName() == "Model" && box->isVisible()) return box->currentData().toString();
    return "no list of models";
  }

  SmallSample m_sample;
  QTemporaryDir m_none;
  std::unique_ptr<Home> m_home;
  QString m_one, m_two;
};

QTEST_MAIN(TestOfferedModel)
#include "test_offered_model.moc"
