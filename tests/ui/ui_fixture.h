#pragma once
// A window in a home of its own: nothing of the person's settings, history or files is read or written.

#include <QAbstractButton>
#include <QApplication>
#include <QDialog>
#include <QDir>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QFile>
#include <QLineEdit>
#include <QMimeData>
#include <QMouseEvent>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <memory>

#include "engine/core/system.h"
#include "engine/tune/run_store.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/pages/all_pages.h"
#include "ui/pages/page.h"
#include "ui/widgets/focus_ring.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

// The runs in the history; none where there is no history.
inline std::vector<RunRow> history() {
  const auto store = RunStore::open(RunStore::default_file());
  if (!store) return {};
  const auto runs = (*store)->runs();
  return runs ? *runs : std::vector<RunRow>{};
}

// Qt's own warnings are failures: they are collected here and checked by the tests.
inline QStringList& qtWarnings() {
  static QStringList list;
  return list;
}
inline void collectWarnings(QtMsgType type, const QMessageLogContext&, const QString& text) {
  if (type == QtDebugMsg || type == QtInfoMsg) return;
  // Of the offscreen platform, not of ours.
  if (text.contains(QLatin1String("This plugin does not support")) || text.contains(QLatin1String("XDG_RUNTIME_DIR"))) return;
  qtWarnings() << text;
  fprintf(stderr, "%s\n", qPrintable(text));
}

struct Home {
  QTemporaryDir dir;
  Home() {
    const std::pair<const char*, const char*> places[] = {{"HOME", "home"}, {"XDG_DATA_HOME", "home/.local/share"}, {"XDG_CONFIG_HOME", "home/.config"}, {"XDG_CACHE_HOME", "home/.cache"}};
    for (const auto& [name, folder] : places) {
      const QString path = dir.filePath(QString::fromLatin1(folder));
      QDir().mkpath(path);
      qputenv(name, path.toLocal8Bit());
    }
  }
  QString path(const QString& name) const { return dir.filePath(name); }
};

struct TestWindow {
  Settings settings;
  std::unique_ptr<AppContext> context;
  std::unique_ptr<MainWindow> window;

  explicit TestWindow(const Home& home, ThemeMode mode = ThemeMode::Light, QSize size = {1280, 720}) : settings(home.path("scalewright.ini")) {
    settings.setThemeMode(mode);
    theme().apply(mode, settings.fontScale());
    context = std::make_unique<AppContext>(settings);
    window = std::make_unique<MainWindow>(*context);
    installPages(*window, *context);
    window->resize(size);
    window->showPlace(Place::Models);
    window->show();
    (void)QTest::qWaitForWindowExposed(window.get());
  }
  ~TestWindow() { context->jobs().cancelAll(); }
  bool waitForJobs(int milliseconds = 60000) { return context->jobs().waitForAll(milliseconds); }
};

// The folder of the golden sets; empty where there is none.
inline QString goldenFolder() {
  const QByteArray given = qgetenv("SCALEWRIGHT_GOLDEN");
  const QString folder = given.isEmpty() ? QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/tests/golden") : QString::fromLocal8Bit(given);
  return QDir(folder).exists() ? folder : QString();
}
// A small full-precision checkpoint: the first model folder found among the families.
inline QString smallModel() {
  for (const QFileInfo& info : QDir(goldenFolder() + QStringLiteral("/families")).entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot))
    if (looksLikeModelFolder(info.absoluteFilePath())) return info.absoluteFilePath();
  return {};
}
inline QString sampleModel() {
  const QString path = QString::fromStdString(sample_model_path().string());
  return QFile::exists(path) ? path : QString();
}
inline bool writeFile(const QString& path, const QByteArray& bytes) {
  QFile file(path);
  return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}
// A person's copy of a folder, so that a test may write beside it.
inline bool copyFolder(const QString& from, const QString& to) {
  QDir().mkpath(to);
  bool all = true;
  for (const QFileInfo& info : QDir(from).entryInfoList(QDir::Files)) all &= QFile::copy(info.absoluteFilePath(), QDir(to).filePath(info.fileName()));
  return all;
}

// English words as the window shows them in the language that is installed, without mnemonics.
inline QString inLanguage(const QString& words) {
  for (qsizetype at = words.size(); at >= 0; --at) {  // the source may have a mnemonic anywhere
    const QByteArray source = (at == words.size() ? words : QString(words).insert(at, QLatin1Char('&'))).toUtf8();
    if (const QString shown = QCoreApplication::translate("scalewright::ui::Test", source.constData()); shown.toUtf8() != source) return QString(shown).remove(QLatin1Char('&'));
  }
  return words;
}
// A button that can be seen, by its words without mnemonics.
inline QPushButton* buttonOf(QWidget* in, const QString& words) {
  const QString shown = inLanguage(words);
  for (QPushButton* button : in->findChildren<QPushButton*>())
    if (button->isVisible() && button->text().remove(QLatin1Char('&')) == shown) return button;
  return nullptr;
}

