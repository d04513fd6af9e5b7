#pragma once
// Short forms for layouts whose margins and spacings scale with the font.

#include <QBoxLayout>
#include <QFrame>
#include <QMargins>
#include <initializer_list>

namespace scalewright::ui {

// One thing in a box: a widget or a layout with its stretch, an empty stretch, or a gap in look pixels.
struct Item {
  Item(QWidget* w, int s = 0) : widget(w), stretch(s) {}
  Item(QLayout* l, int s = 0) : layout(l), stretch(s) {}
  static Item fill(int stretch = 1) { Item item(static_cast<QWidget*>(nullptr), stretch); return item; }
  static Item gap(int length) { Item item(static_cast<QWidget*>(nullptr)); item.space = length; return item; }
  QWidget* widget = nullptr;
  QLayout* layout = nullptr;
  int stretch = 0;
  int space = 0;
};
inline Item grow(QWidget* widget, int stretch = 1) { return Item(widget, stretch); }
inline Item grow(QLayout* layout, int stretch = 1) { return Item(layout, stretch); }
inline Item fill(int stretch = 1) { return Item::fill(stretch); }
inline Item gap(int length) { return Item::gap(length); }

void addItems(QBoxLayout* box, std::initializer_list<Item> items);
QHBoxLayout* hbox(std::initializer_list<Item> items, int spacing = 8, QMargins margins = {});
QVBoxLayout* vbox(std::initializer_list<Item> items, int spacing = 8, QMargins margins = {});
// A plain widget around a layout, transparent.
QWidget* wrap(QLayout* layout, QWidget* parent = nullptr);
QFrame* horizontalLine();
QFrame* verticalLine(int height = 0);  // 0: as high as it may
// Deletes every item and widget of a layout.
void clearLayout(QLayout* layout);

}  // namespace scalewright::ui
