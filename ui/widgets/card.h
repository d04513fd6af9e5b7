#pragma once
// A card: title, hint and tools in one line, content below. No card lies in a card; use sunkenFrame() or a line instead.

#include <QFrame>
#include <QLabel>
#include <QVBoxLayout>

#include "ui/widgets/layout.h"

namespace scalewright::ui {

class ElidedLabel;

class Card : public QFrame {
  Q_OBJECT
 public:
  explicit Card(const QString& title = {}, const QString& hint = {}, QWidget* parent = nullptr);
  void setTitle(const QString& title);
  void setHint(const QString& hint);
  void addTool(QWidget* tool);
  QVBoxLayout* body() { return m_body; }       // content, inside the card's margins
  void setBodyMargins(int left, int top, int right, int bottom);  // look pixels; tables take 0 at the sides
  void add(std::initializer_list<Item> items) { addItems(m_body, items); }

 private:
  QLabel* m_title;
  ElidedLabel* m_hint;
  QWidget* m_head;
  QHBoxLayout* m_tools;
  QVBoxLayout* m_body;
};

// A frame in the colour of code and tracks, for one thing within a card.
QFrame* sunkenFrame(QLayout* layout);

}  // namespace scalewright::ui
