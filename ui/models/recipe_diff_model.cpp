#include "ui/models/recipe_diff_model.h"

#include <QFileInfo>
#include <algorithm>
#include <optional>

#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"

namespace scalewright::ui {

RecipeDiffModel::RecipeDiffModel(QObject* parent) : QAbstractTableModel(parent) {}

void RecipeDiffModel::setRuns(const std::vector<RunRow>& runs) {
  const auto same = [](const RunRow& a, const RunRow& b) { return a.id == b.id && a.name == b.name && a.recipe_json == b.recipe_json; };
  const bool known = std::equal(runs.begin(), runs.end(), m_runs.begin(), m_runs.end(), same);
  m_runs = runs;
  if (!known) rebuild();
}

void RecipeDiffModel::setOnlyDifferences(bool on) {
  m_onlyDifferences = on;
  rebuild();
}

void RecipeDiffModel::rebuild() {
  beginResetModel();
  m_rows.clear();
  m_names.clear();
  m_hidden = 0;
  if (m_runs.empty()) return endResetModel();
  std::vector<std::optional<TuneRecipe>> recipes;
  for (const RunRow& run : m_runs) {
    m_names.append(QString::fromStdString(run.name));
    auto recipe = recipe_from_json(run.recipe_json);
    recipes.push_back(recipe ? std::optional(*recipe) : std::nullopt);
  }
  const auto add = [&](const QString& name, auto&& value) {
    Row row{name, {}, false};
    for (const auto& recipe : recipes) row.values.append(recipe ? value(*recipe) : QStringLiteral("\u2013"));
    for (const QString& text : row.values) row.differs |= text != row.values.front();
    if (m_onlyDifferences && m_runs.size() > 1 && !row.differs) ++m_hidden;
    else m_rows.append(row);
  };
  using R = const TuneRecipe&;
  const auto steps = [](int64_t count) { return count == 1 ? tr("%n step(s)", nullptr, 1) : tr("%1 steps").arg(countText(count)); };
  const auto file = [](const std::filesystem::path& path) { return QFileInfo(QString::fromStdString(path.string())).fileName(); };
  add(tr("Model"), [&](R r) { return file(r.model); });
  add(tr("Data"), [&](R r) { return file(r.data); });
  add(tr("Validation"), [&](R r) { return r.validation.empty() ? percentText(r.validation_split, 0) : file(r.validation); });
  add(tr("Length"), [&](R r) { return r.steps > 0 ? steps(r.steps) : r.epochs == 1.0 ? tr("%n epoch(s)", nullptr, 1) : tr("%1 epochs").arg(r.epochs); });
  add(tr("What learns"), [](R r) { return r.granularity == Granularity::Row ? tr("rows") : tr("groups"); });
  add(tr("Form"), [](R r) { return r.parametrization == Parametrization::Raw ? tr("raw") : tr("relative"); });
  add(tr("Learning rate"), [](R r) { return r.learning_rate > 0 ? rateText(r.learning_rate) : tr("default"); });
  add(tr("Schedule"), [](R r) { return r.schedule == Schedule::Constant ? tr("constant") : r.schedule == Schedule::Linear ? tr("linear") : tr("cosine"); });
  add(tr("Warm-up"), [&](R r) { return r.warmup < 1.0 ? percentText(r.warmup, 0) : steps(static_cast<int64_t>(r.warmup)); });
  add(tr("Context × batch"), [](R r) { return QStringLiteral("%1 × %2").arg(r.context).arg(r.batch * r.accumulate); });
  add(tr("Gradient clip"), [](R r) { return numberText(r.clip, 2); });
  add(tr("Weight decay"), [](R r) { return numberText(r.weight_decay, 3); });
  add(tr("Learns from"), [](R r) { return r.train_on_inputs ? tr("whole text") : tr("answers"); });
  add(tr("Seed"), [](R r) { return QString::number(r.seed); });
  endResetModel();
}

int RecipeDiffModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_rows.size()); }
int RecipeDiffModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_names.size()) + 1; }

QVariant RecipeDiffModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= m_rows.size()) return {};
  const Row& row = m_rows[index.row()];
  const bool key = index.column() == 0;
  switch (role) {
    case Qt::DisplayRole: case Qt::ToolTipRole: return key ? row.name : row.values.value(index.column() - 1);
    case MonoRole: return !key;
    case StrongRole: return !key && row.differs;
    case QuietRole: return key || !row.differs;
    case Qt::TextAlignmentRole: return int(Qt::AlignLeft | Qt::AlignVCenter);
    default: return {};
  }
}

QVariant RecipeDiffModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignLeft | Qt::AlignVCenter);
  if (role == Qt::DisplayRole || role == Qt::ToolTipRole) return section == 0 ? QString() : m_names.value(section - 1);
  return {};
}

}  // namespace scalewright::ui
