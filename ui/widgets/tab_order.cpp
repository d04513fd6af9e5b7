#include "ui/widgets/tab_order.h"

#include <QLayout>
#include <QScrollArea>

namespace scalewright::ui {
namespace {

void collect(QLayout* layout, QList<QWidget*>* stops);

void collect(QWidget* widget, QList<QWidget*>* stops) {
  if (!widget) return;
  if ((widget->focusPolicy() & Qt::TabFocus) && !widget->focusProxy()) stops->append(widget);
  if (auto* area = qobject_cast<QScrollArea*>(widget)) return collect(area->widget(), stops);
  if (widget->layout()) collect(widget->layout(), stops);
}

void collect(QLayout* layout, QList<QWidget*>* stops) {
  for (int i = 0; i < layout->count(); ++i) {
    QLayoutItem* item = layout->itemAt(i);
    if (item->layout()) collect(item->layout(), stops);
    collect(item->widget(), stops);
  }
}

}  // namespace

void orderTabs(QWidget* root) {
  QList<QWidget*> stops;
  collect(root, &stops);
  for (qsizetype i = 1; i < stops.size(); ++i) QWidget::setTabOrder(stops[i - 1], stops[i]);
}

}  // namespace scalewright::ui
