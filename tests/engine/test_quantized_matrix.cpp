#include <QtTest>
#include <cmath>
#include <cstring>
#include <random>

#include "engine/model/quantized_matrix.h"
#include "kernels/cpu/thread_pool.h"
#include "engine/model/weights.h"

using namespace scalewright;
using kernels::BlockKind;
using kernels::PlainStrip;
using kernels::QuantLayout;

namespace {

struct Affine {
  int64_t rows, cols, groups;
  QuantSpec spec;
  std::vector<uint8_t> codes;
  std::vector<float> scales;
  std::vector<int16_t> zeros;
  Result<QuantizedMatrix> build(kernels::cpu::ThreadPool* pool = nullptr) const {
    return QuantizedMatrix::from_affine(rows, cols, spec, codes, scales, zeros, pool);
  }
};

Affine make_affine(int64_t rows, int64_t cols, const QuantSpec& spec, unsigned seed) {
  std::mt19937 random(seed);
  Affine m{rows, cols, 0, spec, {}, {}, {}};
  const int64_t block = spec.group == 0 || spec.group > cols ? cols : spec.group;
  m.groups = (cols + block - 1) / block;
  m.codes.resize(static_cast<size_t>(rows * cols));
  for (auto& code : m.codes) code = static_cast<uint8_t>(random() % (1u << spec.bits));
  m.scales.resize(static_cast<size_t>(rows * m.groups));
  for (auto& scale : m.scales) scale = static_cast<float>(1 + random() % 500) * 0x1p-13f;
  m.zeros.resize(m.scales.size());
  for (auto& zero : m.zeros) zero = static_cast<int16_t>(random() % (1u << spec.bits));
  return m;
}

}  // namespace

class TestQuantizedMatrix : public QObject {
  Q_OBJECT
 private slots:
  void memory_is_zero_and_aligned();
  void affine();
  void on_all_threads();
  void hash_is_of_codes();
  void scales();
  void minimum_follows();
  void refuses();
  void dense_rows();
};

void TestQuantizedMatrix::on_all_threads() {
  kernels::cpu::ThreadPool pool(4);
  Affine m = make_affine(1003, 96, {3, 32, false}, 5);
  const auto alone = m.build(), together = m.build(&pool);
  QVERIFY(alone && together);
  QVERIFY(alone->codes_hash() == together->codes_hash());
  QVERIFY(alone->scale_halves() == together->scale_halves());
  // Whichever thread meets it: the lowest bad strip is the one that is named.
  for (const int64_t row : {900, 333, 600}) m.codes[static_cast<size_t>(row * m.cols)] = 9;
  for (int turn = 0; turn < 20; ++turn) {
    const auto bad = m.build(&pool);
    QVERIFY(!bad);
    QVERIFY2(bad.error().message.find("Rows 320 to 335") != std::string::npos, bad.error().message.c_str());
  }
}

void TestQuantizedMatrix::memory_is_zero_and_aligned() {
  // Small blocks and those that get pages of their own, and again after what was written there is let go.
  for (int turn = 0; turn < 3; ++turn) {
    for (const MemoryUse use : {MemoryUse::Weights, MemoryUse::Work}) {
      for (const size_t bytes : {size_t{1}, size_t{1000}, (size_t{1} << 20) - 128, size_t{1} << 20, size_t{5000001}}) {
        const AlignedBytes block(bytes, use);
        QCOMPARE(reinterpret_cast<uintptr_t>(block.data()) % 64, uintptr_t{0});
        QVERIFY(std::all_of(block.data(), block.data() + bytes + 64, [](uint8_t byte) { return byte == 0; }));
        std::memset(block.data(), 0xff, bytes);
      }
    }
  }
}

void TestQuantizedMatrix::affine() {
  for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
    for (const int group : {0, 32, 64, 128, 256}) {
      for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{17, 96}, {16, 64}, {3, 56}, {33, 200}}) {
        const Affine m = make_affine(rows, cols, {bits, group, false}, 11);
        const auto matrix = m.build();
        QVERIFY(matrix.has_value());
        const int64_t block = matrix->layout().block;
        std::vector<float> all(static_cast<size_t>(rows * cols)), row(static_cast<size_t>(cols));
        matrix->dequantize(all);
        for (int64_t n = 0; n < rows; ++n) {
          matrix->dequantize_row(n, row);
          QVERIFY(std::equal(row.begin(), row.end(), all.begin() + n * cols));
          for (int64_t k = 0; k < cols; ++k) {
            const auto g = static_cast<size_t>(n * m.groups + k / block);
            // Integer times fp16: exact in fp32 (a * q and s * z each are).
            QCOMPARE(all[static_cast<size_t>(n * cols + k)],
                     m.scales[g] * static_cast<float>(m.codes[static_cast<size_t>(n * cols + k)] - m.zeros[g]));
          }
        }
        int64_t visited = 0;
        const auto result = matrix->visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
          ++visited;
          const int64_t width = matrix->layout().chunks() * 32;
          for (int64_t r = 0; r < 16 && strip * 16 + r < rows; ++r) {
            if (std::memcmp(plain.codes + r * width, &m.codes[static_cast<size_t>((strip * 16 + r) * cols)],
                            static_cast<size_t>(cols)) != 0) {
              return fail(ErrorCode::Format, "codes differ");
            }
          }
          return {};
        });
        QVERIFY(result.has_value());
        QCOMPARE(visited, (rows + 15) / 16);
      }
    }
  }
  const auto matrix = make_affine(64, 256, {4, 64, false}, 1).build();
  QCOMPARE(matrix->bits_per_weight(), 4.0 + 20.0 / 64);
}

