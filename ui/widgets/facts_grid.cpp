#include "ui/widgets/facts_grid.h"

#include <QGridLayout>

#include "ui/widgets/labels.h"
#include "ui/widgets/layout.h"

namespace scalewright::ui {

FactsGrid::FactsGrid(int columns, int spacing, QWidget* parent) : QWidget(parent), m_columns(columns), m_grid(new QGridLayout) {
  setObjectName(QStringLiteral("clear"));
  setScaledMargins(m_grid, 0, 0, 0, 0);
  setScaledSpacing(m_grid, spacing);
  m_grid->setHorizontalSpacing(px(12));
  setLayout(m_grid);
}

void FactsGrid::setFacts(const QList<Fact>& facts) {
  QStringList keys;
  for (const Fact& fact : facts) keys << fact.key;
  if (keys != m_keys) {
    clearLayout(m_grid);
    m_values.clear();
    m_keys = keys;
    const int rows = int((facts.size() + m_columns - 1) / m_columns);
    for (int i = 0; i < facts.size(); ++i) {
      const int column = i / std::max(rows, 1), row = i % std::max(rows, 1);
      auto* value = new ElidedLabel({}, FontRole::Mono, Ink::Text, Qt::ElideMiddle);
      value->setAlignment((m_columns == 1 ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
      auto* key = label(facts[i].key, FontRole::Body, Ink::Text2);
      m_grid->addWidget(key, row, column * 3);
      m_grid->addWidget(value, row, column * 3 + 1);
      if (column + 1 < m_columns) m_grid->setColumnMinimumWidth(column * 3 + 2, px(6));
      m_values.insert(facts[i].key, value);
    }
  }
  // Columns share the room by what they have to say.
  const int rows = int((facts.size() + m_columns - 1) / m_columns);
  for (int column = 0; column < m_columns; ++column) {
    int longest = 4;
    for (int i = column * rows; i < std::min<int>((column + 1) * rows, int(facts.size())); ++i) longest = std::max(longest, int(facts[i].value.size()));
    m_grid->setColumnStretch(column * 3 + 1, longest);
  }
  for (const Fact& fact : facts) {
    ElidedLabel* value = m_values.value(fact.key);
    if (value->fullText() != fact.value) value->setFullText(fact.value);
    value->setHint(fact.tooltip);
    value->setAccessibleName(QStringLiteral("%1: %2").arg(fact.key, fact.value));
  }
}

void FactsGrid::setValue(const QString& key, const QString& value) {
  if (ElidedLabel* label = m_values.value(key); label && label->fullText() != value) {
    label->setFullText(value);
    label->setAccessibleName(QStringLiteral("%1: %2").arg(key, value));
  }
}
QString FactsGrid::value(const QString& key) const {
  const ElidedLabel* label = m_values.value(key);
  return label ? label->fullText() : QString();
}

}  // namespace scalewright::ui
