#include "ui/widgets/value_slider.h"

#include <QEvent>
#include <QLineEdit>
#include <QLocale>
#include <QSlider>
#include <cmath>

#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

ValueSlider::ValueSlider(const QString& text, double low, double high, double step, int decimals, double fallback, QWidget* parent)
    : QWidget(parent), m_slider(new QSlider(Qt::Horizontal)), m_edit(new QLineEdit), m_low(low), m_step(step), m_default(fallback), m_decimals(decimals) {
  setObjectName(QStringLiteral("clear"));
  m_slider->setRange(0, int(std::lround((high - low) / step)));
  m_slider->setPageStep(std::max(1, m_slider->maximum() / 10));
  m_slider->setAccessibleName(text);
  m_slider->setToolTip(tr("%1. A double click gives the default back.").arg(text));
  m_slider->installEventFilter(this);
  m_edit->setProperty("inline", true);
  m_edit->setAlignment(Qt::AlignRight);
  m_edit->setAccessibleName(tr("%1, as a number").arg(text));
  m_edit->setToolTip(tr("Type a number"));
  setFontRole(m_edit, FontRole::Mono);
  setScaledWidth(m_edit, 62);
  m_unit = label({}, FontRole::Mono);
  m_unit->hide();
  auto* name = label(text, FontRole::Strong);
  name->setBuddy(m_slider);
  setLayout(vbox({hbox({name, fill(), m_edit, m_unit}, 2), m_slider}, 1));
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setValue(fallback);
  connect(m_slider, &QSlider::valueChanged, this, [this] {
    showValue();
    emit valueChanged(value());
  });
  connect(m_edit, &QLineEdit::editingFinished, this, [this] {
    bool ok = false;
    double typed = QLocale().toDouble(m_edit->text(), &ok);
    if (!ok) typed = m_edit->text().toDouble(&ok);
    if (ok) m_slider->setValue(int(std::lround((typed - m_low) / m_step)));
    showValue();
  });
}

double ValueSlider::value() const { return m_low + m_slider->value() * m_step; }
void ValueSlider::setValue(double value) {
  const QSignalBlocker block(m_slider);
  m_slider->setValue(int(std::lround((value - m_low) / m_step)));
  showValue();
}
void ValueSlider::setUnit(const QString& unit) {
  m_unit->setText(unit);
  m_unit->setVisible(!unit.isEmpty());
}
void ValueSlider::setDefault(double value) {
  m_default = value;
  setValue(value);
}
void ValueSlider::showValue() { m_edit->setText(QLocale().toString(value(), 'f', m_decimals)); }

bool ValueSlider::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_slider && event->type() == QEvent::MouseButtonDblClick) {
    m_slider->setValue(int(std::lround((m_default - m_low) / m_step)));
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

}  // namespace scalewright::ui
