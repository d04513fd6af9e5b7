#pragma once
// What happened and what to do, on top of the page concerned. Esc closes it where it may be closed.

#include <QFrame>

#include "ui/widgets/theme.h"

class QHBoxLayout;
class QLabel;

namespace scalewright::ui {

class Button;
class IconLabel;

class Banner : public QFrame {
  Q_OBJECT
 public:
  explicit Banner(QWidget* parent = nullptr);  // hidden until shown
  // Replaces everything; actions of an earlier message are gone.
  void show(Tone tone, const QString& title, const QString& text, bool closable = true);
  Button* addAction(const QString& text, bool quiet = false, const QString& iconName = {});
  void dismiss();
  QString title() const;
  QString text() const;

 signals:
  void dismissed();

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  IconLabel* m_icon;
  QLabel *m_title, *m_text;
  QHBoxLayout* m_actions;
  Button* m_close;
};

}  // namespace scalewright::ui
