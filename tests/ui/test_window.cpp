// The shell and its pages through real widgets: keys, places, first start, files good and bad, themes, sizes, closing.

#include "tests/ui/ui_fixture.h"

#include <QAbstractItemView>
#include <QCheckBox>
#include <QComboBox>
#include <QCompleter>
#include <QDBusConnection>
#include <QDragEnterEvent>
#include <QHelpEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QMimeData>
#include <QProcess>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStandardItemModel>
#include <QStandardPaths>
#include <QTableView>
#include <QTimer>
#include <QToolTip>
#include <algorithm>
#include <thread>

#include "ui/settings/language.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/rail.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/status_bar.h"
#include "ui/widgets/toast.h"

using namespace scalewright;
using namespace scalewright::ui;

namespace {

QTableView* table(QWidget* in) { return in->findChild<QTableView*>(); }

}  // namespace

// What a desktop does with notifications, as far as a test needs it.
class Notifications : public QObject {
  Q_OBJECT
  Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

 public:
  QStringList titles;

 public slots:
  uint Notify(const QString&, uint, const QString&, const QString& title, const QString&, const QStringList&, const QVariantMap&, int) {
    titles << title;
    return 1;
  }
};

class TestWindowShell : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { qInstallMessageHandler(collectWarnings); }
  void init() {
    m_home = std::make_unique<Home>();
    qtWarnings().clear();
  }
  void cleanup() {
    QVERIFY2(qtWarnings().isEmpty(), qPrintable(qtWarnings().join('\n')));
  }

  void keysLeadToPlaces() {
    TestWindow w(*m_home);
    for (int i = 0; i < 6; ++i) {
      QTest::keyClick(w.window.get(), Qt::Key(Qt::Key_1 + i), Qt::ControlModifier);
      QCOMPARE(int(w.window->currentPlace()), i);
    }
    QTest::keyClick(w.window.get(), Qt::Key_F1);
    QVERIFY(w.window->currentPlace() == Place::Help);
    QTest::keyClick(w.window.get(), Qt::Key_Comma, Qt::ControlModifier);
    QVERIFY(w.window->currentPlace() == Place::Settings);
    QVERIFY(w.waitForJobs());
  }

  // Ctrl+O and Ctrl+N ask for a file or a project; Ctrl+N where something is made on the page makes it anew; F5 looks again.
  // Start becomes Stop under the pointer, as another button or with another word: the second click of two is no answer to that.
  void aDoubleClickStartsOnce() {
    QWidget window;
    auto *start = new Button(Button::Primary, "Start"), *stop = new Button(Button::Default, "Stop"), *send = new Button(Button::Primary, "Send"), *plus = new Button(Button::Default, "More");
    for (Button* button : {start, stop}) button->setFixedSize(100, 40), button->setParent(&window);
    send->setParent(&window);
    send->setGeometry(200, 0, 100, 40);
    plus->setParent(&window);
    plus->setGeometry(400, 0, 100, 40);
    stop->hide();
    int started = 0, stopped = 0, sent = 0, more = 0;
    connect(start, &Button::clicked, this, [&] { ++started, start->hide(), stop->show(); });
    connect(stop, &Button::clicked, this, [&] { ++stopped; });
    connect(send, &Button::clicked, this, [&] { ++sent, send->setText("Stop it"); });
    connect(plus, &Button::clicked, this, [&] { ++more; });
    window.show();
    for (Button* button : {start, send, plus}) doubleClick(button);
    QCOMPARE(started, 1);
    QCOMPARE(stopped, 0);
    QCOMPARE(sent, 1);
    QCOMPARE(more, 2);  // what says the same goes on
    QTest::mouseClick(stop, Qt::LeftButton);
    QCOMPARE(stopped, 1);
  }

  // Names that complete themselves in a file dialog stand on a ground of their own, in both themes.
  void completionsAreReadable() {
    for (const ThemeMode mode : {ThemeMode::Light, ThemeMode::Dark}) {
      TestWindow w(*m_home, mode);
      QCompleter names(QStringList{"alpha", "alps"});
      names.popup()->ensurePolished();
      names.popup()->resize(200, 100);
      const QColor seen = names.popup()->grab().toImage().pixelColor(100, 90);
      QVERIFY2(seen.alpha() == 255 && seen == theme().tokens().raised, qPrintable(seen.name(QColor::HexArgb)));
    }
    theme().apply(ThemeMode::Light, 1);
  }

  void keysOfTheFileMenu() {
    const QString models = m_home->path("home/models");
    QVERIFY(QDir().mkpath(models));
    TestWindow w(*m_home);
    w.context->catalog().add({models});
    QVERIFY(w.waitForJobs());
    for (const Qt::Key key : {Qt::Key_O, Qt::Key_N}) {
      bool asked = false;
      QTimer answer;
      connect(&answer, &QTimer::timeout, this, [&asked] {
        auto* dialog = qobject_cast<QDialog*>(QApplication::activeModalWidget());
        if (!dialog) return;
        asked = true;
        dialog->reject();
      });
      answer.start(20);
      w.window->activateWindow();
      QVERIFY(QTest::qWaitForWindowActive(w.window.get()));
      QTest::keyClick(w.window.get(), key, Qt::ControlModifier);
      QTRY_VERIFY2(asked, qPrintable(QKeySequence(key).toString()));
    }
    QFile late(models + "/late.gguf");
    QVERIFY(late.open(QIODevice::WriteOnly) && late.write("GGUF") == 4);
    late.close();
    QVERIFY(!w.context->catalog().table().find(models + "/late.gguf"));
    w.window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(w.window.get()));
    QTest::keyClick(w.window.get(), Qt::Key_F5);
    QVERIFY(w.waitForJobs());
    QTRY_VERIFY(w.context->catalog().table().find(models + "/late.gguf"));
  }

  // A long job that ends while the person looks at something else is told by the desktop, once, as far as they want it.
  void aLongJobThatEndsIsTold() {
    const QString daemon = QStandardPaths::findExecutable("dbus-daemon");
    if (daemon.isEmpty()) QSKIP("There is no dbus-daemon here.");
    QProcess bus;
    bus.start(daemon, {"--session", "--nofork", "--print-address=1"});
    QVERIFY(bus.waitForStarted());
    QVERIFY(waitUntil([&] { return bus.waitForReadyRead(100) || bus.bytesAvailable() > 0; }, 10));
    qputenv("DBUS_SESSION_BUS_ADDRESS", bus.readAllStandardOutput().trimmed());
    QDBusConnection desktop = QDBusConnection::connectToBus(QString::fromLocal8Bit(qgetenv("DBUS_SESSION_BUS_ADDRESS")), "desktop");
    QVERIFY(desktop.isConnected());
    Notifications notifications;
    QVERIFY(desktop.registerObject("/org/freedesktop/Notifications", &notifications, QDBusConnection::ExportAllSlots));
    QVERIFY(desktop.registerService("org.freedesktop.Notifications"));
    {
      TestWindow w(*m_home);
      QVERIFY(w.waitForJobs());
      QWidget other;  // in front
      other.show();
      other.activateWindow();
      QTRY_VERIFY(!w.window->isActiveWindow());
      const auto work = [&w](int seconds) {
        w.context->jobs().run<int>("Counting", Place::Tune, [seconds](JobContext&) -> Result<int> {
          std::this_thread::sleep_for(std::chrono::seconds(seconds));
          return 1;
        }, w.window.get(), [](Result<int>) {});
        return w.waitForJobs(60000);
      };
      QVERIFY(work(0));
      QTest::qWait(200);
      QCOMPARE(notifications.titles, QStringList());
      QVERIFY(work(21));
      QTRY_COMPARE(notifications.titles, QStringList{"Counting: done"});
    }
    qunsetenv("DBUS_SESSION_BUS_ADDRESS");
    QDBusConnection::disconnectFromBus("desktop");
    bus.kill();
    bus.waitForFinished();
  }

  void firstStartSaysHowToBegin() {
    qputenv("SCALEWRIGHT_SAMPLE_MODEL", m_home->path("nothing.gguf").toLocal8Bit());
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    auto* sample = buttonOf(w.window.get(), "Try it on the sample");
    QVERIFY(sample);
    QTest::mouseClick(sample, Qt::LeftButton);
    Page* models = w.window->page(Place::Models);
    QVERIFY(models->banner()->isVisible());
    QVERIFY(models->banner()->text().contains("nothing.gguf"));
    qunsetenv("SCALEWRIGHT_SAMPLE_MODEL");
  }

  void aBadFileSaysWhyAndStaysInTheList() {
    const QString path = m_home->path("broken.gguf");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray("GGUF") + QByteArray(100, '\xff'));
    file.close();
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    w.window->openPaths({path});
    QVERIFY(w.waitForJobs());
    Page* models = w.window->page(Place::Models);
    QTRY_VERIFY(models->banner()->isVisible());
    QVERIFY(!models->banner()->text().isEmpty());
    QCOMPARE(w.context->catalog().table().rowCount(), 1);
    QVERIFY(!w.context->catalog().table().entry(0).usable());
    QTRY_VERIFY(buttonOf(models->banner(), "Remove from list"));
    auto* remove = buttonOf(models->banner(), "Remove from list");
    QTest::mouseClick(remove, Qt::LeftButton);
    QVERIFY(w.waitForJobs());
    QCOMPARE(w.context->catalog().table().rowCount(), 0);
    QTRY_VERIFY(buttonOf(w.window->toast(), "Undo"));
    auto* undo = buttonOf(w.window->toast(), "Undo");
    QTest::mouseClick(undo, Qt::LeftButton);
    QVERIFY(w.waitForJobs());
    QCOMPARE(w.context->catalog().table().rowCount(), 1);
    QVERIFY(QFile::exists(path));
  }

  void aDroppedFolderIsScanned() {
    if (smallModel().isEmpty()) QSKIP("No small checkpoint: the golden sets are not here.");
    const QString folder = m_home->path("models");
    QVERIFY(copyFolder(smallModel(), folder + "/deep/small"));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(folder)});
    QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(w.window.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(100, 100), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(w.window.get(), &drop);
    QVERIFY(w.waitForJobs());
    QCOMPARE(w.context->catalog().table().rowCount(), 1);
    QVERIFY(w.context->catalog().table().entry(0).state == ModelState::FullPrecision);
    auto* view = table(w.window->page(Place::Models));
    QVERIFY(view->isVisible());
    QCOMPARE(view->model()->rowCount(), 1);
    // A filter that fits nothing, then none.
    auto* search = w.window->page(Place::Models)->findChild<QLineEdit*>();
    QTest::keyClicks(search, "zebra");
    QCOMPARE(view->model()->rowCount(), 0);
    search->clear();
    QCOMPARE(view->model()->rowCount(), 1);
    // A model deleted while listed.
    QVERIFY(QDir(folder + "/deep").removeRecursively());
    QTest::keyClick(w.window.get(), Qt::Key_F5);
    QVERIFY(w.waitForJobs());
    QCOMPARE(w.context->catalog().table().rowCount(), 0);
  }

  void quantizeAndExportByClicks() {
    if (smallModel().isEmpty()) QSKIP("No small checkpoint: the golden sets are not here.");
    QVERIFY(copyFolder(smallModel(), m_home->path("models/small")));
    TestWindow w(*m_home);
    w.context->catalog().add({m_home->path("models")});
    QVERIFY(w.waitForJobs());
    QTest::keyClick(w.window.get(), Qt::Key_2, Qt::ControlModifier);
    QTest::qWait(150);
    QVERIFY(w.waitForJobs());
    Page* page = w.window->page(Place::Quantize);
    auto* start = buttonOf(page, "Quantize");
    QVERIFY(start);
    QVERIFY2(start->isEnabled(), qPrintable(start->toolTip()));
    QTest::mouseClick(start, Qt::LeftButton);
    QVERIFY(w.waitForJobs(120000));
    QTRY_VERIFY2(buttonOf(page, "Fine-tune it"), qPrintable(page->banner()->title() + ": " + page->banner()->text()));
    const auto found = QDir(m_home->path("models")).entryInfoList({"*.gguf"}, QDir::Files);
    QCOMPARE(found.size(), 1);
    QVERIFY(w.waitForJobs());
    QVERIFY(w.context->catalog().table().find(found.first().absoluteFilePath()));
    QVERIFY(w.context->catalog().table().find(found.first().absoluteFilePath())->state == ModelState::Quantized);

    w.window->deliver({Place::Export, page_messages::kUseModel, {{"path", found.first().absoluteFilePath()}}});
    QVERIFY(w.waitForJobs(120000));
    Page* exports = w.window->page(Place::Export);
    auto* go = buttonOf(exports, "Export");
    QVERIFY(go);
    QVERIFY2(go->isEnabled(), qPrintable(go->toolTip()));
    QTest::mouseClick(go, Qt::LeftButton);
    QVERIFY(w.waitForJobs(120000));
    QTRY_VERIFY2(exports->banner()->isVisible(), "no result");
    QVERIFY2(exports->banner()->title().contains("checked"), qPrintable(exports->banner()->title() + ": " + exports->banner()->text()));
    QVERIFY(table(exports)->model()->rowCount() >= 3);

    // A name that is taken: asked first, and nothing is lost when the answer is no. The model's own file is refused.
    const QString taken = m_home->path("models/mine.gguf");
    QFile mine(taken);
    QVERIFY(mine.open(QIODevice::WriteOnly) && mine.write("mine") == 4);
    mine.close();
    QLineEdit* name = nullptr;
    for (QLineEdit* edit : exports->findChildren<QLineEdit*>())
      if (edit->toolTip().startsWith("Where the file") || edit->text().endsWith(".gguf")) name = edit;
    QVERIFY(name);
    const auto typeName = [&](const QString& path) {
      name->selectAll();
      QTest::keyClicks(name, path);
    };
    typeName(taken);
    bool asked = false;
    QTimer::singleShot(300, this, [&] {
      for (QWidget* top : QApplication::topLevelWidgets())
        if (auto* box = qobject_cast<QMessageBox*>(top))
          for (QAbstractButton* b : box->buttons())
            if (b->text() == "Keep it") asked = true, b->click();
    });
    exports->primary();
    QVERIFY(asked);
    QVERIFY(!w.context->jobs().busy());
    QVERIFY(mine.open(QIODevice::ReadOnly) && mine.readAll() == "mine");
    mine.close();
    const QByteArray before = [&] { QFile f(found.first().absoluteFilePath()); return f.open(QIODevice::ReadOnly) ? f.readAll() : QByteArray(); }();
    const QString link = m_home->path("models/link.gguf");
    QVERIFY(QFile::link(found.first().absoluteFilePath(), link));
    typeName(link);
    exports->primary();
    QVERIFY(!w.context->jobs().busy());
    QFile after(found.first().absoluteFilePath());
    QVERIFY(after.open(QIODevice::ReadOnly) && after.readAll() == before);
  }

  void themesAndSizesChangeWhileOpen() {
    TestWindow w(*m_home);
    connect(&w.settings, &Settings::changed, this, [&] { theme().apply(w.settings.themeMode(), w.settings.fontScale()); });
    const QColor light = w.window->page(Place::Models)->grab().toImage().pixelColor(4, 4);
    w.settings.setThemeMode(ThemeMode::Dark);
    QTest::qWait(50);
    const QColor dark = w.window->page(Place::Models)->grab().toImage().pixelColor(4, 4);
    QVERIFY(light.lightness() > 200 && dark.lightness() < 60);
    const int before = w.window->rail()->width();
    w.settings.setFontScale(1.5);
    QTest::qWait(50);
    QVERIFY(theme().u() > 1.49);
    QVERIFY(w.window->rail()->width() != before);
    // Every widget with a font of its own follows, and so it does back.
    const auto fontsFollow = [&] {
      for (QWidget* widget : w.window->findChildren<QWidget*>()) {
        const QVariant role = widget->property("swFontRole");
        if (role.isValid() && widget->font().pixelSize() != theme().font(FontRole(role.toInt())).pixelSize()) return false;
      }
      return true;
    };
    QVERIFY(fontsFollow());
    auto* withIcon = w.window->page(Place::Models)->findChild<ui::Button*>();
    QVERIFY(withIcon);
    const int larger = withIcon->iconSize().height();
    w.settings.setFontScale(9.0);
    QCOMPARE(w.settings.fontScale(), 2.0);
    w.settings.setFontScale(1.0);
    QTest::qWait(50);
    QVERIFY(fontsFollow());
    QVERIFY(withIcon->icon().isNull() || withIcon->iconSize().height() < larger);
    w.settings.setFontScale(1.0);
    w.settings.setThemeMode(ThemeMode::Light);
    w.window->resize(1024, 640);
    QTest::qWait(50);
    QVERIFY(w.window->rail()->compact());
    for (int i = 0; i <= int(Place::Help); ++i) w.window->showPlace(Place(i));
    w.window->resize(1920, 1080);
    QTest::qWait(50);
    QVERIFY(!w.window->rail()->compact());
    QVERIFY(w.waitForJobs());
  }

  void closingAsksWhileAJobRuns() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    std::atomic<bool> stopped = false;
    w.context->jobs().run<int>("Long work", Place::Quantize, [&](JobContext& context) -> Result<int> {
      while (!context.stopRequested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      stopped = true;
      return 1;
    }, this, nullptr);
    QTRY_VERIFY(w.context->jobs().busy());
    QTRY_COMPARE(w.window->status()->jobText(), "Long work");
    auto answer = [](const QString& words) {
      QTimer::singleShot(400, [words] {
        for (QWidget* top : QApplication::topLevelWidgets())
          if (auto* box = qobject_cast<QMessageBox*>(top))
            for (QAbstractButton* b : box->buttons())
              if (b->text() == words) b->click();
      });
    };
    answer("Keep working");
    w.window->close();
    QVERIFY(w.window->isVisible());
    QVERIFY(!stopped);
    answer("Stop and close");
    w.window->close();
    QTRY_VERIFY(stopped);
    QTRY_VERIFY(!w.window->isVisible());
  }

  void geometryComesBack() {
    {
      TestWindow w(*m_home, ThemeMode::Light, {1333, 777});
      QVERIFY(w.waitForJobs());
      w.window->close();
    }
    Settings settings(m_home->path("scalewright.ini"));
    AppContext context(settings);
    MainWindow window(context);
    QCOMPARE(window.size(), QSize(1333, 777));
    context.jobs().waitForAll(5000);
  }

  // Also where it cannot be changed, a box that is checked differs from one that is not, as far as the eye needs it.
  void aDisabledBoxShowsItsState() {
    for (const ThemeMode mode : {ThemeMode::Light, ThemeMode::Dark}) {
      TestWindow w(*m_home, mode);
      QVERIFY(w.waitForJobs());
      QCheckBox box(QString(), w.window.get());
      box.setEnabled(false);
      box.resize(24, 24);
      box.show();
      const auto ground = [&](bool checked) {
        box.setChecked(checked);
        return box.grab().toImage().pixelColor(3, 12);  // within the frame, beside the tick
      };
      const double without = contrastRatio(ground(false), color(&ThemeTokens::card)), with = contrastRatio(ground(true), color(&ThemeTokens::card));
      QVERIFY2(without < 1.5 && with >= 3.0, qPrintable(QStringLiteral("%1, %2").arg(without).arg(with)));
    }
  }

  // A first window fits the smallest screen with its title bar and a panel, and so does every page.
  void fitsASmallScreen() {
    QCOMPARE(MainWindow::roomOn({1280, 720}, {1280, 720}).width(), 1276);
    QVERIFY(MainWindow::roomOn({1280, 720}, {1280, 720}).height() <= 720 - 37 - 30);
    QCOMPARE(MainWindow::roomOn({1920, 1080}, {1280, 720}), QSize(1280, 720));
    TestWindow w(*m_home);
    for (const Place place : {Place::Models, Place::Quantize, Place::Tune, Place::Runs, Place::Chat, Place::Export, Place::Settings, Place::Help}) {
      w.window->showPlace(place);
      w.window->resize(1276, 648);
      QTest::qWait(20);
      QCOMPARE(w.window->size(), QSize(1276, 648));
    }
  }

  // Larger text is a smaller window: the rail keeps its icons alone, none over another.
  void largeTextFoldsTheRail() {
    TestWindow w(*m_home);
    connect(&w.settings, &Settings::changed, this, [&] { theme().apply(w.settings.themeMode(), w.settings.fontScale()); });
    auto* rail = w.window->findChild<Rail*>();
    QVERIFY(rail && rail->width() > px(100));
    w.settings.setFontScale(2.0);
    QTRY_COMPARE(rail->width(), px(56));
    QTest::qWait(50);
    int below = 0;
    for (const RailItem* item : rail->findChildren<RailItem*>()) {
      const QRect area(item->mapTo(rail, QPoint()), item->size());
      QVERIFY2(area.top() >= below && area.bottom() < rail->height(), qPrintable(item->text()));
      below = area.bottom() + 1;
    }
    w.settings.setFontScale(1.0);
    QTRY_VERIFY(rail->width() > px(100));
  }

  // What the page is called now, not what it was called when it was shown.
  void theTitleFollowsThePage() {
    TestWindow w(*m_home);
    w.window->page(Place::Models)->header()->setTitle("Another");
    QVERIFY2(w.window->windowTitle().startsWith("Another"), qPrintable(w.window->windowTitle()));
  }

  void aProjectInUseSaysSo() {
    const QString folder = m_home->path("home/project");
    {
      TestWindow w(*m_home);
      QVERIFY(w.context->project().open(folder));
      QVERIFY(!w.context->project().inUse() && !w.window->page(Place::Models)->banner()->isVisible());
      Settings settings(m_home->path("other.ini"));
      settings.setProjectFolder(folder);
      AppContext context(settings);
      MainWindow second(context);
      installPages(second, context);
      second.showPlace(Place::Models);
      second.show();
      QTRY_VERIFY(second.page(Place::Models)->banner()->isVisible());
      QVERIFY(second.page(Place::Models)->banner()->text().contains("project"));
      QVERIFY(w.waitForJobs());
      context.jobs().waitForAll(5000);
      // The first one closes: the second has the folder then, and who comes after it is told.
      w.context->project().close();
      QTRY_VERIFY(!context.project().inUse());
      QVERIFY(w.context->project().open(folder));
      QVERIFY(w.context->project().inUse());
    }
    // It ends with the window.
    TestWindow again(*m_home);
    QVERIFY(again.context->project().open(folder));
    QVERIFY(!again.context->project().inUse());
    QVERIFY(again.waitForJobs());
  }

  // What the set-up put into the data folder is in the list as soon as there is one.
  void theDataFolderIsScanned() {
    const QString own = m_home->path("home/.local/share/scalewright/models");
    QVERIFY(QDir().mkpath(own) && copyFolder(smallModel(), own + "/small"));
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    QCOMPARE(w.context->catalog().table().rowCount(), 0);  // the first start offers the sample
    const QString mine = m_home->path("home/mine");
    QVERIFY(copyFolder(smallModel(), mine));
    w.context->catalog().add({mine});
    QVERIFY(w.waitForJobs());
    QTRY_COMPARE(w.context->catalog().table().rowCount(), 2);
    QVERIFY(w.context->catalog().table().find(own + "/small"));
  }

  // A field or button is never less high than it asks for, whatever the window's size: then its words or its edge would be cut.
  void nothingIsSqueezed_data() {
    QTest::addColumn<QSize>("size");
    QTest::newRow("1024x640") << QSize(1024, 640);
    QTest::newRow("1024x768") << QSize(1024, 768);
    QTest::newRow("1280x720") << QSize(1280, 720);
    QTest::newRow("1920x1080") << QSize(1920, 1080);
  }
  void nothingIsSqueezed() {
    QFETCH(QSize, size);
    if (smallModel().isEmpty()) QSKIP("No small checkpoint: the golden sets are not here.");
    QVERIFY(copyFolder(smallModel(), m_home->path("models/small")));
    TestWindow w(*m_home, ThemeMode::Light, size);
    w.context->catalog().add({m_home->path("models")});
    QVERIFY(w.waitForJobs());
    for (Place place : {Place::Models, Place::Quantize, Place::Tune, Place::Runs, Place::Chat, Place::Export, Place::Settings}) {
      w.window->showPlace(place);
      QVERIFY(w.waitForJobs(120000));
      QTest::qWait(120);
      QStringList squeezed;
      for (QWidget* control : w.window->page(place)->findChildren<QWidget*>()) {
        const bool field = qobject_cast<QComboBox*>(control) || qobject_cast<QLineEdit*>(control) || qobject_cast<QAbstractButton*>(control);
        // Not what Qt puts into a field or a table itself.
        const bool inner = qobject_cast<QLineEdit*>(control->parentWidget()) || qobject_cast<QAbstractItemView*>(control->parentWidget()->parentWidget());
        if (!field || inner || !control->isVisible()) continue;
        if (control->height() < control->minimumSizeHint().height() || control->height() < control->minimumHeight())
          squeezed << QStringLiteral("%1 '%2' has %3 of %4").arg(control->metaObject()->className(), control->accessibleName()).arg(control->height()).arg(control->minimumSizeHint().height());
      }
      QVERIFY2(squeezed.isEmpty(), qPrintable(QStringLiteral("place %1: ").arg(int(place)) + squeezed.join("; ")));
    }
  }

  // The smallest window, in the language with the longer words: nothing has to be sought at the side, no action is cut.
  void theSmallestWindowReachesEverything_data() {
    QTest::addColumn<QString>("language");
    QTest::newRow("English") << "en";
    QTest::newRow("German") << "de";
  }
  void theSmallestWindowReachesEverything() {
    QFETCH(QString, language);
    const Language words(language);
    TestWindow w(*m_home, ThemeMode::Light, {640, 480});
    QVERIFY(w.waitForJobs());
    for (const bool filled : {false, true}) {
      if (filled) {
        if (smallModel().isEmpty()) break;
        QVERIFY(copyFolder(smallModel(), m_home->path("models/small")));
        w.context->catalog().add({m_home->path("models")});
        QVERIFY(addRun());
      }
      for (Place place : {Place::Models, Place::Quantize, Place::Tune, Place::Runs, Place::Chat, Place::Export, Place::Settings}) {
        Page* page = w.window->page(place);
        w.window->showPlace(place);
        page->refresh();
        QVERIFY(w.waitForJobs(120000));
        QTest::qWait(60);
        QCOMPARE(w.window->size(), QSize(640, 480));
        int beyond = 0;
        for (QScrollArea* area : page->findChildren<QScrollArea*>())
          if (area->isVisible()) beyond = std::max(beyond, area->horizontalScrollBar()->maximum());
        QVERIFY2(beyond == 0, qPrintable(QStringLiteral("place %1: %2 pixels too wide").arg(int(place)).arg(beyond)));
        auto* header = page->findChild<PageHeader*>();
        const auto* title = header->findChild<ElidedLabel*>();
        QVERIFY2(title->width() >= std::min(title->sizeHint().width(), px(120)), qPrintable(title->fullText()));
        for (QAbstractButton* button : header->findChildren<QAbstractButton*>()) {
          if (!button->isVisible()) continue;
          const QRect area(button->mapTo(w.window.get(), QPoint(0, 0)), button->size());
          QVERIFY2(w.window->rect().contains(area) && area.width() >= button->minimumSizeHint().width(), qPrintable(button->text()));
        }
      }
    }
  }

  // Whoever shows it: a button, or a cell of a table.
  void longTooltipsAreWrapped() {
    TestWindow w(*m_home);
    QVERIFY(w.waitForJobs());
    const QString sentence = "Rounds what flows through the model to 8 bits, as llama.cpp does: long prompts are read faster, and some answers come out a little different.";
    QPushButton button("Ask", w.window.get());
    button.setToolTip(sentence);
    QTableView view(w.window.get());
    QStandardItemModel cells(1, 1);
    auto* cell = new QStandardItem("Answer");
    cell->setToolTip("<b>no markup</b> " + sentence);
    cells.setItem(0, 0, cell);
    view.setModel(&cells);
    button.show();
    view.show();
    const auto tip = [](QWidget* on, QPoint at) {
      QHelpEvent event(QEvent::ToolTip, at, on->mapToGlobal(at));
      QApplication::sendEvent(on, &event);
      return QToolTip::text();
    };
    const QString shown = tip(&button, {4, 4});
    QVERIFY2(shown.simplified() == sentence && shown.contains('\n'), qPrintable(shown));
    for (const QString& line : shown.split('\n')) QVERIFY2(QFontMetrics(QToolTip::font()).horizontalAdvance(line) < px(520), qPrintable(line));
    const QString ofCell = tip(view.viewport(), view.visualRect(cells.index(0, 0)).center());
    QVERIFY2(ofCell.contains("&lt;b&gt;no"), qPrintable(ofCell));
    QToolTip::hideText();
  }

  void everyControlHasANameAndAHint() {
    TestWindow w(*m_home);
    QStringList nameless;
    for (int i = 0; i <= int(Place::Help); ++i) {
      w.window->showPlace(Place(i));
      for (QWidget* widget : w.window->page(Place(i))->findChildren<QWidget*>()) {
        const auto* b = qobject_cast<QAbstractButton*>(widget);
        const bool named = !widget->accessibleName().isEmpty() || (b && !b->text().isEmpty());
        const bool control = b || qobject_cast<QLineEdit*>(widget) || widget->inherits("QComboBox") || widget->inherits("QSlider") || widget->inherits("QAbstractSpinBox");
        const bool inner = widget->parentWidget() && (widget->parentWidget()->inherits("QComboBox") || widget->parentWidget()->inherits("QAbstractSpinBox") || widget->parentWidget()->inherits("QLineEdit") ||
                                                      widget->parentWidget()->inherits("QTableView") || widget->parentWidget()->inherits("QComboBoxPrivateContainer"));
        if (control && !inner && !named) nameless << QStringLiteral("page %1: %2 in %3").arg(i).arg(QLatin1String(widget->metaObject()->className()), QLatin1String(widget->parentWidget()->metaObject()->className()));
      }
    }
    QVERIFY(w.waitForJobs());
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join('\n')));
  }

 private:
  static bool addRun() {
    const auto store = RunStore::open(RunStore::default_file());
    if (!store) return false;
    RunRow row;
    row.folder = "/runs/first";
    row.name = "first";
    row.model = "/models/m.gguf";
    row.data = "/data/rows.jsonl";
    row.state = "finished";
    row.recipe_json = recipe_to_json({});
    row.started = 1700000000;
    row.step = row.steps = 50;
    return (*store)->begin(row).has_value();
  }

  std::unique_ptr<Home> m_home;
};

QTEST_MAIN(TestWindowShell)
#include "test_window.moc"
