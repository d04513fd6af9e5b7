#pragma once
// A form row: label above, control, help below; an error takes the place of the help.

#include <QWidget>

class QLabel;

namespace scalewright::ui {

class FormField : public QWidget {
  Q_OBJECT
 public:
  FormField(const QString& label, QWidget* control, const QString& help = {}, QWidget* parent = nullptr);
  void setHelp(const QString& help);
  void setError(const QString& error);  // empty: none
  QString error() const { return m_error; }
  void setValueText(const QString& value);  // mono, at the right of the label
  QWidget* control() const { return m_control; }

 private:
  void refresh();
  QWidget *m_control, *m_errorIcon;
  QLabel *m_label, *m_value, *m_below;
  QString m_help, m_error;
};

}  // namespace scalewright::ui
