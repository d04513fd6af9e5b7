// The window answers at once: no event keeps its thread longer than 50 ms through quantizing and exporting, it is there in
// 400 ms, and it is small. Times are processor time of this thread, so that other work on the machine does not enter.

#include <time.h>

#include "tests/ui/ui_fixture.h"

#include <QAbstractButton>
#include <QElapsedTimer>
#include <QPushButton>

using namespace scalewright;
using namespace scalewright::ui;

namespace {

double threadMilliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

// Measures every event that is delivered from the loop, the ones within it included.
class WatchedApplication : public QApplication {
 public:
  using QApplication::QApplication;
  bool notify(QObject* receiver, QEvent* event) override {
    if (m_depth > 0) return QApplication::notify(receiver, event);
    const int type = event->type();
    const QByteArray name = receiver->metaObject()->className();
    ++m_depth;
    const double begun = threadMilliseconds();
    const bool result = QApplication::notify(receiver, event);
    const double took = threadMilliseconds() - begun;
    --m_depth;
    if (took > longest) {
      longest = took;
      where = QStringLiteral("%1, event %2").arg(QLatin1String(name)).arg(type);
    }
    return result;
  }
  double longest = 0.0;
  QString where;

 private:
  int m_depth = 0;
};

QPushButton* button(QWidget* in, const QString& text) {
  for (QPushButton* b : in->findChildren<QPushButton*>())
    if (b->isVisible() && b->text().remove('&') == text) return b;
  return nullptr;
}

}  // namespace

class TestResponsiveness : public QObject {
  Q_OBJECT

 private slots:
  void theWindowIsThereAndSmall() {
    Home home;
    const double begun = threadMilliseconds();
    TestWindow w(home);
    const double took = threadMilliseconds() - begun;
    qInfo("window there after %.0f ms of this thread", took);
    QVERIFY2(took < 400, qPrintable(QString::number(took)));
    QVERIFY(w.waitForJobs());
    const double megabytes = double(resident_bytes()) / 1e6;
    qInfo("%.0f MB resident", megabytes);
    QVERIFY2(megabytes < 120, qPrintable(QString::number(megabytes)));
  }

  void nothingBlocksTheMainJob() {
    if (smallModel().isEmpty()) QSKIP("No small checkpoint: the golden sets are not here.");
    Home home;
    QVERIFY(copyFolder(smallModel(), home.path("models/small")));
    TestWindow w(home);
    auto* watched = static_cast<WatchedApplication*>(qApp);
    QTest::qWait(200);
    watched->longest = 0;
    w.context->catalog().add({home.path("models")});
    QVERIFY(w.waitForJobs());
    QTest::qWait(200);
    for (int i = 0; i <= int(Place::Help); ++i) {
      // From the loop, as a click would.
      QMetaObject::invokeMethod(w.window.get(), [&w, i] { w.window->showPlace(Place(i)); }, Qt::QueuedConnection);
      const double before = std::exchange(watched->longest, 0.0);
      QTest::qWait(150);
      qInfo("place %d: %.1f ms", i, watched->longest);
      watched->longest = std::max(watched->longest, before);
    }
    QVERIFY(w.waitForJobs());
    w.window->showPlace(Place::Quantize);
    QTest::qWait(200);
    QVERIFY(w.waitForJobs());
    if (auto* start = button(w.window->page(Place::Quantize), "Quantize"); start && start->isEnabled()) QMetaObject::invokeMethod(start, "click", Qt::QueuedConnection);
    QTest::qWait(100);
    QVERIFY(w.waitForJobs(120000));
    w.window->showPlace(Place::Export);
    QTest::qWait(200);
    QVERIFY(w.waitForJobs(120000));
    qInfo("longest event %.1f ms: %s", watched->longest, qPrintable(watched->where));
    QVERIFY2(watched->longest < 50, qPrintable(QStringLiteral("%1 ms in %2").arg(watched->longest).arg(watched->where)));
  }
};

int main(int argc, char** argv) {
  WatchedApplication application(argc, argv);
  TestResponsiveness test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_responsiveness.moc"
