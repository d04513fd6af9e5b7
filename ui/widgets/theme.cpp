#include "ui/widgets/theme.h"

#include <QAbstractScrollArea>
#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QEvent>
#include <QFile>
#include <QFontDatabase>
#include <QFontInfo>
#include <QLayout>
#include <QPalette>
#include <QRegularExpression>
#include <QStyle>
#include <QTimer>
#include <QWidget>
#include <cmath>

#include "ui/widgets/icons.h"
#include "ui/widgets/proxy_style.h"
#include "ui/widgets/tooltips.h"

namespace scalewright::ui {
namespace {

constexpr double kBasePixels = 13.0;
constexpr auto kFontRole = "swFontRole";
constexpr auto kMargins = "swMargins";
constexpr auto kSpacing = "swSpacing";
constexpr auto kSize = "swSize";  // fixed width and height, minimum width and height, maximum width and height

bool genericFamily(const QString& family) {
  static const QStringList generic{QStringLiteral("Sans Serif"), QStringLiteral("Sans"),        QStringLiteral("sans-serif"),
                                   QStringLiteral("Helvetica"),  QStringLiteral("DejaVu Sans"), QString()};
  return generic.contains(family, Qt::CaseInsensitive);
}

QString firstInstalled(const QStringList& wanted, const QString& otherwise) {
  for (const QString& family : wanted)
    if (QFontDatabase::hasFamily(family)) return family;
  return otherwise;
}

QPalette paletteOf(const ThemeTokens& t) {
  QPalette p;
  auto both = [&p](QPalette::ColorRole role, const QColor& on, const QColor& off) {
    p.setColor(QPalette::Active, role, on);
    p.setColor(QPalette::Inactive, role, on);
    p.setColor(QPalette::Disabled, role, off);
  };
  both(QPalette::Window, t.page, t.page);
  both(QPalette::WindowText, t.text, t.text3);
  both(QPalette::Base, t.card, t.sunken);
  both(QPalette::AlternateBase, t.sunken, t.sunken);
  both(QPalette::Text, t.text, t.text3);
  both(QPalette::PlaceholderText, t.text3, t.text3);
  both(QPalette::Button, t.card, t.sunken);
  both(QPalette::ButtonText, t.text, t.text3);
  both(QPalette::BrightText, t.danger, t.text3);
  both(QPalette::ToolTipBase, t.raised, t.raised);
  both(QPalette::ToolTipText, t.text, t.text);
  both(QPalette::Highlight, t.accent, t.press);
  both(QPalette::HighlightedText, t.onAccent, t.text3);
  both(QPalette::Link, t.accentText, t.text3);
  both(QPalette::LinkVisited, t.accentText, t.text3);
  both(QPalette::Light, t.raised, t.raised);
  both(QPalette::Midlight, t.border, t.border);
  both(QPalette::Mid, t.control, t.border);
  both(QPalette::Dark, t.control, t.border);
  both(QPalette::Shadow, t.border, t.border);
  return p;
}

// Replaces @token, {length}px and @icon(name, token) of the sheet.
QString styleSheet(const Theme& theme) {
  QFile file(QStringLiteral(":/style/scalewright.qss"));
  if (!file.open(QIODevice::ReadOnly)) return {};
  QString sheet = QString::fromUtf8(file.readAll());

  static const QRegularExpression length(QStringLiteral("\\{(\\d+(?:\\.\\d+)?)\\}"));
  QString out;
  qsizetype from = 0;
  for (auto it = length.globalMatch(sheet); it.hasNext();) {
    const auto match = it.next();
    out += QStringView(sheet).mid(from, match.capturedStart() - from);
    out += QString::number(theme.px(match.captured(1).toDouble()));
    from = match.capturedEnd();
  }
  out += QStringView(sheet).mid(from);

  static const QRegularExpression icon(QStringLiteral("@icon\\((\\w+), *(\\w+), *(\\d+)\\)"));
  sheet.clear();
  from = 0;
  for (auto it = icon.globalMatch(out); it.hasNext();) {
    const auto match = it.next();
    sheet += QStringView(out).mid(from, match.capturedStart() - from);
    Token token = &ThemeTokens::text2;
    for (const NamedToken& named : namedTokens())
      if (match.captured(2) == QLatin1String(named.name)) token = named.token;
    sheet += QStringLiteral("url(\"%1\")").arg(iconFile(match.captured(1), theme.color(token), match.captured(3).toInt()));
    from = match.capturedEnd();
  }
  sheet += QStringView(out).mid(from);
  for (const NamedToken& named : namedTokens())
    sheet.replace(QLatin1Char('@') + QLatin1String(named.name), theme.color(named.token).name());
  return sheet;
}

void applyRemembered(QWidget* widget) {
  const QVariant role = widget->property(kFontRole);
  if (role.isValid()) widget->setFont(theme().font(FontRole(role.toInt())));
  const QVariantList size = widget->property(kSize).toList();
  if (size.size() == 6) {
    if (size[0].toInt() > 0) widget->setFixedWidth(px(size[0].toInt()));
    if (size[1].toInt() > 0) widget->setFixedHeight(px(size[1].toInt()));
    if (size[2].toInt() > 0) widget->setMinimumWidth(px(size[2].toInt()));
    if (size[3].toInt() > 0) widget->setMinimumHeight(px(size[3].toInt()));
    if (size[4].toInt() > 0) widget->setMaximumWidth(px(size[4].toInt()));
    if (size[5].toInt() > 0) widget->setMaximumHeight(px(size[5].toInt()));
  }
}

void applyRemembered(QLayout* layout) {
  const QVariantList m = layout->property(kMargins).toList();
  if (m.size() == 4) layout->setContentsMargins(px(m[0].toInt()), px(m[1].toInt()), px(m[2].toInt()), px(m[3].toInt()));
  const QVariant s = layout->property(kSpacing);
  if (s.isValid()) layout->setSpacing(px(s.toInt()));
}

void rememberSize(QWidget* widget, int which, int value) {
  QVariantList size = widget->property(kSize).toList();
  if (size.size() != 6) size = {0, 0, 0, 0, 0, 0};
  size[which] = value;
  widget->setProperty(kSize, size);
  applyRemembered(widget);
}

}  // namespace

Token toneText(Tone tone) {
  switch (tone) {
    case Tone::Accent: return &ThemeTokens::accentText;
    case Tone::Ok: return &ThemeTokens::ok;
    case Tone::Warn: return &ThemeTokens::warn;
    case Tone::Danger: return &ThemeTokens::danger;
    case Tone::Info: return &ThemeTokens::info;
    case Tone::Neutral: break;
  }
  return &ThemeTokens::text2;
}

Token toneSoft(Tone tone) {
  switch (tone) {
    case Tone::Accent: return &ThemeTokens::accentSoft;
    case Tone::Ok: return &ThemeTokens::okSoft;
    case Tone::Warn: return &ThemeTokens::warnSoft;
    case Tone::Danger: return &ThemeTokens::dangerSoft;
    case Tone::Info: return &ThemeTokens::infoSoft;
    case Tone::Neutral: break;
  }
  return &ThemeTokens::chip;
}

Theme& Theme::instance() {
  static Theme* theme = new Theme(qApp);
  return *theme;
}

Theme::Theme(QObject* parent) : QObject(parent) {
  const QFont font = QApplication::font();
  const QFontInfo info(font);
  const bool generic = genericFamily(font.family()) || genericFamily(info.family()) || !QFontDatabase::hasFamily(font.family());
  m_sans = generic ? firstInstalled({QStringLiteral("Inter"), QStringLiteral("Noto Sans")}, font.family()) : font.family();
  m_basePixels = generic ? kBasePixels : std::clamp(double(info.pixelSize()), 9.0, 40.0);
  m_mono = firstInstalled({QStringLiteral("Noto Sans Mono"), QStringLiteral("DejaVu Sans Mono")},
                          QFontDatabase::systemFont(QFontDatabase::FixedFont).family());
  m_u = m_basePixels / kBasePixels;
  if (qApp) qApp->installEventFilter(this);
}

int Theme::px(double length) const {
  const int pixels = int(std::lround(length * m_u));
  return pixels == 0 && length > 0 ? 1 : pixels;
}

QFont Theme::font(FontRole role) const {
  struct Type { double size; int weight; bool mono; double spacing; };
  auto type = [role]() -> Type {
    switch (role) {
      case FontRole::Body: return {1.0, 400, false, 0};
      case FontRole::Strong: return {1.0, 600, false, 0};
      case FontRole::Label: return {1.0, 500, false, 0};
      case FontRole::Help: return {0.92, 400, false, 0};
      case FontRole::HelpStrong: return {0.92, 600, false, 0};
      case FontRole::Chip: return {0.85, 600, false, 0};
      case FontRole::CardTitle: return {1.08, 600, false, 0};
      case FontRole::Title: return {1.54, 600, false, -0.2};
      case FontRole::Display: return {1.9, 600, false, -0.2};
      case FontRole::Metric: return {1.62, 600, false, -0.2};
      case FontRole::Button: return {1.0, 500, false, 0};
      case FontRole::ButtonStrong: return {1.0, 600, false, 0};
      case FontRole::Mono: return {0.94, 400, true, 0};
      case FontRole::MonoSmall: return {0.87, 400, true, 0};
      case FontRole::MonoStrong: return {0.94, 600, true, 0};
      case FontRole::Axis: return {0.8, 400, true, 0};
      case FontRole::AxisStrong: return {0.85, 600, false, 0};
    }
    return {1.0, 400, false, 0};
  }();
  QFont font(type.mono ? m_mono : m_sans);
  font.setPixelSize(std::max(9, int(std::lround(kBasePixels * m_u * type.size))));
  font.setWeight(QFont::Weight(type.weight));
  if (type.mono) font.setStyleHint(QFont::Monospace);
  if (type.spacing != 0) font.setLetterSpacing(QFont::AbsoluteSpacing, type.spacing * m_u);
  font.setHintingPreference(QFont::PreferNoHinting);
  return font;
}

bool Theme::animates() const { return QApplication::style()->styleHint(QStyle::SH_Widget_Animation_Duration) > 0; }

bool Theme::systemIsDark() const {
  if (m_portal != 0) return m_portal == 1;
  return QApplication::style()->standardPalette().color(QPalette::Window).lightness() < 128;
}

// The desktop's own wish, asked without waiting; the answer restyles when it differs from what is shown.
void Theme::askPortal() {
  if (qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS")) return;
  QDBusMessage call = QDBusMessage::createMethodCall(
      QStringLiteral("org.freedesktop.portal.Desktop"), QStringLiteral("/org/freedesktop/portal/desktop"),
      QStringLiteral("org.freedesktop.portal.Settings"), QStringLiteral("Read"));
  call << QStringLiteral("org.freedesktop.appearance") << QStringLiteral("color-scheme");
  auto* watcher = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(call, 2000), this);
  connect(watcher, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* done) {
    done->deleteLater();
    const QDBusPendingReply<QDBusVariant> reply = *done;
    if (reply.isError()) return;
    QVariant value = reply.value().variant();
    if (value.canConvert<QDBusVariant>()) value = value.value<QDBusVariant>().variant();
    m_portal = value.toInt();
    if (m_mode == ThemeMode::System && systemIsDark() != m_tokens->dark) restyle();
  });
}

