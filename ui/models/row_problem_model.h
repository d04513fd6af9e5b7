#pragma once
// What is wrong with rows of a dataset: line, problem with its field, and what happens to the row.

#include <QAbstractTableModel>

#include "engine/data/dataset.h"

namespace scalewright::ui {

class RowProblemModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Line, Problem, Outcome, ColumnCount };
  explicit RowProblemModel(QObject* parent = nullptr);
  // Left-out rows of the dataset, then rows that are cut to the context. `several`: of more than one file, so a left-out row says of which.
  void setRows(const Dataset& dataset, const EncodedDataset& encoded, qint64 context, bool several = false);
  void clear();
  qint64 rowOfDataset(int row) const;  // Example::row; 0: a row that is not in it

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  struct Row {
    qint64 line, number;
    QString problem, detail, outcome;
    int tone;
  };
  QList<Row> m_rows;
};

}  // namespace scalewright::ui
