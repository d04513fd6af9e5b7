#pragma once
// Applies the look to the whole program: palette, one style sheet made from the tokens, fonts by role, and lengths that
// scale with the font. Lengths everywhere are written for a 13 px font and go through px().

#include <QFont>
#include <QIcon>
#include <QObject>

#include "ui/settings/settings.h"
#include "ui/settings/theme_tokens.h"

class QLabel;
class QLayout;
class QWidget;

namespace scalewright::ui {

enum class FontRole {
  Body, Strong, Label, Help, HelpStrong, Chip, CardTitle, Title, Display, Metric, Button, ButtonStrong, Mono, MonoSmall, MonoStrong, Axis, AxisStrong
};

// What a state means; chips, banners and cells are coloured by it.
enum class Tone { Neutral, Accent, Ok, Warn, Danger, Info };
Token toneText(Tone tone);
Token toneSoft(Tone tone);

class Theme : public QObject {
  Q_OBJECT
 public:
  static Theme& instance();

  // Sets style, palette, style sheet and fonts of the application; cheap when nothing changed.
  void apply(ThemeMode mode, double fontScale);
  const ThemeTokens& tokens() const { return *m_tokens; }
  QColor color(Token token) const { return m_tokens->*token; }
  bool dark() const { return m_tokens->dark; }
  double u() const { return m_u; }
  int px(double length) const;   // a length of the look in pixels, at least 1 unless 0
  QFont font(FontRole role) const;
  bool animates() const;         // false where the desktop asks for no motion

 signals:
  void changed();  // after every widget was restyled: custom painters repaint, charts recolour

 private:
  explicit Theme(QObject* parent);
  bool systemIsDark() const;
  void askPortal();
  void restyle();
  bool eventFilter(QObject* watched, QEvent* event) override;

  const ThemeTokens* m_tokens = &lightTokens();
  ThemeMode m_mode = ThemeMode::System;
  int m_portal = 0;  // of the desktop's portal: 0 no wish, 1 dark, 2 light
  double m_scale = 1.0, m_u = 1.0, m_basePixels = 13.0;
  bool m_applied = false;
  QString m_sans, m_mono;
};

inline Theme& theme() { return Theme::instance(); }
inline int px(double length) { return Theme::instance().px(length); }
inline QColor color(Token token) { return Theme::instance().color(token); }

// The functions below remember what was asked for, so that a change of font scale applies it again.
void setFontRole(QWidget* widget, FontRole role);
void setScaledMargins(QLayout* layout, int left, int top, int right, int bottom);
void setScaledSpacing(QLayout* layout, int spacing);
void setScaledWidth(QWidget* widget, int width);      // fixed
void setScaledHeight(QWidget* widget, int height);    // fixed
void setScaledMinimum(QWidget* widget, int width, int height);  // 0: leaves that side alone
void setScaledMaximumWidth(QWidget* widget, int width);
void setScaledMaximumHeight(QWidget* widget, int height);
void releaseWidth(QWidget* widget);  // forgets a fixed width: panes that go below each other
// A dynamic property that the style sheet selects by; repolishes the widget.
void setStyleProperty(QWidget* widget, const char* name, const QVariant& value);

}  // namespace scalewright::ui
