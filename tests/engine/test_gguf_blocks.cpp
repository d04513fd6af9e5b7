// Every block type against values from an independent implementation, and both ways without a changed byte.

#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/core/file.h"
#include "engine/format/gguf_blocks.h"
#include "engine/format/safetensors.h"
#include "tests/testkit/golden_model.h"

using namespace scalewright;
namespace fs = std::filesystem;

namespace {

// All blocks of a [rows, cols] tensor through the records in memory, as a model file goes.
QuantizedMatrix matrix_of(GgufType type, int64_t rows, int64_t cols, const std::string& blocks) {
  const kernels::QuantLayout layout = *gguf_layout(type, rows, cols);
  const size_t row_bytes = blocks.size() / static_cast<size_t>(rows);
  return testkit::need(
      QuantizedMatrix::build(layout, [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
        const int here = static_cast<int>(std::min<int64_t>(16, rows - 16 * strip));
        decode_gguf_strip(type, layout,
                          reinterpret_cast<const uint8_t*>(blocks.data()) + static_cast<size_t>(16 * strip) * row_bytes,
                          here, plain);
        return {};
      }));
}

std::string blocks_of(GgufType type, const QuantizedMatrix& matrix) {
  const GgufTypeInfo& info = gguf_type_info(type);
  const size_t row_bytes = static_cast<size_t>(matrix.cols() / info.block * info.block_bytes);
  std::string blocks(row_bytes * static_cast<size_t>(matrix.rows()), '\0');
  const auto visited = matrix.visit([&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
    const int here = static_cast<int>(std::min<int64_t>(16, matrix.rows() - 16 * strip));
    encode_gguf_strip(type, matrix.layout(), plain, here,
                      reinterpret_cast<uint8_t*>(blocks.data()) + static_cast<size_t>(16 * strip) * row_bytes);
    return {};
  });
  if (!visited) qFatal("%s", visited.error().message.c_str());
  return blocks;
}

}  // namespace

class TestGgufBlocks : public QObject {
  Q_OBJECT
 private slots:
  void golden_data() {
    QTest::addColumn<QString>("path");
    const fs::path folder = testkit::golden_folder() / "formats" / "blocks";
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string stem = entry.path().stem().string();
      if (entry.path().extension() != ".bin" || stem.starts_with("source")) continue;
      QTest::newRow(stem.c_str()) << QString::fromStdString(entry.path().string());
      ++cases;
    }
    QVERIFY2(cases > 0, "no golden blocks found");
  }
  void golden() {
    QFETCH(QString, path);
    const fs::path bin = path.toStdString();
    const GgufTypeInfo* info = find_gguf_type(bin.stem().string());
    QVERIFY(info != nullptr);
    const std::string blocks = testkit::need(read_text_file(bin));
    fs::path npy = bin;
    npy.replace_extension(".npy");
    const NpyArray expected = testkit::need(read_npy(npy));
    const std::vector<float> want = testkit::need(npy_as_float(expected));
    const int64_t rows = expected.shape[0], cols = expected.shape[1];
    std::vector<float> got(want.size());
    if (is_dense(info->type)) {
      QVERIFY(convert_to_float(info->name, reinterpret_cast<const std::byte*>(blocks.data()), got.size(), got.data()));
      QVERIFY(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)) == 0);
      return;
    }
    const QuantizedMatrix matrix = matrix_of(info->type, rows, cols, blocks);
    matrix.dequantize(got);
    for (size_t block = 0; block < want.size(); block += info->block) {
      float largest = 0;
      for (size_t i = block; i < block + info->block; ++i) largest = std::max(largest, std::abs(want[i]));
      for (size_t i = block; i < block + info->block; ++i) {
        QVERIFY2(
            std::abs(got[i] - want[i]) <= 1e-6f * largest,
            qPrintable(QString("element %1: %2 instead of %3").arg(i).arg(got[i], 0, 'g', 9).arg(want[i], 0, 'g', 9)));
      }
    }
    QVERIFY(blocks_of(info->type, matrix) == blocks);
  }

  void random_bytes_survive_data() {
    QTest::addColumn<int>("type");
    for (uint32_t id = 0; id < 64; ++id) {
      const GgufTypeInfo* info = find_gguf_type(id);
      if (info == nullptr || !info->supported || is_dense(info->type)) continue;
      QTest::newRow(std::string(info->name).c_str()) << static_cast<int>(id);
    }
  }
  void random_bytes_survive() {
    QFETCH(int, type);
    const GgufTypeInfo& info = *find_gguf_type(static_cast<uint32_t>(type));
    std::mt19937 random(static_cast<unsigned>(type));
    for (const int64_t rows : {1, 16, 19}) {
      const int64_t cols = 3 * info.block;
      std::string blocks(static_cast<size_t>(rows * 3 * info.block_bytes), '\0');
      for (char& c : blocks) c = static_cast<char>(random());
      QVERIFY(blocks_of(info.type, matrix_of(info.type, rows, cols, blocks)) == blocks);
    }
    QCOMPARE(gguf_type_of(*gguf_layout(info.type, 16, 512)), std::optional(info.type));
  }

  // What opening a file does (blocks straight to records) against the way through plain arrays.
  void straight_to_records_data() { random_bytes_survive_data(); }
  void straight_to_records() {
    QFETCH(int, type);
    const GgufTypeInfo& info = *find_gguf_type(static_cast<uint32_t>(type));
    std::mt19937 random(static_cast<unsigned>(type) + 1);
    for (const int64_t rows : {1, 16, 19, 48}) {
      const int64_t cols = 5 * info.block;
      std::string blocks(static_cast<size_t>(rows * 5 * info.block_bytes), '\0');
      for (char& c : blocks) c = static_cast<char>(random());
      const QuantizedMatrix matrix = matrix_of(info.type, rows, cols, blocks);
      const kernels::QuantLayout& layout = matrix.layout();
      const auto* bytes = reinterpret_cast<const uint8_t*>(blocks.data());
      std::vector<uint8_t> strip(static_cast<size_t>(layout.strip_bytes()));
      for (int64_t i = 0; i < layout.strips(); ++i, bytes += 16 * 5 * info.block_bytes) {
        std::ranges::fill(strip, uint8_t{0xaa});
        pack_gguf_strip(info.type, layout, bytes, static_cast<int>(std::min<int64_t>(16, rows - 16 * i)), strip.data());
        QVERIFY(std::memcmp(strip.data(), matrix.view().records + i * layout.strip_bytes(), strip.size()) == 0);
      }
    }
  }
  void bad_scales_are_seen() {
    // Each half of a block of Q4_1, in the first and in the last block, with and without the other 15 rows.
    const kernels::QuantLayout layout = *gguf_layout(GgufType::Q4_1, 16, 96);
    std::vector<uint8_t> strip(static_cast<size_t>(layout.strip_bytes()));
    for (const int rows : {16, 1}) {
      std::vector<uint8_t> blocks(static_cast<size_t>(rows * 3 * 20), 1);
      QVERIFY(pack_gguf_strip(GgufType::Q4_1, layout, blocks.data(), rows, strip.data()));
      for (const size_t at : {size_t{1}, size_t{3}, blocks.size() - 19, blocks.size() - 17}) {
        std::vector<uint8_t> bad = blocks;
        bad[at] = 0x7c;
        QVERIFY(!pack_gguf_strip(GgufType::Q4_1, layout, bad.data(), rows, strip.data()));
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestGgufBlocks)
#include "test_gguf_blocks.moc"
