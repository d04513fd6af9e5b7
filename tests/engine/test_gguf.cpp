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

  // A model in several files, as gguf-split writes them: opened by any of them, it looks like one file.
  void split_files() {
    const auto write = [&](const std::string& name, uint16_t number, uint16_t count, const std::string& tensor_name,
                           std::byte fill) {
      std::vector<GgufEntry> entries;
      if (number == 0) entries.push_back(GgufEntry::string("general.architecture", "llama"));
      const auto u16 = [](const char* key, uint16_t value) {
        GgufEntry entry;
        entry.key = key;
        entry.type = GgufValueType::U16;
        entry.bytes.assign(reinterpret_cast<const char*>(&value), 2);
        return entry;
      };
      entries.push_back(u16("split.no", number));
      entries.push_back(u16("split.count", count));
      GgufEntry total = GgufEntry::u32("split.tensors.count", 3);
      total.type = GgufValueType::I32;
      entries.push_back(total);
      GgufTensor tensor;
      tensor.name = tensor_name;
      tensor.ne = {4};
      GgufWriter writer = testkit::need(GgufWriter::create(at(name), entries, {tensor}));
      QVERIFY(writer.write(std::vector<std::byte>(16, fill)).has_value());
      QVERIFY(writer.commit().has_value());
    };
    write("m-00001-of-00003.gguf", 0, 3, "a", std::byte{1});
    write("m-00002-of-00003.gguf", 1, 3, "b", std::byte{2});
    const auto refused = [&](const std::string& name, const std::string& words) {
      const auto file = GgufFile::open(at(name));
      QVERIFY(!file.has_value());
      QVERIFY2(file.error().message.find(words) != std::string::npos, file.error().message.c_str());
    };
    refused("m-00001-of-00003.gguf", "part 3 of 3 is missing");
    write("m-00003-of-00003.gguf", 2, 3, "b", std::byte{3});
    refused("m-00001-of-00003.gguf", "in another part as well");
    write("m-00003-of-00003.gguf", 1, 3, "c", std::byte{3});
    refused("m-00001-of-00003.gguf", "not part 3 of 3");
    write("m-00003-of-00003.gguf", 2, 3, "c", std::byte{3});
    for (const char* name : {"m-00001-of-00003.gguf", "m-00003-of-00003.gguf"}) {
      const GgufFile file = testkit::need(GgufFile::open(at(name)));
      QCOMPARE(file.path().filename().string(), std::string("m-00001-of-00003.gguf"));
      QCOMPARE(file.tensors().size(), size_t{3});
      QVERIFY(file.entry("general.architecture") != nullptr && file.entry("split.count") == nullptr);
      QVERIFY(file.size() > 3 * 16);
      int value = 1;
      for (const char* tensor : {"a", "b", "c"}) {
        std::vector<std::byte> bytes(16);
        QVERIFY(file.tensor(tensor) != nullptr);
        QVERIFY(file.read(*file.tensor(tensor), 0, bytes).has_value());
        QVERIFY(bytes == std::vector<std::byte>(16, static_cast<std::byte>(value++)));
      }
    }
    fs::copy_file(at("m-00002-of-00003.gguf"), at("renamed.gguf"));
    refused("renamed.gguf", "must end in '-00002-of-00003.gguf'");
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
