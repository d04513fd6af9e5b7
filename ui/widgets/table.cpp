#include "ui/widgets/table.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/widgets/chart_theme.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/icons.h"

namespace scalewright::ui {
namespace {

constexpr int kCheckRoom = 26, kMarkRoom = 28;  // look pixels that they take before the text

QRectF contentRect(const QStyleOptionViewItem& option, const QModelIndex& index, int inset) {
  const int last = index.model()->columnCount(index.parent()) - 1;
  return QRectF(option.rect).adjusted(px(index.column() == 0 ? inset : 10), 0, -px(index.column() == last ? inset : 10), 0);
}

}  // namespace

QRectF TableDelegate::checkRect(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const QRectF rect = contentRect(option, index, m_inset);
  return {rect.left(), rect.center().y() - px(8), double(px(16)), double(px(16))};
}

void TableDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const ThemeTokens& t = theme().tokens();
  const QRectF row(option.rect);
  const bool selected = option.state & QStyle::State_Selected;
  if (selected) painter->fillRect(row, t.accentSoft);
  if (selected && index.column() == 0) painter->fillRect(QRectF(row.left(), row.top(), px(3), row.height()), t.accent);
  painter->setPen(QPen(t.border, 1));
  painter->drawLine(QPointF(row.left(), row.bottom() - 0.5), QPointF(row.right(), row.bottom() - 0.5));

  QRectF rect = contentRect(option, index, m_inset);
  const QString text = index.data(Qt::DisplayRole).toString();
  const QVariant check = index.data(Qt::CheckStateRole);
  if (check.isValid()) {
    const QRectF box = checkRect(option, index);
    if (check.toInt() == Qt::Checked) {
      painter->setPen(Qt::NoPen);
      painter->setBrush(t.accent);
      painter->drawRoundedRect(box, px(4), px(4));
      painter->drawPixmap(box.topLeft() + QPointF(px(2), px(2)), iconPixmap(QStringLiteral("check"), t.onAccent, px(12), painter->device()->devicePixelRatioF(), 2.6));
    } else {
      painter->setPen(QPen(t.control, 1));
      painter->setBrush(t.card);
      painter->drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), px(4), px(4));
    }
    rect.setLeft(rect.left() + px(kCheckRoom));
  }
  const QVariant mark = index.data(MarkRole);
  if (mark.isValid()) {
    ChartTheme::paintRunMark(painter, QPointF(rect.left(), rect.center().y()), mark.toInt());
    rect.setLeft(rect.left() + px(kMarkRoom));
  }
  const QString glyph = index.data(IconRole).toString();
  if (!glyph.isEmpty()) {
    painter->drawPixmap(QPointF(rect.left(), rect.center().y() - px(8)),
                        iconPixmap(glyph, color(toneText(Tone(index.data(IconToneRole).toInt()))), px(16), painter->device()->devicePixelRatioF()));
    rect.setLeft(rect.left() + px(24));
  }
  const QVariant chip = index.data(ChipRole);
  const QString sub = index.data(SubTextRole).toString();
  const bool strong = index.data(StrongRole).toBool(), mono = index.data(MonoRole).toBool();
  if (chip.isValid()) {
    if (!text.isEmpty()) Chip::paint(painter, QPointF(rect.left(), rect.center().y()), text, Tone(chip.toInt()), selected);
  } else if (!sub.isEmpty()) {
    const QFont first = theme().font(mono ? FontRole::Mono : selected || strong ? FontRole::Strong : FontRole::Label), second = theme().font(FontRole::Help);
    const double half = rect.height() / 2;
    const Qt::Alignment side = index.data(Qt::TextAlignmentRole).toInt() & Qt::AlignRight ? Qt::AlignRight : Qt::AlignLeft;
    painter->setFont(first);
    painter->setPen(t.text);
    painter->drawText(QRectF(rect.left(), rect.top() + px(2), rect.width(), half - px(1)), side | Qt::AlignBottom,
                      QFontMetrics(first).elidedText(text, Qt::ElideMiddle, int(rect.width())));
    painter->setFont(second);
    painter->setPen(t.text3);
    painter->drawText(QRectF(rect.left(), rect.top() + half + px(2), rect.width(), half - px(4)), side | Qt::AlignTop,
                      QFontMetrics(second).elidedText(sub, Qt::ElideRight, int(rect.width())));
  } else {
    const QFont font = theme().font(mono ? (strong ? FontRole::MonoStrong : FontRole::Mono) : strong ? FontRole::Strong : FontRole::Body);
    painter->setFont(font);
    painter->setPen(index.data(QuietRole).toBool() ? t.text2 : t.text);
    const QVariant align = index.data(Qt::TextAlignmentRole);
    painter->drawText(rect, (align.isValid() ? align.toInt() : int(Qt::AlignLeft)) | Qt::AlignVCenter,
                      QFontMetrics(font).elidedText(text, Qt::ElideRight, int(rect.width()) + 1));
  }
  const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
  if (view && view->hasFocus() && view->currentIndex().row() == index.row() && view->property("keyboardFocus").toBool()) {
    // Each cell paints its part of one ring around the row.
    const bool first = index.column() == 0, last = index.column() + 1 == index.model()->columnCount(index.parent());
    painter->setClipRect(row);
    painter->setPen(QPen(t.accent, 2));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(row.adjusted(first ? 2 : -px(20), 2, last ? -2 : px(20), -3), px(5), px(5));
  }
  painter->restore();
}

