#pragma once
// Step 1: which model learns. It must be quantized: only scales learn.

#include <QPointer>

#include "ui/pages/tune_step.h"

class QComboBox;

namespace scalewright::ui {

class Banner;
class Button;
class Card;
class FactsGrid;

class TuneModelStep : public TuneStep {
  Q_OBJECT
 public:
  TuneModelStep(AppContext& app, TuneDraft& draft, QWidget* parent = nullptr);
  QString purpose() const override { return tr("Choose the model that shall learn. Only its scales learn; the codes never change."); }
  QString refusal() const override;
  QString value() const override;
  void enter() override;
  QWidget* firstField() const override;
  void setModel(const QString& path);
  void accept() { m_offered.clear(); }  // the person goes on with the model that was offered

 signals:
  void quantizeWanted(const QString& path);

 private:
  void fill();
  void choose();
  void offer();
  void show();
  QComboBox* m_model;
  FactsGrid* m_facts;
  Banner* m_notice;
  QString m_reading;   // path being read
  QString m_offered;   // chosen here, not by the person
};

}  // namespace scalewright::ui
