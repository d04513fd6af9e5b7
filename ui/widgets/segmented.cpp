#include "ui/widgets/segmented.h"

#include <QHBoxLayout>
#include <QPushButton>

#include "ui/widgets/layout.h"
#include "ui/widgets/theme.h"

namespace scalewright::ui {

Segmented::Segmented(const QStringList& choices, int current, bool stretched, QWidget* parent)
    : QFrame(parent), m_group(new QButtonGroup(this)), m_row(hbox({}, 2, {2, 2, 2, 2})), m_stretched(stretched) {
  setObjectName(QStringLiteral("segmented"));
  setLayout(m_row);
  setSizePolicy(stretched ? QSizePolicy::Preferred : QSizePolicy::Fixed, QSizePolicy::Fixed);
  build(choices, current);
  connect(m_group, &QButtonGroup::idClicked, this, &Segmented::chosen);
}

void Segmented::build(const QStringList& choices, int current) {
  for (int i = 0; i < choices.size(); ++i) {
    auto* button = new QPushButton(choices[i]);
    button->setProperty("kind", QStringLiteral("segment"));
    button->setCheckable(true);
    button->setChecked(i == current);
    button->setAutoDefault(false);
    button->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setFontRole(button, FontRole::Label);
    m_group->addButton(button, i);
    m_row->addWidget(button, m_stretched ? 1 : 0);
  }
  if (!accessibleName().isEmpty()) setName(accessibleName());
}

void Segmented::setChoices(const QStringList& choices, int current) {
  for (QAbstractButton* button : m_group->buttons()) {
    m_group->removeButton(button);
    delete button;
  }
  build(choices, current);
}

int Segmented::current() const { return m_group->checkedId(); }
void Segmented::setCurrent(int index) {
  if (QAbstractButton* button = m_group->button(index)) button->setChecked(true);
}
void Segmented::setChoiceEnabled(int index, bool enabled, const QString& whyNot) {
  if (QAbstractButton* button = m_group->button(index)) {
    button->setEnabled(enabled);
    button->setToolTip(enabled ? QString() : whyNot);
  }
}
void Segmented::setChoiceHint(int index, const QString& tooltip) {
  if (QAbstractButton* button = m_group->button(index)) button->setToolTip(tooltip);
}
void Segmented::setName(const QString& name) {
  setAccessibleName(name);
  for (QAbstractButton* button : m_group->buttons())
    button->setAccessibleName(QStringLiteral("%1 %2").arg(name, button->text()));
}

}  // namespace scalewright::ui
