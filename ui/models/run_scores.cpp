#include "ui/models/run_scores.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "ui/jobs/engine_words.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("RunScores", text); }

// EvaluationRow::kind: one of these; of the original with kBefore behind it; then, after a space, the pattern.
constexpr std::string_view kKinds[] = {"exact_match", "number_match", "pattern_match"};  // by AnswerMatch
constexpr std::string_view kBefore = "_before";

std::string kindOf(const RunScore& score, bool before) {
  std::string kind(kKinds[static_cast<size_t>(score.match)]);
  if (before) kind += kBefore;
  if (score.match == AnswerMatch::Pattern) kind += ' ' + score.pattern;
  return kind;
}

}  // namespace

Result<void> keepScore(RunStore& store, int64_t run, const RunScore& score) {
  const auto row = [&](bool before) {
    return EvaluationRow{.run = run, .when = score.when, .kind = kindOf(score, before), .subject = before ? "original" : "tuned", .text = score.rows, .value = before ? score.before : score.after};
  };
  if (!std::isnan(score.before)) SW_TRY(store.add_evaluation(row(true)));
  return store.add_evaluation(row(false));
}

Result<std::vector<RunScore>> runScores(const RunStore& store, int64_t run) {
  SW_ASSIGN(const auto rows, store.evaluations(run));
  std::vector<RunScore> scores;
  double before = std::numeric_limits<double>::quiet_NaN();  // stands right before what it belongs to
  for (const EvaluationRow& row : rows) {
    const size_t space = std::min(row.kind.find(' '), row.kind.size());
    std::string_view kind = std::string_view(row.kind).substr(0, space);
    const bool original = kind.ends_with(kBefore);
    if (original) kind.remove_suffix(kBefore.size());
    const auto known = std::find(std::begin(kKinds), std::end(kKinds), kind);
    if (known == std::end(kKinds)) continue;
    if (original) {
      before = row.value;
      continue;
    }
    scores.push_back({.match = AnswerMatch(known - std::begin(kKinds)), .pattern = row.kind.substr(std::min(space + 1, row.kind.size())), .before = before, .after = row.value, .rows = row.text, .when = row.when});
    before = std::numeric_limits<double>::quiet_NaN();
  }
  std::reverse(scores.begin(), scores.end());
  return scores;
}

QString ruleText(const RunScore& score) {
  switch (score.match) {
    case AnswerMatch::Exact: return tr("word for word");
    case AnswerMatch::Number: return tr("the last number");
    case AnswerMatch::Pattern: break;
  }
  return tr("by the pattern %1").arg(QString::fromStdString(score.pattern));
}

bool ofLearnedRows(const RunScore& score) { return score.rows.find(kLearnedRows) != std::string::npos; }

QString shareText(const RunScore& score) {
  return std::isnan(score.before) ? percentText(score.after, 0) : tr("%1 → %2").arg(percentText(score.before, 0), percentText(score.after, 0));
}

QString rowsText(const RunScore& score) { return inWords(score.rows); }

}  // namespace scalewright::ui
