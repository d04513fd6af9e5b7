#pragma once
// How many answers of a run are right, beside those of its model without what it learned: `score RUN --compare original` of the
// command line.

#include <filesystem>

#include "engine/eval/evaluate.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

struct ScoreOrder {
  std::filesystem::path run;
  std::filesystem::path data;  // empty: the rows that the run held back, or those that it validated on
  AnswerRule rule;
  int64_t limit = 0;           // rows, from the first; 0: all
};

// Of the same rows, in the same order. Stopped before both had answered: no rows.
struct ScoreOutcome {
  ScoreReport tuned, original;
  ScoreDifference difference;
  bool learned = false;        // from these very rows
  std::string rows;            // what was asked, as the history has it: "100 rows of orders.jsonl"
};

// Whether the run has rows of its own to ask: a file that it validated on, or a part of its data.
bool hasHeldOutRows(const TuneRecipe& recipe);
// Whether the run learned from the rows of `file`.
bool learnedFrom(const TuneRecipe& recipe, const std::filesystem::path& file);

// Engine thread. Afterwards the model holds its base scales. The shares of right answers lie in the history, with rule, rows and date.
Result<ScoreOutcome> scoreRun(EngineHost& engine, const ScoreOrder& order, JobContext& context);

}  // namespace scalewright::ui
