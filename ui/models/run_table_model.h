#pragma once
// The history of runs as a table. The first column's check box chooses what is compared, in the order of checking.

#include <QAbstractTableModel>
#include <QList>

#include "engine/tune/run_store.h"

namespace scalewright::ui {

class RunTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, State, Steps, Validation, Exact, Time, Started, ColumnCount };
  static constexpr int kMostCompared = 6;
  explicit RunTableModel(QObject* parent = nullptr);

  // Keeps what is compared where those runs are still there. `exact`: exact match by run id, 0..1; absent: not scored.
  void setRuns(std::vector<RunRow> runs, const QHash<qint64, double>& exact);
  const RunRow* run(int row) const;
  int rowOf(qint64 id) const;
  QList<qint64> compared() const { return m_compared; }  // ids; the position is the run's style
  void setCompared(qint64 id, bool on);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 signals:
  void comparedChanged();
  void renamed(qint64 id, const QString& name);

 private:
  std::vector<RunRow> m_runs;
  QHash<qint64, double> m_exact;
  QList<qint64> m_compared;
};

// "Finished", "Running", ... and how it is coloured (a CellRole::ChipRole value).
QString runStateText(const std::string& state);
int runStateTone(const std::string& state);

}  // namespace scalewright::ui
