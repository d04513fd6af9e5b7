#include "ui/models/model_table_model.h"

#include <QCoreApplication>

#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

QString words(const char* text) { return QCoreApplication::translate("Models", text); }

}  // namespace

QString stateText(ModelState state) {
  switch (state) {
    case ModelState::Reading: return words("Reading");
    case ModelState::FullPrecision: return words("Full precision");
    case ModelState::Quantized: return words("Quantized");
    case ModelState::Tuned: return words("Tuned");
    case ModelState::Incomplete: return words("Incomplete");
    case ModelState::Unusable: return words("Unreadable");
  }
  return {};
}

int stateTone(ModelState state) {
  switch (state) {
    case ModelState::FullPrecision: return 5;
    case ModelState::Tuned: return 1;
    case ModelState::Incomplete:
    case ModelState::Unusable: return 4;
    default: return 0;
  }
}

QString familyText(const QString& family) {
  if (family == QLatin1String("llama")) return QStringLiteral("Llama");
  if (family == QLatin1String("mistral")) return QStringLiteral("Mistral");
  if (family.startsWith(QLatin1String("qwen"))) return QStringLiteral("Qwen ") + family.mid(4);
  if (family.startsWith(QLatin1String("gemma"))) return family == QLatin1String("gemma") ? QStringLiteral("Gemma") : QStringLiteral("Gemma ") + family.mid(5);
  if (family.startsWith(QLatin1String("phi"))) return QStringLiteral("Phi-") + family.mid(3);
  return family;
}

QString containerText(Container container) {
  switch (container) {
    case Container::Gguf: return QStringLiteral("GGUF");
    case Container::Safetensors: return words("safetensors folder");
    case Container::Gptq: return words("GPTQ folder");
    case Container::Awq: return words("AWQ folder");
    case Container::CompressedTensors: return words("compressed-tensors folder");
    case Container::Mlx: return words("MLX folder");
    case Container::Hqq: return words("HQQ folder");
  }
  return {};
}

void ModelTableModel::upsert(const ModelEntry& entry) {
  const int row = rowOf(entry.path);
  if (row >= 0) {
    m_entries[row] = entry;
    emit dataChanged(index(row, 0), index(row, ColumnCount - 1));
    return;
  }
  beginInsertRows({}, int(m_entries.size()), int(m_entries.size()));
  m_entries << entry;
  endInsertRows();
}

void ModelTableModel::remove(const QString& path) {
  const int row = rowOf(path);
  if (row < 0) return;
  beginRemoveRows({}, row, row);
  m_entries.removeAt(row);
  endRemoveRows();
}

void ModelTableModel::clear() {
  if (m_entries.isEmpty()) return;
  beginResetModel();
  m_entries.clear();
  endResetModel();
}

int ModelTableModel::rowOf(const QString& path) const {
  for (int row = 0; row < m_entries.size(); ++row)
    if (m_entries[row].path == path) return row;
  return -1;
}
const ModelEntry* ModelTableModel::find(const QString& path) const {
  const int row = rowOf(path);
  return row < 0 ? nullptr : &m_entries[row];
}

QVariant ModelTableModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const ModelEntry& entry = m_entries[index.row()];
  const bool number = index.column() == Parameters || index.column() == Bits || index.column() == Size;
  switch (role) {
    case Qt::DisplayRole:
      switch (index.column()) {
        case Name: return entry.name;
        case Parameters: return entry.parameters > 0 ? shortCountText(entry.parameters) : QStringLiteral("–");
        case Bits: return entry.bits > 0 ? (entry.bits >= 15.995 ? QString::number(int(entry.bits + 0.5)) : numberText(entry.bits, 2)) : QStringLiteral("–");
        case Size: return bytesText(entry.bytes);
        case State: return stateText(entry.shownState());
      }
      return {};
    case SubTextRole: return index.column() == Name ? QVariant(entry.detail) : QVariant();
    case ChipRole: return index.column() == State ? QVariant(stateTone(entry.shownState())) : QVariant();
    case MonoRole: return number;
    case Qt::TextAlignmentRole: return number ? QVariant::fromValue(int(Qt::AlignRight | Qt::AlignVCenter)) : QVariant();
    case Qt::ToolTipRole: return entry.problem.isEmpty() ? entry.path : entry.problem;
    case Qt::AccessibleTextRole:
      return index.column() == Name ? QStringLiteral("%1, %2, %3").arg(entry.name, stateText(entry.shownState()), bytesText(entry.bytes)) : data(index, Qt::DisplayRole);
    case SortRole:
      switch (index.column()) {
        case Name: return entry.name.toLower();
        case Parameters: return entry.parameters;
        case Bits: return entry.bits;
        case Size: return entry.bytes;
        case State: return int(entry.state);
      }
      return {};
    default: return {};
  }
}

QVariant ModelTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  const bool number = section == Parameters || section == Bits || section == Size;
  if (role == Qt::TextAlignmentRole) return int((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case Name: return tr("Name");
    case Parameters: return tr("Parameters");
    case Bits: return tr("Bits");
    case Size: return tr("Size");
    case State: return tr("State");
  }
  return {};
}

ModelFilterModel::ModelFilterModel(QObject* parent) : QSortFilterProxyModel(parent) {
  setSortRole(SortRole);
  setDynamicSortFilter(true);
}
void ModelFilterModel::setKind(Kind kind) {
  m_kind = kind;
  invalidateFilter();
}
void ModelFilterModel::setText(const QString& text) {
  m_text = text.trimmed();
  invalidateFilter();
}
bool ModelFilterModel::filterAcceptsRow(int row, const QModelIndex&) const {
  const auto* model = qobject_cast<const ModelTableModel*>(sourceModel());
  if (!model || row >= model->rowCount()) return false;
  const ModelEntry& entry = model->entry(row);
  if (m_kind == Full && entry.state != ModelState::FullPrecision) return false;
  if (m_kind == Quantized && entry.state != ModelState::Quantized) return false;
  if (m_kind == Tuned && entry.state != ModelState::Tuned) return false;
  return m_text.isEmpty() || entry.name.contains(m_text, Qt::CaseInsensitive) || entry.detail.contains(m_text, Qt::CaseInsensitive) ||
         familyText(entry.family).contains(m_text, Qt::CaseInsensitive) || entry.type.contains(m_text, Qt::CaseInsensitive);
}

}  // namespace scalewright::ui
