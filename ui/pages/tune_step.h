#pragma once
// One step of the Fine-tune wizard. It edits the shared draft and says whether the person may go on.

#include <QWidget>

#include "ui/pages/tune_draft.h"

namespace scalewright::ui {

class AppContext;

class TuneStep : public QWidget {
  Q_OBJECT
 public:
  TuneStep(AppContext& app, TuneDraft& draft, QWidget* parent = nullptr) : QWidget(parent), m_app(app), m_draft(draft) {}
  virtual QString purpose() const = 0;          // one line under the title
  virtual QString refusal() const = 0;          // why Next is refused; empty: it may be pressed
  virtual QString value() const { return {}; }  // shown in the stepper once done
  virtual void enter() {}                       // it is about to be shown
  virtual void setNarrow(bool narrow) { Q_UNUSED(narrow) }
  virtual QWidget* firstField() const { return nullptr; }

 signals:
  void changed();                               // refusal() or value() may be others
  void failed(const QString& title, const QString& text);
  void worked();                                // what failed before is no longer so

 protected:
  AppContext& app() const { return m_app; }
  TuneDraft& draft() const { return m_draft; }

 private:
  AppContext& m_app;
  TuneDraft& m_draft;
};

}  // namespace scalewright::ui
