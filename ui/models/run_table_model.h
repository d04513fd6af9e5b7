#pragma once
// The history of runs as a table. The first column's check box chooses what is compared, in the order of checking.

#include <QAbstractTableModel>
#include <QHash>
#include <QList>

#include "ui/models/run_scores.h"

namespace scalewright::ui {

class RunTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Name, State, Steps, Validation, RightAnswers, Time, Started, ColumnCount };
  static constexpr int kMostCompared = 6;
  explicit RunTableModel(QObject* parent = nullptr);

  // Keeps what is compared where those runs are still there, and where they are the same runs the place and what is being typed. `scores` (newest
  // first) and `seconds` (as workedSeconds) by run id; absent: not scored, not known.
  using Scores = QHash<qint64, std::vector<RunScore>>;
  void setRuns(std::vector<RunRow> runs, const Scores& scores, const QHash<qint64, double>& seconds = {});
  // The run in `folder` has come so far.
  void setStep(const QString& folder, double fraction);
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
  Scores m_scores;
  QHash<qint64, double> m_seconds;
  QList<qint64> m_compared;
};

// Seconds that the run worked, pauses and the time between two starts not counted: the figure of its own report. Where there is
// none (yet), from its start to its end, or until now. Negative: not known. Reads a file.
double workedSeconds(const RunRow& run);

// "Finished", "Running", ... and how it is coloured (a CellRole::ChipRole value).
QString runStateText(const std::string& state);
int runStateTone(const std::string& state);

}  // namespace scalewright::ui
