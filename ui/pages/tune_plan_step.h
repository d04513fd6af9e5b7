#pragma once
// Step 4: the plan. Every byte before the start; what does not fit is refused with what would.

#include "ui/pages/tune_step.h"

class QCheckBox;

class QBoxLayout;

namespace scalewright::ui {

class Banner;
class Button;
class Card;
class FactsGrid;
class LedgerBar;
class MakeItFit;
class Metric;
class Timeline;

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
  int threads() const;  // to compute with; 0: all that are useful

 signals:
  void editWanted();

 private:
  void plan();
  void show();
  void apply(const MemoryRemedy& way);
  qint64 longestRow() const;
  std::shared_ptr<TunePlan> m_plan;
  int m_entries = 0;  // of its ledger
  int m_number = 0;
  Banner* m_verdict;
  LedgerBar* m_ledger;
  MakeItFit* m_fit;
  Card *m_metrics, *m_timelineCard, *m_ledgerCard;
  Button* m_all;
  Metric *m_steps, *m_time, *m_speed, *m_pack;
  Timeline* m_timeline;
  FactsGrid *m_recipe, *m_safety, *m_list;
  QCheckBox *m_awake, *m_notify, *m_leave;
  QBoxLayout* m_columnsLayout;
  QWidget* m_right;
};

}  // namespace scalewright::ui
