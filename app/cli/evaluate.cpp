// eval: perplexity on a text. score: greedy answers compared with the expected ones.

#include "app/cli/compared.h"
#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "app/cli/tune_options.h"
#include "engine/core/file.h"
#include "engine/eval/evaluate.h"
#include "engine/text/utf8.h"

namespace scalewright::cli {
namespace {

struct EvalOptions {
  std::string model, text, compare;
  PerplexityOptions values;
};

Json report_json(const PerplexityReport& report) {
  return {{"perplexity", report.perplexity},
          {"nll", report.nll},
          {"tokens", report.tokens},
          {"context", report.context},
          {"stride", report.stride},
          {"conversations", report.conversations},
          {"seconds", report.seconds}};
}

Result<int> eval(const Context& context, const EvalOptions& options) {
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  SW_TRY(check_compared(options.model, options.compare));
  SW_TRY(InputFile::open(options.text));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  const auto measure = [&](const std::shared_ptr<Model>& model) {
    warn_of_context(observer, options.values.context, model->config.context_length);
    return perplexity(model, *backend, options.text, options.values, observer, context.stop);
  };
  SW_ASSIGN(const auto measured, measure_compared<PerplexityReport>(options.model, options.compare, observer, context.stop, measure));
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  const PerplexityReport& report = measured.model;
  Json json = report_json(report);
  const std::string counted = "(" + std::to_string(report.tokens) + " tokens predicted, windows of " + std::to_string(report.context) + ", stride " + std::to_string(report.stride) +
                              (report.conversations > 0 ? "; " + std::to_string(report.conversations) + " conversations, questions and answers, as the chat template writes them" : std::string()) + ")";
  if (!measured.other) {
    context.print_json(json);
    context.print("perplexity " + format_number(report.perplexity, 4) + " " + counted);
    return 0;
  }
  if (measured.other->tokens != report.tokens)
    observer.warning("The two cut the text into tokens differently (" + std::to_string(report.tokens) + " and " + std::to_string(measured.other->tokens) +
                     " of them), so their perplexities, which are a token's, do not say which is better.");
  json["compare"] = {{"model", options.compare}};
  json["compare"].update(report_json(*measured.other));
  context.print_json(json);
  print_compared(context, compared_titles(options.model, options.compare),
                 {{"perplexity", format_number(report.perplexity, 4), format_number(measured.other->perplexity, 4)}});
  context.print(counted);
  return 0;
}

struct ScoreVerbOptions {
  std::string model, data, data_format = "auto", match, pattern, compare;
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

Json report_json(const ScoreReport& report, const AnswerRule& rule) {
  Json answers = Json::array();
  for (const ScoredRow& row : report.answers) {
    answers.push_back({{"line", row.line}, {"row", row.row}, {"prompt", row.prompt}, {"expected", row.expected}, {"answer", row.answer}, {"exact", row.exact}, {"matched", row.matched}});
    if (rule.match() != AnswerMatch::Exact)
      answers.back().update({{"value", value_json(row.value)}, {"expected_value", value_json(row.expected_value)}, {"cut", row.cut}});
  }
  return {{"matched", report.matched}, {"exact_match", report.exact_match}, {"rows", report.rows}, {"loss", report.loss}, {"seconds", report.seconds}, {"answers", answers}};
}

void warn_of_cut(Observer& observer, const ScoreReport& report, const ScoreOptions& options) {
  if (options.rule.match() == AnswerMatch::Exact || report.cut == 0) return;
  observer.warning(std::to_string(report.cut) + " of " + std::to_string(report.rows) + " answers did not end within " +
                   std::to_string(options.max_tokens > 0 ? options.max_tokens : usual_answer_tokens(options.rule)) +
                   " tokens; what they say until there was compared. --max-tokens gives them more.");
}

// A question in one line, not longer than fits beside the verdict.
std::string short_line(const std::string& text) {
  constexpr size_t kMost = 72;  // characters
  std::string line;
  size_t characters = 0;
  for (const char c : text) {
    if (text::begins_character(c) && ++characters > kMost) return line + "...";
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return line;
}

void print_answers(const Context& context, const ScoreReport& report, bool expected_is_answer) {
  for (const ScoredRow& row : report.answers)
    context.print(std::string(row.matched ? "right  " : "wrong  ") + short_line(row.prompt) + "\n       answer: " + row.answer +
                  (row.matched && expected_is_answer ? "" : "\n       expected: " + row.expected));
}

std::string percent(double fraction) { return format_number(fraction * 100, 1) + " %"; }

Result<int> score_verb(const Context& context, ScoreVerbOptions options) {
  const AnswerRule& rule = options.values.rule;
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  SW_TRY(check_compared(options.model, options.compare));
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  ImportOptions import;
  SW_ASSIGN(import.format, dataset_format_from(options.data_format));
  SW_ASSIGN(import.columns, columns_from(options.columns));
  SW_ASSIGN(const Dataset dataset, import_dataset(options.data, import));
  const auto measure = [&](const std::shared_ptr<Model>& model) -> Result<ScoreReport> {
    SW_ASSIGN(ScoreReport report, score(model, *backend, dataset, options.values, observer, context.stop));
    warn_of_cut(observer, report, options.values);
    return report;
  };
  SW_ASSIGN(const auto measured, measure_compared<ScoreReport>(options.model, options.compare, observer, context.stop, measure));
  if (context.stop.stop_requested()) return kExitInterrupted;
  observer.finish();
  const ScoreReport& report = measured.model;
  const bool exactly = rule.match() == AnswerMatch::Exact;
  const auto titles = compared_titles(options.model, options.compare);
  Json json = {{"match", exactly ? "exact" : options.pattern.empty() ? "number" : "pattern"}, {"pattern", options.pattern.empty() ? Json(nullptr) : Json(options.pattern)}};
  json.update(report_json(report, rule));
  if (options.show) {
    if (measured.other) context.print("[" + titles.first + "]");
    print_answers(context, report, exactly);
  }
  if (!measured.other) {
    context.print_json(json);
    context.print(rule_words(rule) + " " + percent(report.matched) + " of " + std::to_string(report.rows) + " rows; " +
                  (exactly ? "" : "exact match " + percent(report.exact_match) + "; ") + "loss of the expected answers " + format_number(report.loss, 4));
    return 0;
  }
  const ScoreReport& other = *measured.other;
  const ScoreDifference difference = score_difference(report, other);
  json["compare"] = {{"model", options.compare}};
  json["compare"].update(report_json(other, rule));
  json["difference"] = {{"rows", difference.rows}, {"differing", difference.differing()}, {"right_alone", difference.first_alone}, {"compare_right_alone", difference.second_alone}, {"other_answers", difference.other_answers}};
  context.print_json(json);
  if (options.show) {
    context.print("[" + titles.second + "]");
    print_answers(context, other, exactly);
  }
  std::vector<ComparedLine> lines = {{rule_words(rule), percent(report.matched), percent(other.matched)}};
  if (!exactly) lines.push_back({"exact match", percent(report.exact_match), percent(other.exact_match)});
  if (report.rows != other.rows) lines.push_back({"rows", std::to_string(report.rows), std::to_string(other.rows)});
  lines.push_back({"loss of the expected answers", format_number(report.loss, 4), format_number(other.loss, 4)});
  print_compared(context, titles, lines);
  context.print("They differ in " + std::to_string(difference.differing()) + " of " + std::to_string(difference.rows) + " rows: " + std::to_string(difference.first_alone) + " right by " +
                titles.first + " alone, " + std::to_string(difference.second_alone) + " by " + titles.second + " alone. The text of the answer differs in " +
                std::to_string(difference.other_answers) + ".");
  return 0;
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "eval", "Perplexity on a text: lower is better", Uses::Device);
  auto e = std::make_shared<EvalOptions>();
  verb->add_option("MODEL", e->model, "A model, or the folder of a run")->required();
  verb->add_option("--text", e->text, "A text file, or rows (.jsonl, .json, .csv): their \"text\" fields, or conversations and prompts with answers, as the chat template writes them")->required();
  verb->add_option("--context", e->values.context, "Tokens of a window")->check(whole(2, int64_t{1} << 20))->capture_default_str();
  verb->add_option("--stride", e->values.stride, "Tokens from one window to the next; default: the window")->check(at_least_zero());
  verb->add_option("--max-tokens", e->values.max_tokens, "Use only so many tokens of the text")->check(at_least_zero());
  add_compare_option(*verb, e->compare);
  verb->callback([&context, e] { context.command = [&context, e] { return eval(context, *e); }; });

  CLI::App* score_app = add_verb(app, context, "score", "Right answers on a dataset, greedy ones: equal to those expected, or in the last number, or by a pattern", Uses::Device);
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
  score_app->add_flag("--show", s->show, "Print every question with its answer");
  add_compare_option(*score_app, s->compare);
  score_app->callback([&context, s] {
    if (!s->pattern.empty() && !s->match.empty() && s->match != "pattern") throw CLI::ValidationError("score", "--pattern does not go with --match " + s->match);
    if (s->pattern.empty() && s->match == "pattern") throw CLI::ValidationError("score", "--match pattern needs --pattern REGEX");
    Result<AnswerRule> rule = rule_of(*s);
    if (!rule) throw CLI::ValidationError("--pattern", rule.error().message);
    s->values.rule = std::move(*rule);
    context.command = [&context, s] { return score_verb(context, *s); };
  });
}

}  // namespace scalewright::cli
