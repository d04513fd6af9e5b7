// GGUF files that lie: every one gives an error that names the file, or a model; never a crash, never a huge
// allocation.

#include <QtTest>
#include <functional>
#include <limits>
#include <set>

#include "engine/format/gguf.h"
#include "tests/testkit/corrupt.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using testkit::Bytes;
namespace fs = std::filesystem;

namespace {

Bytes header(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
  Bytes bytes;
  bytes.raw("GGUF").number(version).number(tensors).number(entries);
  return bytes;
}

Bytes& info(Bytes& bytes, std::string_view name, std::initializer_list<int64_t> ne, uint32_t type, uint64_t offset) {
  bytes.string(name).number(static_cast<uint32_t>(ne.size()));
  for (const int64_t extent : ne) bytes.number(extent);
  return bytes.number(type).number(offset);
}

}  // namespace

class TestCorruptGguf : public QObject {
  Q_OBJECT
  QTemporaryDir scratch_;
  Observer quiet_;
  fs::path at(const std::string& name) const { return fs::path(scratch_.path().toStdString()) / name; }

  std::vector<fs::path> goldens() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(testkit::golden_folder() / "formats" / "gguf")) {
      if (entry.path().extension() == ".gguf") all.push_back(entry.path());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

 private slots:
  void lies_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto add = [](const char* name, const std::string& bytes) {
      QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()));
    };
    const std::string padding(256, '\0');
    add("empty", "");
    add("another file", "PK\x03\x04" + padding);
    add("magic alone", "GGUF");
    add("version 1", header(0, 0, 1).raw(padding).text());
    add("version 99", header(0, 0, 99).raw(padding).text());
    add("big-endian", header(0, 0, 0x03000000).raw(padding).text());
    add("2^63 entries", header(0, uint64_t{1} << 63).raw(padding).text());
    add("2^64 - 1 tensors", header(~uint64_t{0}, 0).raw(padding).text());
    add("more entries than bytes", header(0, 1000).raw(padding).text());
    add("key of 2^62 bytes", header(0, 1).number(uint64_t{1} << 62).raw(padding).text());
    add("key of 60000 bytes", header(0, 1).number(uint64_t{60000}).raw(padding).text());
    add("empty key", header(0, 1).string("").number(uint32_t{4}).number(1).raw(padding).text());
    add("control characters in a key", header(0, 1).string("a\nb").number(uint32_t{4}).number(1).raw(padding).text());
    add("unknown value type", header(0, 1).string("a").number(uint32_t{13}).number(1).raw(padding).text());
    add("value type -1", header(0, 1).string("a").number(int32_t{-1}).number(1).raw(padding).text());
    add("string of 1 GiB", header(0, 1).string("a").number(uint32_t{8}).number(uint64_t{1} << 30).raw(padding).text());
    add("string of 2^64 - 1", header(0, 1).string("a").number(uint32_t{8}).number(~uint64_t{0}).raw(padding).text());
    add("array of arrays",
        header(0, 1).string("a").number(uint32_t{9}).number(uint32_t{9}).number(uint64_t{1}).raw(padding).text());
    add("array of an unknown type",
        header(0, 1).string("a").number(uint32_t{9}).number(uint32_t{77}).number(uint64_t{1}).raw(padding).text());
    add("array of 2^63",
        header(0, 1).string("a").number(uint32_t{9}).number(uint32_t{4}).number(uint64_t{1} << 63).raw(padding).text());
    add("array whose bytes wrap", header(0, 1)
                                      .string("a")
                                      .number(uint32_t{9})
                                      .number(uint32_t{10})
                                      .number((uint64_t{1} << 61) + 1)
                                      .raw(padding)
                                      .text());
    add("array of strings that ends", header(0, 1)
                                          .string("a")
                                          .number(uint32_t{9})
                                          .number(uint32_t{8})
                                          .number(uint64_t{30})
                                          .raw(std::string(200, '\x01'))
                                          .text());
    add("bool of 2", header(0, 1).string("a").number(uint32_t{7}).number(uint8_t{2}).raw(padding).text());
    add("duplicate key", header(0, 2)
                             .string("a")
                             .number(uint32_t{4})
                             .number(1)
                             .string("a")
                             .number(uint32_t{4})
                             .number(2)
                             .raw(padding)
                             .text());
    for (const uint32_t alignment : {0u, 3u, 48u, 0x80000000u}) {
      add(("alignment " + std::to_string(alignment)).c_str(),
          header(0, 1).string("general.alignment").number(uint32_t{4}).number(alignment).raw(padding).text());
    }
    add("alignment is a text",
        header(0, 1).string("general.alignment").number(uint32_t{8}).string("32").raw(padding).text());
    const auto tensor = [&](const char* name, const std::function<void(Bytes&)>& fill, uint64_t count = 1) {
      Bytes bytes = header(count, 0);
      fill(bytes);
      add(name, bytes.raw(std::string(4096, '\0')).text());
    };
    tensor("no dimensions", [](Bytes& b) { info(b, "t", {}, 0, 0); });
    tensor("five dimensions", [](Bytes& b) { info(b, "t", {1, 1, 1, 1, 1}, 0, 0); });
    tensor("extent 0", [](Bytes& b) { info(b, "t", {32, 0}, 0, 0); });
    tensor("extent -1", [](Bytes& b) { info(b, "t", {32, -1}, 0, 0); });
    tensor("extents that wrap", [](Bytes& b) { info(b, "t", {int64_t{1} << 32, int64_t{1} << 32}, 0, 0); });
    tensor("extents whose bytes wrap", [](Bytes& b) { info(b, "t", {int64_t{1} << 40, int64_t{1} << 22}, 0, 0); });
    tensor("type 4, removed", [](Bytes& b) { info(b, "t", {32}, 4, 0); });
    tensor("type 4000000000", [](Bytes& b) { info(b, "t", {32}, 4000000000u, 0); });
    tensor("row of half a block", [](Bytes& b) { info(b, "t", {48}, 2, 0); });
    tensor("offset behind the file", [](Bytes& b) { info(b, "t", {32}, 0, uint64_t{1} << 50); });
    tensor("offset not aligned", [](Bytes& b) { info(b, "t", {32}, 0, 4); });
    tensor(
        "overlapping tensors", [](Bytes& b) { info(info(b, "t", {32}, 0, 0), "u", {32}, 0, 0); }, 2);
    tensor(
        "a gap between tensors", [](Bytes& b) { info(info(b, "t", {32}, 0, 0), "u", {32}, 0, 1024); }, 2);
    tensor(
        "duplicate tensor", [](Bytes& b) { info(info(b, "t", {32}, 0, 0), "t", {32}, 0, 128); }, 2);
    tensor("tensor longer than the file", [](Bytes& b) { info(b, "t", {1 << 20}, 0, 0); });
    tensor("name of 64 bytes", [](Bytes& b) { info(b, std::string(64, 'n'), {32}, 0, 0); });
    tensor("empty name", [](Bytes& b) { info(b, "", {32}, 0, 0); });
  }
  void lies() {
    QFETCH(QByteArray, bytes);
    testkit::put_file(at("lie.gguf"), std::string_view(bytes.constData(), static_cast<size_t>(bytes.size())));
    const auto opened = GgufFile::open(at("lie.gguf"));
    QVERIFY(!opened.has_value());
    QVERIFY2(opened.error().message.find("lie.gguf") != std::string::npos, opened.error().message.c_str());
    QVERIFY(!load_model(at("lie.gguf"), quiet_).has_value());
  }

  // Every length of the header, and the tensors at their borders and one byte before.
  void truncations() {
    const auto files = goldens();
    QVERIFY(!files.empty());
    for (const fs::path& path : files) {
      const std::string whole = testkit::need(read_text_file(path));
      const GgufFile file = testkit::need(GgufFile::open(path));
      uint64_t data_bytes = 0;
      for (const GgufTensor& tensor : file.tensors()) data_bytes = tensor.offset + tensor.bytes;
      uint64_t begin = whole.size() - data_bytes;
      begin -= begin % file.alignment();
      std::set<size_t> sizes;
      for (size_t n = 0; n < begin; n += n < 300 ? 1 : 101) sizes.insert(n);
      for (const GgufTensor& tensor : file.tensors()) {
        sizes.insert(begin + tensor.offset);
        sizes.insert(begin + tensor.offset + tensor.bytes - 1);
      }
      for (const size_t size : sizes) {
        if (size >= begin + data_bytes) continue;
        testkit::put_file(at("cut.gguf"), std::string_view(whole).substr(0, size));
        QVERIFY2(!GgufFile::open(at("cut.gguf")).has_value(),
                 qPrintable(QString("%1 bytes of %2").arg(size).arg(path.filename().c_str())));
      }
      testkit::put_file(at("cut.gguf"), std::string_view(whole).substr(0, whole.size() / 2));
      QVERIFY(!load_model(at("cut.gguf"), quiet_).has_value());
      QVERIFY(!summarize_model(at("cut.gguf")).has_value());
    }
  }

  // A whole model with one key or tensor changed: what must be refused, is; with a reason.
  void wrong_models_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<int>("what");
    const char* keys[] = {"general.architecture",
                          "{a}.block_count",
                          "{a}.embedding_length",
                          "{a}.context_length",
                          "{a}.feed_forward_length",
                          "{a}.attention.head_count",
                          "{a}.attention.layer_norm_rms_epsilon"};
    for (const char* key : keys) {
      for (int what = 0; what < 5; ++what) {
        if (what == 2 && std::string_view(key) == "{a}.context_length")
          continue;  // four thousand million tokens: odd, but a number
        QTest::newRow(qPrintable(QStringLiteral("%1 %2").arg(key).arg(what))) << key << what;
      }
    }
    for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.bos_token_id",
                            "tokenizer.ggml.eos_token_id"}) {
      for (int what = 1; what < 5; ++what) QTest::newRow(qPrintable(QStringLiteral("%1 %2").arg(key).arg(what))) << key << what;
    }
  }
  void wrong_models() {
    QFETCH(QString, key);
    QFETCH(int, what);
    const auto files = goldens();
    QVERIFY(!files.empty());
    const GgufFile file = testkit::need(GgufFile::open(files.front()));
    const std::string architecture = file.entry("general.architecture")->as_string().value();
    const std::string name = key.replace("{a}", QString::fromStdString(architecture)).toStdString();
    std::vector<GgufEntry> entries;
    for (const GgufEntry& entry : file.entries()) {
      if (entry.key != name) {
        entries.push_back(entry);
        continue;
      }
      if (what == 1) entries.push_back(GgufEntry::string(name, std::string("\xff\x00nonsense", 10)));
      if (what == 2) entries.push_back(GgufEntry::u32(name, 0xfffffff0u));
      if (what == 3) entries.push_back(GgufEntry::f32(name, std::numeric_limits<float>::quiet_NaN()));
      if (what == 4) entries.push_back(GgufEntry::strings(name, {}));
    }
    GgufWriter writer = testkit::need(GgufWriter::create(at("wrong.gguf"), entries, file.tensors()));
    for (const GgufTensor& tensor : file.tensors()) {
      std::vector<std::byte> data(tensor.bytes);
      QVERIFY(file.read(tensor, 0, data).has_value());
      QVERIFY(writer.write(data).has_value());
    }
    QVERIFY(writer.commit().has_value());
    const auto model = load_model(at("wrong.gguf"), quiet_);
    QVERIFY2(!model.has_value(), qPrintable(key));
    QVERIFY2(model.error().message.find("wrong.gguf") != std::string::npos, model.error().message.c_str());
  }

  void scales_that_are_no_numbers() {
    for (const fs::path& path : goldens()) {
      const GgufFile file = testkit::need(GgufFile::open(path));
      for (const GgufTensor& tensor : file.tensors()) {
        if (is_dense(tensor.type)) continue;
        std::string whole = testkit::need(read_text_file(path));
        uint64_t data_bytes = 0;
        for (const GgufTensor& t : file.tensors()) data_bytes = t.offset + t.bytes;
        uint64_t begin = whole.size() - data_bytes;
        begin -= begin % file.alignment();
        whole[begin + tensor.offset] = '\0';
        whole[begin + tensor.offset + 1] = '\x7c';  // +infinity; d comes first in every type of these files
        testkit::put_file(at("inf.gguf"), whole);
        const auto model = load_model(at("inf.gguf"), quiet_);
        QVERIFY(!model.has_value());
        QVERIFY2(model.error().message.find(tensor.name) != std::string::npos, model.error().message.c_str());
        break;
      }
    }
  }

  void random_changes() {
    std::mt19937 random(1);
    int opened = 0, refused = 0;
    for (const fs::path& path : goldens()) {
      const std::string whole = testkit::need(read_text_file(path));
      for (int i = 0; i < 100; ++i) {
        // Most of the interest lies in the header: two thirds of the changes go there.
        testkit::put_file(at("m.gguf"), testkit::mutated(whole, random, i % 3 == 0 ? whole.size() : 3000));
        const auto model = load_model(at("m.gguf"), quiet_);
        (model ? opened : refused)++;
        if (!model) QVERIFY2(!model.error().message.empty(), "an error without a message");
        (void)summarize_model(at("m.gguf"));
      }
    }
    qInfo("%d opened, %d refused", opened, refused);
    QVERIFY(refused > 0);
  }
};

QTEST_APPLESS_MAIN(TestCorruptGguf)
#include "test_corrupt_gguf.moc"
