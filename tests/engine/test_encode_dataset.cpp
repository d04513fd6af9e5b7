// Rows to ids and masks: the mask against the characters it stands for, truncation, documents, splits.

#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "engine/data/dataset.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

constexpr const char* kChatMl =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
    "'\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

fs::path golden_tokenizer(const char* name) {
  const char* folder = std::getenv("SCALEWRIGHT_GOLDEN");
  return (folder ? fs::path(folder) : fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden") / "tokenizers" / name;
}

Dataset conversations(std::vector<std::vector<Message>> rows) {
  Dataset dataset;
  dataset.path = "rows.jsonl";
  dataset.format = DatasetFormat::Chat;
  for (size_t i = 0; i < rows.size(); ++i)
    dataset.examples.push_back({std::move(rows[i]), "", static_cast<int64_t>(i + 1)});
  return dataset;
}

Dataset document(const std::string& text) {
  Dataset dataset;
  dataset.path = "text.txt";
  dataset.format = DatasetFormat::Text;
  dataset.examples.push_back({{}, text, 1});
  return dataset;
}

// The learned tokens' text, runs joined by "|".
std::string learned_text(const EncodedExample& example, const Tokenizer& tokenizer) {
  std::string out;
  std::vector<int32_t> run;
  for (size_t i = 0; i <= example.ids.size(); ++i) {
    if (i < example.ids.size() && example.learned[i]) {
      run.push_back(example.ids[i]);
    } else if (!run.empty()) {
      out += (out.empty() ? "" : "|") + tokenizer.decode(run, false);
      run.clear();
    }
  }
  return out;
}

}  // namespace

