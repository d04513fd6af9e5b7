#pragma once
// Buttons of the look: verb first, one primary a page. Icon-only ones carry a tooltip that is their accessible name too.
// Where a click changes what stands under the pointer (Start becomes Stop), the second click of a double click does nothing.

#include <QPushButton>

#include "ui/settings/theme_tokens.h"

namespace scalewright::ui {

class Button : public QPushButton {
  Q_OBJECT
 public:
  enum Kind { Default, Primary, Soft, Quiet, Danger, Icon, Square };
  explicit Button(Kind kind, const QString& text, const QString& iconName = {}, QWidget* parent = nullptr);
  void setIconName(const QString& name);
  // What was done or why it cannot be done; shown while disabled too.
  void setHint(const QString& tooltip);
  // Disables with the reason as tooltip; an empty reason enables and gives the hint back.
  void setRefusal(const QString& reason);
  // Shows that work is going on; the width stays.
  void setBusy(bool busy, const QString& text = {});

 protected:
  void changeEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;

 private:
  bool secondOfTwo(const QMouseEvent& press) const;
  Token ink() const;
  void sizeIcon();
  Kind m_kind;
  QString m_icon, m_hint, m_text;
  bool m_busy = false, m_hadFocus = false;
};

}  // namespace scalewright::ui
