// What the clip search measures: right against doubles, and the same bits on every instruction set.

#include "kernel_testing.h"
#include "kernels/cpu/rounding_error.h"

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
};

QTEST_APPLESS_MAIN(TestRoundingError)
#include "test_rounding_error.moc"
