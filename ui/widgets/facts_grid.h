#pragma once
// Keys and values: keys in text2, values in mono. One column puts values at the right edge, two columns at the left.

#include <QHash>
#include <QWidget>

class QGridLayout;

namespace scalewright::ui {

class ElidedLabel;

class FactsGrid : public QWidget {
  Q_OBJECT
 public:
  struct Fact { QString key, value, tooltip = {}; };
  explicit FactsGrid(int columns = 1, int spacing = 6, QWidget* parent = nullptr);
  void setFacts(const QList<Fact>& facts);  // same keys: only values change, nothing jumps
  void setValue(const QString& key, const QString& value);
  QString value(const QString& key) const;

 private:
  int m_columns;
  QGridLayout* m_grid;
  QStringList m_keys;
  QHash<QString, ElidedLabel*> m_values;
};

}  // namespace scalewright::ui
