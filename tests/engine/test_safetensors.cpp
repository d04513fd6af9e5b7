// safetensors files and the packing of quantized dialects.

#include <QtTest>
#include <random>

#include "engine/format/packing.h"
#include "engine/format/safetensors.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

class TestSafetensors : public QObject {
  Q_OBJECT
  QTemporaryDir scratch_;
  fs::path at(const std::string& name) const { return fs::path(scratch_.path().toStdString()) / name; }

 private slots:
  void files_survive() {
    const std::vector<SafetensorsTensor> tensors = {{.name = "z", .dtype = "F32", .shape = {2, 3}},
                                                    {.name = "a \"quoted\"", .dtype = "I64", .shape = {}},
                                                    {.name = "none", .dtype = "F16", .shape = {0, 4}},
                                                    {.name = "h", .dtype = "F16", .shape = {2}}};
    SafetensorsWriter writer =
        testkit::need(SafetensorsWriter::create(at("a.safetensors"), tensors, {{"format", "pt"}, {"k", "v"}}));
    const std::vector<float> values = {1, 2, 3, 4, 5, 6.5f};
    const int64_t number = -7;
    const uint16_t halves[2] = {0x3c00, 0xc000};
    QVERIFY(writer.write(std::as_bytes(std::span(values))).has_value());
    QVERIFY(writer.write(std::as_bytes(std::span(&number, 1))).has_value());
    QVERIFY(!writer.commit().has_value());
    QVERIFY(writer.write(std::as_bytes(std::span(halves))).has_value());
    QVERIFY(!writer.write(std::as_bytes(std::span(halves))).has_value());
    QVERIFY(writer.commit().has_value());
    const SafetensorsFile file = testkit::need(SafetensorsFile::open(at("a.safetensors")));
    QCOMPARE(file.tensors().size(), size_t{4});
    QCOMPARE(file.metadata().at("k"), std::string("v"));
    QCOMPARE(testkit::need(file.read_f32("z")), values);
    QCOMPARE(testkit::need(file.read_f32("h")), (std::vector<float>{1.0f, -2.0f}));
    QCOMPARE(testkit::need(file.read_as<int64_t>("a \"quoted\"", "I64")).at(0), number);
    QVERIFY(testkit::need(file.read_f32("none")).empty());
    QVERIFY(!file.read_f32("missing").has_value());
    QVERIFY(!file.read_f32("a \"quoted\"").has_value());
    QVERIFY(!file.read_as<float>("h", "F32").has_value());
  }

  void words_hold_codes_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("whole");
    for (int bits = 2; bits <= 8; ++bits) {
      QTest::addRow("%d bits, dense", bits) << bits << false;
      QTest::addRow("%d bits, whole", bits) << bits << true;
    }
  }
  void words_hold_codes() {
    QFETCH(int, bits);
    QFETCH(bool, whole);
    std::mt19937 random(static_cast<unsigned>(bits));
    const WordPacking packing{bits, whole};
    for (const int64_t stride : {1, 5}) {
      for (const int64_t count : {1, 31, 32, 97}) {
        std::vector<uint32_t> words(static_cast<size_t>(packing.words(count) * stride));
        std::vector<uint32_t> codes(static_cast<size_t>(count));
        for (int64_t i = 0; i < count; ++i) {
          codes[static_cast<size_t>(i)] = random() & ((1u << bits) - 1);
          packing.put(words.data(), stride, i, codes[static_cast<size_t>(i)]);
        }
        for (int64_t i = 0; i < count; ++i)
          QCOMPARE(packing.get(words.data(), stride, i), codes[static_cast<size_t>(i)]);
      }
    }
    if (bits == 3) QCOMPARE(packing.words(32), int64_t{whole ? 4 : 3});
  }

  // An MLX and an HQQ matrix written by hand: W = scale * q + bias, and (q - zero) * scale.
  void offsets_of_other_tools() {
    PackedMatrix m;
    m.rows = 2;
    m.cols = 64;
    m.group = 32;
    m.groups = 2;
    m.packing.bits = 4;
    m.codes.resize(16);
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t k = 0; k < 64; ++k) m.packing.put(m.codes.data() + 8 * n, 1, k, static_cast<uint32_t>((n + k) % 16));
    }
    for (const float scale : {0.5f, 0.25f, 1.0f, 2.0f}) m.scales.push_back(kernels::float_to_half(scale));
    for (const float bias : {-1.0f, 0.0f, 3.0f, -8.0f}) m.biases.push_back(kernels::float_to_half(bias));
    const auto value = [&](const QuantizedMatrix& q, int64_t n, int64_t k) {
      std::vector<float> row(64);
      q.dequantize_row(n, row);
      return row[static_cast<size_t>(k)];
    };
    const auto build = [&](void (*decode)(const PackedMatrix&, int64_t, const kernels::PlainStrip&)) {
      return testkit::need(QuantizedMatrix::build(packed_layout(m, false),
                                                  [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
                                                    decode(m, strip, plain);
                                                    return {};
                                                  }));
    };
    const QuantizedMatrix mlx = build(decode_mlx_strip);
    QCOMPARE(value(mlx, 0, 3), 0.5f * 3 - 1.0f);
    QCOMPARE(value(mlx, 0, 35), 0.25f * 3);
    QCOMPARE(value(mlx, 1, 63), 2.0f * 0 - 8.0f);
    // HQQ: four groups, the first two in the high nibbles.
    m.bytes.resize(64);
    for (int64_t i = 0; i < 32; ++i) {
      m.bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(((i % 16) << 4) | ((i + 1) % 16));
      m.bytes[static_cast<size_t>(32 + i)] = static_cast<uint8_t>(((i + 2) % 16) << 4 | ((i + 3) % 16));
    }
    const QuantizedMatrix hqq = build(decode_hqq_strip);
    QCOMPARE(value(hqq, 0, 5), 0.5f * 5 - 1.0f);
    QCOMPARE(value(hqq, 0, 32 + 5), 0.25f * 7);
    QCOMPARE(value(hqq, 1, 5), 1.0f * 6 + 3.0f);
    QCOMPARE(value(hqq, 1, 32 + 5), 2.0f * 8 - 8.0f);
  }

  void golden_files() {
    int cases = 0;
    for (const std::string& name : testkit::cases_with(testkit::golden_folder() / "peqa", "case.safetensors")) {
      const SafetensorsFile file =
          testkit::need(SafetensorsFile::open(testkit::golden_folder() / "peqa" / name / "case.safetensors"));
      QVERIFY(file.find("loss") != nullptr);
      QCOMPARE(file.find("loss")->dtype, std::string("F64"));
      ++cases;
    }
    QVERIFY(cases > 0);
  }
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
