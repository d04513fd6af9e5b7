#include "ui/widgets/rail.h"

#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/widgets/icons.h"
#include "ui/widgets/layout.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr int kWide = 184, kNarrow = 56;
constexpr int kLine = 36, kLowLine = 26;  // height of a place, and the least where the window is low

}  // namespace

RailItem::RailItem(const QString& name, const QString& iconName, const QString& shortcut, QWidget* parent)
    : QAbstractButton(parent), m_icon(iconName), m_key(shortcut) {
  setText(name);
  setCheckable(true);
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
  setAccessibleName(name);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
}
void RailItem::setProgress(double fraction) {
  if (fraction == m_progress) return;
  m_progress = fraction;
  setAccessibleDescription(fraction < 0 ? QString() : tr("A job runs here: %1 percent").arg(int(fraction * 100)));
  update();
}
void RailItem::setCompact(bool compact) {
  m_compact = compact;
  setToolTip(compact ? text() : QString());
  update();
}
QSize RailItem::sizeHint() const { return {px(m_compact ? kNarrow : kWide), px(kLine)}; }
QSize RailItem::minimumSizeHint() const { return {px(kNarrow), px(kLowLine)}; }

void RailItem::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const QRectF box = QRectF(rect()).adjusted(px(10), 1, -px(10), -1);
  if (isChecked()) {
    painter.setPen(QPen(t.accentLine, 1));
    painter.setBrush(t.accentSoft);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(7), px(7));
  } else if (underMouse()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.hover);
    painter.drawRoundedRect(box, px(7), px(7));
  }
  const QColor ink = isChecked() ? t.accentText : t.text;
  const double line = height(), icon = px(18);
  const double x = m_compact ? (width() - icon) / 2.0 : px(21);
  painter.drawPixmap(QPointF(x, (line - icon) / 2), iconPixmap(m_icon, isChecked() ? t.accentText : t.text2, icon, devicePixelRatioF()));
  if (!m_compact) {
    painter.setPen(ink);
    painter.setFont(theme().font(isChecked() ? FontRole::Strong : FontRole::Label));
    painter.drawText(QRectF(px(50), 0, box.right() - px(50) - px(26), line), Qt::AlignVCenter, text());
    painter.setPen(isChecked() ? t.accentText : t.text3);
    painter.setFont(theme().font(FontRole::Help));
    painter.drawText(QRectF(box.right() - px(40), 0, px(32), line), Qt::AlignVCenter | Qt::AlignRight, m_key);
  }
  if (m_progress >= 0) {
    const double left = m_compact ? px(14) : px(50), right = m_compact ? width() - px(14) : box.right() - px(8);
    QRectF track(left, height() - px(6), right - left, px(3));
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.press);
    painter.drawRoundedRect(track, 1.5, 1.5);
    track.setWidth(std::max(track.width() * std::min(m_progress, 1.0), double(px(3))));
    painter.setBrush(t.accent);
    painter.drawRoundedRect(track, 1.5, 1.5);
  }
}

RailHead::RailHead(QWidget* parent) : QAbstractButton(parent) {
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setScaledHeight(this, 38);
}
void RailHead::setProject(const QString& name) {
  m_project = name;
  setAccessibleName(tr("Project: %1").arg(name));
  setToolTip(tr("Project: %1. Click to change it.").arg(name));
  update();
}
void RailHead::setCompact(bool compact) {
  m_compact = compact;
  update();
}
QSize RailHead::sizeHint() const { return {px(m_compact ? kNarrow : kWide), px(38)}; }

void RailHead::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  if (underMouse() || isDown()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.hover);
    painter.drawRoundedRect(QRectF(rect()).adjusted(px(8), 0, -px(8), 0), px(7), px(7));
  }
  const double side = px(26);
  paintLogo(&painter, QRectF(m_compact ? (width() - side) / 2 : px(16), (height() - side) / 2, side, side), t.accent, t.onAccent);
  if (m_compact) return;
  const double left = px(52), room = width() - left - px(38);
  painter.setPen(t.text);
  painter.setFont(theme().font(FontRole::Strong));
  painter.drawText(QRectF(left, 0, room, height() / 2.0 + 1), Qt::AlignBottom, QStringLiteral("Scalewright"));
  painter.setPen(t.text3);
  painter.setFont(theme().font(FontRole::Help));
  painter.drawText(QRectF(left, height() / 2.0 + 1, room, height() / 2.0), Qt::AlignTop,
                   QFontMetrics(painter.font()).elidedText(m_project, Qt::ElideRight, int(room)));
  painter.drawPixmap(QPointF(width() - px(30), (height() - px(14)) / 2.0), iconPixmap(QStringLiteral("down"), t.text3, px(14), devicePixelRatioF()));
}

Rail::Rail(QWidget* parent) : QWidget(parent), m_head(new RailHead), m_places(vbox({}, 2)), m_foot(vbox({}, 2)) {
  setObjectName(QStringLiteral("rail"));
  setAttribute(Qt::WA_StyledBackground);
  setLayout(vbox({m_head, gap(12), m_places, fill(), m_foot}, 0, {0, 10, 0, 10}));
  setScaledWidth(this, kWide);
  setAccessibleName(tr("Places"));
}

int Rail::add(const QString& name, const QString& iconName, const QString& shortcut, bool foot) {
  const int index = int(m_items.size());
  auto* item = new RailItem(name, iconName, shortcut);
  (foot ? m_foot : m_places)->addWidget(item);
  m_items << item;
  connect(item, &RailItem::clicked, this, [this, index] {
    setCurrent(index);
    emit chosen(index);
  });
  return index;
}
int Rail::addPlace(const QString& name, const QString& iconName, const QString& shortcut) { return add(name, iconName, shortcut, false); }
int Rail::addFoot(const QString& name, const QString& iconName, const QString& shortcut) { return add(name, iconName, shortcut, true); }

void Rail::setCurrent(int index) {
  for (int i = 0; i < m_items.size(); ++i) m_items[i]->setChecked(i == index);
}
void Rail::setProgress(int index, double fraction) {
  if (RailItem* item = m_items.value(index)) item->setProgress(fraction);
}
void Rail::setCompact(bool compact) {
  if (compact == m_compact) return;
  m_compact = compact;
  setScaledWidth(this, compact ? kNarrow : kWide);
  m_head->setCompact(compact);
  for (RailItem* item : m_items) item->setCompact(compact);
}
void Rail::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Down || event->key() == Qt::Key_Up) {
    focusNextPrevChild(event->key() == Qt::Key_Down);
    return;
  }
  QWidget::keyPressEvent(event);
}

}  // namespace scalewright::ui
