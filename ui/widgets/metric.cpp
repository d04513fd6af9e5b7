#include "ui/widgets/metric.h"

#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

Metric::Metric(const QString& what, QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("clear"));
  m_number = label(QStringLiteral("–"), FontRole::Metric);
  m_unit = label({}, FontRole::Body, Ink::Text2);
  m_unit->setAlignment(Qt::AlignBottom);
  m_unit->setContentsMargins(0, 0, 0, 3);
  m_what = new ElidedLabel(what, FontRole::Help, Ink::Text3);
  setLayout(vbox({hbox({m_number, m_unit, fill()}, 5), m_what}, 1));
}
void Metric::setFigure(const QString& number, const QString& unit, const QString& what) {
  m_number->setText(number);
  m_unit->setText(unit);
  m_what->setFullText(what);
  setAccessibleName(QStringLiteral("%1 %2 %3").arg(number, unit, what));
}
QString Metric::number() const { return m_number->text(); }

}  // namespace scalewright::ui
