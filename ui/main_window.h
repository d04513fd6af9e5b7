#pragma once
// The window: rail, pages, status bar, menu; keeps its geometry, shows what runs, asks before it closes on a running job.

#include <QHash>
#include <QMainWindow>
#include <QTimer>
#include <functional>

#include "ui/pages/page.h"

class QStackedWidget;

namespace scalewright::ui {

class Rail;
class StatusBar;
class Toast;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  using MakePage = std::function<Page*()>;
  explicit MainWindow(AppContext& app, QWidget* parent = nullptr);
  // The size that a first window has on a screen with so much room: `wanted`, or what fits with the frame around it.
  static QSize roomOn(QSize screen, QSize wanted);
  ~MainWindow() override;

  // Pages are made when they are first needed, so that the window is there at once.
  void setPage(Place place, MakePage make);
  void showPlace(Place place);
  Place currentPlace() const { return m_place; }
  Page* page(Place place);
  void deliver(const PageMessage& message);
  Toast* toast() const { return m_toast; }
  StatusBar* status() const { return m_status; }
  Rail* rail() const { return m_rail; }
  void openPaths(const QStringList& paths);  // from the command line, a drop or Ctrl+O

 protected:
  void closeEvent(QCloseEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void buildMenu();
  void showProjectMenu();
  void newProject();
  void openProject();
  void projectChanged();
  void jobChanged(Job* job);
  void showTitle();
  void jobDone(Job* job);
  void offerInterruptedRuns();
  void tellOfOtherWindow();
  void updateMachine();
  void fitWidth();
  void cycleFocus();
  void toggleMenu();
  void saveState();

  AppContext& m_app;
  Rail* m_rail;
  QStackedWidget* m_pages;
  StatusBar* m_status;
  Toast* m_toast;
  QHash<Place, MakePage> m_make;
  QHash<Place, Page*> m_made;
  Place m_place = Place::None;
  bool m_closing = false, m_narrow = false, m_altAlone = false;
  QString m_toldInUse;  // project folder
  QTimer m_zoomPause;
  double m_zoom = 0.0;  // asked for by keys, and not yet laid out; 0: nothing
};

}  // namespace scalewright::ui
