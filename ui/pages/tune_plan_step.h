#pragma once
// Step 4: the plan. Every byte before the start; what does not fit is refused with what would.

#include "ui/pages/tune_step.h"

class QCheckBox;
class QLabel;

class QBoxLayout;

namespace scalewright::ui {

class Banner;
class Button;
class Card;
class FactsGrid;
class LedgerBar;
class ValueSlider;

class TunePlanStep : public TuneStep {
  Q_OBJECT
 public:
  TunePlanStep(AppContext& app, TuneDraft& draft, QWidget* parent = nullptr);
  QString purpose() const override { return tr("Check the plan. Nothing runs until you press Start, and nothing grows after."); }
  QString refusal() const override;
  QString value() const override;
  void enter() override;
  void setNarrow(bool narrow) override;
  bool keepAwake() const;
  bool notify() const;

 signals:
  void editWanted();

 private:
  void plan();
  void show();
  void showEntries();
  std::shared_ptr<TunePlan> m_plan;
  int m_number = 0;
  Banner* m_verdict;
  LedgerBar* m_ledger;
  Card* m_fit;
  QWidget *m_remedies, *m_entries;
  Button* m_all;
  QLabel *m_steps, *m_stepsText, *m_time, *m_timeText, *m_speed, *m_speedText, *m_pack, *m_packText;
  FactsGrid *m_recipe, *m_safety, *m_list;
  QCheckBox *m_awake, *m_notify;
  QBoxLayout* m_columnsLayout;
};

}  // namespace scalewright::ui