QSize TableDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  const QFont font = theme().font(index.data(MonoRole).toBool() ? FontRole::Mono : FontRole::Label);
  return {QFontMetrics(font).horizontalAdvance(index.data(Qt::DisplayRole).toString()) + px(36), px(34)};
}

bool TableDelegate::editorEvent(QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option, const QModelIndex& index) {
  const QVariant check = index.data(Qt::CheckStateRole);
  if (check.isValid() && (index.flags() & Qt::ItemIsUserCheckable)) {
    bool toggle = false;
    if (event->type() == QEvent::MouseButtonRelease)
      toggle = checkRect(option, index).adjusted(-px(6), -px(6), px(6), px(6)).contains(static_cast<QMouseEvent*>(event)->position());
    else if (event->type() == QEvent::KeyPress)
      toggle = static_cast<QKeyEvent*>(event)->key() == Qt::Key_Space;
    if (toggle) return model->setData(index, check.toInt() == Qt::Checked ? Qt::Unchecked : Qt::Checked, Qt::CheckStateRole);
  }
  return false;
}

QWidget* TableDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QWidget* editor = QStyledItemDelegate::createEditor(parent, option, index);
  if (editor) setStyleProperty(editor, "inline", true);
  return editor;
}

// What is typed stands where the text stood: beside the box and the mark, not over them.
void TableDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QRect area = option.rect;
  if (index.data(Qt::CheckStateRole).isValid()) area.setLeft(int(contentRect(option, index, m_inset).left()) + px(kCheckRoom - 4));
  if (index.data(MarkRole).isValid()) area.setLeft(area.left() + px(kMarkRoom));
  editor->setGeometry(area);
}

TableHeader::TableHeader(int inset, QWidget* parent) : QHeaderView(Qt::Horizontal, parent), m_inset(inset) { setMouseTracking(true); }

void TableHeader::paintSection(QPainter* painter, const QRect& rect, int section) const {
  const ThemeTokens& t = theme().tokens();
  const int visual = visualIndex(section);
  const bool first = visual == 0, last = visual == count() - 1;
  painter->save();
  painter->setPen(QPen(t.border, 1));
  painter->drawLine(QPointF(rect.left(), rect.bottom() + 0.5), QPointF(rect.right() + 1, rect.bottom() + 0.5));
  QRectF room = QRectF(rect).adjusted(px(first ? m_inset : 10), 0, -px(last ? m_inset : 10), 0);
  const bool hovered = sectionsClickable() && rect.contains(mapFromGlobal(QCursor::pos()));
  const bool sorted = isSortIndicatorShown() && sortIndicatorSection() == section;
  const QVariant align = model()->headerData(section, orientation(), Qt::TextAlignmentRole);
  const bool right = align.isValid() && (align.toInt() & Qt::AlignRight);
  const QFont font = theme().font(FontRole::Label);
  const QFontMetricsF metrics(font);
  const QString text = metrics.elidedText(model()->headerData(section, orientation(), Qt::DisplayRole).toString(), Qt::ElideRight, room.width() + px(4));
  painter->setFont(font);
  painter->setPen(hovered || sorted ? t.text : t.text3);
  painter->drawText(room.adjusted(right ? -px(4) : 0, 0, right ? 0 : px(4), 0), Qt::AlignVCenter | (right ? Qt::AlignRight : Qt::AlignLeft), text);
  if (sorted) {
    const double side = px(10), width = metrics.horizontalAdvance(text);
    const double x = right ? room.right() - width - side - px(4) : room.left() + width + px(4);
    painter->drawPixmap(QPointF(x, rect.center().y() - side / 2),
                        iconPixmap(sortIndicatorOrder() == Qt::AscendingOrder ? QStringLiteral("up") : QStringLiteral("down"), t.text3, side, devicePixelRatioF()));
  }
  painter->restore();
}

