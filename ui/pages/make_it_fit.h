#pragma once
// What would make a run fit this machine: each way, what it needs, whether that is enough; one is chosen and applied.

#include "engine/tune/trainer.h"
#include "ui/widgets/card.h"

class QButtonGroup;

namespace scalewright::ui {

class Button;

class MakeItFit : public Card {
  Q_OBJECT
 public:
  explicit MakeItFit(QWidget* parent = nullptr);
  void setWays(const std::vector<MemoryRemedy>& ways, const TuneRecipe& now, qint64 longestRow);
  Button* applyButton() const { return m_apply; }

 signals:
  void applied(const scalewright::MemoryRemedy& way);

 private:
  std::vector<MemoryRemedy> m_ways;
  QButtonGroup* m_group;
  Button* m_apply;
};

}  // namespace scalewright::ui
