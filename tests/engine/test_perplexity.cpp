// Perplexity against the model's logits, window by window.

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <fstream>

#include "engine/eval/evaluate.h"
#include "engine/model/session.h"
#include "tests/engine/tiny_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestPerplexity : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  fs::path root_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<Backend> backend_;
  Observer observer_;

  // -log p of ids[t] after `given`, from logits.
  double nll_after(std::span<const int32_t> given, int32_t id) {
    auto session = Session::create(model_, *backend_, {.context = static_cast<int64_t>(given.size())});
    if (!session || !(*session)->append(given)) return -1.0;
    const auto logits = (*session)->logits();
    double total = 0.0;
    for (float logit : logits) total += std::exp(static_cast<double>(logit));
    return std::log(total) - logits[static_cast<size_t>(id)];
  }
  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name, std::ios::binary) << text;
    return root_ / name;
  }

 private slots:
  void initTestCase() {
    root_ = folder_.path().toStdString();
    if (!scalewright_tests::make_tiny_model("llama", root_ / "llama")) QSKIP("the golden set is not here");
    auto model = load_model(root_ / "llama", observer_);
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    model_ = *model;
    auto backend = make_backend({.threads = 1});
    QVERIFY(backend.has_value());
    backend_ = std::move(*backend);
  }

  void windows() {
    const std::string text = "The mill by the river was old when the town was young, and it";
    const auto ids = model_->tokenizer->encode_ids(text, {});
    for (const auto& [context, stride] :
         {std::pair<int64_t, int64_t>{16, 0}, {16, 16}, {16, 5}, {16, 1}, {200, 0}, {2, 0}}) {
      double sum = 0.0;
      int64_t count = 0, counted = 1;
      const int64_t n = static_cast<int64_t>(ids.size()), step = stride > 0 ? stride : context;
      for (int64_t begin = 0; begin < n; begin += step) {
        const int64_t end = std::min(begin + context, n);
        for (int64_t t = std::max(begin + 1, counted); t < end; ++t) {
          sum += nll_after(std::span(ids).subspan(static_cast<size_t>(begin), static_cast<size_t>(t - begin)),
                           ids[static_cast<size_t>(t)]);
          ++count;
        }
        counted = std::max(counted, end);
        if (end == n) break;
      }
      const auto report =
          perplexity_of_ids(model_, *backend_, ids, {.context = context, .stride = stride}, observer_, {});
      QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
      QCOMPARE(report->tokens, count);
      QVERIFY2(std::abs(report->nll - sum / static_cast<double>(count)) < 1e-4,
               std::to_string(report->nll - sum / static_cast<double>(count)).c_str());
      QVERIFY(std::abs(report->perplexity - std::exp(report->nll)) < 1e-9);
      QCOMPARE(report->stride, step);
      const auto from_file =
          perplexity(model_, *backend_, write("t.txt", text), {.context = context, .stride = stride}, observer_, {});
      QVERIFY(from_file.has_value());
      QCOMPARE(from_file->nll, report->nll);
    }
    const auto few = perplexity_of_ids(model_, *backend_, ids, {.context = 16, .max_tokens = 20}, observer_, {});
    QCOMPARE(few->tokens, int64_t{15 + 3});
  }

  // Conversations are read as the model reads them: through its template, with its special tokens.
  void conversations() {
    const fs::path folder = root_ / "chat";
    QVERIFY(scalewright_tests::make_tiny_model("llama", folder));
    std::ofstream(folder / "tokenizer_config.json")
        << R"({"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": false, "chat_template": "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"})";
    const auto model = load_model(folder, observer_);
    QVERIFY2(model.has_value(), model ? "" : model.error().message.c_str());
    const auto ids = (*model)->tokenizer->encode_ids("<s>user: hi</s><s>assistant: ok</s>",
                                                     {.parse_special = true, .add_bos = false});
    const auto expected = perplexity_of_ids(*model, *backend_, ids, {.context = 64}, observer_, {});
    QVERIFY(expected.has_value());
    const std::string rows[] = {
        R"({"prompt": "hi", "completion": "ok"})",
        R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ok"}]})"};
    for (const std::string& row : rows) {
      const auto report =
          perplexity(*model, *backend_, write("chat.jsonl", row + "\n"), {.context = 64}, observer_, {});
      QVERIFY2(report.has_value(), report ? "" : report.error().message.c_str());
      QCOMPARE(report->tokens, expected->tokens);
      QCOMPARE(report->nll, expected->nll);
    }
  }

  void jsonl_and_bos() {
    const auto joined =
        perplexity(model_, *backend_, write("a.txt", "one two\n\nthree"), {.context = 64}, observer_, {});
    const std::string rows = "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n";
    for (const auto& [name, text] : {std::pair<const char*, std::string>{"a.jsonl", rows},
                                     {"A.JSONL", rows},
                                     {"a.jsonlines", rows},
                                     {"a.tab", "text\tid\none two\t1\nthree\t2\n"}}) {
      const auto lines = perplexity(model_, *backend_, write(name, text), {.context = 64}, observer_, {});
      QVERIFY2(lines.has_value(), lines ? name : lines.error().message.c_str());
      QCOMPARE(lines->nll, joined->nll);
    }
    // With BOS each window begins with it, and the first token of the window is predicted from it, except that of the
    // text.
    model_->add_bos = true;
    const auto with = perplexity(model_, *backend_, write("b.txt", "abcdefgh"), {.context = 5}, observer_, {});
    model_->add_bos = false;
    QVERIFY(with.has_value());
    QCOMPARE(with->tokens, int64_t{7});
    const auto ids = model_->tokenizer->encode_ids("abcdefgh", {});
    double sum = 0.0;
    for (size_t t = 1; t < 8; ++t) {
      std::vector<int32_t> given = {model_->tokenizer->bos()};
      for (size_t k = t / 4 * 4; k < t; ++k) given.push_back(ids[k]);
      sum += nll_after(given, ids[t]);
    }
    QVERIFY(std::abs(with->nll - sum / 7) < 1e-4);
  }

  void refusals() {
    QVERIFY(!perplexity(model_, *backend_, write("short.txt", "a"), {.context = 16}, observer_, {}).has_value());
    QVERIFY(!perplexity(model_, *backend_, write("empty.txt", ""), {.context = 16}, observer_, {}).has_value());
    QVERIFY(!perplexity(model_, *backend_, root_ / "absent.txt", {.context = 16}, observer_, {}).has_value());
    QVERIFY(!perplexity(model_, *backend_, write("ok.txt", "abc"), {.context = 1}, observer_, {}).has_value());
    QVERIFY(
        !perplexity(model_, *backend_, write("ok.txt", "abc"), {.context = 8, .stride = 9}, observer_, {}).has_value());
    std::stop_source source;
    source.request_stop();
    const auto stopped =
        perplexity(model_, *backend_, write("ok.txt", "abc"), {.context = 8}, observer_, source.get_token());
    QVERIFY(stopped.has_value());
    QCOMPARE(stopped->tokens, int64_t{0});
  }
};

QTEST_APPLESS_MAIN(TestPerplexity)
#include "test_perplexity.moc"
