// Conversations on a tiny model: the reused cache changes nothing, streams are whole UTF-8, stops and limits are kept.

#include <QTemporaryDir>
#include <QtTest>

#include "engine/chat/generator.h"
#include "engine/chat/text_guess.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestConversation : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Backend> backend_;

  std::unique_ptr<Conversation> open(int64_t context = 128) {
    auto conversation = Conversation::create(model_, *backend_, {.context = context, .chunk = 7});
    if (!conversation) qWarning("%s", conversation.error().message.c_str());
    return conversation ? std::move(*conversation) : nullptr;
  }
  static SamplingOptions greedy(int64_t most) {
    SamplingOptions options;
    options.temperature = 0.0;
    options.max_tokens = most;
    return options;
  }

 private slots:
  void initTestCase() {
    const fs::path path = fs::path(folder_.path().toStdString()) / "llama";
    if (!scalewright_tests::make_tiny_model("llama", path)) QSKIP("the golden set is not here");
    Observer observer;
    auto model = load_model(path, observer);
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    model_ = *model;
    auto backend = make_backend({.threads = 1});
    QVERIFY(backend.has_value());
    backend_ = std::move(*backend);
  }

  // Who has made the tokens already gives them; the answer is the same.
  void from_tokens() {
    const std::vector<Message> messages = {{"user", "The town of"}};
    const auto answer = open()->answer(messages, greedy(8), {}, {});
    auto conversation = open();
    const auto ids = conversation->prompt_ids(messages);
    QVERIFY(answer && ids);
    const auto again = conversation->complete(*ids, greedy(8), {}, {});
    QVERIFY(again.has_value());
    QCOMPARE(again->ids, answer->ids);
    QCOMPARE(again->prompt_tokens, static_cast<int64_t>(ids->size()));
    QVERIFY(!conversation->complete(std::vector<int32_t>(), greedy(8), {}, {}).has_value());
  }

  // Against the model run on the whole text for every token.
  void greedy_text() {
    const std::string prompt = "The town of ";
    auto conversation = open();
    QVERIFY(conversation);
    std::string streamed;
    const auto answer =
        conversation->complete(prompt, greedy(20), [&](std::string_view text) { streamed += text; }, {});
    QVERIFY2(answer.has_value(), answer ? "" : answer.error().message.c_str());
    QCOMPARE(streamed, answer->text);
    auto ids = model_->tokenizer->encode_ids(prompt, {});
    QCOMPARE(answer->prompt_tokens, static_cast<int64_t>(ids.size()));
    std::vector<int32_t> expected;
    auto session = Session::create(model_, *backend_, {.context = 128});
    QVERIFY(session.has_value());
    while (expected.size() < answer->ids.size()) {
      (*session)->rewind(0);
      QVERIFY((*session)->append(ids).has_value());
      const auto logits = (*session)->logits();
      const int32_t id = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
      expected.push_back(id);
      ids.push_back(id);
    }
    QVERIFY(expected == answer->ids);
    QVERIFY(answer->reason == StopReason::MaxTokens || answer->reason == StopReason::EndOfTurn);
    QCOMPARE(answer->reused_tokens, int64_t{0});
  }

  void prefix_is_reused() {
    auto one = open(), other = open();
    QVERIFY(one && other);
    const auto first = one->complete("People came from", greedy(8), {}, {});
    const std::string next = "People came from" + first->text + " and then they";
    const auto reused = one->complete(next, greedy(12), {}, {});
    const auto fresh = other->complete(next, greedy(12), {}, {});
    QVERIFY(reused->reused_tokens >= first->prompt_tokens);
    QCOMPARE(fresh->reused_tokens, int64_t{0});
    QVERIFY(reused->ids == fresh->ids);
    QCOMPARE(one->tokens_used(), other->tokens_used());
    // The same prompt again: all but its last token is there.
    const auto again = other->complete(next, greedy(12), {}, {});
    QCOMPARE(again->reused_tokens, again->prompt_tokens - 1);
    QVERIFY(again->ids == fresh->ids);
    // A prompt that differs from its first letter on.
    const auto another = other->complete("Zebras", greedy(4), {}, {});
    QCOMPARE(another->reused_tokens, int64_t{0});
    other->forget();
    QCOMPARE(other->tokens_used(), int64_t{0});
    QCOMPARE(other->complete(next, greedy(2), {}, {})->reused_tokens, int64_t{0});
  }

  void messages() {
    auto conversation = open();
    std::vector<Message> messages = {{"user", "Hi"}};
    const auto first = conversation->answer(messages, greedy(5), {}, {});
    QVERIFY2(first.has_value(), first ? "" : first.error().message.c_str());
    messages.push_back({"assistant", first->text});
    messages.push_back({"user", "More"});
    const auto second = conversation->answer(messages, greedy(5), {}, {});
    QVERIFY(second.has_value());
    QVERIFY(second->reused_tokens > 0);
    auto fresh = open();
    QVERIFY(fresh->answer(messages, greedy(5), {}, {})->ids == second->ids);
  }

  // Guesses change the time alone: what is said, greedily and drawn, with and without a penalty that looks back.
  void guesses_change_nothing() {
    const std::string again = "The town of the town of the town of ";
    for (const double temperature : {0.0, 0.8}) {
      for (const double penalty : {1.0, 1.1}) {
        for (const int top_k : {0, 5}) {
          SamplingOptions options{.temperature = temperature, .top_k = top_k, .repeat_penalty = penalty, .max_tokens = 60};
          options.seed = 7;
          options.guess_ahead = 0;
          auto plain = open(), guessing = open();
          const auto expected = plain->complete(again, options, {}, {});
          QVERIFY(expected.has_value());
          QCOMPARE(expected->guessed_tokens, int64_t{0});
          for (const int64_t most : {1, 2, 3, 100}) {
            options.guess_ahead = most;
            std::string streamed;
            const auto answer = guessing->complete(again, options, [&](std::string_view text) { streamed += text; }, {});
            QVERIFY(answer.has_value());
            QVERIFY(answer->ids == expected->ids);
            QCOMPARE(streamed, expected->text);
            QVERIFY(answer->reason == expected->reason);
            QCOMPARE(guessing->tokens_used(), plain->tokens_used());
            if (temperature == 0.0 && penalty == 1.0) {
              QVERIFY(answer->guessed_tokens > 0);
              QVERIFY(answer->right_guesses > 0);
            }
            QVERIFY(answer->right_guesses <= answer->guessed_tokens);
          }
        }
      }
    }
  }

  // An answer that ends within a guess ends there, by a stop token, its longest length, or the context.
  void guesses_end_where_the_answer_does() {
    auto guessing = open(48);
    SamplingOptions options = greedy(1000);
    const std::string again = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    options.guess_ahead = 0;
    const auto plain = open(48)->complete(again, options, {}, {});
    options.guess_ahead = 3;
    const auto full = guessing->complete(again, options, {}, {});
    QVERIFY(full.has_value());
    QVERIFY(full->ids == plain->ids);
    QVERIFY(full->reason == plain->reason);
    QVERIFY(guessing->tokens_used() <= 48);
    for (size_t most = 1; most <= plain->ids.size(); ++most) {
      const auto cut = guessing->complete(again, greedy(static_cast<int64_t>(most)), {}, {});
      QCOMPARE(cut->ids.size(), most);
      QVERIFY(std::equal(cut->ids.begin(), cut->ids.end(), plain->ids.begin()));
    }
    // The cache that a guess left is good for the next turn.
    const auto next = guessing->complete(again + plain->text.substr(0, 3), greedy(5), {}, {});
    QVERIFY(next->ids == open(48)->complete(again + plain->text.substr(0, 3), greedy(5), {}, {})->ids);
  }

  void guessing() {
    const auto guess = [](TextGuess& guesses, std::vector<int32_t> text, int64_t most) {
      guesses.add(text);
      return guesses.next(most);
    };
    using Ids = std::vector<int32_t>;
    {
      TextGuess guesses(7, 0.25);
      QVERIFY(guess(guesses, {1, 2, 3, 4, 5, 6, 7, 8}, 7) == Ids{});
      QVERIFY(guess(guesses, {1, 2, 3}, 3) == Ids({4, 5, 6}));
      guesses.judge(1);  // as long as it was right
      guesses.add(Ids{4});
      QVERIFY(guesses.next(7) == Ids({5}));
      guesses.judge(1);  // all right: longer
      guesses.add(Ids{5});
      QVERIFY(guesses.next(7) == Ids({6, 7, 8}));
      guesses.judge(0);
      guesses.add(Ids{6});
      QVERIFY(guesses.next(1) == Ids({7}));
      QVERIFY(guesses.next(0) == Ids{});
    }
    {
      TextGuess guesses(7, 0.25);  // the last place counts, and a text that repeats itself goes round
      QVERIFY(guess(guesses, {1, 2, 3, 1, 2, 4, 1, 2}, 2) == Ids({4, 1}));
      TextGuess circle(7, 0.25);
      QVERIFY(guess(circle, {9, 9, 9, 9}, 3) == Ids({9, 9, 9}));
    }
    {
      TextGuess none(0, 0.25);
      QVERIFY(guess(none, {1, 2, 1, 2}, 5) == Ids{});
    }
    {
      // What never comes true is tried less and less.
      TextGuess guesses(7, 0.25);
      guesses.add(Ids{1, 2, 3, 1, 2});
      int tried = 0;
      for (int turn = 0; turn < 400; ++turn) {
        if (guesses.next(7).empty()) continue;
        ++tried;
        guesses.judge(0);
      }
      QVERIFY(tried >= 5);
      QVERIFY2(tried < 40, std::to_string(tried).c_str());
    }
  }

  // Earlier texts are guessed from too, but not across the end of one, and not for ever.
  void guessing_from_texts_of_before() {
    using Ids = std::vector<int32_t>;
    TextGuess guesses(7, 0.25);
    guesses.begin(Ids{1, 2, 3, 4, 5});
    guesses.begin(Ids{2, 3});
    QVERIFY(guesses.next(2) == Ids({4, 5}));
    guesses.judge(2);
    guesses.begin(Ids{2, 3, 7, 8});  // the last text goes on
    guesses.begin(Ids{2, 3, 7});
    QVERIFY(guesses.next(1) == Ids({8}));
    guesses.judge(1);
    guesses.begin(Ids{9});
    guesses.begin(Ids{6, 9});
    QVERIFY(guesses.next(1) == Ids{});
    guesses.begin(Ids{5, 2, 3, 9});  // two tokens of two texts are not two tokens of one
    guesses.begin(Ids{7, 9, 6});
    QVERIFY(guesses.next(1) == Ids{});

    guesses.begin(Ids{20, 21, 22, 23});
    Ids others(TextGuess::kMostKept);
    for (size_t i = 0; i < others.size(); ++i) others[i] = static_cast<int32_t>(100 + i);
    guesses.begin(others);
    guesses.begin(Ids{20, 21, 22});
    QVERIFY(guesses.next(1) == Ids{});
    guesses.begin(Ids{others.end()[-9], others.end()[-8], others.end()[-7]});
    QVERIFY(guesses.next(1) == Ids{others.end()[-6]});

    TextGuess forgetful(7, 0.25);  // those that are kept end where they ended
    others.resize(TextGuess::kMostKept - 2);
    forgetful.begin(others);
    forgetful.begin(Ids{31, 32});
    forgetful.begin(Ids{33, 34, 36});
    forgetful.begin(Ids{35, 31, 32});
    QVERIFY(forgetful.next(1) == Ids{});
    forgetful.begin(Ids{33, 34});
    QVERIFY(forgetful.next(1) == Ids{36});
  }

  // What was said, or is expected, costs fewer turns to say again.
  void expected_answers_are_guessed() {
    SamplingOptions options = greedy(40);
    options.guess_ahead = 3;
    const std::string prompt = "The town of ";
    auto first = open(), second = open();
    const auto alone = first->complete(prompt, options, {}, {});
    QVERIFY(alone.has_value());
    const auto again = first->complete(prompt, options, {}, {});
    QVERIFY(again->ids == alone->ids);
    QVERIFY(again->right_guesses > alone->right_guesses);
    std::vector<int32_t> text = second->prompt_ids(prompt);
    text.insert(text.end(), alone->ids.begin(), alone->ids.end());
    second->expect(text);
    const auto expected = second->complete(prompt, options, {}, {});
    QVERIFY(expected->ids == alone->ids);
    QVERIFY2(expected->right_guesses >= 25, std::to_string(expected->right_guesses).c_str());
    second->expect(second->prompt_ids("The town of nothing that comes true"));
    QVERIFY(second->complete(prompt, options, {}, {})->ids == alone->ids);
  }

  void stops() {
    auto plain = open();
    const auto free = plain->complete("The ", greedy(10), {}, {});
    QVERIFY(free->ids.size() >= 2);
    // With its last token as a stop token the answer is shorter, and the stop token is not part of it.
    auto copy = std::make_shared<Model>();
    copy->config = model_->config;
    copy->tokenizer = model_->tokenizer;
    copy->name = model_->name;
    std::swap(copy->weights, model_->weights);
    copy->stop_ids = {free->ids.back()};
    {
      auto conversation = Conversation::create(copy, *backend_, {.context = 128});
      QVERIFY(conversation.has_value());
      const auto stopped = (*conversation)->complete("The ", greedy(10), {}, {});
      QVERIFY(stopped->reason == StopReason::EndOfTurn);
      QVERIFY(std::find(stopped->ids.begin(), stopped->ids.end(), free->ids.back()) == stopped->ids.end());
      QVERIFY(stopped->ids.size() < free->ids.size());
    }
    std::swap(copy->weights, model_->weights);
  }

  void limits() {
    auto conversation = open(32);
    const auto full = conversation->complete("0123456789", greedy(1000), {}, {});
    QVERIFY(full->reason == StopReason::ContextFull || full->reason == StopReason::EndOfTurn);
    QVERIFY(conversation->tokens_used() <= 32);
    if (full->reason == StopReason::ContextFull)
      QCOMPARE(full->ids.size(), size_t{23});  // the last one is said, not kept
    const auto too_long = conversation->complete(std::string(40, 'a'), greedy(5), {}, {});
    QVERIFY(!too_long.has_value());
    QVERIFY(too_long.error().message.find("40 tokens, but the context holds 32") != std::string::npos);
    QVERIFY(!conversation->complete("", greedy(5), {}, {}).has_value());
    QVERIFY(conversation->complete("still alive", greedy(5), {}, {}).has_value());
  }

  void cancelling() {
    auto conversation = open();
    std::stop_source source;
    int pieces = 0;
    const auto cancelled = conversation->complete(
        "The ", greedy(50),
        [&](std::string_view) {
          if (++pieces == 3) source.request_stop();
        },
        source.get_token());
    QVERIFY(cancelled.has_value());
    QVERIFY(cancelled->reason == StopReason::Cancelled);
    QVERIFY(cancelled->ids.size() < 50);
    const auto before = conversation->complete(std::string(60, 'b'), greedy(5), {}, source.get_token());
    QVERIFY(before->reason == StopReason::Cancelled && before->ids.empty());
    const auto after = conversation->complete("The ", greedy(3), {}, {});
    QVERIFY(after->ids == open()->complete("The ", greedy(3), {}, {})->ids);
  }

  void streamed_text_is_whole_utf8() {
    auto conversation = open();
    SamplingOptions wild;
    wild.temperature = 50.0;  // any byte
    wild.top_k = 0;
    wild.top_p = 1.0;
    wild.min_p = 0.0;
    wild.max_tokens = 100;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      wild.seed = seed;
      std::string streamed;
      bool whole = true;
      const auto answer =
          conversation->complete("x", wild,
                                 [&](std::string_view text) {
                                   streamed += text;
                                   whole &= QString::fromUtf8(text.data(), static_cast<int>(text.size())).toUtf8() ==
                                            QByteArray(text.data(), static_cast<int>(text.size()));
                                 },
                                 {});
      QVERIFY(answer.has_value());
      QVERIFY(whole);
      QCOMPARE(streamed, answer->text);
      QVERIFY(conversation->complete("x", wild, {}, {})->ids == answer->ids);  // the seed decides
    }
  }
};

QTEST_APPLESS_MAIN(TestConversation)
#include "test_conversation.moc"
