#pragma once
// What every page is: a header (title, purpose, actions), banners on top, a body; told when it is shown and when another page
// sends it something.

#include <QVariantMap>
#include <QWidget>

#include "ui/jobs/job.h"

class QScrollArea;
class QVBoxLayout;

namespace scalewright::ui {

class AppContext;
class Banner;
class PageHeader;

// From one page to another ("chat with this model"). The window shows the place and hands the message over.
struct PageMessage {
  Place to = Place::None;
  QString what;       // see page_messages below
  QVariantMap values;
};

namespace page_messages {
// values: "path" = model file, model folder or run folder.
inline const QString kUseModel = QStringLiteral("use-model");      // Quantize, Tune, Chat, Export: work with this model or run
inline const QString kCompare = QStringLiteral("compare");         // Chat: "path" = run folder; original | tuned
inline const QString kSample = QStringLiteral("sample");           // Tune: the sample model and data, ready to run
inline const QString kResumeRun = QStringLiteral("resume-run");    // Tune: "path" = run folder to go on with
inline const QString kShowRun = QStringLiteral("show-run");        // Runs: "path" = run folder to select
inline const QString kOpenFile = QStringLiteral("open-file");      // Models: "paths" = files and folders to add
inline const QString kRefresh = QStringLiteral("refresh");         // any
}  // namespace page_messages

class Page : public QWidget {
  Q_OBJECT
 public:
  Page(AppContext& app, Place place, const QString& title, const QString& purpose, QWidget* parent = nullptr);
  Place place() const { return m_place; }
  QString title() const;
  PageHeader* header() const { return m_header; }
  Banner* banner() const { return m_banner; }

  virtual void activate() {}                              // it is about to be shown; start reading what may have changed
  virtual void deactivate() {}
  virtual void receive(const PageMessage& message) { Q_UNUSED(message) }
  virtual void refresh() {}                               // F5
  virtual void primary() {}                               // Ctrl+Enter
  virtual bool newItem() { return false; }                // Ctrl+N; false: the window offers a new project
  virtual bool undo() { return false; }                   // Ctrl+Z outside of text fields
  virtual void setNarrow(bool narrow) { Q_UNUSED(narrow) }  // less than about 1100 look pixels wide: panes go below each other
  virtual void saveState() {}                             // before the window closes
  virtual bool mayClose() { return true; }                // false: the page asked and the person stays
  virtual QWidget* firstField() const { return nullptr; } // gets the focus after a change of page

 signals:
  void message(const scalewright::ui::PageMessage& message);

 protected:
  AppContext& app() const { return m_app; }
  void scrollToTop();
  void scrollTo(QWidget* widget);                          // so that all of it is seen, once it is laid out
  QVBoxLayout* body() const { return m_body; }            // below header and banner
  // One error in its place: the banner says it, the page stays.
  void showError(const QString& title, const QString& text);
  // Whether these may be written. Asks where something is there, unless it is what the person agreed to just now (a file dialog asked):
  // what is replaced cannot be brought back.
  bool mayReplace(QStringList paths, const QString& agreed);
  // The model itself, a file of its folder, or the same by another name (links).
  static bool belongsTo(const QString& path, const QString& model);
  void send(Place to, const QString& what, const QVariantMap& values = {});

 private:
  AppContext& m_app;
  Place m_place;
  PageHeader* m_header;
  Banner* m_banner;
  QVBoxLayout* m_body;
  QScrollArea* m_scroll;
};

}  // namespace scalewright::ui
