// Tokenizers against recorded cases of the `tokenizers` package and libsentencepiece.

#include <QtTest>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/text/bpe_tokenizer.h"
#include "engine/text/sentencepiece_tokenizer.h"
#include "engine/text/tokenizer.h"

using namespace scalewright;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

fs::path golden_folder() {
  const char* set = std::getenv("SCALEWRIGHT_GOLDEN");
  return (set && *set ? fs::path(set) : fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden") / "tokenizers";
}

std::vector<json> lines_of(const fs::path& path) {
  std::vector<json> result;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) result.push_back(json::parse(line));
  }
  return result;
}

// "<name>" is a folder's tokenizer; for a folder with both files "<name>" is its tokenizer.model and "<name>_hf" its
// tokenizer.json.
struct Loaded {
  std::unique_ptr<Tokenizer> tokenizer;
  bool json = false;
};

std::map<std::string, Loaded> load_all(const fs::path& folder) {
  std::map<std::string, Loaded> result;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    const bool model = fs::exists(entry.path() / "tokenizer.model"),
               tokenizer_json = fs::exists(entry.path() / "tokenizer.json");
    if (tokenizer_json) {
      auto loaded = load_tokenizer_folder(entry.path());
      if (!loaded) qFatal("%s", loaded.error().message.c_str());
      result[model ? name + "_hf" : name] = {std::move(*loaded), true};
    }
    if (model) {
      const fs::path alone = fs::temp_directory_path() / ("scalewright_test_" + name);
      fs::create_directories(alone);
      fs::copy_file(entry.path() / "tokenizer.model", alone / "tokenizer.model", fs::copy_options::overwrite_existing);
      auto loaded = load_tokenizer_folder(alone);
      fs::remove_all(alone);
      if (!loaded) qFatal("%s", loaded.error().message.c_str());
      result[name] = {std::move(*loaded), false};
    }
  }
  return result;
}

QByteArray shown(const std::string& text) {
  return QByteArray::fromStdString(text).toPercentEncoding(" <>|_'");
}

}  // namespace

class TestTokenizers : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void ids_equal_the_recorded();
  void cuts_equal_the_recorded();
  void decoding_equals_the_recorded();
  void offsets_tile_the_text();
  void gguf_keys_give_the_same_tokenizer();
  void model_files_as_gguf_keys();
  void special_tokens_only_where_asked();
  void broken_utf8_is_replaced();
  void unknown_kinds_are_named();
  void bad_tokenizer_json_is_an_error_data();
  void bad_tokenizer_json_is_an_error();
  void bad_gguf_vocabulary_is_an_error();
  void many_merges_and_long_words_are_quick();
  void damaged_model_files_are_errors();

 private:
  std::map<std::string, Loaded> all_;
  std::vector<json> cases_;
};

void TestTokenizers::initTestCase() {
  QVERIFY2(fs::exists(golden_folder() / "cases.jsonl"), "the golden set is missing");
  all_ = load_all(golden_folder());
  cases_ = lines_of(golden_folder() / "cases.jsonl");
  for (json& c : lines_of(golden_folder() / "more_cases.jsonl")) cases_.push_back(std::move(c));
  QVERIFY(!cases_.empty());
}

void TestTokenizers::ids_equal_the_recorded() {
  int compared = 0;
  for (const json& c : cases_) {
    const std::string text = c["text"];
    for (const auto& [name, ids] : c["ids"].items()) {
      QVERIFY2(all_.contains(name), name.c_str());
      const Loaded& loaded = all_[name];
      const std::vector<int32_t> expected = ids;
      const std::vector<Token> tokens = loaded.tokenizer->encode(text, {.parse_special = loaded.json});
      std::vector<int32_t> got;
      for (const Token& token : tokens) got.push_back(token.id);
      if (got != expected) {
        qWarning() << name.c_str() << shown(text) << "gives" << QList<int32_t>(got.begin(), got.end()) << "not"
                   << QList<int32_t>(expected.begin(), expected.end());
      }
      QVERIFY(got == expected);
      ++compared;
      // Offsets are in order and inside the text.
      uint32_t at = 0;
      for (const Token& token : tokens) {
        QVERIFY(token.begin >= at || token.begin == tokens.front().begin || token.end >= at);
        QVERIFY(token.begin <= token.end && token.end <= text.size());
        at = token.begin;
      }
      const json* decoded = c.contains("decoded") && c["decoded"].contains(name) ? &c["decoded"][name] : nullptr;
      const std::string back = loaded.tokenizer->decode(expected, false);
      const std::string want = decoded ? decoded->get<std::string>() : text;
      if (back != want)
        qWarning() << name.c_str() << shown(text) << "decodes to" << shown(back) << "not" << shown(want);
      QVERIFY(back == want);
    }
  }
  QVERIFY(compared > 0);
  qInfo() << compared << "encodings";
}

