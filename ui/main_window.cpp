#include "ui/main_window.h"

#include <QAction>
#include <QApplication>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QStackedWidget>
#include <QScreen>
#include <QTimer>
#include <QUrl>
#include <QWindow>
#include <algorithm>
#include <optional>
#include <utility>

#include "engine/core/system.h"
#include "engine/tune/checkpoint.h"
#include "engine/tune/run_store.h"
#include "ui/jobs/app_context.h"
#include "ui/jobs/engine_words.h"
#include "ui/models/ledger_view.h"
#include "ui/settings/format.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/button.h"
#include "ui/widgets/desktop.h"
#include "ui/widgets/file_dialogs.h"
#include "ui/widgets/icons.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/page_header.h"
#include "ui/widgets/proxy_style.h"
#include "ui/widgets/rail.h"
#include "ui/widgets/status_bar.h"
#include "ui/widgets/tab_order.h"
#include "ui/widgets/theme.h"
#include "ui/widgets/toast.h"
#include "ui/widgets/wheel_guard.h"

namespace scalewright::ui {
namespace {

constexpr int kWideWindow = 1262;  // look pixels that the pages need beside the whole rail
constexpr int kWidePage = 1078;    // of it, a page's own
constexpr int kPlaces = 8;
constexpr int kRecent = 8;         // models in the menu
constexpr int kZoomPause = 150;    // milliseconds without a key, after which the text takes its new size

}  // namespace

MainWindow::MainWindow(AppContext& app, QWidget* parent)
    : QMainWindow(parent), m_app(app), m_rail(new Rail), m_pages(new QStackedWidget), m_status(new StatusBar) {
  setWindowTitle(QStringLiteral("Scalewright"));
  setWindowIcon(applicationIcon());
  setAcceptDrops(true);
  m_pages->setObjectName(QStringLiteral("pages"));
  auto* centre = wrap(vbox({grow(hbox({m_rail, grow(m_pages)}, 0)), m_status}, 0));
  setCentralWidget(centre);
  m_toast = new Toast(this);

  m_rail->addPlace(tr("Models"), QStringLiteral("models"), QStringLiteral("1"));
  m_rail->addPlace(tr("Quantize"), QStringLiteral("quantize"), QStringLiteral("2"));
  m_rail->addPlace(tr("Fine-tune"), QStringLiteral("tune"), QStringLiteral("3"));
  m_rail->addPlace(tr("Runs"), QStringLiteral("runs"), QStringLiteral("4"));
  m_rail->addPlace(tr("Chat"), QStringLiteral("chat"), QStringLiteral("5"));
  m_rail->addPlace(tr("Export"), QStringLiteral("export"), QStringLiteral("6"));
  m_rail->addFoot(tr("Settings"), QStringLiteral("settings"), QString());
  m_rail->addFoot(tr("Help"), QStringLiteral("help"), QStringLiteral("F1"));
  connect(m_rail, &Rail::chosen, this, [this](int index) { showPlace(Place(index)); });
  connect(m_rail->head(), &QAbstractButton::clicked, this, &MainWindow::showProjectMenu);
  connect(&m_app.project(), &Project::changed, this, &MainWindow::projectChanged);
  projectChanged();

  JobQueue& jobs = m_app.jobs();
  connect(&jobs, &JobQueue::jobStarted, this, &MainWindow::jobChanged);
  connect(&jobs, &JobQueue::jobProgressed, this, &MainWindow::jobChanged);
  connect(&jobs, &JobQueue::jobDone, this, &MainWindow::jobDone);
  connect(&jobs, &JobQueue::idle, this, [this] {
    if (m_closing) close();
  });
  connect(m_status, &StatusBar::jobClicked, this, [this] {
    if (Job* job = m_app.jobs().current(); job && job->place() != Place::None) showPlace(job->place());
  });
  buildMenu();
  qApp->installEventFilter(this);
  new WheelGuard(this);
  m_zoomPause.setSingleShot(true);
  m_zoomPause.setInterval(kZoomPause);
  connect(&m_zoomPause, &QTimer::timeout, this, [this] { m_app.settings().setFontScale(std::exchange(m_zoom, 0.0)); });

  setMinimumSize(640, 420);
  if (!restoreGeometry(m_app.settings().geometry())) resize(roomOn(screen()->availableSize(), {px(1280), px(720)}));
  auto* clock = new QTimer(this);
  connect(clock, &QTimer::timeout, this, &MainWindow::updateMachine);
  clock->start(2000);
  updateMachine();
  fitWidth();
  connect(&theme(), &Theme::changed, this, &MainWindow::fitWidth);  // larger text is a smaller window
  QTimer::singleShot(600, this, &MainWindow::offerInterruptedRuns);
  QTimer::singleShot(0, this, &MainWindow::tellOfOtherWindow);
  connect(&m_app.project(), &Project::changed, this, &MainWindow::tellOfOtherWindow);
  // What was wrong with the settings is said where the person is.
  if (!m_app.settings().warning().isEmpty())
    QTimer::singleShot(0, this, [this] {
      if (Page* page = m_made.value(m_place)) page->banner()->show(Tone::Warn, tr("The settings file was not as expected"), m_app.settings().warning());
    });
  // The device says what it is before the first job needs it.
  QTimer::singleShot(300, this, [this] {
    EngineHost* engine = &m_app.engine();
    m_app.jobs().run<bool>(
        tr("Looking at this machine"), Place::None,
        [engine](JobContext&) -> Result<bool> {
          return engine->backend().has_value();
        },
        this, [this](Result<bool>) { updateMachine(); });
  });
}

MainWindow::~MainWindow() { qApp->removeEventFilter(this); }

void MainWindow::setPage(Place place, MakePage make) { m_make.insert(place, std::move(make)); }

Page* MainWindow::page(Place place) {
  if (Page* made = m_made.value(place)) return made;
  const MakePage make = m_make.value(place);
  if (!make) return nullptr;
  Page* page = make();
  m_made.insert(place, page);
  m_pages->addWidget(page);
  page->setNarrow(m_narrow);
  connect(page, &Page::message, this, &MainWindow::deliver);
  connect(page->header(), &PageHeader::titleChanged, this, &MainWindow::showTitle);
  return page;
}

void MainWindow::showPlace(Place place) {
  Page* next = page(place);
  if (!next) return;
  if (Page* before = m_made.value(m_place); before && before != next) before->deactivate();
  const bool changed = place != m_place;
  m_place = place;
  m_rail->setCurrent(int(place));
  m_pages->setCurrentWidget(next);
  showTitle();
  next->activate();
  orderTabs(next);
  if (changed && isVisible())
    if (QWidget* field = next->firstField()) field->setFocus(Qt::OtherFocusReason);
}

void MainWindow::showTitle() {
  if (const Page* page = m_made.value(m_place)) setWindowTitle(QStringLiteral("%1 – Scalewright").arg(page->title()));
}

void MainWindow::deliver(const PageMessage& message) {
  if (message.to == Place::None) {
    for (Page* page : m_made) page->receive(message);
    return;
  }
  if (Page* to = page(message.to)) {
    showPlace(message.to);
    to->receive(message);
  }
}

void MainWindow::openPaths(const QStringList& paths) {
  if (paths.isEmpty()) return;
  deliver({Place::Models, page_messages::kOpenFile, {{QStringLiteral("paths"), paths}}});
}

void MainWindow::buildMenu() {
  auto act = [this](QMenu* menu, const QString& text, const QKeySequence& key, auto&& run) {
    QAction* action = menu->addAction(text);
    if (!key.isEmpty()) action->setShortcut(key);
    connect(action, &QAction::triggered, this, run);
    addAction(action);  // works while the menu bar is hidden
    return action;
  };
  QMenu* file = menuBar()->addMenu(tr("&File"));
  act(file, tr("&Open model…"), QKeySequence::Open, [this] {
    const QStringList paths = askToOpenMany(this, m_app.settings(), Purpose::Model, tr("Open a model"), tr("Models (*.gguf *.safetensors config.json);;All files (*)"));
    openPaths(paths);
  });
  QMenu* recent = file->addMenu(tr("Open &recent"));
  connect(recent, &QMenu::aboutToShow, this, [this, recent] {
    recent->clear();
    for (const QString& path : m_app.settings().recentModels().mid(0, kRecent)) {
      QAction* action = recent->addAction(folderText(path), this, [this, path] { openPaths({path}); });
      action->setEnabled(QFileInfo::exists(path));
    }
    if (recent->isEmpty()) recent->addAction(tr("Nothing yet"))->setEnabled(false);
  });
  act(file, tr("&New…"), QKeySequence::New, [this] {
    if (Page* page = m_made.value(m_place); !page || !page->newItem()) newProject();
  });
  file->addSeparator();
  act(file, tr("New &project…"), {}, [this] { newProject(); });
  act(file, tr("Open pro&ject…"), {}, [this] { openProject(); });
  file->addSeparator();
  act(file, tr("&Quit"), QKeySequence::Quit, [this] { close(); });

  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  act(edit, tr("&Undo"), QKeySequence::Undo, [this] {
    if (Page* page = m_made.value(m_place)) page->undo();
  });
  QMenu* view = menuBar()->addMenu(tr("&View"));
  const QStringList names{tr("&Models"), tr("&Quantize"), tr("&Fine-tune"), tr("&Runs"), tr("&Chat"), tr("&Export")};
  for (int i = 0; i < names.size(); ++i)
    act(view, names[i], QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + i)), [this, i] { showPlace(Place(i)); });
  view->addSeparator();
  act(view, tr("&Settings"), QKeySequence(Qt::CTRL | Qt::Key_Comma), [this] { showPlace(Place::Settings); });
  act(view, tr("Re&fresh"), QKeySequence(Qt::Key_F5), [this] {
    if (Page* page = m_made.value(m_place)) page->refresh();
  });
  act(view, tr("F&ull screen"), QKeySequence(Qt::Key_F11), [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  act(view, tr("Next &area"), QKeySequence(Qt::Key_F6), [this] { cycleFocus(); });
  // A size is laid out anew everywhere: while keys repeat, once.
  auto zoom = [this](double to) {
    m_zoom = std::clamp(to, Settings::kSmallestScale, Settings::kLargestScale);
    m_zoomPause.start();
  };
  auto larger = [this, zoom](double factor) { zoom((m_zoom > 0.0 ? m_zoom : m_app.settings().fontScale()) * factor); };
  act(view, tr("&Larger text"), QKeySequence::ZoomIn, [larger] { larger(1.1); });
  act(view, tr("S&maller text"), QKeySequence::ZoomOut, [larger] { larger(1 / 1.1); });
  act(view, tr("&Normal text"), QKeySequence(Qt::CTRL | Qt::Key_0), [zoom] { zoom(1.0); });
  QMenu* help = menuBar()->addMenu(tr("&Help"));
  act(help, tr("&Help"), QKeySequence::HelpContents, [this] { showPlace(Place::Help); });
  act(help, tr("&About Scalewright"), {}, [this] { deliver({Place::Help, QStringLiteral("about"), {}}); });

  auto* primary = new QAction(this);
  primary->setShortcuts({QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)});
  connect(primary, &QAction::triggered, this, [this] {
    if (Page* page = m_made.value(m_place)) page->primary();
  });
  addAction(primary);
  auto* menuKey = new QAction(this);
  menuKey->setShortcut(Qt::Key_F10);
  connect(menuKey, &QAction::triggered, this, &MainWindow::toggleMenu);
  addAction(menuKey);
  menuBar()->hide();
}

