#include "ui/widgets/stepper.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {
namespace {

constexpr int kValueRoom = 56;  // look pixels; with less of a value its ends alone would be seen

}  // namespace

Stepper::Stepper(const QStringList& names, QWidget* parent) : QWidget(parent), m_names(names), m_values(names.size()) {
  setFocusPolicy(Qt::TabFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setScaledHeight(this, 34);
  setAccessibleName(tr("Steps"));
  describe();
}

QSize Stepper::sizeHint() const { return {px(90) * int(m_names.size()), px(34)}; }

void Stepper::setCurrent(int step) {
  m_current = m_marked = step;
  m_reached = std::max(m_reached, step);
  describe();
  update();
}
void Stepper::setReached(int step) {
  m_reached = step;
  update();
}
void Stepper::setStepValue(int step, const QString& value) {
  m_values[step] = value;
  update();
}
void Stepper::describe() {
  setAccessibleDescription(tr("Step %1 of %2: %3").arg(m_current + 1).arg(m_names.size()).arg(m_names.value(m_current)));
}

int Stepper::stepAt(int x) const { return std::clamp(int(x * m_names.size() / std::max(1, width())), 0, int(m_names.size()) - 1); }

void Stepper::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double cell = (width() + px(6)) / double(m_names.size());
  for (int i = 0; i < m_names.size(); ++i) {
    const double x = i * cell;
    const bool done = i < m_current, current = i == m_current;
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(done || current ? &ThemeTokens::accent : &ThemeTokens::border));
    painter.drawRoundedRect(QRectF(x, 0, cell - px(6), px(3)), px(3) / 2.0, px(3) / 2.0);
    const double top = px(8), height = px(24);
    double left = x;
    if (done) {
      painter.drawPixmap(QPointF(x, top + (height - px(14)) / 2), iconPixmap(QStringLiteral("check"), color(&ThemeTokens::accentText), px(14), devicePixelRatioF()));
      left += px(20);
    } else {
      painter.setFont(theme().font(FontRole::HelpStrong));
      painter.setPen(color(current ? &ThemeTokens::accentText : &ThemeTokens::text3));
      painter.drawText(QRectF(x, top, px(20), height), Qt::AlignVCenter, QString::number(i + 1));
      left += px(16);
    }
    const QFont name = theme().font(current ? FontRole::Strong : FontRole::Label);
    const QFontMetrics metrics(name);
    const double room = cell - px(10) - (left - x);
    painter.setFont(name);
    painter.setPen(color(current ? &ThemeTokens::text : done ? &ThemeTokens::text2 : &ThemeTokens::text3));
    const QString shown = metrics.elidedText(m_names[i], Qt::ElideRight, int(room));
    const QRectF nameRect(left, top, room, height);
    painter.drawText(nameRect, Qt::AlignVCenter, shown);
    if (hasFocus() && i == m_marked) {
      painter.setPen(QPen(color(&ThemeTokens::accent), 2));
      painter.setBrush(Qt::NoBrush);
      painter.drawRoundedRect(QRectF(x + 1, top + 1, cell - px(8), height - 2), px(5), px(5));
    }
    const double valueLeft = left + metrics.horizontalAdvance(shown) + px(8), valueRoom = x + cell - px(12) - valueLeft;
    if (!m_values[i].isEmpty() && done && valueRoom > px(kValueRoom)) {
      painter.setFont(theme().font(FontRole::Help));
      painter.setPen(color(&ThemeTokens::text3));
      painter.drawText(QRectF(valueLeft, top, valueRoom, height), Qt::AlignVCenter,
                       QFontMetrics(painter.font()).elidedText(m_values[i], Qt::ElideMiddle, int(valueRoom)));
    }
  }
}

void Stepper::mouseReleaseEvent(QMouseEvent* event) {
  const int step = stepAt(int(event->position().x()));
  if (event->button() == Qt::LeftButton && rect().contains(event->pos()) && step != m_current && step <= m_reached) emit stepClicked(step);
}
void Stepper::mouseMoveEvent(QMouseEvent* event) {
  const int step = stepAt(int(event->position().x()));
  setCursor(step != m_current && step <= m_reached ? Qt::PointingHandCursor : Qt::ArrowCursor);
  setToolTip(m_values[step].isEmpty() ? m_names[step] : QStringLiteral("%1: %2").arg(m_names[step], m_values[step]));
}
void Stepper::keyPressEvent(QKeyEvent* event) {
  const int step = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
  if (step != 0) {
    m_marked = std::clamp(m_marked + step, 0, m_reached);
    return update();
  }
  if ((event->key() == Qt::Key_Space || event->key() == Qt::Key_Return) && m_marked != m_current && m_marked <= m_reached)
    return emit stepClicked(m_marked);
  QWidget::keyPressEvent(event);
}

}  // namespace scalewright::ui
