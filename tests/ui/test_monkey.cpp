// Random clicks, keys, wheels and sizes on every page: nothing crashes, Qt does not complain. Seeded and replayable:
// SCALEWRIGHT_MONKEY_SEED (default 1) and SCALEWRIGHT_MONKEY_EVENTS (default 10000 a page).

#include "tests/ui/ui_fixture.h"

#include <QDesktopServices>
#include <QMenu>
#include <QRandomGenerator>
#include <QTimer>
#include <QWheelEvent>
#include <QDialog>

using namespace scalewright;
using namespace scalewright::ui;

// Links and folders are not opened on the machine of the test.
class Nowhere : public QObject {
  Q_OBJECT
 public slots:
  void open(const QUrl&) {}
};

class TestMonkey : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    qInstallMessageHandler(collectWarnings);
    QDesktopServices::setUrlHandler("file", &m_nowhere, "open");
    QDesktopServices::setUrlHandler("https", &m_nowhere, "open");
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    QApplication::setQuitOnLastWindowClosed(false);
    // A name that the monkey types where a file's is asked lies in the working folder.
    QVERIFY(m_working.isValid() && QDir::setCurrent(m_working.path()));
  }
  void cleanupTestCase() {
    QDir::setCurrent(m_began);
    QCOMPARE(QDir(m_began).entryList(kAll), m_there);
  }

  void everyPage_data() {
    QTest::addColumn<int>("place");
    const char* names[] = {"models", "quantize", "tune", "runs", "chat", "export", "settings", "help"};
    for (int i = 0; i <= int(Place::Help); ++i) QTest::newRow(names[i]) << i;
  }
  void everyPage() {
    QFETCH(int, place);
    const quint32 seed = qEnvironmentVariableIsSet("SCALEWRIGHT_MONKEY_SEED") ? qEnvironmentVariable("SCALEWRIGHT_MONKEY_SEED").toUInt() : 1;
    const int events = qEnvironmentVariableIsSet("SCALEWRIGHT_MONKEY_EVENTS") ? qEnvironmentVariable("SCALEWRIGHT_MONKEY_EVENTS").toInt() : 10000;
    QRandomGenerator random(seed * 100 + quint32(place));
    Home home;
    if (!smallModel().isEmpty()) QVERIFY(copyFolder(smallModel(), home.path("home/models/small")));
    TestWindow w(home);
    w.context->catalog().add({home.path("home/models")});
    QVERIFY(w.waitForJobs());
    // Whatever opens above the window is closed again, so that the monkey comes back to its page.
    QTimer closer;
    connect(&closer, &QTimer::timeout, this, [] {
      if (QWidget* popup = QApplication::activePopupWidget()) popup->close();
      if (QWidget* modal = QApplication::activeModalWidget()) modal->close();
    });
    closer.start(15);
    static constexpr int kKeys[] = {Qt::Key_Tab, Qt::Key_Backtab, Qt::Key_Space, Qt::Key_Up, Qt::Key_Down, Qt::Key_Left, Qt::Key_Right, Qt::Key_Return, Qt::Key_Escape, Qt::Key_Delete,
                                    Qt::Key_A, Qt::Key_7, Qt::Key_Home, Qt::Key_End, Qt::Key_F5, Qt::Key_F6, Qt::Key_PageDown, Qt::Key_Plus, Qt::Key_Minus};
    for (int i = 0; i < events; ++i) {
      if (int(w.window->currentPlace()) != place || !w.window->isVisible()) {
        w.window->show();
        w.window->showPlace(Place(place));
      }
      const QPoint at(int(random.bounded(quint32(w.window->width()))), int(random.bounded(quint32(w.window->height()))));
      QWidget* target = w.window->childAt(at);
      if (!target) target = w.window.get();
      const QPoint local = target->mapFrom(w.window.get(), at);
      switch (random.bounded(12)) {
        case 0: case 1: case 2: case 3: QTest::mouseClick(target, Qt::LeftButton, Qt::NoModifier, local); break;
        case 4: QTest::mouseMove(target, local); break;
        case 5: QTest::mouseDClick(target, Qt::LeftButton, Qt::NoModifier, local); break;
        case 6: {
          QWheelEvent wheel(local, target->mapToGlobal(local), {}, {0, random.bounded(2) ? 120 : -120}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
          QApplication::sendEvent(target, &wheel);
          break;
        }
        case 7: if (i % 40 == 0) w.window->resize(700 + int(random.bounded(900u)), 440 + int(random.bounded(500u))); break;
        default: {
          QWidget* focus = w.window->focusWidget() ? w.window->focusWidget() : w.window.get();
          QTest::keyClick(focus, Qt::Key(kKeys[random.bounded(int(std::size(kKeys)))]), random.bounded(12) == 0 ? Qt::ShiftModifier : Qt::NoModifier);
        }
      }
      if (i % 50 == 0) QApplication::processEvents();
      QVERIFY2(qtWarnings().isEmpty(), qPrintable(QStringLiteral("event %1, seed %2: %3").arg(i).arg(seed).arg(qtWarnings().join('\n'))));
    }
    closer.stop();
    w.context->jobs().cancelAll();
    QVERIFY(w.waitForJobs(60000));
  }

 private:
  static constexpr QDir::Filters kAll = QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot;
  Nowhere m_nowhere;
  const QString m_began = QDir::currentPath();
  const QStringList m_there = QDir(m_began).entryList(kAll);
  QTemporaryDir m_working;
};

QTEST_MAIN(TestMonkey)
#include "test_monkey.moc"
