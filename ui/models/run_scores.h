#pragma once
// What was measured of a run's answers, as the history keeps it: by which rule, on which rows, when, and how its original did.

#include <QString>
#include <limits>
#include <string>
#include <vector>

#include "engine/eval/answer_rule.h"
#include "engine/tune/run_store.h"

namespace scalewright::ui {

struct RunScore {
  AnswerMatch match = AnswerMatch::Exact;
  std::string pattern;     // of AnswerMatch::Pattern
  // Of the rows, 0..1; before is NaN where only the run was asked.
  double before = std::numeric_limits<double>::quiet_NaN(), after = 0.0;
  std::string rows;        // which were asked: "20 held-out rows", "100 rows of orders.jsonl"
  int64_t when = 0;        // Unix seconds
};

// RunScore::rows of those that the run learned from, between how many and the name of their file.
inline const std::string kLearnedRows = " rows that it learned from, in ";

Result<void> keepScore(RunStore& store, int64_t run, const RunScore& score);
Result<std::vector<RunScore>> runScores(const RunStore& store, int64_t run);  // newest first

QString ruleText(const RunScore& score);   // "word for word"; "by the pattern #### (.+)"
bool ofLearnedRows(const RunScore& score);  // says what it remembers, not what it can do
QString shareText(const RunScore& score);  // "5 % → 95 %"
QString rowsText(const RunScore& score);   // its rows in the language of the window

}  // namespace scalewright::ui