void TestTokenizers::cuts_equal_the_recorded() {
  int compared = 0;
  for (const json& c : cases_) {
    for (const auto& [name, lengths] : c["cuts"].items()) {
      const auto* tokenizer = dynamic_cast<const text::BpeTokenizer*>(all_[name].tokenizer.get());
      QVERIFY(tokenizer);
      const std::vector<uint32_t> expected = lengths;
      const std::vector<uint32_t> got = tokenizer->cuts(c["text"].get<std::string>());
      if (got != expected) {
        qWarning() << name.c_str() << shown(c["text"]) << QList<uint32_t>(got.begin(), got.end()) << "not"
                   << QList<uint32_t>(expected.begin(), expected.end());
      }
      QVERIFY(got == expected);
      ++compared;
    }
  }
  QVERIFY(compared > 0);
}

void TestTokenizers::decoding_equals_the_recorded() {
  const std::vector<json> cases = lines_of(golden_folder() / "decode_cases.jsonl");
  QVERIFY(!cases.empty());
  for (const json& c : cases) {
    const std::string name = c["tokenizer"];
    const Loaded& loaded = all_[name];
    QVERIFY2(loaded.tokenizer, name.c_str());
    const std::vector<int32_t> ids = c["ids"];
    // libsentencepiece never writes control tokens.
    const std::string got = loaded.tokenizer->decode(ids, !loaded.json);
    if (got != c["decoded"].get<std::string>()) qWarning() << name.c_str() << c.dump().c_str() << shown(got);
    QVERIFY(got == c["decoded"].get<std::string>());
    if (!c.contains("decoded_skip_special")) continue;
    QVERIFY(loaded.tokenizer->decode(ids, true) == c["decoded_skip_special"].get<std::string>());
  }
}

// Without a normalizer, the tokens' bytes are the text's, one after the other.
void TestTokenizers::offsets_tile_the_text() {
  for (const char* name : {"gpt2", "llama3", "smollm"}) {
    if (!all_.contains(name)) continue;
    for (const json& c : cases_) {
      const std::string text = c["text"];
      uint32_t at = 0;
      for (const Token& token : all_[name].tokenizer->encode(text, {})) {
        QCOMPARE(token.begin, at);
        QCOMPARE(all_[name].tokenizer->piece_bytes(token.id), text.substr(token.begin, token.end - token.begin));
        at = token.end;
      }
      QCOMPARE(at, static_cast<uint32_t>(text.size()));
    }
  }
  // Composed by NFC: the token stands for the letter and its mark.
  if (all_.contains("qwen2")) {
    const auto tokens = all_["qwen2"].tokenizer->encode("xe\xCC\x81y", {});
    QCOMPARE(tokens.front().begin, 0u);
    QCOMPARE(tokens.back().end, 5u);
    for (const Token& token : tokens) QVERIFY(token.begin != 2 && token.end != 2 && token.begin != 3);
  }
}

void TestTokenizers::gguf_keys_give_the_same_tokenizer() {
  for (const auto& entry : fs::directory_iterator(golden_folder())) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename().string();
    auto data = gguf_tokenizer_data(entry.path());
    if (!data && data.error().code == ErrorCode::Unsupported) continue;  // unigram has no GGUF form here
    QVERIFY2(data.has_value(), data ? "" : data.error().message.c_str());
    auto made = make_tokenizer(std::move(*data));
    QVERIFY2(made.has_value(), made ? "" : made.error().message.c_str());
    const bool byte_level = (*made)->kind().starts_with("byte-level");
    int compared = 0;
    for (const auto& c : cases_) {
      const std::string text = c["text"];
      if (!c["ids"].contains(name) || text.find("<mask>") != std::string::npos) continue;  // GGUF does not keep lstrip
      QCOMPARE((*made)->encode_ids(text, {.parse_special = byte_level}), c["ids"][name].get<std::vector<int32_t>>());
      ++compared;
    }
    QVERIFY(compared > 0);
    QCOMPARE((*made)->size(), all_[name].tokenizer->size());
  }
}

