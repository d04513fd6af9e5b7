#pragma once
// A window in a home of its own: nothing of the person's settings, history or files is read or written.

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <memory>

#include "engine/core/system.h"
#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/pages/all_pages.h"
#include "ui/widgets/focus_ring.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

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
    for (const char* name : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"}) {
      const QString path = dir.filePath(QString::fromLatin1(name).toLower());
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
// A person's copy of a folder, so that a test may write beside it.
inline bool copyFolder(const QString& from, const QString& to) {
  QDir().mkpath(to);
  bool all = true;
  for (const QFileInfo& info : QDir(from).entryInfoList(QDir::Files)) all &= QFile::copy(info.absoluteFilePath(), QDir(to).filePath(info.fileName()));
  return all;
}

}  // namespace scalewright::ui
