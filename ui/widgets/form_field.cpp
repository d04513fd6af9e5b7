#include "ui/widgets/form_field.h"

#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

FormField::FormField(const QString& text, QWidget* control, const QString& help, QWidget* parent)
    : QWidget(parent), m_control(control), m_help(help) {
  setObjectName(QStringLiteral("clear"));
  m_label = label(text, FontRole::Strong);
  m_label->setTextFormat(Qt::AutoText);
  m_label->setBuddy(control);
  m_value = label({}, FontRole::Mono);
  m_below = label(help, FontRole::Help, Ink::Text3, true);
  m_errorIcon = new IconLabel(QStringLiteral("error"), &ThemeTokens::danger, 14);
  auto* below = hbox({m_errorIcon, grow(m_below)}, 6);
  setLayout(vbox({hbox({m_label, fill(), m_value}), control, below}, 5));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  const QString name = QString(text).remove(QLatin1Char('&'));
  if (control->accessibleName().isEmpty()) control->setAccessibleName(name);
  if (QWidget* inner = control->focusProxy(); inner && inner->accessibleName().isEmpty()) inner->setAccessibleName(name);
  refresh();
}

void FormField::refresh() {
  const bool wrong = !m_error.isEmpty();
  m_below->setText(wrong ? m_error : m_help);
  m_below->setVisible(!m_below->text().isEmpty());
  m_errorIcon->setVisible(wrong);
  setInk(m_below, wrong ? Ink::Danger : Ink::Text3);
  setStyleProperty(m_control, "invalid", wrong);
  m_control->setAccessibleDescription(m_below->text());
}
void FormField::setHelp(const QString& help) {
  m_help = help;
  refresh();
}
void FormField::setError(const QString& error) {
  if (error == m_error) return;
  m_error = error;
  refresh();
}
void FormField::setValueText(const QString& value) { m_value->setText(value); }

}  // namespace scalewright::ui
