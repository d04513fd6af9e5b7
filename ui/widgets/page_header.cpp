#include "ui/widgets/page_header.h"

#include <QApplication>
#include <QEvent>
#include <algorithm>

#include "ui/widgets/flow_layout.h"
#include "ui/widgets/labels.h"

namespace scalewright::ui {
namespace {

constexpr int kTitleRoom = 150;  // look pixels that a long title is left

}  // namespace

PageHeader::PageHeader(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("clear"));
  m_title = new ElidedLabel({}, FontRole::Title, Ink::Text, Qt::ElideMiddle);
  m_purpose = label({}, FontRole::Body, Ink::Text2, true);
  m_purpose->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_actions = flow({}, 8, Qt::AlignRight);
  m_words = vbox({m_title, m_purpose}, 3);
  m_parts = hbox({grow(m_words), wrap(m_actions)}, 12);
  m_rows = vbox({m_parts}, 3);
  setLayout(m_rows);
  setScaledMinimum(this, 0, 44);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}
bool PageHeader::event(QEvent* event) {
  const bool handled = QWidget::event(event);
  if (event->type() == QEvent::Resize || event->type() == QEvent::LayoutRequest) arrange();
  return handled;
}

void PageHeader::arrange() {
  const int title = std::min(m_title->sizeHint().width(), px(kTitleRoom));
  const bool beside = title + m_parts->spacing() + m_actions->sizeHint().width() <= width();
  m_parts->setDirection(beside ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
  const int actions = beside && m_actions->count() > 0 ? m_actions->sizeHint().width() + m_parts->spacing() : 0;
  QBoxLayout* place = !beside || m_purpose->fontMetrics().horizontalAdvance(m_purpose->text()) < width() - actions ? m_words : m_rows;
  if (place->indexOf(m_purpose) >= 0) return;
  (place == m_words ? m_rows : m_words)->removeWidget(m_purpose);
  place->addWidget(m_purpose);
}

void PageHeader::setTitle(const QString& title) {
  if (title == m_title->fullText()) return;
  m_title->setFullText(title);
  emit titleChanged();
}
void PageHeader::setPurpose(const QString& line) {
  m_purpose->setText(line);
  arrange();
}
QString PageHeader::title() const { return m_title->fullText(); }
QString PageHeader::purpose() const { return m_purpose->text(); }
void PageHeader::addAction(QWidget* control) { m_actions->addWidget(control); }
void PageHeader::setActions(const QList<QWidget*>& controls) {
  // A button that goes while it has the focus hands it to the primary one, or to nobody: never to a stranger.
  QWidget* focus = QApplication::focusWidget();
  const bool handsOver = focus && isAncestorOf(focus) && !controls.contains(focus);
  if (handsOver) focus->clearFocus();
  for (int i = m_actions->count() - 1; i >= 0; --i) {
    QWidget* widget = m_actions->itemAt(i)->widget();
    if (!controls.contains(widget)) widget->hide();
  }
  for (QWidget* control : controls) {
    if (m_actions->indexOf(control) >= 0) m_actions->removeWidget(control);
    m_actions->addWidget(control);
    control->show();
  }
  if (handsOver && !controls.isEmpty() && controls.last()->isEnabled()) controls.last()->setFocus(Qt::OtherFocusReason);
}

}  // namespace scalewright::ui
