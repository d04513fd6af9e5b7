#pragma once
// Tables of the look: one delegate paints every cell from the roles below; rows 34, or 46 with a second line.

#include <QHeaderView>
#include <QStyledItemDelegate>
#include <QTableView>

#include "ui/models/cell_roles.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

class TableDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  explicit TableDelegate(QObject* parent = nullptr, int inset = 16) : QStyledItemDelegate(parent), m_inset(inset) {}
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  bool editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option, const QModelIndex& index) override;
  void updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  QRectF checkRect(const QStyleOptionViewItem& option, const QModelIndex& index) const;
  int m_inset;
};

// Column heads that stand exactly over their cells; the arrow of the sorted column has a place of its own.
class TableHeader : public QHeaderView {
  Q_OBJECT
 public:
  TableHeader(int inset, QWidget* parent);

 protected:
  void paintSection(QPainter* painter, const QRect& rect, int section) const override;

 private:
  int m_inset;
};

class TableView : public QTableView {
  Q_OBJECT
 public:
  // `rowHeight` in look pixels; column `stretch` takes the room that is left.
  explicit TableView(int rowHeight = 34, int inset = 16, QWidget* parent = nullptr);
  void setColumns(const QList<int>& widths, int stretch);  // look pixels; call after setModel
  // A column whose cells or head need more than that gets it, until the person sizes one.
  void setFitted(int columns = 1000);  // the first so many
  void reset() override;
  int rowHeight() const { return m_rowHeight; }
  void saveState(const QString& name, Settings& settings) const;
  void restoreState(const QString& name, Settings& settings);

 signals:
  void activatedRow(int row);   // Return or double click
  void deletePressed();

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void rowsInserted(const QModelIndex& parent, int first, int last) override;
  void dataChanged(const QModelIndex& topLeft, const QModelIndex& bottomRight, const QList<int>& roles) override;

 private:
  void rescale();
  void fitColumns();
  int neededWidth(int column) const;
  int m_rowHeight, m_inset;
  QList<int> m_widths;
  int m_stretch = 0;
  int m_fitted = 0;  // columns that are as wide as what stands in them
  bool m_sizing = false, m_sizedByHand = false;
};

}  // namespace scalewright::ui