void MainWindow::toggleMenu() {
  menuBar()->setVisible(!menuBar()->isVisible());
  if (menuBar()->isVisible()) {
    menuBar()->setFocus(Qt::MenuBarFocusReason);
    menuBar()->setActiveAction(menuBar()->actions().value(0));
  }
}

void MainWindow::showProjectMenu() {
  QMenu menu(this);
  menu.addAction(tr("New project…"), this, &MainWindow::newProject);
  menu.addAction(tr("Open project…"), this, &MainWindow::openProject);
  const QStringList recent = m_app.settings().recentProjects();
  if (!recent.isEmpty()) menu.addSeparator();
  for (const QString& folder : recent.mid(0, 6)) {
    QAction* action = menu.addAction(QDir(folder).dirName());
    action->setToolTip(folder);
    action->setEnabled(folder != m_app.project().folder());
    connect(action, &QAction::triggered, this, [this, folder] {
      QString error;
      if (!m_app.project().open(folder, &error) && m_made.value(m_place)) m_made.value(m_place)->banner()->show(Tone::Danger, tr("The project was not opened"), error);
    });
  }
  if (m_app.project().isOpen()) {
    menu.addSeparator();
    menu.addAction(tr("Show in folder"), this, [this] { Desktop::showInFolder(m_app.project().folder()); });
  }
  menu.exec(m_rail->head()->mapToGlobal(QPoint(px(10), m_rail->head()->height())));
}

