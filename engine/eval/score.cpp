#include <algorithm>
#include <chrono>

#include "engine/chat/generator.h"
#include "engine/eval/evaluate.h"

namespace scalewright {
namespace {

constexpr int64_t kLargestContext = 4096;
constexpr int64_t kExactAnswer = 128, kReasonedAnswer = 512;  // tokens
// An answer that runs this many tokens past the expected one cannot become equal to it any more.
constexpr int64_t kBeyondExpected = 16;

struct Question {
  int64_t line = 0, row = 0;
  std::vector<Message> prompt;
  std::string expected;
  std::optional<std::string> expected_value;
  EncodedExample encoded;  // prompt and expected answer; only the last answer is learned
  int64_t learned_tokens = 0;
};

// Only the last run of learned tokens stays so.
void keep_last_answer(EncodedExample& example) {
  auto& learned = example.learned;
  size_t end = learned.size();
  while (end > 0 && learned[end - 1] == 0) --end;
  size_t begin = end;
  while (begin > 0 && learned[begin - 1] != 0) --begin;
  std::fill(learned.begin(), learned.begin() + static_cast<std::ptrdiff_t>(begin), uint8_t{0});
}

Error nothing_to_compare(const Dataset& dataset, const AnswerRule& rule) {
  const std::string where = dataset.path.string() + ": ";
  if (rule.match() == AnswerMatch::Number)
    return {ErrorCode::InvalidArgument,
            where + "no expected answer has a number in it. Compare the answers exactly, or by a pattern."};
  return {ErrorCode::InvalidArgument,
          where + "no row has a question and an answer to compare with. Plain text cannot be scored; use eval."};
}

}  // namespace

int64_t usual_answer_tokens(const AnswerRule& rule) {
  return rule.match() == AnswerMatch::Exact ? kExactAnswer : kReasonedAnswer;
}

Result<ScoreReport> score(std::shared_ptr<const Model> model, Backend& backend, const Dataset& dataset,
                          const ScoreOptions& options, Observer& observer, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  const AnswerRule exact_rule;
  const AnswerRule& rule = options.rule;
  const bool exactly = rule.match() == AnswerMatch::Exact;
  const int64_t most = options.max_tokens > 0 ? options.max_tokens : usual_answer_tokens(rule);
  std::vector<Question> questions;
  int64_t longest = 0, without_value = 0;
  EncodeSettings settings;
  settings.context =
      std::min(kLargestContext, model->config.context_length > 0 ? model->config.context_length : kLargestContext);
  for (const Example& example : dataset.examples) {
    if (options.limit > 0 && static_cast<int64_t>(questions.size()) >= options.limit) break;
    const auto last = std::find_if(example.messages.rbegin(), example.messages.rend(),
                                   [](const Message& m) { return m.role == "assistant"; });
    if (last == example.messages.rend() || last + 1 == example.messages.rend()) continue;
    Question question;
    question.line = example.line;
    question.row = example.row;
    question.prompt.assign(example.messages.begin(), last.base() - 1);
    question.expected = last->content;
    question.expected_value = rule.expected_value(question.expected);
    Dataset one;
    one.path = dataset.path;
    one.format = dataset.format;
    one.examples = {example};
    one.examples[0].messages.erase(last.base() - example.messages.begin() + one.examples[0].messages.begin(),
                                   one.examples[0].messages.end());
    auto encoded = encode_dataset(one, *model, settings);
    if (!encoded) {
      observer.warning(encoded.error().message + " The row is left out.");
      continue;
    }
    question.encoded = std::move(encoded->examples.front());
    keep_last_answer(question.encoded);
    question.learned_tokens = std::count(question.encoded.learned.begin(), question.encoded.learned.end(), uint8_t{1});
    longest = std::max(longest, static_cast<int64_t>(question.encoded.ids.size()));
    without_value += !question.expected_value;
    questions.push_back(std::move(question));
  }
  if (static_cast<int64_t>(questions.size()) == without_value)
    return tl::unexpected<Error>(nothing_to_compare(dataset, questions.empty() ? AnswerRule() : rule));
  if (without_value > 0) {
    observer.warning(dataset.path.string() + ": " + std::to_string(without_value) + " of " +
                     std::to_string(questions.size()) +
                     " expected answers have no number in them; no answer to them counts as right.");
  }

  SessionOptions session_options;
  session_options.context = std::min(settings.context, longest + most + kBeyondExpected);
  SW_ASSIGN(const std::unique_ptr<Conversation> conversation, Conversation::create(model, backend, session_options));
  std::unique_ptr<Session> session;
  if (options.want_loss) {
    SessionOptions loss_options;
    loss_options.context = longest;
    SW_ASSIGN(session, Session::create(model, backend, loss_options));
  }

  ScoreReport report;
  double nll_sum = 0.0;
  int64_t nll_count = 0, exact = 0, matched = 0;
  for (const Question& question : questions) {
    if (stop.stop_requested()) break;
    SamplingOptions greedy;
    greedy.temperature = 0.0;
    greedy.max_tokens = exactly ? std::min(most, question.learned_tokens + kBeyondExpected) : most;
    conversation->expect(question.encoded.ids);  // where it comes true, it is checked sooner than said
    SW_ASSIGN(const Generation generation, conversation->answer(question.prompt, greedy, {}, stop));
    if (generation.reason == StopReason::Cancelled) break;
    ScoredRow row;
    row.line = question.line;
    row.row = question.row;
    row.prompt = question.prompt.back().content;
    row.expected = question.expected;
    row.answer = generation.text;
    row.cut = generation.reason != StopReason::EndOfTurn;
    row.exact = !row.cut && exact_rule.value_of(row.answer) == exact_rule.value_of(row.expected);
    row.value = rule.value_of(row.answer);
    row.expected_value = question.expected_value;
    row.matched = exactly ? row.exact : row.value && row.expected_value && rule.same(*row.value, *row.expected_value);
    exact += row.exact;
    matched += row.matched;
    report.cut += row.cut;
    report.answers.push_back(std::move(row));
    if (session) {
      const auto& ids = question.encoded.ids;
      std::vector<int32_t> targets(ids.size(), -100);
      for (size_t t = 1; t < ids.size(); ++t) {
        if (question.encoded.learned[t]) targets[t - 1] = ids[t];
      }
      std::vector<double> nll(ids.size());
      session->rewind(0);
      SW_TRY(session->append_nll(ids, targets, nll));
      for (double value : nll) nll_sum += value;
      nll_count += question.learned_tokens;
    }
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Progress progress;
    progress.step = "row " + std::to_string(report.answers.size()) + " of " + std::to_string(questions.size());
    progress.fraction = static_cast<double>(report.answers.size()) / static_cast<double>(questions.size());
    progress.seconds_left = elapsed / progress.fraction - elapsed;
    observer.progress(progress);
  }
  report.rows = static_cast<int64_t>(report.answers.size());
  const auto rows = static_cast<double>(std::max<int64_t>(report.rows, 1));
  report.exact_match = static_cast<double>(exact) / rows;
  report.matched = static_cast<double>(matched) / rows;
  report.loss = nll_count > 0 ? nll_sum / static_cast<double>(nll_count) : 0.0;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

ScoreDifference score_difference(const ScoreReport& first, const ScoreReport& second) {
  ScoreDifference difference;
  // Rows stand in the order of the file; one may be missing where it was too long for one of the models.
  for (size_t a = 0, b = 0; a < first.answers.size() && b < second.answers.size();) {
    const ScoredRow &left = first.answers[a], &right = second.answers[b];
    if (left.row != right.row) {
      ++(left.row < right.row ? a : b);
      continue;
    }
    ++a, ++b, ++difference.rows;
    difference.first_alone += left.matched && !right.matched;
    difference.second_alone += right.matched && !left.matched;
    difference.other_answers += left.answer != right.answer;
  }
  return difference;
}

}  // namespace scalewright
