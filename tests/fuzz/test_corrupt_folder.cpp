// safetensors files and folders that lie: an error that says where, never a crash.

#include <QtTest>

#include "engine/format/safetensors.h"
#include "tests/testkit/corrupt.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
using testkit::Bytes;
namespace fs = std::filesystem;

namespace {

std::string file_of(std::string header, size_t data, int64_t length_lie = 0) {
  while (header.size() % 8 != 0) header += ' ';
  Bytes bytes;
  return bytes.number(static_cast<uint64_t>(static_cast<int64_t>(header.size()) + length_lie))
      .raw(header)
      .raw(std::string(data, '\0'))
      .text();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

class TestCorruptFolder : public QObject {
  Q_OBJECT
  QTemporaryDir scratch_;
  Observer quiet_;
  fs::path at(const std::string& name) const { return fs::path(scratch_.path().toStdString()) / name; }

  std::vector<fs::path> goldens() const {
    std::vector<fs::path> all;
    for (const fs::path& parent :
         {testkit::golden_folder() / "formats" / "checkpoints", testkit::golden_folder() / "families"}) {
      for (const std::string& name : testkit::cases_with(parent, "config.json")) all.push_back(parent / name);
    }
    return all;
  }
  void fresh_copy(const fs::path& from, const fs::path& to) const {
    fs::remove_all(to);
    fs::create_directories(to);
    for (const char* name : {"config.json", "quantize_config.json", "model.safetensors"}) {
      if (fs::exists(from / name)) fs::copy_file(from / name, to / name);
    }
  }

 private slots:
  void lies_data() {
    QTest::addColumn<QByteArray>("bytes");
    const auto add = [](const char* name, const std::string& bytes) {
      QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size()));
    };
    const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
    add("empty", "");
    add("eight bytes", std::string(8, '\0'));
    add("header of 2^63", Bytes().number(uint64_t{1} << 63).raw(good).text());
    add("header longer than the file", file_of(good, 8, 1000));
    add("header cut", file_of(good, 8, -9));
    add("no object", file_of("[1, 2]", 8));
    add("spaces before the object", file_of("  " + good, 8));
    add("not JSON", file_of("{\"a\": {", 8));
    add("nested", file_of("{\"a\":" + std::string(5000, '['), 8));
    add("nested objects", file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":{"y":{}}}})", 8));
    add("duplicate name",
        file_of(
            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            8));
    add("duplicate field", file_of(R"({"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}})", 8));
    add("no dtype", file_of(R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8));
    add("unknown dtype", file_of(R"({"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})", 8));
    add("shape is a text", file_of(R"({"a":{"dtype":"F32","shape":"2","data_offsets":[0,8]}})", 8));
    add("negative extent", file_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8));
    add("fractional extent", file_of(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8));
    add("extents that wrap",
        file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0));
    add("extent of 2^64", file_of(R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}})", 8));
    add("offsets reversed", file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8));
    add("three offsets", file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", 8));
    add("size is not the shape's", file_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8));
    add("gap",
        file_of(
            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
            12));
    add("overlap",
        file_of(
            R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            8));
    add("not from 0", file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8));
    add("file too short", file_of(good, 7));
    add("file too long", file_of(good, 9));
    add("metadata is a number",
        file_of(R"({"__metadata__":3,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8));
    add("metadata holds an object",
        file_of(R"({"__metadata__":{"x":{}},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8));
  }
  void lies() {
    QFETCH(QByteArray, bytes);
    testkit::put_file(at("lie.safetensors"), std::string_view(bytes.constData(), static_cast<size_t>(bytes.size())));
    const auto opened = SafetensorsFile::open(at("lie.safetensors"));
    QVERIFY(!opened.has_value());
    QVERIFY2(opened.error().message.find("lie.safetensors") != std::string::npos, opened.error().message.c_str());
  }

  void truncations() {
    const auto folders = goldens();
    QVERIFY(!folders.empty());
    for (const fs::path& folder : folders) {
      const std::string whole = testkit::need(read_text_file(folder / "model.safetensors"));
      for (size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 1 + whole.size() / 97) {
        testkit::put_file(at("cut.safetensors"), std::string_view(whole).substr(0, size));
        QVERIFY2(!SafetensorsFile::open(at("cut.safetensors")).has_value(), std::to_string(size).c_str());
      }
    }
  }

  void shards() {
    const auto folders = goldens();
    QVERIFY(!folders.empty());
    const fs::path copy = at("shards");
    fresh_copy(folders.front(), copy);
    const SafetensorsFile source = testkit::need(SafetensorsFile::open(copy / "model.safetensors"));
    // The file in two, every other tensor in the second.
    nlohmann::json weight_map;
    for (int shard = 0; shard < 2; ++shard) {
      std::vector<SafetensorsTensor> tensors;
      for (size_t i = static_cast<size_t>(shard); i < source.tensors().size(); i += 2)
        tensors.push_back(source.tensors()[i]);
      const std::string name = "model-" + std::to_string(shard) + ".safetensors";
      SafetensorsWriter writer = testkit::need(SafetensorsWriter::create(copy / name, tensors, {}));
      for (const SafetensorsTensor& tensor : tensors) {
        std::vector<std::byte> data(tensor.bytes);
        QVERIFY(source.read(*source.find(tensor.name), 0, data).has_value());
        QVERIFY(writer.write(data).has_value());
        weight_map[tensor.name] = name;
      }
      QVERIFY(writer.commit().has_value());
    }
    const auto hash = testkit::open_model(copy)->parameters();
    fs::remove(copy / "model.safetensors");
    QVERIFY(!load_model(copy, quiet_).has_value());  // two files and no index
    const auto with_index = [&](const nlohmann::json& map) {
      testkit::put_file(copy / "model.safetensors.index.json",
                        nlohmann::json{{"metadata", nlohmann::json::object()}, {"weight_map", map}}.dump());
      return load_model(copy, quiet_);
    };
    const auto opened = with_index(weight_map);
    QVERIFY2(opened.has_value(), opened ? "" : opened.error().message.c_str());
    QCOMPARE((*opened)->parameters(), hash);
    const std::string first = weight_map.begin().key();
    for (const char* bad : {"../model-0.safetensors", "/etc/passwd", "sub/model-0.safetensors", "", "model-0.bin", "..",
                            "model-9.safetensors"}) {
      auto map = weight_map;
      map[first] = bad;
      QVERIFY2(!with_index(map).has_value(), bad);
    }
    auto map = weight_map;
    map[first] = weight_map[first] == "model-0.safetensors" ? "model-1.safetensors" : "model-0.safetensors";
    QVERIFY(!with_index(map).has_value());
    map[first] = 7;
    QVERIFY(!with_index(map).has_value());
    map = weight_map;
    map["model.not.there"] = "model-0.safetensors";
    QVERIFY(!with_index(map).has_value());
    map = weight_map;
    map.erase(first);
    QVERIFY(!with_index(map).has_value());
  }

  void configurations_data() {
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::newRow("no JSON") << "{"
                             << "";
    QTest::newRow("a list") << "{"
                            << "[{";
    QTest::newRow("another architecture") << "\"model_type\": \""
                                          << "\"model_type\": \"not-";
    QTest::newRow("no layers") << "\"num_hidden_layers\": "
                               << "\"num_hidden_layers\": -";
    QTest::newRow("many layers") << "\"num_hidden_layers\": "
                                 << "\"num_hidden_layers\": 99999";
    QTest::newRow("heads of 0") << "\"num_attention_heads\": "
                                << "\"num_attention_heads\": 0, \"x\": ";
    QTest::newRow("heads that do not divide") << "\"num_key_value_heads\": "
                                              << "\"num_key_value_heads\": 5, \"x\": ";
    QTest::newRow("another width") << "\"hidden_size\": "
                                   << "\"hidden_size\": 9";
    QTest::newRow("width is a text") << "\"hidden_size\": "
                                     << "\"hidden_size\": \"wide\", \"x\": ";
    QTest::newRow("epsilon of 0") << "\"rms_norm_eps\": "
                                  << "\"rms_norm_eps\": 0, \"x\": ";
    QTest::newRow("unknown RoPE") << "\"rope_type\": \""
                                  << "\"rope_type\": \"spiral-";
    QTest::newRow("RoPE base of 0") << "\"rope_theta\": "
                                    << "\"rope_theta\": 0, \"x\": ";
    QTest::newRow("unknown activation") << "\"hidden_act\": \""
                                        << "\"hidden_act\": \"relu-";
  }
  void configurations() {
    QFETCH(QString, from);
    QFETCH(QString, to);
    int tried = 0;
    for (const fs::path& folder : goldens()) {
      const std::string config = testkit::need(read_text_file(folder / "config.json"));
      if (config.find("\"model_type\": \"gemma") != std::string::npos && from.contains("hidden_act")) continue;
      const std::string changed = replaced(config, from.toStdString(), to.toStdString());
      if (changed == config) continue;
      fresh_copy(folder, at("config"));
      testkit::put_file(at("config") / "config.json", changed);
      const auto model = load_model(at("config"), quiet_);
      QVERIFY2(!model.has_value(), folder.c_str());
      QVERIFY(!model.error().message.empty());
      ++tried;
    }
    QVERIFY(tried > 0);
  }

  void quantization_settings_data() {
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::newRow("another method") << "\"quant_method\": \""
                                    << "\"quant_method\": \"un";
    QTest::newRow("7 bits") << "bits\": "
                            << "bits\": 7, \"x\": ";
    QTest::newRow("bits of 2^40") << "bits\": "
                                  << "bits\": 1099511627776, \"x\": ";
    QTest::newRow("groups of 5") << "\"group_size\": 32"
                                 << "\"group_size\": 5";
    QTest::newRow("groups of 64") << "\"group_size\": 32"
                                  << "\"group_size\": 64";
  }
  void quantization_settings() {
    QFETCH(QString, from);
    QFETCH(QString, to);
    int tried = 0;
    for (const fs::path& folder : goldens()) {
      const std::string config = testkit::need(read_text_file(folder / "config.json"));
      const std::string changed = replaced(config, from.toStdString(), to.toStdString());
      if (changed == config) continue;
      fresh_copy(folder, at("quant"));
      testkit::put_file(at("quant") / "config.json", changed);
      const auto model = load_model(at("quant"), quiet_);
      QVERIFY2(!model.has_value(), folder.c_str());
      ++tried;
    }
    QVERIFY(tried > 0);
  }

  void group_indices_that_lie() {
    int tried = 0;
    for (const fs::path& folder : goldens()) {
      const SafetensorsFile file = testkit::need(SafetensorsFile::open(folder / "model.safetensors"));
      for (const SafetensorsTensor& tensor : file.tensors()) {
        if (!tensor.name.ends_with(".g_idx")) continue;
        std::string whole = testkit::need(read_text_file(folder / "model.safetensors"));
        uint64_t header = 0;
        std::memcpy(&header, whole.data(), 8);
        for (const int32_t lie : {-1, 1 << 30, 0x7fffffff}) {
          std::string changed = whole;
          std::memcpy(changed.data() + 8 + header + tensor.begin + 4, &lie, 4);
          fresh_copy(folder, at("order"));
          testkit::put_file(at("order") / "model.safetensors", changed);
          QVERIFY(!load_model(at("order"), quiet_).has_value());
          ++tried;
        }
        break;
      }
    }
    if (tried == 0) QSKIP("the golden set has no g_idx");
  }

  void pickles_are_not_opened() {
    fresh_copy(goldens().front(), at("pickle"));
    fs::rename(at("pickle") / "model.safetensors", at("pickle") / "pytorch_model.bin");
    const auto model = load_model(at("pickle"), quiet_);
    QVERIFY(!model.has_value());
    QVERIFY2(model.error().message.find("safetensors") != std::string::npos, model.error().message.c_str());
    QVERIFY(!load_model(at("nowhere"), quiet_).has_value());
    fs::create_directories(at("nothing"));
    QVERIFY(!load_model(at("nothing"), quiet_).has_value());
    QVERIFY(!summarize_model(at("nothing")).has_value());
  }

  void random_changes() {
    std::mt19937 random(2);
    int opened = 0, refused = 0;
    for (const fs::path& folder : goldens()) {
      const std::string config = testkit::need(read_text_file(folder / "config.json"));
      const std::string whole = testkit::need(read_text_file(folder / "model.safetensors"));
      fresh_copy(folder, at("m"));
      for (int i = 0; i < 40; ++i) {
        const bool tensors = i % 2 == 0;
        testkit::put_file(at("m") / "config.json", tensors ? config : testkit::mutated(config, random, config.size()));
        testkit::put_file(at("m") / "model.safetensors", tensors ? testkit::mutated(whole, random, 4000) : whole);
        const auto model = load_model(at("m"), quiet_);
        (model ? opened : refused)++;
        (void)summarize_model(at("m"));
      }
    }
    qInfo("%d opened, %d refused", opened, refused);
    QVERIFY(refused > 0);
  }
};

QTEST_APPLESS_MAIN(TestCorruptFolder)
#include "test_corrupt_folder.moc"
