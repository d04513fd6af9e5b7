#include "ui/models/row_problem_model.h"

#include "ui/jobs/engine_words.h"
#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"

namespace scalewright::ui {

RowProblemModel::RowProblemModel(QObject* parent) : QAbstractTableModel(parent) {}

void RowProblemModel::setRows(const Dataset& dataset, const EncodedDataset& encoded, qint64 context, bool several) {
  constexpr int kWarn = 3, kInfo = 5;
  beginResetModel();
  m_rows.clear();
  for (const RowProblem& problem : dataset.problems) {
    const QString field = QString::fromStdString(problem.field), file = several ? QString::fromStdString(problem.file) : QString();
    m_rows.append({problem.line, problem.row, inWords(problem.message), file.isEmpty() || field.isEmpty() ? file + field : tr("%1, %2").arg(file, field), tr("Skipped"), kWarn});
  }
  for (const RowProblem& problem : encoded.problems)
    m_rows.append({problem.line, problem.row, inWords(problem.message), QString::fromStdString(problem.field), tr("Skipped"), kWarn});
  for (const EncodedExample& example : encoded.examples)
    if (example.cut) m_rows.append({example.line, example.row, tr("Longer than the context"), tr("cut to %1 tokens").arg(countText(context)), tr("Cut"), kInfo});
  endResetModel();
}

void RowProblemModel::clear() {
  beginResetModel();
  m_rows.clear();
  endResetModel();
}

qint64 RowProblemModel::rowOfDataset(int row) const { return row >= 0 && row < m_rows.size() ? m_rows[row].number : 0; }
int RowProblemModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_rows.size()); }
int RowProblemModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant RowProblemModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= m_rows.size()) return {};
  const Row& row = m_rows[index.row()];
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignLeft | Qt::AlignVCenter);
  switch (index.column()) {
    case Line:
      if (role == Qt::DisplayRole) return QString::number(row.line);
      if (role == SortRole) return row.line;
      if (role == MonoRole) return true;
      break;
    case Problem:
      if (role == Qt::DisplayRole || role == Qt::ToolTipRole) return row.problem;
      if (role == SubTextRole) return row.detail;
      if (role == StrongRole) return true;
      break;
    case Outcome:
      if (role == Qt::DisplayRole) return row.outcome;
      if (role == ChipRole) return row.tone;
      break;
    default: break;
  }
  return {};
}

QVariant RowProblemModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignLeft | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  return QStringList{tr("Line"), tr("Problem"), tr("Result")}.value(section);
}

}  // namespace scalewright::ui