void Theme::apply(ThemeMode mode, double fontScale) {
  const bool first = !m_applied;
  if (!first && mode == m_mode && fontScale == m_scale) return;
  m_mode = mode;
  m_scale = fontScale;
  m_applied = true;
  if (first) {
    QApplication::setStyle(new ProxyStyle);
    askPortal();
  }
  restyle();
}

void Theme::restyle() {
  const bool dark = m_mode == ThemeMode::Dark || (m_mode == ThemeMode::System && systemIsDark());
  m_tokens = dark ? &darkTokens() : &lightTokens();
  m_u = m_basePixels * m_scale / kBasePixels;
  clearIconCache();
  QApplication::setFont(font(FontRole::Body));
  QApplication::setPalette(paletteOf(*m_tokens));
  // The sheet first: it gives widgets back the fonts that they had before it was set.
  qApp->setStyleSheet(styleSheet(*this));
  const QList<QWidget*> widgets = QApplication::allWidgets();
  for (QWidget* widget : widgets) {
    applyRemembered(widget);
    if (widget->layout())
      for (QLayout* layout : widget->layout()->findChildren<QLayout*>()) applyRemembered(layout);
    if (widget->layout()) applyRemembered(widget->layout());
  }
  emit changed();
}

bool Theme::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::ThemeChange && watched == qApp && m_mode == ThemeMode::System)
    QTimer::singleShot(0, this, [this] { if (m_applied && systemIsDark() != m_tokens->dark) restyle(); });
  return showWrapped(watched, event) || QObject::eventFilter(watched, event);
}

