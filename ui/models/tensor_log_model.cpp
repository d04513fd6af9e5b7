#include "ui/models/tensor_log_model.h"

#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"

namespace scalewright::ui {

void TensorLogModel::clear() {
  if (m_tensors.isEmpty()) return;
  beginResetModel();
  m_tensors.clear();
  endResetModel();
}

void TensorLogModel::add(const std::vector<QuantizedTensor>& batch) {
  if (batch.empty()) return;
  beginInsertRows({}, 0, int(batch.size()) - 1);
  for (const QuantizedTensor& tensor : batch) m_tensors << tensor;
  endInsertRows();
}

QVariant TensorLogModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const QuantizedTensor& tensor = m_tensors[m_tensors.size() - 1 - index.row()];
  const bool number = index.column() == ErrorColumn || index.column() == Seconds;
  switch (role) {
    case Qt::DisplayRole:
      switch (index.column()) {
        case Tensor: return QString::fromStdString(tensor.name);
        case Type: return m_type;
        case ErrorColumn: return percentText(tensor.error, 2);
        case Seconds: return numberText(tensor.seconds, 2);
      }
      return {};
    case MonoRole: return true;
    case QuietRole: return index.column() == Type;
    case Qt::TextAlignmentRole: return number ? QVariant::fromValue(int(Qt::AlignRight | Qt::AlignVCenter)) : QVariant();
    default: return {};
  }
}

QVariant TensorLogModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole) return int((section >= ErrorColumn ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Tensor: return tr("Tensor");
    case Type: return tr("Type");
    case ErrorColumn: return tr("Error");
    case Seconds: return tr("Seconds");
  }
  return {};
}

}  // namespace scalewright::ui
