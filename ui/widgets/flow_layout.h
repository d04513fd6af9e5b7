#pragma once
// Items beside each other in as many rows as their width takes; where all fit, one row.

#include <QLayout>

#include "ui/widgets/layout.h"

namespace scalewright::ui {

class FlowLayout : public QLayout {
 public:
  // `side`: where a row that is not full lies, Qt::AlignLeft, AlignHCenter or AlignRight; AlignJustify: its last item at the right, the
  // others at the left.
  explicit FlowLayout(Qt::Alignment side = Qt::AlignLeft) : m_side(side) {}
  ~FlowLayout() override;
  // Cells of one width that fill the rows, at most so many in a row; 0: every item as wide as it is.
  void setColumns(int most);

  void addItem(QLayoutItem* item) override;
  int count() const override { return int(m_items.size()); }
  QLayoutItem* itemAt(int index) const override { return m_items.value(index); }
  QLayoutItem* takeAt(int index) override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override;     // in one row
  QSize minimumSize() const override;  // one below the other
  void setGeometry(const QRect& rect) override;
  Qt::Orientations expandingDirections() const override { return {}; }

 private:
  int arrange(const QRect& rect, bool place) const;  // height used
  int gapAcross() const;
  QList<QLayoutItem*> m_items;
  Qt::Alignment m_side;
  int m_columns = 0;
};

FlowLayout* flow(std::initializer_list<QWidget*> items, int spacing = 8, Qt::Alignment side = Qt::AlignLeft);

}  // namespace scalewright::ui
