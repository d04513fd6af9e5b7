#pragma once
// Recipes of several runs side by side: one row a setting, one column a run; what differs is strong.

#include <QAbstractTableModel>
#include <QStringList>
#include <vector>

#include "engine/tune/run_store.h"

namespace scalewright::ui {

class RecipeDiffModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  explicit RecipeDiffModel(QObject* parent = nullptr);
  void setRuns(const std::vector<RunRow>& runs);  // the same recipes again change nothing
  void setOnlyDifferences(bool on);
  int hiddenRows() const { return m_hidden; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  struct Row {
    QString name;
    QStringList values;
    bool differs = false;
  };
  void rebuild();
  std::vector<RunRow> m_runs;
  QStringList m_names;
  QList<Row> m_rows;
  bool m_onlyDifferences = true;
  int m_hidden = 0;
};

}  // namespace scalewright::ui