// Pieces that are never cut stay so in a GGUF, added tokens get the type that their folder says, and a model that
// changes the text first is refused.
void TestTokenizers::model_files_as_gguf_keys() {
  using text::ModelPiece;
  using text::PieceType;
  std::vector<ModelPiece> pieces = {{"<unk>", 0, PieceType::Unknown},
                                    {"<s>", 0, PieceType::Control},
                                    {"</s>", 0, PieceType::Control},
                                    {"<turn>", 0, PieceType::UserDefined},
                                    {"abc", 0, PieceType::UserDefined},
                                    {"ab", -1},
                                    {"a", -2},
                                    {"b", -3},
                                    {"c", -4}};
  const std::string model = text::write_bpe_model(pieces, false, false);
  const fs::path folder = fs::temp_directory_path() / "scalewright_test_model_keys";
  fs::create_directories(folder);
  const auto write = [&folder](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  };
  write("tokenizer.model", model);
  write("tokenizer_config.json", R"({"added_tokens_decoder":{"3":{"content":"<turn>","special":true}}})");
  const auto data = gguf_tokenizer_data(folder);
  const auto loaded = load_tokenizer_folder(folder);
  QVERIFY2(data && loaded, data ? "" : data.error().message.c_str());
  QCOMPARE(data->types, (std::vector<int32_t>{2, 3, 3, 3, 4, 1, 1, 1, 1}));
  const auto made = make_tokenizer(*data);
  QVERIFY(made.has_value());
  for (const char* text : {"aabcb", "ab<turn>abc", "cabab"})
    QCOMPARE((*made)->encode_ids(text, {.parse_special = true}), (*loaded)->encode_ids(text, {.parse_special = true}));
  QCOMPARE((*made)->encode_ids("aabcb", {}), (std::vector<int32_t>{6, 4, 7}));

  write("tokenizer.model", model + "\x12\x03\xC0\x01\x01");  // treat_whitespace_as_suffix
  const auto suffix = gguf_tokenizer_data(folder);
  write("tokenizer.model", model + "\x1A\x02\x20\x01");  // remove_extra_whitespaces
  const auto removed = gguf_tokenizer_data(folder);
  fs::remove_all(folder);
  QVERIFY(!suffix && suffix.error().code == ErrorCode::Unsupported);
  QVERIFY(!removed && removed.error().code == ErrorCode::Unsupported);
}

void TestTokenizers::special_tokens_only_where_asked() {
  for (auto& [name, loaded] : all_) {
    const Tokenizer& tokenizer = *loaded.tokenizer;
    for (int32_t id = 0; id < tokenizer.size(); ++id) {
      if (!tokenizer.is_special(id)) continue;
      const std::string text = "a" + tokenizer.token_text(id) + "b";
      const auto with = tokenizer.encode_ids(text, {.parse_special = true}), without = tokenizer.encode_ids(text, {});
      QVERIFY(std::count(with.begin(), with.end(), id) == 1);
      QVERIFY(std::count(without.begin(), without.end(), id) == 0);
      QCOMPARE(tokenizer.find(tokenizer.token_text(id)), id);
    }
    if (tokenizer.bos() >= 0)
      QCOMPARE(tokenizer.encode_ids("", {.add_bos = true}), std::vector<int32_t>{tokenizer.bos()});
    QVERIFY(tokenizer.decode(std::vector<int32_t>{-1, tokenizer.size(), 1 << 30}, false).empty());
    QVERIFY(tokenizer.token_text(-5).empty() && tokenizer.piece_bytes(1 << 30).empty());
  }
}

void TestTokenizers::broken_utf8_is_replaced() {
  for (auto& [name, loaded] : all_) {
    if (name == "spm_unigram") continue;
    const std::string broken =
        "a\xE6\x97"
        "b\xFF";
    const auto tokens = loaded.tokenizer->encode(broken, {});
    QCOMPARE(loaded.tokenizer->encode_ids("a\xEF\xBF\xBD"
                                          "b\xEF\xBF\xBD",
                                          {}),
             loaded.tokenizer->encode_ids(broken, {}));
    QCOMPARE(tokens.back().end, static_cast<uint32_t>(broken.size()));
  }
}

