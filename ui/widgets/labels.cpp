#include "ui/widgets/labels.h"

#include <QEvent>
#include <QPainter>

#include "ui/widgets/icons.h"

namespace scalewright::ui {
namespace {

const char* inkName(Ink ink) {
  switch (ink) {
    case Ink::Text: return "text";
    case Ink::Text2: return "text2";
    case Ink::Text3: return "text3";
    case Ink::Accent: return "accent_text";
    case Ink::Ok: return "ok";
    case Ink::Warn: return "warn";
    case Ink::Danger: return "danger";
    case Ink::Info: return "info";
    case Ink::Validation: return "validation";
  }
  return "text";
}

}  // namespace

QLabel* label(const QString& text, FontRole role, Ink ink, bool wraps) {
  auto* result = new QLabel(text);
  result->setTextFormat(Qt::PlainText);
  result->setProperty("tone", QLatin1String(inkName(ink)));
  result->setWordWrap(wraps);
  setFontRole(result, role);
  return result;
}

void setInk(QLabel* label, Ink ink) { setStyleProperty(label, "tone", QLatin1String(inkName(ink))); }

Ink inkOf(Tone tone) {
  switch (tone) {
    case Tone::Accent: return Ink::Accent;
    case Tone::Ok: return Ink::Ok;
    case Tone::Warn: return Ink::Warn;
    case Tone::Danger: return Ink::Danger;
    case Tone::Info: return Ink::Info;
    case Tone::Neutral: break;
  }
  return Ink::Text2;
}

IconLabel::IconLabel(const QString& name, Token token, int size, QWidget* parent)
    : QWidget(parent), m_name(name), m_token(token), m_size(size) {
  setScaledWidth(this, size);
  setScaledHeight(this, size);
}
void IconLabel::setIcon(const QString& name, Token token) {
  m_name = name;
  m_token = token;
  update();
}
void IconLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const int size = px(m_size);
  painter.drawPixmap(0, 0, iconPixmap(m_name, color(isEnabled() ? m_token : &ThemeTokens::text3), size, devicePixelRatioF()));
}

ElidedLabel::ElidedLabel(const QString& text, FontRole role, Ink ink, Qt::TextElideMode mode, QWidget* parent)
    : QLabel(parent), m_mode(mode) {
  setTextFormat(Qt::PlainText);
  setProperty("tone", QLatin1String(inkName(ink)));
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  setFontRole(this, role);
  setFullText(text);
}
void ElidedLabel::setFullText(const QString& text) {
  m_text = text;
  setAccessibleName(text);
  updateGeometry();
  elide();
}
void ElidedLabel::setHint(const QString& hint) {
  m_hint = hint;
  elide();
}
QSize ElidedLabel::minimumSizeHint() const { return QSize(fontMetrics().horizontalAdvance(QStringLiteral("abc…")), fontMetrics().height()); }
QSize ElidedLabel::sizeHint() const { return QSize(fontMetrics().horizontalAdvance(m_text) + 2, fontMetrics().height()); }
void ElidedLabel::resizeEvent(QResizeEvent* event) {
  QLabel::resizeEvent(event);
  elide();
}
void ElidedLabel::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::FontChange) elide();
}
void ElidedLabel::elide() {
  const QString shown = fontMetrics().elidedText(m_text, m_mode, std::max(width(), 1));
  if (shown != text()) setText(shown);
  QStringList lines;
  if (shown != m_text) lines << m_text;
  if (!m_hint.isEmpty()) lines << m_hint;
  setToolTip(lines.join(QLatin1Char('\n')));
}

}  // namespace scalewright::ui