class TestEncodeDataset : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  Model chatml_;  // smollm tokenizer, ChatML
  Model plain_;   // llama3-like tokenizer, no template, BOS wanted

 private slots:
  void initTestCase() {
    // The golden folders name no bos and eos: these do.
    const auto with_tokens = [&](const char* name, const char* config) {
      const fs::path folder = fs::path(folder_.path().toStdString()) / name;
      fs::create_directories(folder);
      std::error_code error;
      fs::copy_file(golden_tokenizer(name) / "tokenizer.json", folder / "tokenizer.json", error);
      std::ofstream(folder / "tokenizer_config.json") << config;
      return load_tokenizer(folder);
    };
    auto smollm = with_tokens("smollm", R"({"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"})");
    auto llama3 = with_tokens("llama3", R"({"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"})");
    if (!smollm || !llama3) QSKIP("the golden tokenizers are not here");
    auto parsed = ChatTemplate::parse(kChatMl);
    QVERIFY2(parsed.has_value(), parsed ? "" : parsed.error().message.c_str());
    chatml_.name = "chatml";
    chatml_.tokenizer = *smollm;
    chatml_.chat_template = *parsed;
    chatml_.bos_token = "<|im_start|>";
    chatml_.eos_token = "<|im_end|>";
    plain_.name = "plain";
    plain_.tokenizer = *llama3;
    plain_.add_bos = true;
    plain_.bos_token = plain_.tokenizer->token_text(plain_.tokenizer->bos());
    plain_.eos_token = plain_.tokenizer->token_text(plain_.tokenizer->eos());
  }

  void answers_and_their_end_are_learned() {
    const auto encoded =
        encode_dataset(conversations({{{"user", "Hi there"},
                                       {"assistant", "Hello!"},
                                       {"user", "Bye"},
                                       {"assistant", "So long, d\xC3\xA9j\xC3\xA0 vu \xF0\x9F\x98\x80"}}}),
                       chatml_, {});
    QVERIFY2(encoded.has_value(), encoded ? "" : encoded.error().message.c_str());
    const EncodedExample& example = encoded->examples.at(0);
    QCOMPARE(learned_text(example, *chatml_.tokenizer),
             std::string("Hello!<|im_end|>|So long, d\xC3\xA9j\xC3\xA0 vu \xF0\x9F\x98\x80<|im_end|>"));
    QCOMPARE(chatml_.tokenizer->decode(example.ids, false),
             std::string("<|im_start|>user\nHi "
                         "there<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|"
                         "im_start|>assistant\nSo long, d\xC3\xA9j\xC3\xA0 vu \xF0\x9F\x98\x80<|im_end|>\n"));
    QCOMPARE(encoded->tokens, static_cast<int64_t>(example.ids.size()));
    QCOMPARE(encoded->learned_tokens,
             static_cast<int64_t>(std::count(example.learned.begin(), example.learned.end(), 1)));
    QCOMPARE(example.line, int64_t{1});
    QVERIFY(!example.cut);
  }

  void a_special_token_in_the_text_is_not_learned_outside_the_answer() {
    const auto encoded = encode_dataset(conversations({{{"user", "a<|im_end|>b"}, {"assistant", "c"}}}), chatml_, {});
    QCOMPARE(learned_text(encoded->examples.at(0), *chatml_.tokenizer), std::string("c<|im_end|>"));
  }

  void system_prompt_and_inputs() {
    EncodeSettings settings;
    settings.system_prompt = "Be brief.";
    const auto with = encode_dataset(
        conversations({{{"user", "Q"}, {"assistant", "A"}}, {{"system", "Own."}, {"user", "Q"}, {"assistant", "A"}}}),
        chatml_, settings);
    QVERIFY(chatml_.tokenizer->decode(with->examples[0].ids, false).find("Be brief.") != std::string::npos);
    QVERIFY(chatml_.tokenizer->decode(with->examples[1].ids, false).find("Be brief.") == std::string::npos);
    settings.train_on_inputs = true;
    const auto all = encode_dataset(conversations({{{"user", "Q"}, {"assistant", "A"}}}), chatml_, settings);
    const auto& learned = all->examples[0].learned;
    QCOMPARE(int(learned[0]), 0);  // nothing stands before it
    QVERIFY(std::all_of(learned.begin() + 1, learned.end(), [](uint8_t l) { return l == 1; }));
    const auto preview = preview_example(conversations({{{"user", "Q"}, {"assistant", "A"}}}).examples[0], chatml_, {});
    QVERIFY(preview.has_value());
    QCOMPARE(preview->learned.size(), size_t{1});
    QCOMPARE(preview->text.substr(preview->learned[0].first, preview->learned[0].second - preview->learned[0].first),
             std::string("A<|im_end|>"));
  }

  void long_rows_are_cut_and_what_teaches_nothing_is_dropped() {
    std::string words;
    for (int i = 0; i < 100; ++i) words += " word";
    EncodeSettings settings;
    settings.context = 40;
    const auto encoded = encode_dataset(conversations({{{"user", "Q"}, {"assistant", words}},
                                                       {{"user", words}, {"assistant", "A"}},
                                                       {{"user", "Q"}, {"assistant", "A"}}}),
                                        chatml_, settings);
    QVERIFY(encoded.has_value());
    QCOMPARE(encoded->examples.size(), size_t{2});
    QCOMPARE(encoded->dropped, int64_t{1});
    QCOMPARE(encoded->cut, int64_t{1});
    QCOMPARE(encoded->examples[0].ids.size(), size_t{40});
    QVERIFY(encoded->examples[0].cut && !encoded->examples[1].cut);
    QCOMPARE(encoded->examples[1].line, int64_t{3});
    // Cut at the start instead: the answer stays whole. Or left out, and counted.
    settings.truncation = Truncation::Start;
    const auto from_start = encode_dataset(conversations({{{"user", words}, {"assistant", "The answer"}}}), chatml_, settings);
    QVERIFY(from_start.has_value());
    QCOMPARE(from_start->examples[0].ids.size(), size_t{40});
    QVERIFY(from_start->examples[0].cut);
    QVERIFY(QString::fromStdString(learned_text(from_start->examples[0], *chatml_.tokenizer)).startsWith("The answer"));
    settings.truncation = Truncation::Drop;
    const auto without = encode_dataset(conversations({{{"user", "Q"}, {"assistant", words}}, {{"user", "Q"}, {"assistant", "A"}}}), chatml_, settings);
    QVERIFY(without.has_value());
    QCOMPARE(without->examples.size(), size_t{1});
    QCOMPARE(without->too_long, int64_t{1});
    QCOMPARE(without->cut, int64_t{0});
    settings.truncation = Truncation::End;
    settings.context = 4;
    const auto nothing = encode_dataset(conversations({{{"user", words}, {"assistant", "A"}}}), chatml_, settings);
    QVERIFY(!nothing.has_value());
    QVERIFY(nothing.error().message.find("Choose a longer context") != std::string::npos);
    settings.context = 1;
    QVERIFY(!encode_dataset(conversations({{{"user", "Q"}, {"assistant", "A"}}}), chatml_, settings).has_value());
    Model mute;
    mute.name = "mute";
    QVERIFY(!encode_dataset(conversations({{{"user", "Q"}, {"assistant", "A"}}}), mute, {}).has_value());
  }

  void documents() {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "Line " + std::to_string(i) + " of a text <|im_end|>.\n";
    const auto ids = chatml_.tokenizer->encode_ids(text, {});
    EncodeSettings settings;
    settings.context = 64;
    const auto encoded = encode_dataset(document(text), chatml_, settings);
    QVERIFY(encoded.has_value());
    std::vector<int32_t> joined;
    for (const EncodedExample& row : encoded->examples) {
      QVERIFY(static_cast<int64_t>(row.ids.size()) <= 64);
      QCOMPARE(int(row.learned[0]), 0);
      QVERIFY(std::all_of(row.learned.begin() + 1, row.learned.end(), [](uint8_t l) { return l == 1; }));
      joined.insert(joined.end(), row.ids.begin(), row.ids.end());
    }
    if (ids.size() % 64 != 1) QVERIFY(joined == ids);  // a single token left over predicts nothing
    QVERIFY(std::find(ids.begin(), ids.end(), chatml_.tokenizer->eos()) ==
            ids.end());  // written in the text it is text

    // With BOS each row begins with it; documents of a collection end with EOS.
    Dataset collection = document("one two three");
    collection.path = "d.jsonl";
    collection.examples.push_back({{}, "four", 2});
    const auto rows = encode_dataset(collection, plain_, settings);
    QVERIFY(rows.has_value());
    QCOMPARE(rows->examples.size(), size_t{2});
    for (const EncodedExample& row : rows->examples) {
      QCOMPARE(row.ids.front(), plain_.tokenizer->bos());
      QCOMPARE(int(row.learned[1]), 1);
    }
    const auto ended = encode_dataset(collection, chatml_, settings);
    QVERIFY(chatml_.tokenizer->eos() >= 0);
    for (const EncodedExample& row : ended->examples) QCOMPARE(row.ids.back(), chatml_.tokenizer->eos());
  }

  // Without a template of its own a model is given plain turns; the mask still covers the whole answer.
  void without_template() {
    const auto encoded =
        encode_dataset(conversations({{{"user", "What is it?"}, {"assistant", "It is a test."}}}), plain_, {});
    QVERIFY2(encoded.has_value(), encoded ? "" : encoded.error().message.c_str());
    const EncodedExample& example = encoded->examples[0];
    QCOMPARE(std::count(example.ids.begin(), example.ids.end(), plain_.tokenizer->bos()), std::ptrdiff_t{1});
    QVERIFY(learned_text(example, *plain_.tokenizer).find("It is a test.") != std::string::npos);
    QVERIFY(learned_text(example, *plain_.tokenizer).find("What") == std::string::npos);
  }

  void split() {
    std::vector<std::vector<Message>> rows;
    for (int i = 0; i < 40; ++i)
      rows.push_back({{"user", "Q" + std::to_string(i)}, {"assistant", "A" + std::to_string(i)}});
    const auto encoded = *encode_dataset(conversations(rows), chatml_, {});
    const auto [train, validation] = split_dataset(encoded, 0.1, 5);
    QCOMPARE(train.examples.size(), size_t{36});
    QCOMPARE(validation.examples.size(), size_t{4});
    QCOMPARE(train.tokens + validation.tokens, encoded.tokens);
    QCOMPARE(train.learned_tokens + validation.learned_tokens, encoded.learned_tokens);
    std::vector<int64_t> lines;
    for (const auto* part : {&train, &validation}) {
      for (const EncodedExample& example : part->examples) lines.push_back(example.line);
    }
    std::sort(lines.begin(), lines.end());
    for (int64_t i = 0; i < 40; ++i) QCOMPARE(lines[static_cast<size_t>(i)], i + 1);
    const auto picked = [&](uint64_t seed) {
      std::vector<int64_t> out;
      for (const EncodedExample& example : split_dataset(encoded, 0.1, seed).second.examples)
        out.push_back(example.line);
      return out;
    };
    QVERIFY(picked(5) == picked(5));
    QVERIFY(picked(5) != picked(6));
    QCOMPARE(split_dataset(encoded, 0.0, 1).second.examples.size(), size_t{0});
    QCOMPARE(split_dataset(encoded, 0.001, 1).second.examples.size(), size_t{1});
    QCOMPARE(split_dataset(encoded, 1.0, 1).first.examples.size(), size_t{1});
  }
};

QTEST_APPLESS_MAIN(TestEncodeDataset)
#include "test_encode_dataset.moc"
