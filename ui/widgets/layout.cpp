#include "ui/widgets/layout.h"

#include <QFrame>

#include "ui/widgets/theme.h"

namespace scalewright::ui {

void addItems(QBoxLayout* box, std::initializer_list<Item> items) {
  const bool across = box->direction() == QBoxLayout::LeftToRight || box->direction() == QBoxLayout::RightToLeft;
  for (const Item& item : items) {
    if (item.widget) {
      box->addWidget(item.widget, item.stretch);
    } else if (item.layout) {
      box->addLayout(item.layout, item.stretch);
    } else if (item.space > 0) {
      auto* spacer = new QWidget;
      spacer->setObjectName(QStringLiteral("clear"));
      spacer->setAttribute(Qt::WA_TransparentForMouseEvents);
      across ? setScaledWidth(spacer, item.space) : setScaledHeight(spacer, item.space);
      spacer->setSizePolicy(across ? QSizePolicy::Fixed : QSizePolicy::Ignored, across ? QSizePolicy::Ignored : QSizePolicy::Fixed);
      box->addWidget(spacer);
    } else {
      box->addStretch(item.stretch);
    }
  }
}

namespace {
template <class Box>
Box* makeBox(std::initializer_list<Item> items, int spacing, QMargins m) {
  auto* box = new Box;
  setScaledSpacing(box, spacing);
  setScaledMargins(box, m.left(), m.top(), m.right(), m.bottom());
  addItems(box, items);
  return box;
}
}  // namespace

QHBoxLayout* hbox(std::initializer_list<Item> items, int spacing, QMargins margins) {
  return makeBox<QHBoxLayout>(items, spacing, margins);
}
QVBoxLayout* vbox(std::initializer_list<Item> items, int spacing, QMargins margins) {
  return makeBox<QVBoxLayout>(items, spacing, margins);
}

QWidget* wrap(QLayout* layout, QWidget* parent) {
  auto* widget = new QWidget(parent);
  widget->setObjectName(QStringLiteral("clear"));
  widget->setLayout(layout);
  return widget;
}

QFrame* horizontalLine() {
  auto* line = new QFrame;
  line->setObjectName(QStringLiteral("line"));
  line->setFixedHeight(1);
  return line;
}
QFrame* verticalLine(int height) {
  auto* line = new QFrame;
  line->setObjectName(QStringLiteral("vline"));
  line->setFixedWidth(1);
  if (height > 0) setScaledHeight(line, height);
  return line;
}

void clearLayout(QLayout* layout) {
  while (QLayoutItem* item = layout->takeAt(0)) {
    if (item->layout()) clearLayout(item->layout());
    if (QWidget* widget = item->widget()) {
      widget->hide();
      widget->deleteLater();
    }
    delete item;
  }
}

}  // namespace scalewright::ui
