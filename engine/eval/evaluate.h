#pragma once
// Perplexity on a text and right answers on a dataset.

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/observer.h"
#include "engine/data/dataset.h"
#include "engine/eval/answer_rule.h"
#include "engine/model/model.h"

namespace scalewright {

struct PerplexityOptions {
  int64_t context = 512, stride = 0, max_tokens = 0;
};  // stride 0: = context; max_tokens 0: all
struct PerplexityReport {
  double perplexity = 0.0, nll = 0.0;
  int64_t tokens = 0, context = 0, stride = 0;
  int64_t conversations = 0;  // that were measured, through the chat template; 0: plain text
  double seconds = 0.0;
};
// Windows of `context` tokens, the first token of the text is not predicted; with stride < context only tokens not yet
// counted count. Rows (a file named .jsonl, .json, .csv and the like): the "text" fields joined by blank lines, or conversations as
// the model reads them. A text shorter than two tokens is an error.
Result<PerplexityReport> perplexity(std::shared_ptr<const Model> model, Backend& backend,
                                    const std::filesystem::path& text, const PerplexityOptions& options,
                                    Observer& observer, std::stop_token stop);
// The tokens that it measures, at most options.max_tokens.
Result<std::vector<int32_t>> perplexity_ids(const Model& model, const std::filesystem::path& text,
                                            const PerplexityOptions& options);
Result<PerplexityReport> perplexity_of_ids(std::shared_ptr<const Model> model, Backend& backend,
                                           const std::vector<int32_t>& ids, const PerplexityOptions& options,
                                           Observer& observer, std::stop_token stop);

struct ScoredRow {
  int64_t line = 0, row = 0;  // of the example
  std::string prompt, expected, answer;
  std::optional<std::string> value, expected_value;  // what the rule compared; empty: there is none
  bool exact = false;
  bool matched = false;  // right by the rule
  bool cut = false;      // the answer did not end within the tokens it may have
};
struct ScoreOptions {
  int64_t limit = 0;       // rows; 0: all
  int64_t max_tokens = 0;  // of an answer; 0: usual_answer_tokens(rule)
  bool want_loss = true;
  AnswerRule rule;
};
struct ScoreReport {
  double exact_match = 0.0;  // fraction of the rows
  double matched = 0.0;      // by the rule
  double loss = 0.0;
  int64_t rows = 0, cut = 0;
  std::vector<ScoredRow> answers;
  double seconds = 0.0;
};
// Exact answers are as long as those expected; others reason before they come to a result.
int64_t usual_answer_tokens(const AnswerRule& rule);
// Greedy answers to each example's last assistant turn, compared with it by the rule (white space at the ends does not
// count; an exact answer must have ended); loss: mean -log p of the expected answers. Warns of expected answers that
// the rule finds nothing in.
Result<ScoreReport> score(std::shared_ptr<const Model> model, Backend& backend, const Dataset& dataset,
                          const ScoreOptions& options, Observer& observer, std::stop_token stop);

// Of two models that answered the same rows by the same rule.
struct ScoreDifference {
  int64_t rows = 0;         // that both answered
  int64_t first_alone = 0;  // right in the first report alone
  int64_t second_alone = 0;
  int64_t other_answers = 0;  // the answers are not the same text, right or wrong
  int64_t differing() const noexcept { return first_alone + second_alone; }
};
ScoreDifference score_difference(const ScoreReport& first, const ScoreReport& second);

}  // namespace scalewright