void MainWindow::newProject() {
  const QString folder = QFileDialog::getSaveFileName(this, tr("Name a folder for the new project"), lastFolder(m_app.settings(), Purpose::Project), {}, nullptr, QFileDialog::ShowDirsOnly);
  if (folder.isEmpty()) return;
  keepFolder(m_app.settings(), Purpose::Project, QFileInfo(folder).path());
  QString error;
  if (!m_app.project().open(folder, &error))
    if (Page* page = m_made.value(m_place)) page->banner()->show(Tone::Danger, tr("The project was not made"), error);
}
void MainWindow::openProject() {
  const QString folder = askForFolder(this, m_app.settings(), Purpose::Project, tr("Open a project's folder"));
  if (folder.isEmpty()) return;
  QString error;
  if (!m_app.project().open(folder, &error))
    if (Page* page = m_made.value(m_place)) page->banner()->show(Tone::Danger, tr("The project was not opened"), error);
}
void MainWindow::projectChanged() { m_rail->head()->setProject(m_app.project().name()); }

void MainWindow::jobChanged(Job* job) {
  if (job->state() != Job::State::Running || job != m_app.jobs().current() || job->place() == Place::None) return;
  m_rail->setProgress(int(job->place()), std::max(job->fraction(), 0.0));
  m_status->setJob(job->title(), job->cancelling() ? tr("stopping") : job->step(), timeLeftText(job->secondsLeft()));
}