void TestQuantizedMatrix::hash_is_of_codes() {
  Affine m = make_affine(20, 128, {3, 64, false}, 4);
  auto first = m.build();
  const auto hash = first->codes_hash();
  QVERIFY(hash == m.build()->codes_hash());
  std::vector<float> other(m.scales.size(), 0.5f);
  first->write_scales(other, {}, {});
  QVERIFY(hash == first->codes_hash());
  for (size_t at : {size_t{0}, size_t{127}, m.codes.size() - 1}) {
    Affine changed = m;
    changed.codes[at] ^= 1;
    QVERIFY(!(hash == changed.build()->codes_hash()));
  }
  Affine changed = m;
  changed.zeros.back() ^= 1;
  QVERIFY(!(hash == changed.build()->codes_hash()));
}

void TestQuantizedMatrix::scales() {
  const Affine m = make_affine(19, 160, {4, 32, false}, 6);
  auto matrix = m.build();
  std::vector<float> scale(m.scales.size());
  matrix->read_scales(scale, {});
  QCOMPARE(scale, m.scales);
  const auto halves = matrix->scale_halves();
  QCOMPARE(halves.size(), scale.size());
  for (auto& s : scale) s *= 1.5f;
  matrix->write_scales(scale, {}, halves);
  std::vector<float> now(scale.size());
  matrix->read_scales(now, {});
  for (size_t i = 0; i < now.size(); ++i) QCOMPARE(now[i], kernels::half_to_float(kernels::float_to_half(scale[i])));
  matrix->restore_scale_halves(halves);
  matrix->read_scales(now, {});
  QCOMPARE(now, m.scales);
}

void TestQuantizedMatrix::minimum_follows() {
  const QuantLayout layout{.rows = 5, .cols = 64, .kind = BlockKind::Min, .bits = 4, .sub = 32, .block = 32};
  auto matrix = QuantizedMatrix::build(layout, [&](int64_t, const PlainStrip& plain) -> Result<void> {
    for (int i = 0; i < 10; ++i) {
      plain.scale[i] = kernels::float_to_half(0.5f);
      plain.scale_min[i] = kernels::float_to_half(-3.0f);
    }
    for (int i = 10; i < 32; ++i) plain.scale[i] = 0x7e00;  // rows beyond N: must not be kept
    return {};
  });
  QVERIFY(matrix.has_value());
  const auto base = matrix->scale_halves();
  QCOMPARE(base.size(), size_t{20});
  // Twice from the same base: the second does not build on the first.
  for (const float d : {2.0f, 0.25f}) {
    matrix->write_scales(std::vector<float>(10, d), {}, base);
    std::vector<float> scale(10), second(10);
    matrix->read_scales(scale, second);
    for (int i = 0; i < 10; ++i) {
      QCOMPARE(scale[static_cast<size_t>(i)], d);
      QCOMPARE(second[static_cast<size_t>(i)], -6.0f * d);
    }
  }
  matrix->restore_scale_halves(base);
  QCOMPARE(matrix->scale_halves(), base);
  // The padding stayed zero, in the records themselves.
  const uint8_t* header = matrix->view().records;
  for (int byte = 2 * 5; byte < 32; ++byte) QCOMPARE(int{header[byte]}, 0);
}

void TestQuantizedMatrix::refuses() {
  Affine m = make_affine(4, 64, {4, 32, false}, 2);
  m.codes[5] = 16;
  auto bad = m.build();
  QVERIFY(!bad);
  QVERIFY(bad.error().message.find("code 16") != std::string::npos);
  m.codes.pop_back();
  QVERIFY(!m.build());
  QVERIFY(!make_affine(4, 100, {4, 48, false}, 2).build());
  const auto nothing = [](int64_t, const PlainStrip&) -> Result<void> { return {}; };
  QVERIFY(!QuantizedMatrix::build({.rows = 0, .cols = 32}, nothing));
  QVERIFY(!QuantizedMatrix::build({.rows = 4, .cols = 32, .bits = 7}, nothing));
  QVERIFY(!QuantizedMatrix::build({.rows = 4, .cols = 100, .kind = BlockKind::KMin, .bits = 4, .sub = 32, .block = 256},
                                  nothing));
  const auto failing = [](int64_t strip, const PlainStrip&) -> Result<void> {
    if (strip == 1) return fail(ErrorCode::Io, "the disk is gone");
    return {};
  };
  const auto failed = QuantizedMatrix::build({.rows = 40, .cols = 32, .sub = 32, .block = 32}, failing);
  QVERIFY(!failed);
  QCOMPARE(failed.error().message, std::string("the disk is gone"));
}

void TestQuantizedMatrix::dense_rows() {
  DenseMatrix dense;
  dense.type = kernels::DenseType::BF16;
  dense.rows = 2;
  dense.cols = 3;
  dense.data = AlignedBytes(12);
  const uint16_t values[] = {0x3f80, 0xc000, 0x0000, 0x4040, 0xbf00, 0x3e80};
  std::memcpy(dense.data.data(), values, sizeof values);
  const Matrix matrix(std::move(dense));
  std::vector<float> row(3);
  matrix.dequantize_row(1, row);
  QCOMPARE(row, (std::vector<float>{3.0f, -0.5f, 0.25f}));
  QVERIFY(!matrix.view().quantized);
  QCOMPARE(matrix.view().dense.cols, int64_t{3});
}

QTEST_APPLESS_MAIN(TestQuantizedMatrix)
#include "test_quantized_matrix.moc"
