// Scores: the model's own greedy answers are exact matches, others are not; the loss is that of the expected answers.

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/chat/generator.h"
#include "engine/eval/evaluate.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestScore : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Backend> backend_;
  Observer observer_;

 private slots:
  void initTestCase() {
    const fs::path path = fs::path(folder_.path().toStdString()) / "llama";
    if (!scalewright_tests::make_tiny_model("llama", path)) QSKIP("the golden set is not here");
    auto model = load_model(path, observer_);
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    model_ = *model;
    auto backend = make_backend({.threads = 1});
    QVERIFY(backend.has_value());
    backend_ = std::move(*backend);
  }

  void own_answers_match() {
    // What the model says on its own, ended by making the byte that follows a stop token.
    auto conversation = Conversation::create(model_, *backend_, {.context = 128});
    QVERIFY(conversation.has_value());
    SamplingOptions greedy;
    greedy.temperature = 0.0;
    greedy.max_tokens = 40;
    const auto answer = (*conversation)->answer({{"user", "Hi"}}, greedy, {}, {});
    QVERIFY2(answer.has_value(), answer ? "" : answer.error().message.c_str());
    QVERIFY(answer->ids.size() > 3);
    size_t cut = answer->ids.size() - 1;
    while (cut > 1 && std::find(answer->ids.begin(), answer->ids.begin() + static_cast<std::ptrdiff_t>(cut),
                                answer->ids[cut]) != answer->ids.begin() + static_cast<std::ptrdiff_t>(cut))
      --cut;
    model_->stop_ids = {answer->ids[cut]};
    const std::string own = model_->tokenizer->decode(std::span(answer->ids).first(cut), true);

    Dataset dataset;
    dataset.path = "rows.jsonl";
    dataset.format = DatasetFormat::Chat;
    dataset.examples.push_back({{{"user", "Hi"}, {"assistant", "  " + own + "\n"}}, "", 1, 1});
    dataset.examples.push_back({{{"user", "Hi"}, {"assistant", own + " and more"}}, "", 1, 2});
    dataset.examples.push_back({{{"user", "Hi"}}, "", 1, 3});
    const auto report = score(model_, *backend_, dataset, {.max_tokens = 64}, observer_, {});
    QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
    QCOMPARE(report->rows, int64_t{2});
    QCOMPARE(report->exact_match, 0.5);
    QVERIFY(report->answers[0].exact && !report->answers[1].exact);
    QCOMPARE(report->answers[1].line, int64_t{1});
    QCOMPARE(report->answers[1].row, int64_t{2});
    QCOMPARE(report->answers[0].prompt, std::string("Hi"));

    // The loss, from the encoded rows.
    double sum = 0.0;
    int64_t count = 0;
    Dataset usable = dataset;
    usable.examples.pop_back();
    const auto encoded = encode_dataset(usable, *model_, {.context = 128});
    for (const EncodedExample& example : encoded->examples) {
      auto session = Session::create(model_, *backend_, {.context = 128});
      std::vector<int32_t> targets(example.ids.size(), -100);
      std::vector<double> nll(example.ids.size());
      for (size_t t = 1; t < example.ids.size(); ++t) {
        if (example.learned[t]) targets[t - 1] = example.ids[t], ++count;
      }
      QVERIFY((*session)->append_nll(example.ids, targets, nll).has_value());
      for (double value : nll) sum += value;
    }
    QVERIFY(std::abs(report->loss - sum / static_cast<double>(count)) < 1e-5);
    QCOMPARE(score(model_, *backend_, dataset, {.limit = 1, .want_loss = false}, observer_, {})->rows, int64_t{1});
    model_->stop_ids.clear();
  }

  void by_a_rule_of_its_own() {
    Dataset dataset;
    dataset.path = "rows.jsonl";
    dataset.format = DatasetFormat::Chat;
    dataset.examples.push_back({{{"user", "Hi"}, {"assistant", "?"}}, "", 1});
    const auto own =
        score(model_, *backend_, dataset,
              {.max_tokens = 24, .want_loss = false, .rule = *AnswerRule::create(AnswerMatch::Pattern, "(\\S)")},
              observer_, {});
    QVERIFY2(own.has_value(), own ? "" : own.error().message.c_str());
    // All of the tokens, not only as many as the expected answer has.
    const ScoredRow& row = own->answers[0];
    QVERIFY(row.cut && row.value.has_value() && model_->tokenizer->encode_ids(row.answer, {}).size() > 20);
    QCOMPARE(own->cut, int64_t{1});
    dataset.examples[0].messages[1].content = "something that ends in " + *row.value;
    dataset.examples.push_back({{{"user", "Hi"}, {"assistant", *row.value + "#"}}, "", 2});
    const auto report =
        score(model_, *backend_, dataset,
              {.max_tokens = 24, .want_loss = false, .rule = *AnswerRule::create(AnswerMatch::Pattern, "(\\S)")},
              observer_, {});
    QVERIFY(report.has_value());
    QCOMPARE(report->matched, 0.5);
    QCOMPARE(report->exact_match, 0.0);
    QVERIFY(report->answers[0].matched && !report->answers[1].matched);
    QCOMPARE(report->answers[1].expected_value.value_or("none"), std::string("#"));
  }

  // Rows are found again by their number in the file, however many stand in a line; one that a model left out is in neither count.
  void differences() {
    const auto report = [](std::initializer_list<std::tuple<int, const char*, bool>> rows) {
      ScoreReport made;
      for (const auto& [number, answer, right] : rows) {
        ScoredRow& row = made.answers.emplace_back();
        row.line = 1, row.row = number, row.answer = answer, row.matched = right;
      }
      return made;
    };
    const auto difference =
        score_difference(report({{1, "a", true}, {2, "b", false}, {4, "c", true}, {5, "d", true}, {7, "e", false}}),
                         report({{1, "a", true}, {2, "x", true}, {3, "y", true}, {5, "z", false}, {7, "w", false}}));
    QCOMPARE(difference.rows, int64_t{4});
    QCOMPARE(difference.first_alone, int64_t{1});
    QCOMPARE(difference.second_alone, int64_t{1});
    QCOMPARE(difference.differing(), int64_t{2});
    QCOMPARE(difference.other_answers, int64_t{3});
  }

  void refusals() {
    Dataset text;
    text.path = "text.txt";
    text.examples.push_back({{}, "only text", 1});
    const auto report = score(model_, *backend_, text, {}, observer_, {});
    QVERIFY(!report.has_value());
    QVERIFY(report.error().message.find("no row has a question") != std::string::npos);
    // No number is expected anywhere, or only in some rows.
    Dataset words;
    words.path = "words.jsonl";
    words.format = DatasetFormat::Chat;
    words.examples.push_back({{{"user", "Hi"}, {"assistant", "nothing"}}, "", 1});
    const ScoreOptions by_number{.max_tokens = 4, .want_loss = false, .rule = *AnswerRule::create(AnswerMatch::Number)};
    const auto none = score(model_, *backend_, words, by_number, observer_, {});
    QVERIFY(!none && none.error().message.find("no expected answer has a number") != std::string::npos);
    words.examples.push_back({{{"user", "Hi"}, {"assistant", "7"}}, "", 2});
    struct : Observer {
      std::string said;
      void warning(std::string_view text) override { said += text; }
    } hearing;
    QVERIFY(score(model_, *backend_, words, by_number, hearing, {}).has_value());
    QVERIFY2(hearing.said.find("1 of 2 expected answers") != std::string::npos, hearing.said.c_str());
  }
};

QTEST_APPLESS_MAIN(TestScore)
#include "test_score.moc"