void MainWindow::jobDone(Job* job) {
  if (!m_app.jobs().current())
    for (int i = 0; i < kPlaces; ++i) m_rail->setProgress(i, -1.0);
  if (Job* next = m_app.jobs().current())
    jobChanged(next);
  else
    m_status->setReady();
  updateMachine();
  if (job->secondsPassed() > 20 && !isActiveWindow() && m_app.settings().notifyWhenDone()) {
    const QString title = job->state() == Job::State::Succeeded ? tr("%1: done").arg(job->title())
                          : job->state() == Job::State::Failed  ? tr("%1: failed").arg(job->title())
                                                                : tr("%1: stopped").arg(job->title());
    Desktop::notify(title, job->state() == Job::State::Failed ? job->error() : durationText(job->secondsPassed()));
    QApplication::alert(this);
  }
}

void MainWindow::offerInterruptedRuns() {
  struct Run { QString name, folder; qint64 step = 0, saved = -1; };
  struct Found { std::optional<Run> first; std::string warning; };
  m_app.jobs().run<Found>(
      tr("Looking for interrupted runs"), Place::None,
      [](JobContext&) -> Result<Found> {
        Found found;
        if (!std::filesystem::exists(RunStore::default_file())) return found;
        SW_ASSIGN(auto store, RunStore::open(RunStore::default_file(), &found.warning));
        SW_ASSIGN(auto rows, store->runs());
        const auto row = std::ranges::find_if(rows, [](const RunRow& run) { return present_state(run) == "interrupted" && std::filesystem::exists(run.folder); });
        if (row == rows.end()) return found;
        const auto saved = read_checkpoint(checkpoint_path(row->folder));
        found.first = {QString::fromStdString(row->name), QString::fromStdString(row->folder), row->step, saved ? saved->step : -1};
        return found;
      },
      this,
      [this](Result<Found> found) {
        Page* page = m_made.value(m_place);
        if (!found || !page) return;
        if (!found->warning.empty()) return page->banner()->show(Tone::Warn, tr("The history was damaged"), inWords(found->warning));
        if (!found->first || m_app.engine().activeTune().control || page->banner()->isVisible()) return;
        const Run first = *found->first;
        page->banner()->show(Tone::Info, tr("A run was interrupted at step %1").arg(first.step), first.saved < 0 ? tr("%1 can go on from its checkpoint.").arg(first.name) : tr("%1 can go on from its checkpoint, after step %2.").arg(first.name).arg(first.saved));
        Button* resume = page->banner()->addAction(tr("Resume"));
        connect(resume, &Button::clicked, this, [this, page, first] {
          page->banner()->dismiss();
          deliver({Place::Tune, page_messages::kResumeRun, {{QStringLiteral("path"), first.folder}}});
        });
      },
      Lane::Quick);
}

void MainWindow::updateMachine() {
  m_status->setMachine(m_app.engine().deviceText(), memoryText(memory_status(), resident_bytes(), m_app.engine().deviceMemory()));
}

