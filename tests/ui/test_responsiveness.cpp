// The window answers at once: no event keeps its thread longer than 50 ms from the first start through showing every page,
// quantizing and exporting; it is there in 400 ms, and it is small. Times are processor time of this thread, each action's the
// smallest of several attempts in processes of their own: other work on the machine only ever adds to it, and what is paid
// once a process is paid in each.

#include <time.h>

#include <algorithm>

#include "tests/ui/ui_fixture.h"

#include <QAbstractButton>
#include <QMap>
#include <QProcess>
#include <QPushButton>

using namespace scalewright;
using namespace scalewright::ui;

namespace {

constexpr int kAttempts = 3, kMostAttempts = 9;  // further ones where a slow moment of the machine may be why a limit was passed
constexpr double kLongestBlock = 50.0, kStart = 400.0, kMegabytes = 120.0;

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

// One attempt; a line an action: name, tab, figure, tab, where.
class Attempt {
 public:
  explicit Attempt(WatchedApplication& application) : m_application(application) {}
  void run() {
    Home home;
    const bool small = !smallModel().isEmpty() && copyFolder(smallModel(), home.path("models/small"));
    const double begun = threadMilliseconds();
    TestWindow w(home);
    print("start", threadMilliseconds() - begun, {});
    w.waitForJobs();
    print("megabytes", double(resident_bytes()) / 1e6, {});
    QTest::qWait(200);
    m_application.longest = 0;
    if (small) {
      w.context->catalog().add({home.path("models")});
      w.waitForJobs();
      QTest::qWait(200);
      say("list a model");
    }
    const char* names[] = {"show models", "show quantize", "show tune", "show runs", "show chat", "show export", "show settings", "show help"};
    for (int i = 0; i <= int(Place::Help); ++i) {
      // From the loop, as a click would.
      QMetaObject::invokeMethod(w.window.get(), [&w, i] { w.window->showPlace(Place(i)); }, Qt::QueuedConnection);
      QTest::qWait(200);
      w.waitForJobs();
      say(names[i]);
    }
    if (!small) return;
    press(w, Place::Quantize, "Quantize");
    w.waitForJobs(120000);
    QTest::qWait(150);
    say("quantize");
    QMetaObject::invokeMethod(w.window.get(), [&w] { w.window->showPlace(Place::Export); }, Qt::QueuedConnection);
    QTest::qWait(300);
    w.waitForJobs(120000);
    press(w, Place::Export, "Export");
    w.waitForJobs(120000);
    QTest::qWait(150);
    say("export");
  }

 private:
  void press(TestWindow& w, Place place, const QString& words) {
    w.window->showPlace(place);
    QTest::qWait(200);
    w.waitForJobs();
    if (auto* found = buttonOf(w.window->page(place), words); found && found->isEnabled()) QMetaObject::invokeMethod(found, "click", Qt::QueuedConnection);
    QTest::qWait(100);
  }
  void say(const char* name) {
    print(name, m_application.longest, m_application.where);
    m_application.longest = 0;
  }
  static void print(const char* name, double figure, const QString& where) { printf("%s\t%.2f\t%s\n", name, figure, qPrintable(where)); }
  WatchedApplication& m_application;
};

}  // namespace

class TestResponsiveness : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    for (int attempt = 0; attempt < kAttempts || (attempt < kMostAttempts && !withinLimits()); ++attempt) {
      QProcess process;
      process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
      process.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--attempt")});
      QVERIFY(process.waitForFinished(300000));
      QCOMPARE(process.exitCode(), 0);
      for (const QByteArray& line : process.readAllStandardOutput().split('\n')) {
        const QList<QByteArray> parts = line.split('\t');
        if (parts.size() != 3) continue;
        const QString name = QString::fromUtf8(parts[0]);
        const double figure = parts[1].toDouble();
        if (!m_least.contains(name) || figure < m_least.value(name)) {
          m_least[name] = figure;
          m_where[name] = QString::fromUtf8(parts[2]);
        }
      }
    }
    for (auto it = m_least.constBegin(); it != m_least.constEnd(); ++it) qInfo("%-14s %7.1f  %s", qPrintable(it.key()), it.value(), qPrintable(m_where.value(it.key())));
  }

  void theWindowIsThereAndSmall() {
    QVERIFY(m_least.contains("start"));
    for (const char* name : {"start", "megabytes"}) QVERIFY2(m_least.value(name) < limit(name), qPrintable(QString::number(m_least.value(name))));
  }

  void nothingBlocksTheMainJob() {
    QVERIFY(m_least.size() >= 10);
    for (auto it = m_least.constBegin(); it != m_least.constEnd(); ++it) {
      QVERIFY2(it.value() < limit(it.key()), qPrintable(QStringLiteral("%1: %2 in %3").arg(it.key()).arg(it.value()).arg(m_where.value(it.key()))));
    }
  }

 private:
  static double limit(const QString& name) {
    return name == QLatin1String("start") ? kStart : name == QLatin1String("megabytes") ? kMegabytes : kLongestBlock;
  }
  bool withinLimits() const {
    return std::all_of(m_least.keyBegin(), m_least.keyEnd(), [this](const QString& name) { return m_least.value(name) < limit(name); });
  }
  QMap<QString, double> m_least;
  QMap<QString, QString> m_where;
};

int main(int argc, char** argv) {
  WatchedApplication application(argc, argv);
  if (application.arguments().contains(QStringLiteral("--attempt"))) {
    Attempt(application).run();
    return 0;
  }
  TestResponsiveness test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_responsiveness.moc"
