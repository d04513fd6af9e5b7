#pragma once

class QWidget;

namespace scalewright::ui {

// The Tab key goes through what is in `root` as it is laid out: along a row, down a column. What is made later would otherwise
// come last, wherever it stands.
void orderTabs(QWidget* root);

}  // namespace scalewright::ui
