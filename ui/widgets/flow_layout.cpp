#include "ui/widgets/flow_layout.h"

#include <QWidget>
#include <algorithm>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

FlowLayout::~FlowLayout() {
  while (QLayoutItem* item = takeAt(0)) delete item;
}

void FlowLayout::setColumns(int most) {
  m_columns = most;
  invalidate();
}

void FlowLayout::addItem(QLayoutItem* item) {
  m_items.append(item);
  invalidate();
}

QLayoutItem* FlowLayout::takeAt(int index) {
  if (index < 0 || index >= m_items.size()) return nullptr;
  QLayoutItem* item = m_items.takeAt(index);
  invalidate();
  return item;
}

int FlowLayout::gapAcross() const { return std::max(0, spacing()); }

int FlowLayout::heightForWidth(int width) const { return arrange(QRect(0, 0, width, 0), false); }

QSize FlowLayout::sizeHint() const {
  int width = 0, height = 0;
  for (const QLayoutItem* item : m_items) {
    if (item->isEmpty()) continue;
    width += (width > 0 ? gapAcross() : 0) + item->sizeHint().width();
    height = std::max(height, item->sizeHint().height());
  }
  return QSize(width, height).grownBy(contentsMargins());
}

QSize FlowLayout::minimumSize() const {
  QSize widest;
  for (const QLayoutItem* item : m_items)
    if (!item->isEmpty()) widest = widest.expandedTo(item->minimumSize());
  return widest.grownBy(contentsMargins());
}

void FlowLayout::setGeometry(const QRect& rect) {
  QLayout::setGeometry(rect);
  arrange(rect, true);
}

int FlowLayout::arrange(const QRect& rect, bool place) const {
  const QMargins margins = contentsMargins();
  const QRect room = rect.marginsRemoved(margins);
  const int gap = gapAcross();
  QList<QLayoutItem*> shown;
  int cell = 1;
  for (QLayoutItem* item : m_items) {
    if (item->isEmpty()) continue;
    shown << item;
    cell = std::max(cell, item->minimumSize().width());
  }
  if (m_columns > 0) {
    const int columns = std::clamp((room.width() + gap) / (cell + gap), 1, m_columns);
    cell = (room.width() - gap * (columns - 1)) / columns;
  }
  int y = room.top();
  for (qsizetype first = 0, end = 0; first < shown.size(); first = end) {
    // What fits in this row, at least one.
    int width = 0, height = 0;
    QList<QSize> sizes;
    for (; end < shown.size(); ++end) {
      QLayoutItem* item = shown[end];
      QSize size = item->sizeHint();
      size.setWidth(std::min(m_columns > 0 ? cell : size.width(), room.width()));
      if (item->hasHeightForWidth()) size.setHeight(item->heightForWidth(size.width()));
      const int wider = width + (sizes.isEmpty() ? 0 : gap) + size.width();
      if (!sizes.isEmpty() && wider > room.width()) break;
      width = wider;
      height = std::max(height, size.height());
      sizes << size;
    }
    int x = room.left();
    if (m_side & Qt::AlignHCenter) x += (room.width() - width) / 2;
    if (m_side & Qt::AlignRight) x += room.width() - width;
    for (qsizetype i = 0; place && i < sizes.size(); ++i) {
      if ((m_side & Qt::AlignJustify) && i > 0 && i + 1 == sizes.size()) x += room.width() - width;
      const int down = m_columns > 0 ? 0 : (height - sizes[i].height()) / 2;
      shown[first + i]->setGeometry(QRect(x, y + down, sizes[i].width(), m_columns > 0 ? height : sizes[i].height()));
      x += sizes[i].width() + gap;
    }
    y += height + (end < shown.size() ? gap : 0);
  }
  return y - room.top() + margins.top() + margins.bottom();
}

FlowLayout* flow(std::initializer_list<QWidget*> items, int spacing, Qt::Alignment side) {
  auto* layout = new FlowLayout(side);
  setScaledSpacing(layout, spacing);
  layout->setContentsMargins(0, 0, 0, 0);
  for (QWidget* item : items) layout->addWidget(item);
  return layout;
}

}  // namespace scalewright::ui
