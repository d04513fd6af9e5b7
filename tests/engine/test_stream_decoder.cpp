// Streaming ids gives the text of all ids, never a part of a character, and broken bytes as U+FFFD.

#include <QtTest>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

using namespace scalewright;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

fs::path golden_folder() {
  const char* set = std::getenv("SCALEWRIGHT_GOLDEN");
  return (set && *set ? fs::path(set) : fs::path(SCALEWRIGHT_SOURCE_DIR) / "tests" / "golden") / "tokenizers";
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip_special) {
  StreamDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const int32_t id : ids) {
    const std::string ready = decoder.push(id);
    if (!text::is_valid_utf8(ready)) return "part of a character was given out";
    text += ready;
  }
  return text + decoder.flush();
}

// Of a folder with both files, the tokenizer.model.
std::unique_ptr<Tokenizer> load_alone(const fs::path& folder) {
  if (!fs::exists(folder / "tokenizer.model")) {
    auto loaded = load_tokenizer_folder(folder);
    return loaded ? std::move(*loaded) : nullptr;
  }
  const fs::path alone = fs::temp_directory_path() / "scalewright_test_stream";
  fs::create_directories(alone);
  fs::copy_file(folder / "tokenizer.model", alone / "tokenizer.model", fs::copy_options::overwrite_existing);
  auto loaded = load_tokenizer_folder(alone);
  fs::remove_all(alone);
  return loaded ? std::move(*loaded) : nullptr;
}

// A vocabulary of single bytes, a space and one special token.
std::unique_ptr<Tokenizer> sentencepiece_of_bytes() {
  GgufTokenizerData data;
  data.model = "llama";
  const auto add = [&data](std::string token, int32_t type) {
    data.tokens.push_back(std::move(token));
    data.types.push_back(type);
    data.scores.push_back(0);
  };
  add("<unk>", 2);
  add("<s>", 3);
  add("</s>", 3);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    add(name, 6);
  }
  add("\xE2\x96\x81", 1);
  add("a", 1);
  add("\xE2\x96\x81"
      "a",
      1);
  auto made = make_tokenizer(std::move(data));
  return made ? std::move(*made) : nullptr;
}

}  // namespace

class TestStreamDecoder : public QObject {
  Q_OBJECT
 private slots:
  void equals_decoding_at_once();
  void waits_for_whole_characters();
  void strips_the_first_space_only();
  void leaves_out_special_tokens();
};

void TestStreamDecoder::equals_decoding_at_once() {
  std::map<std::string, std::unique_ptr<Tokenizer>> tokenizers;
  std::ifstream file(golden_folder() / "decode_cases.jsonl");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const json c = json::parse(line);
    const std::string name = c["tokenizer"];
    if (!fs::exists(golden_folder() / name)) continue;  // "_hf": the tokenizer.json beside a tokenizer.model
    auto& tokenizer = tokenizers[name];
    if (!tokenizer) tokenizer = load_alone(golden_folder() / name);
    QVERIFY2(tokenizer, name.c_str());
    // The byte fallback of tokenizer.json has rules of its own for broken bytes, which need to see all of them first.
    if (!tokenizer->kind().starts_with("byte-level") && !tokenizer->marks_each_bad_byte()) continue;
    const std::vector<int32_t> ids = c["ids"];
    QCOMPARE(streamed(*tokenizer, ids, false), tokenizer->decode(ids, false));
    QCOMPARE(streamed(*tokenizer, ids, true), tokenizer->decode(ids, true));
    ++count;
  }
  QVERIFY(count > 0);
}

void TestStreamDecoder::waits_for_whole_characters() {
  const auto tokenizer = sentencepiece_of_bytes();
  QVERIFY(tokenizer);
  const auto byte = [](unsigned char b) { return 3 + static_cast<int32_t>(b); };
  StreamDecoder decoder(*tokenizer);
  QCOMPARE(decoder.push(byte(0xF0)), std::string());
  QCOMPARE(decoder.push(byte(0x9F)), std::string());
  QCOMPARE(decoder.push(byte(0x98)), std::string());
  QCOMPARE(decoder.push(byte(0x80)), std::string("\xF0\x9F\x98\x80"));
  QCOMPARE(decoder.push(byte(0xE6)), std::string());
  QCOMPARE(decoder.push(byte('a')), std::string("\xEF\xBF\xBD"
                                                "a"));
  QCOMPARE(decoder.push(byte(0xE6)), std::string());
  QCOMPARE(decoder.flush(), std::string("\xEF\xBF\xBD"));
  QCOMPARE(decoder.flush(), std::string());
}

void TestStreamDecoder::strips_the_first_space_only() {
  const auto tokenizer = sentencepiece_of_bytes();
  QVERIFY(tokenizer);
  const int32_t word = tokenizer->find(
      "\xE2\x96\x81"
      "a");
  const std::vector<int32_t> ids = {word, word, word};
  QCOMPARE(streamed(*tokenizer, ids, true), std::string("a a a"));
  QCOMPARE(tokenizer->decode(ids, true), std::string("a a a"));
}

void TestStreamDecoder::leaves_out_special_tokens() {
  const auto tokenizer = sentencepiece_of_bytes();
  QVERIFY(tokenizer);
  const std::vector<int32_t> ids = {1, tokenizer->find("a"), 2};
  QCOMPARE(streamed(*tokenizer, ids, true), std::string("a"));
  QCOMPARE(streamed(*tokenizer, ids, false), std::string("<s>a</s>"));
  QCOMPARE(tokenizer->decode(ids, false), std::string("<s>a</s>"));
}

QTEST_APPLESS_MAIN(TestStreamDecoder)
#include "test_stream_decoder.moc"
