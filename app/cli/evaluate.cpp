// eval: perplexity on a text. score: greedy answers compared with the expected ones.

#include "app/cli/context.h"
#include "app/cli/tune_options.h"
#include "engine/eval/evaluate.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

struct EvalOptions {
  std::string model, text;
  PerplexityOptions values;
};

Result<int> eval(const Context& context, const EvalOptions& options) {
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  warn_of_context(observer, options.values.context, model->config.context_length);
  SW_ASSIGN(const PerplexityReport report, perplexity(model, *backend, options.text, options.values, observer, context.stop));
  observer.finish();
  if (context.stop.stop_requested()) return kExitInterrupted;
  context.print_json({{"perplexity", report.perplexity},
                      {"nll", report.nll},
                      {"tokens", report.tokens},
                      {"context", report.context},
                      {"stride", report.stride},
                      {"seconds", report.seconds}});
  context.print("perplexity " + format_number(report.perplexity, 4) + " (" + std::to_string(report.tokens) + " tokens predicted, windows of " +
                std::to_string(report.context) + ", stride " + std::to_string(report.stride) + ")");
  return 0;
}

struct ScoreVerbOptions {
  std::string model, data, data_format = "auto", match, pattern;
  ScoreOptions values;
  std::vector<std::string> columns;
  bool show = false;
};

Result<AnswerRule> rule_of(const ScoreVerbOptions& options) {
  if (!options.pattern.empty()) return AnswerRule::create(AnswerMatch::Pattern, options.pattern);
  return AnswerRule::create(options.match == "number" ? AnswerMatch::Number : AnswerMatch::Exact);
}

// What counted, before the figure.
std::string rule_words(const AnswerRule& rule) {
  if (rule.match() == AnswerMatch::Number) return "same last number";
  return rule.match() == AnswerMatch::Pattern ? "same by the pattern " + rule.pattern() : "exact match";
}

Json value_json(const std::optional<std::string>& value) { return value ? Json(*value) : Json(nullptr); }

Result<int> score_verb(const Context& context, ScoreVerbOptions options) {
  SW_ASSIGN(options.values.rule, rule_of(options));
  const AnswerRule& rule = options.values.rule;
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  ImportOptions import;
  SW_ASSIGN(import.format, dataset_format_from(options.data_format));
  SW_ASSIGN(import.columns, columns_from(options.columns));
  SW_ASSIGN(const Dataset dataset, import_dataset(options.data, import));
  SW_ASSIGN(const ScoreReport report, score(model, *backend, dataset, options.values, observer, context.stop));
  observer.finish();
  if (context.stop.stop_requested()) return kExitInterrupted;
  const bool exactly = rule.match() == AnswerMatch::Exact;
  Json answers = Json::array();
  for (const ScoredRow& row : report.answers) {
    answers.push_back({{"line", row.line}, {"prompt", row.prompt}, {"expected", row.expected}, {"answer", row.answer}, {"exact", row.exact}, {"matched", row.matched}});
    if (!exactly) answers.back().update({{"value", value_json(row.value)}, {"expected_value", value_json(row.expected_value)}, {"cut", row.cut}});
  }
  context.print_json({{"match", exactly ? "exact" : options.pattern.empty() ? "number" : "pattern"},
                      {"pattern", options.pattern.empty() ? Json(nullptr) : Json(options.pattern)},
                      {"matched", report.matched},
                      {"exact_match", report.exact_match},
                      {"rows", report.rows},
                      {"loss", report.loss},
                      {"seconds", report.seconds},
                      {"answers", answers}});
  if (options.show)
    for (const ScoredRow& row : report.answers)
      context.print(std::string(row.matched ? "right  " : "wrong  ") + row.answer + (row.matched && exactly ? "" : "\n       expected: " + row.expected));
  if (!exactly && report.cut > 0)
    observer.warning(std::to_string(report.cut) + " of " + std::to_string(report.rows) + " answers did not end within " +
                     std::to_string(options.values.max_tokens > 0 ? options.values.max_tokens : usual_answer_tokens(rule)) +
                     " tokens; what they say until there was compared. --max-tokens gives them more.");
  context.print(rule_words(rule) + " " + format_number(report.matched * 100, 1) + " % of " + std::to_string(report.rows) + " rows; " +
                (exactly ? "" : "exact match " + format_number(report.exact_match * 100, 1) + " %; ") + "loss of the expected answers " + format_number(report.loss, 4));
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "eval", "Perplexity on a text: lower is better");
  auto e = std::make_shared<EvalOptions>();
  verb->add_option("MODEL", e->model, "A model, or the folder of a run")->required();
  verb->add_option("--text", e->text, "A text file, or .jsonl with a \"text\" field")->required();
  verb->add_option("--context", e->values.context, "Tokens of a window")->check(CLI::Range(int64_t{2}, int64_t{1} << 20))->capture_default_str();
  verb->add_option("--stride", e->values.stride, "Tokens from one window to the next; default: the window")->check(at_least_zero());
  verb->add_option("--max-tokens", e->values.max_tokens, "Use only so many tokens of the text")->check(at_least_zero());
  verb->callback([&context, e] { context.command = [&context, e] { return eval(context, *e); }; });

  CLI::App* score_app = add_verb(app, context, "score", "Right answers on a dataset, greedy ones: equal to those expected, or in the last number, or by a pattern");
  auto s = std::make_shared<ScoreVerbOptions>();
  score_app->add_option("MODEL", s->model, "A model, or the folder of a run")->required();
  score_app->add_option("--data", s->data, "Examples with the expected answers")->required();
  score_app->add_option("--data-format", s->data_format, "How the examples are written down")
      ->check(CLI::IsMember({"auto", "alpaca", "sharegpt", "chat", "prompt-completion", "csv", "text"}));
  score_app->add_option("--limit", s->values.limit, "Only so many rows, from the first; 0: all rows")->check(at_least_zero());
  score_app->add_option("--max-tokens", s->values.max_tokens, "Longest answer, in tokens; default: 128, and 512 with --match number or --pattern")->check(above_zero());
  score_app->add_option("--match", s->match, "What makes an answer right: exact (default), all of it; number, its last number (sums, GSM8K); pattern, what --pattern finds")
      ->check(CLI::IsMember({"exact", "number", "pattern"}));
  score_app->add_option("--pattern", s->pattern, "Regular expression with one group: what the group holds of its last match is compared, as in \"#### (.+)\"");
  score_app->add_option("--columns,--column", s->columns, "What the columns of a table are: prompt=NAME,completion=NAME")->allow_extra_args(false);
  score_app->add_flag("--show", s->show, "Print every answer");
  score_app->callback([&context, s] {
    if (!s->pattern.empty() && !s->match.empty() && s->match != "pattern") throw CLI::ValidationError("score", "--pattern does not go with --match " + s->match);
    if (s->pattern.empty() && s->match == "pattern") throw CLI::ValidationError("score", "--match pattern needs --pattern REGEX");
    context.command = [&context, s] { return score_verb(context, *s); };
  });
}

}  // namespace scalewright::cli
