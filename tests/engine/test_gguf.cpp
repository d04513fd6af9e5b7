// GGUF files as containers: values of every type survive, order and bytes stay.

#include <QtTest>
#include <cstring>

#include "engine/format/gguf.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestGguf : public QObject {
  Q_OBJECT
  QTemporaryDir scratch_;
  fs::path at(const std::string& name) const { return fs::path(scratch_.path().toStdString()) / name; }

 private slots:
  void values_survive() {
    const std::vector<std::string> words = {"one", "", std::string("nul\0inside", 10), "\xe6\x9d\xb1"};
    const std::vector<float> scores = {0.5f, -1e30f};
    const std::vector<int32_t> types = {1, 6, -3};
    GgufEntry wide;
    wide.key = "wide";
    wide.type = GgufValueType::U64;
    wide.bytes.assign(8, '\xff');
    const std::vector<GgufEntry> entries = {GgufEntry::u32("general.alignment", 64), GgufEntry::f32("f", 2.5f),
                                            GgufEntry::boolean("b", true),           GgufEntry::string("s", "text"),
                                            GgufEntry::strings("words", words),      GgufEntry::f32s("scores", scores),
                                            GgufEntry::i32s("types", types),         wide};
    std::vector<GgufTensor> tensors(2);
    tensors[0].name = "first";
    tensors[0].ne = {3};
    tensors[1].name = "second";
    tensors[1].type = GgufType::Q4_0;
    tensors[1].ne = {64, 2};
    GgufWriter writer = testkit::need(GgufWriter::create(at("a.gguf"), entries, tensors));
    std::vector<std::byte> first(12, std::byte{1}), second(72, std::byte{2});
    QVERIFY(writer.write(first).has_value());
    QVERIFY(writer.write(std::span(second).first(70)).has_value());
    QVERIFY(!writer.commit().has_value());  // two bytes are missing
    QVERIFY(!writer.write(second).has_value());
    QVERIFY(writer.write(std::span(second).first(2)).has_value());
    QVERIFY(!writer.write(std::span(second).first(1)).has_value());
    QVERIFY(writer.commit().has_value());

    const GgufFile file = testkit::need(GgufFile::open(at("a.gguf")));
    QCOMPARE(file.alignment(), 64u);
    QCOMPARE(file.entries().size(), entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      QCOMPARE(file.entries()[i].key, entries[i].key);
      QVERIFY(file.entries()[i].bytes == entries[i].bytes);
    }
    QCOMPARE(file.entry("f")->as_number(), std::optional(2.5));
    QCOMPARE(file.entry("b")->as_bool(), std::optional(true));
    QVERIFY(!file.entry("b")->as_int());
    QVERIFY(!file.entry("s")->as_int() && !file.entry("s")->as_strings());
    QCOMPARE(file.entry("words")->as_strings().value(), words);
    QVERIFY(!file.entry("words")->as_ints() && !file.entry("words")->as_int());
    QCOMPARE(file.entry("types")->as_ints().value(), (std::vector<int64_t>{1, 6, -3}));
    QCOMPARE(file.entry("scores")->as_numbers().value().size(), size_t{2});
    QVERIFY(!wide.as_int());  // does not fit
    QVERIFY(file.entry("none") == nullptr && file.tensor("none") == nullptr);
    const GgufTensor* tensor = file.tensor("second");
    QVERIFY(tensor != nullptr);
    QCOMPARE(tensor->offset, uint64_t{64});
    QCOMPARE(tensor->bytes, uint64_t{72});
    std::vector<std::byte> back(72);
    QVERIFY(file.read(*tensor, 0, back).has_value());
    QVERIFY(back == second);
    QVERIFY(!file.read(*tensor, 1, back).has_value());
  }

  void impossible_tensors_are_refused() {
    GgufTensor half;
    half.name = "half";
    half.type = GgufType::Q8_0;
    half.ne = {48};
    QVERIFY(!GgufWriter::create(at("b.gguf"), {}, {half}).has_value());
    half.ne = {64};
    QVERIFY(!GgufWriter::create(at("b.gguf"), {}, {half, half}).has_value());
    half.name.assign(64, 'n');
    QVERIFY(!GgufWriter::create(at("b.gguf"), {}, {half}).has_value());
    QVERIFY(!fs::exists(at("b.gguf")));
  }

  void golden_headers() {
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(testkit::golden_folder() / "formats" / "gguf")) {
      if (entry.path().extension() != ".gguf") continue;
      const GgufFile file = testkit::need(GgufFile::open(entry.path()));
      const auto golden = testkit::read_json(fs::path(entry.path()).replace_extension(".json"));
      QCOMPARE(file.tensors().size(), golden["tensors"].size());
      for (size_t i = 0; i < file.tensors().size(); ++i) {
        QCOMPARE(file.tensors()[i].name, golden["tensors"][i]["name"].get<std::string>());
        QCOMPARE(std::string(gguf_type_info(file.tensors()[i].type).name),
                 golden["tensors"][i]["type"].get<std::string>());
        QCOMPARE(file.tensors()[i].ne, golden["tensors"][i]["ne"].get<std::vector<int64_t>>());
      }
      ++cases;
    }
    QVERIFY(cases > 0);
  }
};

QTEST_APPLESS_MAIN(TestGguf)
#include "test_gguf.moc"
