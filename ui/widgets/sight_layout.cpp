#include "ui/widgets/sight_layout.h"

#include <QWidget>
#include <algorithm>

namespace scalewright::ui {
namespace {

int heightOf(const QLayoutItem* item, int width) {
  return item->hasHeightForWidth() ? item->heightForWidth(width) : item->sizeHint().height();
}

}  // namespace

void SightLayout::setGeometry(const QRect& rect) {
  QHBoxLayout::setGeometry(rect);
  place();
}

// A column that can be seen whole stands at the top of what is seen; one that is higher is scrolled until its end is seen.
// Neither leaves its row. What asks for no height of its own, a line between, is as high as the row.
void SightLayout::place() {
  const QRect room = contentsRect();
  if (room.isEmpty()) return;
  const Sight sight = m_sight();
  for (int i = 0; i < count(); ++i) {
    QLayoutItem* item = itemAt(i);
    const QRect column = item->geometry();
    const int height = heightOf(item, column.width());
    if (height <= 0 || height >= room.height()) continue;
    const int down = sight.top - room.top() - std::max(0, height - sight.height);
    item->setGeometry(QRect(column.left(), room.top() + std::clamp(down, 0, room.height() - height), column.width(), height));
  }
}

}  // namespace scalewright::ui
