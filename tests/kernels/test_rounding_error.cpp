// What the clip search measures and how a group is rounded: right against doubles, and the same bits on every instruction set.

#include "kernel_testing.h"
#include "kernels/cpu/rounding_error.h"
#include "kernels/cpu/rounding_group.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestRoundingError : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { skip_note(); }

  void matches_data() {
    QTest::addColumn<int>("n");
    for (const int n : {1, 7, 15, 16, 17, 31, 32, 33, 64, 127, 128, 576, 1000}) QTest::addRow("%d", n) << n;
  }
  void matches() {
    QFETCH(int, n);
    Random random(static_cast<uint64_t>(n) + 900);
    const Guarded<float> w = random.normals(n);
    Guarded<float> weight = random.normals(n);
    for (int64_t i = 0; i < n; ++i) weight[i] = weight[i] * weight[i];
    const float scale = 0.37f, lowest = -3.0f, highest = 4.0f;
    for (const bool weighted : {false, true}) {
      double expected = 0.0;
      for (int64_t i = 0; i < n; ++i) {
        const double q = std::clamp(std::nearbyint(w[i] * (1.0f / scale)), lowest, highest);
        const double error = w[i] - q * static_cast<double>(scale);
        expected += (weighted ? weight[i] : 1.0) * error * error;
      }
      const float* by = weighted ? weight.data() : nullptr;
      const float scalar = cpu::rounding_error(cpu::Isa::Scalar)(w.data(), by, n, scale, lowest, highest);
      QVERIFY(std::fabs(scalar - expected) <= 20.0 * kEpsilon * (expected + 1e-3));
      for (const cpu::Isa isa : all_isas()) {
        const float fast = cpu::rounding_error(isa)(w.data(), by, n, scale, lowest, highest);
        QCOMPARE(std::bit_cast<uint32_t>(fast), std::bit_cast<uint32_t>(scalar));
      }
    }
  }

  void group_data() { matches_data(); }
  void group() {
    QFETCH(int, n);
    Random random(static_cast<uint64_t>(n) + 901);
    const Guarded<float> w = random.normals(n);
    const float scale = 0.37f, lowest = -3.0f, highest = 12.0f;
    const cpu::RoundingGroup& plain = cpu::rounding_group(cpu::Isa::Scalar);
    float lo = 1.0f, hi = -1.0f, error = 0.0f, norm = 0.0f;
    Guarded<uint8_t> codes(n);
    plain.range(w.data(), n, &lo, &hi);
    plain.encode(w.data(), n, scale, lowest, highest, codes.data());
    plain.error(w.data(), codes.data(), n, scale, -lowest, &error, &norm);
    float low = 0.0f, high = 0.0f;
    double moved = 0.0, size = 0.0;
    for (int64_t i = 0; i < n; ++i) {
      low = std::min(low, w[i]);
      high = std::max(high, w[i]);
      const float q = std::clamp(std::nearbyint(w[i] / scale), lowest, highest);
      QCOMPARE(static_cast<float>(codes[i]), q - lowest);
      moved += std::pow(w[i] - double{q} * scale, 2);
      size += std::pow(double{w[i]}, 2);
    }
    QCOMPARE(lo, low);
    QCOMPARE(hi, high);
    QVERIFY(std::fabs(error - moved) <= 20.0 * kEpsilon * (moved + 1e-3));
    QVERIFY(std::fabs(norm - size) <= 20.0 * kEpsilon * (size + 1e-3));
    for (const cpu::Isa isa : all_isas()) {
      const cpu::RoundingGroup& fast = cpu::rounding_group(isa);
      float lo_fast = 0.0f, hi_fast = 0.0f, error_fast = 0.0f, norm_fast = 0.0f;
      Guarded<uint8_t> codes_fast(n);
      fast.range(w.data(), n, &lo_fast, &hi_fast);
      fast.encode(w.data(), n, scale, lowest, highest, codes_fast.data());
      fast.error(w.data(), codes.data(), n, scale, -lowest, &error_fast, &norm_fast);
      QVERIFY(lo_fast == lo && hi_fast == hi && error_fast == error && norm_fast == norm);
      QVERIFY(std::memcmp(codes_fast.data(), codes.data(), static_cast<size_t>(n)) == 0);
    }
  }
};

QTEST_APPLESS_MAIN(TestRoundingError)
#include "test_rounding_error.moc"
