#include "ui/widgets/empty_state.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

EmptyState::EmptyState(const QString& iconName, const QString& title, const QString& line, const QString& action, QWidget* parent)
    : QWidget(parent) {
  setObjectName(QStringLiteral("clear"));
  m_title = label(title, FontRole::Strong, Ink::Text, true);
  m_line = label(line, FontRole::Help, Ink::Text3, true);
  m_title->setAlignment(Qt::AlignHCenter);
  m_line->setAlignment(Qt::AlignHCenter);
  setScaledMaximumWidth(m_line, 460);
  auto* column = vbox({fill(), hbox({fill(), new IconLabel(iconName, &ThemeTokens::text3, 28), fill()}), gap(6), m_title,
                       hbox({fill(), grow(m_line, 8), fill()})}, 4, {24, 16, 24, 16});
  if (!action.isEmpty()) {
    m_button = new Button(Button::Soft, action);
    connect(m_button, &Button::clicked, this, &EmptyState::actionClicked);
    addItems(column, {gap(8), hbox({fill(), m_button, fill()})});
  }
  column->addStretch(1);
  setLayout(column);
}
void EmptyState::setText(const QString& title, const QString& line) {
  m_title->setText(title);
  m_line->setText(line);
}

}  // namespace scalewright::ui
