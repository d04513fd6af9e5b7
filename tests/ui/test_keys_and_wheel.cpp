// What a hand does without looking: the wheel over a page, keys that repeat, Ctrl+Return from step to step.

#include "tests/ui/small_chat_model.h"

#include <QComboBox>
#include <QSlider>
#include <QSpinBox>
#include <QVBoxLayout>
#include <QWheelEvent>

#include "ui/widgets/option_card.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

void turn(QWidget* over) {
  const QPointF at = over->rect().center();
  QWheelEvent event(at, over->mapToGlobal(at), QPoint(), QPoint(0, -120), Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(over, &event);
}

}  // namespace

class TestKeysAndWheel : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    m_small = m_sample.make();
  }
  void init() { m_home = std::make_unique<Home>(); }
  void cleanup() {
    SmallSample::forget();
    QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n')));
  }

  void theWheelChangesOnlyTheFieldWithTheFocus() {
    TestWindow w(*m_home);
    QWidget page;
    auto* number = new QSpinBox;
    number->setRange(0, 100);
    number->setValue(50);
    auto* choice = new QComboBox;
    choice->addItems({"one", "two", "three"});
    auto* slider = new QSlider(Qt::Horizontal);
    slider->setValue(50);
    auto* other = new QLineEdit;
    auto* column = new QVBoxLayout(&page);
    for (QWidget* field : std::initializer_list<QWidget*>{other, number, choice, slider}) column->addWidget(field);
    page.show();
    QVERIFY(QTest::qWaitForWindowExposed(&page));
    other->setFocus();
    for (QWidget* field : std::initializer_list<QWidget*>{number, choice, slider}) turn(field);
    QCOMPARE(number->value(), 50);
    QCOMPARE(choice->currentIndex(), 0);
    QCOMPARE(slider->value(), 50);
    QVERIFY(!number->hasFocus() && !(number->focusPolicy() == Qt::WheelFocus) && !(choice->focusPolicy() == Qt::WheelFocus));
    page.activateWindow();
    number->setFocus();
    QTRY_VERIFY(number->hasFocus());
    turn(number);
    QCOMPARE(number->value(), 49);
    choice->setFocus();
    turn(choice);
    QCOMPARE(choice->currentIndex(), 1);
    QVERIFY(w.waitForJobs());
  }

  // A new size is laid out once, when the keys pause.
  void repeatedZoomIsOneChange() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    int changes = 0;
    connect(&w.settings, &Settings::changed, this, [&](const QString& key) { changes += key == "look/font_scale"; });
    for (int i = 0; i < 4; ++i) QTest::keyClick(w.window.get(), Qt::Key_Plus, Qt::ControlModifier);
    QTRY_VERIFY(changes > 0);
    QTest::qWait(300);
    QCOMPARE(changes, 1);
    QVERIFY(std::abs(w.settings.fontScale() - 1.1 * 1.1 * 1.1 * 1.1) < 1e-9);
    QTest::keyClick(w.window.get(), Qt::Key_0, Qt::ControlModifier);
    QTRY_COMPARE(w.settings.fontScale(), 1.0);
  }

  // The keyboard goes on in the step that it led to.
  void theNextStepHasTheFocus() {
    if (!m_small) QSKIP("The golden sets are not here.");
    QVERIFY(!m_sample.giveTo(*m_home).isEmpty());
    TestWindow w(*m_home);
    Page* tune = toDataStep(w);
    if (QTest::currentTestFailed()) return;
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(buttonOf(tune, "Next: Method")->isEnabled());
    w.window->activateWindow();
    tune->firstField()->setFocus();
    QTRY_VERIFY(tune->firstField()->hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY(buttonOf(tune, "Next: Plan"));
    QWidget* focus = QApplication::focusWidget();
    QVERIFY2(qobject_cast<OptionCard*>(focus), focus ? focus->metaObject()->className() : "nothing");
    QVERIFY(w.waitForJobs());
  }

 private:
  SmallSample m_sample;
  bool m_small = false;
  std::unique_ptr<Home> m_home;
};

QTEST_MAIN(TestKeysAndWheel)
#include "test_keys_and_wheel.moc"
