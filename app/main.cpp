// scalewright: the window. Composition root: settings, theme, context, pages.

#include <QApplication>
#include <QStringList>
#include <clocale>

#include "ui/jobs/app_context.h"
#include "ui/main_window.h"
#include "ui/pages/all_pages.h"
#include "ui/settings/language.h"
#include "ui/settings/settings.h"
#include "ui/widgets/focus_ring.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

int main(int argc, char** argv) {
  using namespace scalewright::ui;
  QApplication::setApplicationName(QStringLiteral("scalewright"));
  QApplication::setApplicationDisplayName(QStringLiteral("Scalewright"));
  QApplication::setApplicationVersion(QStringLiteral(SCALEWRIGHT_VERSION));
  QApplication::setDesktopFileName(QStringLiteral("io.github.scalewright.Scalewright"));
  QApplication application(argc, argv);
  // Qt took the person's locale. Their numbers are QLocale's; the engine reads and writes numbers with a point.
  std::setlocale(LC_NUMERIC, "C");

  Settings settings;
  Language language(settings.language());
  theme().apply(settings.themeMode(), settings.fontScale());
  QObject::connect(&settings, &Settings::changed, &settings, [&settings](const QString& key) {
    if (key.startsWith(QLatin1String("look/"))) theme().apply(settings.themeMode(), settings.fontScale());
  });
  FocusRing ring(&application);

  AppContext context(settings);
  MainWindow window(context);
  installPages(window, context);
  const int place = settings.value(QStringLiteral("window/place"), 0).toInt();
  window.showPlace(place >= 0 && place <= int(Place::Help) ? Place(place) : Place::Models);
  window.show();
  window.openPaths(application.arguments().mid(1));
  return application.exec();
}