void MainWindow::fitWidth() {
  const bool compact = width() < px(kWideWindow);
  m_rail->setCompact(compact);
  const bool narrow = width() - m_rail->minimumWidth() < px(kWidePage);
  if (narrow == m_narrow) return;
  m_narrow = narrow;
  for (Page* page : m_made) page->setNarrow(narrow);
}

void MainWindow::cycleFocus() {
  QWidget* focus = QApplication::focusWidget();
  Page* page = m_made.value(m_place);
  if (!page) return;
  if (!focus || m_rail->isAncestorOf(focus)) {
    QWidget* field = page->firstField() ? page->firstField() : page;
    field->setFocus(Qt::TabFocusReason);
  } else {
    m_rail->item(int(m_place))->setFocus(Qt::TabFocusReason);
  }
}

void MainWindow::saveState() {
  m_app.settings().setGeometry(saveGeometry());
  m_app.settings().setValue(QStringLiteral("window/place"), int(m_place));
  for (Page* page : m_made) page->saveState();
  m_app.settings().save();
}

void MainWindow::closeEvent(QCloseEvent* event) {
  saveState();
  if (!m_app.jobs().busy()) return event->accept();
  event->ignore();
  if (m_closing) return;
  for (Page* page : m_made)
    if (!page->mayClose()) return;
  Job* job = m_app.jobs().current();
  QMessageBox ask(QMessageBox::NoIcon, tr("Close Scalewright?"), tr("%1 is still running.").arg(job->title()), QMessageBox::NoButton, this);
  ask.setInformativeText(job->place() == Place::Tune ? tr("It is saved before the window closes, and offered again at the next start.")
                                                     : tr("It is stopped; nothing half-written is left behind."));
  QPushButton* leave = ask.addButton(tr("Stop and close"), QMessageBox::AcceptRole);
  QPushButton* stay = ask.addButton(tr("Keep working"), QMessageBox::RejectRole);
  ask.setDefaultButton(stay);
  ask.exec();
  if (ask.clickedButton() != leave) return;
  if (!m_app.jobs().busy()) {
    event->accept();
    return;
  }
  m_closing = true;
  m_status->setJob(tr("Saving before closing"), {}, {});
  m_app.jobs().cancelAll();
}

// Once for each folder: two windows in one project write the same lists.
void MainWindow::tellOfOtherWindow() {
  const Project& project = m_app.project();
  if (!project.inUse() || project.folder() == m_toldInUse) return;
  m_toldInUse = project.folder();
  if (Page* page = m_made.value(m_place))
    page->banner()->show(Tone::Warn, tr("Another window works in this project"),
                         tr("Both write the list of models and runs of %1, and the one that writes last wins. Close one of them, or open another project here.").arg(folderText(project.folder())));
}

QSize MainWindow::roomOn(QSize screen, QSize wanted) {
  // A title bar and borders lie around the window; a panel is no part of the available size, but not every desktop says so.
  constexpr int kTitleBar = 40, kBorders = 4, kPanel = 32;
  return wanted.boundedTo(screen - QSize(kBorders, kTitleBar + kPanel)).expandedTo({640, 420});
}

void MainWindow::resizeEvent(QResizeEvent* event) {
  QMainWindow::resizeEvent(event);
  fitWidth();
}
void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}
void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) paths << url.toLocalFile();
  if (paths.isEmpty()) return;
  event->acceptProposedAction();
  openPaths(paths);
}

// Alt alone shows and hides the menu bar.
bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    m_altAlone = key->key() == Qt::Key_Alt && key->modifiers() == Qt::AltModifier;
    if (key->key() == Qt::Key_Alt && !ProxyStyle::mnemonicsShown()) {
      ProxyStyle::showMnemonics(true);
      update();
      for (QWidget* child : findChildren<QWidget*>()) child->update();
    }
  } else if (event->type() == QEvent::KeyRelease && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Alt && !m_altAlone) {
    ProxyStyle::showMnemonics(false);
    for (QWidget* child : findChildren<QWidget*>()) child->update();
  } else if (event->type() == QEvent::KeyRelease && m_altAlone && watched == static_cast<QObject*>(windowHandle())) {
    if (static_cast<QKeyEvent*>(event)->key() == Qt::Key_Alt && isActiveWindow()) {
      m_altAlone = false;
      ProxyStyle::showMnemonics(false);
      toggleMenu();
    }
  } else if (event->type() == QEvent::MouseButtonPress) {
    m_altAlone = false;
  }
  return QMainWindow::eventFilter(watched, event);
}

}  // namespace scalewright::ui