void TestTokenizers::unknown_kinds_are_named() {
  GgufTokenizerData data;
  data.model = "gpt2";
  data.pre = "martian";
  data.tokens = {"a"};
  const auto pre = make_tokenizer(data);
  QVERIFY(!pre);
  QCOMPARE(pre.error().code, ErrorCode::Unsupported);
  QVERIFY(pre.error().message.find("martian") != std::string::npos);
  data.model = "rwkv";
  const auto model = make_tokenizer(data);
  QVERIFY(!model);
  QVERIFY(model.error().message.find("rwkv") != std::string::npos);
  QVERIFY(!load_tokenizer_folder(golden_folder()));
}

void TestTokenizers::bad_tokenizer_json_is_an_error_data() {
  QTest::addColumn<QByteArray>("text");
  const auto model = [](const char* name, const std::string& inner, const std::string& more = "") {
    QTest::newRow(name) << QByteArray::fromStdString(R"({"model":{"type":"BPE",)" + inner + "}" + more + "}");
  };
  QTest::newRow("empty") << QByteArray("");
  QTest::newRow("not an object") << QByteArray("[1]");
  QTest::newRow("no model") << QByteArray("{}");
  QTest::newRow("deep") << QByteArray(200000, '[');
  QTest::newRow("other model") << QByteArray(R"({"model":{"type":"WordPiece","vocab":{}}})");
  model("no vocabulary", R"("merges":[])");
  model("negative id", R"("vocab":{"a":-1},"merges":[])");
  model("huge id", R"("vocab":{"a":2000000000},"merges":[])");
  model("same id", R"("vocab":{"a":0,"b":0},"merges":[])");
  model("id is text", R"("vocab":{"a":"0"},"merges":[])");
  model("unknown merge", R"("vocab":{"a":0,"b":1},"merges":["a b"])");
  model("merge of three", R"("vocab":{"a":0,"b":1},"merges":["a b a"])");
  model("merge of one", R"("vocab":{"a":0,"b":1},"merges":[["a"]])");
  model("merge of numbers", R"("vocab":{"a":0,"b":1},"merges":[[0,1]])");
  model("unknown token missing", R"("vocab":{"a":0},"merges":[],"unk_token":"<unk>")");
  model("added id taken", R"("vocab":{"a":0},"merges":[])", R"(,"added_tokens":[{"id":0,"content":"<x>"}])");
  model("added id huge", R"("vocab":{"a":0},"merges":[])", R"(,"added_tokens":[{"id":99999999,"content":"<x>"}])");
  model("added without id", R"("vocab":{"a":0},"merges":[])", R"(,"added_tokens":[{"content":"<x>"}])");
  model("added is a number", R"("vocab":{"a":0},"merges":[])", R"(,"added_tokens":[7])");
  model("unknown pre-tokenizer", R"("vocab":{"a":0},"merges":[])", R"(,"pre_tokenizer":{"type":"Quantum"})");
  model("bad pattern", R"("vocab":{"a":0},"merges":[])",
        R"(,"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(("},"behavior":"Isolated"})");
  model("unknown normalizer", R"("vocab":{"a":0},"merges":[])", R"(,"normalizer":{"type":"Precompiled"})");
  model("unknown decoder", R"("vocab":{"a":0},"merges":[])", R"(,"decoder":{"type":"CTC"})");
  model("sequence of nothing", R"("vocab":{"a":0},"merges":[])", R"(,"pre_tokenizer":{"type":"Sequence"})");
}

void TestTokenizers::bad_tokenizer_json_is_an_error() {
  QFETCH(QByteArray, text);
  const fs::path folder = fs::temp_directory_path() / "scalewright_test_bad_tokenizer";
  fs::create_directories(folder);
  std::ofstream(folder / "tokenizer.json", std::ios::binary) << text.toStdString();
  const auto loaded = load_tokenizer_folder(folder);
  fs::remove_all(folder);
  QVERIFY(!loaded);
  QVERIFY(loaded.error().message.find("tokenizer.json") != std::string::npos);
}

void TestTokenizers::bad_gguf_vocabulary_is_an_error() {
  GgufTokenizerData good;
  good.model = "llama";
  good.tokens = {"<unk>", "<s>", "a", "<0x0A>"};
  good.scores = {0, 0, 0, 0};
  good.types = {2, 3, 1, 1};
  good.bos = 1;
  QVERIFY(make_tokenizer(good).has_value());
  const auto refused = [&good](auto change) {
    GgufTokenizerData data = good;
    change(data);
    return !make_tokenizer(std::move(data)).has_value();
  };
  QVERIFY(refused([](auto& d) { d.tokens.clear(); }));
  QVERIFY(refused([](auto& d) { d.scores.pop_back(); }));
  QVERIFY(refused([](auto& d) { d.types.push_back(1); }));
  QVERIFY(refused([](auto& d) { d.bos = 4; }));
  QVERIFY(refused([](auto& d) { d.eos = 1 << 30; }));
  QVERIFY(refused([](auto& d) { d.types[2] = 9; }));
  QVERIFY(refused([](auto& d) { d.types[2] = 2; }));  // two unknown tokens
  QVERIFY(refused([](auto& d) { d.types[2] = 6; }));  // "a" names no byte
  QVERIFY(refused([](auto& d) { d.types[3] = 6; }));  // one byte of 256
  QVERIFY(refused([](auto& d) { d.scores[2] = std::nanf(""); }));
  QVERIFY(refused([](auto& d) {
    d.tokens[2] = std::string("a\0b", 3) + "\xFF";
    d.tokens[3] = d.tokens[2];
  }));
  good.model = "gpt2";
  good.pre = "gpt-2";
  good.types = {1, 3, 1, 1};
  QVERIFY(make_tokenizer(good).has_value());
  QVERIFY(refused([](auto& d) { d.merges = {"a b"}; }));
  QVERIFY(refused([](auto& d) { d.merges = {"a"}; }));
  QVERIFY(refused([](auto& d) { d.merges = {""}; }));
  QVERIFY(refused([](auto& d) { d.tokens[2] = "<s>"; }));
}

void TestTokenizers::many_merges_and_long_words_are_quick() {
  GgufTokenizerData data;
  data.model = "gpt2";
  data.pre = "gpt-2";
  for (int i = 0; i < 26; ++i) data.tokens.emplace_back(1, static_cast<char>('a' + i));
  // All pairs and all triples, a few of them in many orders: 18,252 tokens, 1,000,000 merges.
  for (int i = 0; i < 26 * 26; ++i)
    data.tokens.push_back({static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)});
  for (int i = 0; i < 26 * 26 * 26; ++i) {
    data.tokens.push_back(
        {static_cast<char>('a' + i / 676), static_cast<char>('a' + i / 26 % 26), static_cast<char>('a' + i % 26)});
  }
  for (int i = 0; i < 1000000; ++i) {
    const std::string& token = data.tokens[26 + static_cast<size_t>(i) % (676 + 17576)];
    data.merges.push_back(token.substr(0, 1) + " " + token.substr(1));
  }
  QElapsedTimer timer;
  timer.start();
  const auto made = make_tokenizer(std::move(data));
  QVERIFY(made.has_value());
  const std::string word(2000000, 'a');  // one word of two million letters
  const auto ids = (*made)->encode_ids(word, {});
  QVERIFY(ids.size() >= word.size() / 3 && ids.size() < word.size());
  QCOMPARE((*made)->decode(ids, false), word);
  QVERIFY2(timer.elapsed() < 60000, "far more than linear time");
}

// Every prefix and a byte changed at every place: loaded or refused, and used when loaded.
void TestTokenizers::damaged_model_files_are_errors() {
  int refused = 0;
  for (const char* name : {"spm_unigram", "spm_bpe"}) {
    const fs::path source = golden_folder() / name / "tokenizer.model";
    if (!fs::exists(source)) continue;
    std::ifstream file(source, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(file)), {});
    const fs::path folder = fs::temp_directory_path() / "scalewright_test_damaged_model";
    fs::create_directories(folder);
    const size_t step = std::max<size_t>(1, whole.size() / 150);
    for (size_t at = 0; at < whole.size(); at += step) {
      for (const bool cut : {true, false}) {
        std::string text = cut ? whole.substr(0, at) : whole;
        if (!cut) text[at] = static_cast<char>(text[at] ^ (1 << at % 8));
        std::ofstream(folder / "tokenizer.model", std::ios::binary) << text;
        const auto loaded = load_tokenizer_folder(folder);
        if (!loaded) {
          ++refused;
          continue;
        }
        for (const json& c : cases_) {
          if (c["text"].get_ref<const std::string&>().size() > 40) continue;
          const auto ids = (*loaded)->encode_ids(c["text"].get<std::string>(), {.parse_special = true});
          QVERIFY((*loaded)->decode(ids, false).size() < 100000);
        }
      }
    }
    fs::remove_all(folder);
  }
  QVERIFY(refused > 0);
}

QTEST_APPLESS_MAIN(TestTokenizers)
#include "test_tokenizers.moc"