// The first field, button or view of that kind whose accessible name it is.
template <class T>
T* named(QWidget* in, const QString& name) {
  for (T* field : in->findChildren<T*>())
    if (field->accessibleName() == name) return field;
  return nullptr;
}
// Into the file dialog that is open.
inline void typeIntoDialog(const QString& file) {
  auto* dialog = qobject_cast<QDialog*>(QApplication::activeModalWidget());
  if (!dialog) return;
  if (auto* edit = dialog->findChild<QLineEdit*>()) edit->setText(file);
  dialog->accept();
}

// Presses what a person would press; fails with what stands in the way.
#define CLICK(in, words)                                                                       \
  do {                                                                                         \
    QTRY_VERIFY2_WITH_TIMEOUT(buttonOf(in, words), words, 60000);                              \
    QTRY_VERIFY2_WITH_TIMEOUT(buttonOf(in, words) && buttonOf(in, words)->isEnabled(),         \
                              qPrintable(buttonOf(in, words) ? buttonOf(in, words)->toolTip() : QStringLiteral(words)), 60000); \
    QTest::mouseClick(buttonOf(in, words), Qt::LeftButton);                                    \
  } while (false)

// Two clicks as quick as a person's: the second lands on what stands under the pointer by then.
inline void doubleClick(QWidget* first) {
  QWidget* window = first->window();
  const QPoint global = first->mapToGlobal(first->rect().center());
  static ulong now = 1'000'000'000;
  now += 10'000;
  for (const QEvent::Type press : {QEvent::MouseButtonPress, QEvent::MouseButtonDblClick}) {
    QWidget* under = window->childAt(window->mapFromGlobal(global));
    if (!under) under = window;
    for (const QEvent::Type type : {press, QEvent::MouseButtonRelease}) {
      QMouseEvent event(type, under->mapFromGlobal(global), global, Qt::LeftButton, type == press ? Qt::LeftButton : Qt::NoButton, Qt::NoModifier);
      event.setTimestamp(now);
      QApplication::sendEvent(under, &event);
    }
    now += 120;
    QTest::qWait(1);  // the page lays itself out anew
  }
}

// Lets the event loop run until `ready`, for work whose length is the machine's.
template <class Ready>
bool waitUntil(Ready ready, int seconds = 120) {
  QElapsedTimer clock;
  clock.start();
  while (!ready()) {
    if (clock.elapsed() > qint64(seconds) * 1000) return false;
    QTest::qWait(20);
  }
  return true;
}

// A file dropped on a widget, as the desktop would.
inline void dropFile(QWidget* on, const QString& file) {
  QMimeData data;
  data.setUrls({QUrl::fromLocalFile(file)});
  QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(on, &enter);
  QDropEvent drop(QPointF(50, 50), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(on, &drop);
}

// Rows for tuning: prompts with answers.
inline bool writeRows(const QString& path, int rows) {
  QByteArray text;
  for (int i = 0; i < rows; ++i) text += QStringLiteral("{\"prompt\": \"say %1\", \"completion\": \"it is %1\"}\n").arg(i % 17).toUtf8();
  return writeFile(path, text);
}

// From the first start to the Data step of the wizard, by clicks.
inline Page* toDataStep(TestWindow& w) {
  Page* tune = nullptr;
  [&] {
    CLICK(w.window.get(), "Try it on the sample");
    tune = w.window->page(Place::Tune);
    CLICK(tune, "Next: Data");
    QVERIFY(w.waitForJobs());
  }();
  return tune;
}
inline void dropRows(Page* tune, const QString& file) {
  auto* step = tune->findChild<QWidget*>(QStringLiteral("dataStep"));
  QVERIFY(step);
  dropFile(step, file);
}
// Through the wizard with rows of its own, "Thorough": long enough to be paused and left.
inline Page* startLongRun(TestWindow& w, const Home& home) {
  const QString rows = home.path("home/rows.jsonl");
  Page* tune = nullptr;
  [&] {
    QVERIFY(writeRows(rows, 10000));
    QVERIFY(w.waitForJobs());
    tune = toDataStep(w);
  }();
  if (QTest::currentTestFailed()) return tune;
  [&] {
    dropRows(tune, rows);
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Method");
    QVERIFY(w.waitForJobs());
    for (QAbstractButton* option : tune->findChildren<QAbstractButton*>())
      if (option->text() == QLatin1String("Thorough") && option->isVisible()) QTest::mouseClick(option, Qt::LeftButton);
    QVERIFY(w.waitForJobs());
    CLICK(tune, "Next: Plan");
    CLICK(tune, "Start");
  }();
  return tune;
}

}  // namespace scalewright::ui
