#include "ui/models/run_table_model.h"

#include <QFileInfo>
#include <QDateTime>
#include <QFile>
#include <algorithm>
#include <cmath>

#include "engine/tune/tune_report.h"
#include "ui/models/cell_roles.h"
#include "ui/settings/format.h"

namespace scalewright::ui {

QString runStateText(const std::string& state) {
  if (state == "running") return RunTableModel::tr("Running");
  if (state == "paused") return RunTableModel::tr("Paused");
  if (state == "stopped") return RunTableModel::tr("Stopped");
  if (state == "finished") return RunTableModel::tr("Finished");
  if (state == "failed") return RunTableModel::tr("Failed");
  return RunTableModel::tr("Interrupted");
}

int runStateTone(const std::string& state) {
  if (state == "running" || state == "paused") return 1;
  if (state == "finished") return 2;
  if (state == "stopped") return 3;
  return 4;
}

double workedSeconds(const RunRow& run) {
  QFile file(QString::fromStdString(run.folder) + QStringLiteral("/report.json"));
  if ((run.state == "finished" || run.state == "stopped") && file.open(QIODevice::ReadOnly)) {
    const auto report = report_from_json(file.readAll().toStdString());
    if (report && report->steps == run.step) return report->seconds;
  }
  const bool going = run.state == "running" || run.state == "paused";
  const int64_t end = going ? QDateTime::currentSecsSinceEpoch() : run.ended;
  return run.started > 0 && end >= run.started ? static_cast<double>(end - run.started) : -1.0;
}

namespace {

constexpr size_t kToldScores = 8;

// What was measured, newest first: a line each.
QString scoresText(const std::vector<RunScore>& scores) {
  QStringList lines{RunTableModel::tr("Right answers of the original → and of what it learned:")};
  for (size_t i = 0; i < std::min(scores.size(), kToldScores); ++i)
    lines << RunTableModel::tr("%1, %2: of %3 (%4)").arg(shareText(scores[i]), ruleText(scores[i]), rowsText(scores[i]), momentText(scores[i].when));
  return lines.join(QLatin1Char('\n'));
}

}  // namespace

RunTableModel::RunTableModel(QObject* parent) : QAbstractTableModel(parent) {}

void RunTableModel::setRuns(std::vector<RunRow> runs, const Scores& scores, const QHash<qint64, double>& seconds) {
  if (std::equal(runs.begin(), runs.end(), m_runs.begin(), m_runs.end(), [](const RunRow& a, const RunRow& b) { return a.id == b.id && a.name == b.name; })) {
    m_runs = std::move(runs);
    m_scores = scores;
    m_seconds = seconds;
    if (!m_runs.empty()) emit dataChanged(index(0, State), index(rowCount() - 1, ColumnCount - 1));
    return;
  }
  beginResetModel();
  m_runs = std::move(runs);
  m_scores = scores;
  m_seconds = seconds;
  const QList<qint64> before = m_compared;
  m_compared.removeIf([this](qint64 id) { return rowOf(id) < 0; });
  endResetModel();
  if (before != m_compared) emit comparedChanged();
}

const RunRow* RunTableModel::run(int row) const {
  return row >= 0 && row < static_cast<int>(m_runs.size()) ? &m_runs[static_cast<size_t>(row)] : nullptr;
}

int RunTableModel::rowOf(qint64 id) const {
  for (size_t row = 0; row < m_runs.size(); ++row)
    if (m_runs[row].id == id) return static_cast<int>(row);
  return -1;
}

void RunTableModel::setStep(const QString& folder, double fraction) {
  for (size_t row = 0; row < m_runs.size(); ++row) {
    RunRow& run = m_runs[row];
    if (QString::fromStdString(run.folder) != folder || run.steps <= 0 || fraction < 0.0) continue;
    const int64_t step = std::llround(fraction * static_cast<double>(run.steps));
    if (step == run.step) return;
    run.step = step;
    emit dataChanged(index(static_cast<int>(row), Steps), index(static_cast<int>(row), Time));
    return;
  }
}

void RunTableModel::setCompared(qint64 id, bool on) {
  const int row = rowOf(id);
  if (row < 0 || m_compared.contains(id) == on) return;
  if (on && m_compared.size() >= kMostCompared) return;
  if (on) m_compared.append(id);
  else m_compared.removeAll(id);
  // Marks of the others move up when one leaves.
  emit dataChanged(index(0, Name), index(rowCount() - 1, Name), {Qt::CheckStateRole, MarkRole});
  emit comparedChanged();
}

int RunTableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(m_runs.size()); }
int RunTableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant RunTableModel::data(const QModelIndex& index, int role) const {
  const RunRow* row = index.isValid() ? run(index.row()) : nullptr;
  if (!row) return {};
  const double seconds = m_seconds.contains(row->id) ? m_seconds[row->id] : -1.0;
  const auto scores = m_scores.value(row->id);
  if (role == Qt::ToolTipRole && index.column() == RightAnswers) return scores.empty() ? tr("Nothing was asked yet: Score… does it") : scoresText(scores);
  if (role == Qt::ToolTipRole)
    return QString::fromStdString(row->error.empty() ? row->folder : row->error + "\n" + row->folder);
  switch (index.column()) {
    case Name:
      if (role == Qt::DisplayRole || role == Qt::EditRole || role == SortRole) return QString::fromStdString(row->name);
      if (role == SubTextRole) return tr("%1 learns %2").arg(QFileInfo(QString::fromStdString(row->model)).completeBaseName(), QFileInfo(QString::fromStdString(row->data)).fileName());
      if (role == StrongRole) return true;
      if (role == Qt::CheckStateRole) return m_compared.contains(row->id) ? Qt::Checked : Qt::Unchecked;
      if (role == MarkRole && m_compared.contains(row->id)) return static_cast<int>(m_compared.indexOf(row->id));
      break;
    case State:
      if (role == Qt::DisplayRole || role == SortRole) return runStateText(row->state);
      if (role == ChipRole) return runStateTone(row->state);
      break;
    case Steps:
      if (role == Qt::DisplayRole)
        return row->step == row->steps ? countText(row->step) : tr("%1 of %2").arg(countText(row->step), countText(row->steps));
      if (role == SortRole) return static_cast<qint64>(row->step);
      break;
    case Validation:
      if (role == Qt::DisplayRole) return numberText(row->best_validation, 3);
      if (role == SortRole) return std::isnan(row->best_validation) ? 1e30 : row->best_validation;
      break;
    case RightAnswers:
      if (role == Qt::DisplayRole) return scores.empty() ? QStringLiteral("\u2013") : shareText(scores.front());
      if (role == SubTextRole && !scores.empty()) return ofLearnedRows(scores.front()) ? tr("on learned rows") : ruleText(scores.front());
      if (role == SortRole) return scores.empty() ? -1.0 : scores.front().after;
      break;
    case Time:
      if (role == Qt::DisplayRole) return durationText(seconds);
      if (role == SortRole) return seconds;
      break;
    case Started:
      if (role == Qt::DisplayRole) return momentText(row->started);
      if (role == SortRole) return static_cast<qint64>(row->started);
      if (role == QuietRole) return true;
      break;
    default: break;
  }
  const bool number = index.column() >= Steps && index.column() <= Time;
  if (role == MonoRole) return number;
  if (role == Qt::TextAlignmentRole) return number ? QVariant(int(Qt::AlignRight | Qt::AlignVCenter)) : QVariant(int(Qt::AlignLeft | Qt::AlignVCenter));
  return {};
}

bool RunTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  const RunRow* row = index.isValid() ? run(index.row()) : nullptr;
  if (!row || index.column() != Name) return false;
  if (role == Qt::CheckStateRole) {
    const bool on = value.toInt() == Qt::Checked;
    if (on && !m_compared.contains(row->id) && m_compared.size() >= kMostCompared) return false;
    setCompared(row->id, on);
    return true;
  }
  const QString name = value.toString().trimmed();
  if (role != Qt::EditRole || name.isEmpty()) return false;
  m_runs[static_cast<size_t>(index.row())].name = name.toStdString();
  emit dataChanged(index, index);
  emit renamed(row->id, name);
  return true;
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole)
    return section >= Steps && section <= Time ? int(Qt::AlignRight | Qt::AlignVCenter) : int(Qt::AlignLeft | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  const QStringList names = {tr("Run"), tr("State"), tr("Steps"), tr("Lowest validation"), tr("Right answers"), tr("Time"), tr("Started")};
  return names.value(section);
}

Qt::ItemFlags RunTableModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::NoItemFlags;
  Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
  if (index.column() == Name) flags |= Qt::ItemIsUserCheckable | Qt::ItemIsEditable;
  return flags;
}

}  // namespace scalewright::ui