void setFontRole(QWidget* widget, FontRole role) {
  widget->setProperty(kFontRole, int(role));
  widget->setFont(theme().font(role));
}
void setScaledMargins(QLayout* layout, int left, int top, int right, int bottom) {
  layout->setProperty(kMargins, QVariantList{left, top, right, bottom});
  applyRemembered(layout);
}
void setScaledSpacing(QLayout* layout, int spacing) {
  layout->setProperty(kSpacing, spacing);
  applyRemembered(layout);
}
void setScaledWidth(QWidget* widget, int width) { rememberSize(widget, 0, width); }
void setScaledHeight(QWidget* widget, int height) { rememberSize(widget, 1, height); }
void setScaledMinimum(QWidget* widget, int width, int height) {
  if (width > 0) rememberSize(widget, 2, width);
  if (height > 0) rememberSize(widget, 3, height);
}
void setScaledMaximumWidth(QWidget* widget, int width) { rememberSize(widget, 4, width); }
void setScaledMaximumHeight(QWidget* widget, int height) { rememberSize(widget, 5, height); }
void releaseWidth(QWidget* widget) {
  QVariantList size = widget->property(kSize).toList();
  if (size.size() == 6) {
    size[0] = size[4] = 0;
    widget->setProperty(kSize, size);
  }
  widget->setMinimumWidth(0);
  widget->setMaximumWidth(QWIDGETSIZE_MAX);
}

void setStyleProperty(QWidget* widget, const char* name, const QVariant& value) {
  const QVariant before = widget->property(name);
  if (before == value || (!before.isValid() && value.typeId() == QMetaType::Bool && !value.toBool())) return;
  widget->setProperty(name, value);
  // Before it is shown for the first time the style sheet has not looked at it: then it will see the property anyway.
  if (!widget->testAttribute(Qt::WA_WState_Polished)) return;
  widget->style()->unpolish(widget);
  widget->style()->polish(widget);
  widget->update();
}

}  // namespace scalewright::ui
