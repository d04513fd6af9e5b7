#pragma once
// Two to six choices in one track, arrows move between them.

#include <QButtonGroup>
#include <QFrame>
#include <QStringList>

class QHBoxLayout;

namespace scalewright::ui {

class Segmented : public QFrame {
  Q_OBJECT
 public:
  // `stretched`: as wide as it may, each choice the same; else as wide as its words.
  explicit Segmented(const QStringList& choices, int current = 0, bool stretched = false, QWidget* parent = nullptr);
  int current() const;
  void setCurrent(int index);   // no signal
  void setChoices(const QStringList& choices, int current);
  void setChoiceEnabled(int index, bool enabled, const QString& whyNot = {});
  void setChoiceHint(int index, const QString& tooltip);
  void setName(const QString& accessibleName);  // "Bits": choices are read as "Bits 4"

 signals:
  void chosen(int index);  // by the person

 private:
  void build(const QStringList& choices, int current);
  QButtonGroup* m_group;
  QHBoxLayout* m_row;
  bool m_stretched;
};

}  // namespace scalewright::ui