TableView::TableView(int rowHeight, int inset, QWidget* parent) : QTableView(parent), m_rowHeight(rowHeight), m_inset(inset) {
  setHorizontalHeader(new TableHeader(inset, this));
  setItemDelegate(new TableDelegate(this, inset));
  verticalHeader()->hide();
  setShowGrid(false);
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::EditKeyPressed);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
  setTabKeyNavigation(false);
  setWordWrap(false);
  setFrameShape(QFrame::NoFrame);
  QHeaderView* header = horizontalHeader();
  header->setStretchLastSection(false);
  header->setHighlightSections(false);
  header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  header->setMinimumSectionSize(24);
  header->setSectionsClickable(true);
  setFontRole(header, FontRole::Label);
  connect(header, &QHeaderView::sectionResized, this, [this](int section) {
    if (!m_sizing && section != m_stretch && isVisible() && QApplication::mouseButtons() != Qt::NoButton) m_sizedByHand = true;
  });
  connect(&theme(), &Theme::changed, this, &TableView::rescale);
  rescale();
}

void TableView::setColumns(const QList<int>& widths, int stretch) {
  m_widths = widths;
  m_stretch = stretch;
  rescale();
}
void TableView::rescale() {
  verticalHeader()->setDefaultSectionSize(px(m_rowHeight));
  verticalHeader()->setMinimumSectionSize(px(20));
  QHeaderView* header = horizontalHeader();
  header->setFixedHeight(px(30));
  for (int column = 0; column < m_widths.size() && column < header->count(); ++column)
    header->setSectionResizeMode(column, column == m_stretch ? QHeaderView::Stretch : QHeaderView::Interactive);
  m_sizedByHand = false;
  if (model()) fitColumns();
  viewport()->update();
}

void TableView::setFitted(int columns) {
  m_fitted = columns;
  fitColumns();
}
void TableView::reset() {
  QTableView::reset();
  if (m_fitted > 0) fitColumns();
}
void TableView::rowsInserted(const QModelIndex& parent, int first, int last) {
  QTableView::rowsInserted(parent, first, last);
  if (m_fitted > 0) fitColumns();
}
void TableView::dataChanged(const QModelIndex& topLeft, const QModelIndex& bottomRight, const QList<int>& roles) {
  QTableView::dataChanged(topLeft, bottomRight, roles);
  if (m_fitted > 0) fitColumns();
}

int TableView::neededWidth(int column) const {
  constexpr int kRead = 200;  // rows; a list of thousands is not measured whole at every change
  const QAbstractItemModel* cells = model();
  double needed = QFontMetricsF(theme().font(FontRole::Label)).horizontalAdvance(cells->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
  for (int row = 0; row < std::min(cells->rowCount(), kRead); ++row) {
    const QModelIndex index = cells->index(row, column);
    const QString text = index.data(Qt::DisplayRole).toString();
    const FontRole role = index.data(MonoRole).toBool() ? FontRole::MonoStrong : FontRole::Strong;
    needed = std::max(needed, index.data(ChipRole).isValid() ? Chip::sizeFor(text).width() : QFontMetricsF(theme().font(role)).horizontalAdvance(text));
  }
  return int(std::ceil(needed)) + px(10) + px(column + 1 == cells->columnCount() ? m_inset : 10);
}

void TableView::fitColumns() {
  if (m_sizedByHand || !model()) return;
  m_sizing = true;
  QHeaderView* header = horizontalHeader();
  for (int column = 0; column < m_widths.size() && column < header->count(); ++column)
    if (column != m_stretch) header->resizeSection(column, column < m_fitted ? std::max(px(m_widths[column]), neededWidth(column)) : px(m_widths[column]));
  m_sizing = false;
}

void TableView::saveState(const QString& name, Settings& settings) const {
  settings.setState(name, horizontalHeader()->saveState());
  settings.setValue(name + QStringLiteral("-sized"), m_sizedByHand);
}
void TableView::restoreState(const QString& name, Settings& settings) {
  const QByteArray state = settings.state(name);
  if (!state.isEmpty() && horizontalHeader()->restoreState(state)) {
    for (int column = 0; column < m_widths.size(); ++column)
      horizontalHeader()->setSectionResizeMode(column, column == m_stretch ? QHeaderView::Stretch : QHeaderView::Interactive);
    m_sizedByHand = settings.value(name + QStringLiteral("-sized")).toBool();
    if (m_fitted > 0) fitColumns();
  }
}

void TableView::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
    if (state() != EditingState && currentIndex().isValid()) return emit activatedRow(currentIndex().row());
  }
  if (event->key() == Qt::Key_Delete) return emit deletePressed();
  QTableView::keyPressEvent(event);
}
void TableView::mouseDoubleClickEvent(QMouseEvent* event) {
  const QModelIndex index = indexAt(event->pos());
  QTableView::mouseDoubleClickEvent(event);
  if (index.isValid() && event->button() == Qt::LeftButton) emit activatedRow(index.row());
}

}  // namespace scalewright::ui
