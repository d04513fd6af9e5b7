// RMSNorm of whole rows and of heads, forward and backward.

#include "kernel_testing.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestNorm : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { skip_note(); }

  void matches_data() {
    QTest::addColumn<int>("T");
    QTest::addColumn<int>("groups");
    QTest::addColumn<int>("D");
    QTest::addColumn<bool>("weighted");
    QTest::newRow("one") << 1 << 1 << 1 << true;
    QTest::newRow("odd") << 3 << 1 << 33 << true;
    QTest::newRow("row") << 40 << 1 << 576 << true;
    QTest::newRow("heads") << 17 << 9 << 64 << true;
    QTest::newRow("odd heads") << 5 << 3 << 23 << true;
    QTest::newRow("no weight") << 7 << 2 << 100 << false;
  }
  void matches() {
    QFETCH(int, T);
    QFETCH(int, groups);
    QFETCH(int, D);
    QFETCH(bool, weighted);
    Random random(static_cast<uint64_t>(T * 1000 + D));
    const int64_t ld = groups * D + 3, count = (T - 1) * ld + groups * D;
    const Guarded<float> x = random.normals(count, 3.0f), weights = random.normals(D), dy = random.normals(count);
    const float* weight = weighted ? weights.data() : nullptr;
    Guarded<float> expected(count), expected_inverse(T * groups), start = random.normals(count);
    reference::rmsnorm(x.data(), ld, T, groups, D, weight, 1e-5f, expected.data(), ld, expected_inverse.data());
    // A mean of D squares rounds by about eps sqrt(D) at worst; values reach |x| / rms * |weight| < sqrt(D) * 4.
    const double relative = kEpsilon * (4.0 + std::sqrt(static_cast<double>(D)));
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(3, isa, 0, 0);
      Guarded<float> y(count), inverse(T * groups);
      cpu::rmsnorm(bench.context(), x.data(), ld, T, groups, D, weight, 1e-5f, y.data(), ld, inverse.data());
      SW_SAME(compare(y.data(), expected.data(), count, relative * 16.0, "y"));
      for (int64_t i = 0; i < inverse.size(); ++i)
        QVERIFY(std::fabs(inverse[i] - expected_inverse[i]) <= relative * expected_inverse[i]);
      Guarded<float> in_place = x;
      cpu::rmsnorm(bench.context(), in_place.data(), ld, T, groups, D, weight, 1e-5f, in_place.data(), ld, nullptr);
      for (int64_t t = 0; t < T; ++t)
        QVERIFY(std::memcmp(in_place.data() + t * ld, y.data() + t * ld,
                            static_cast<size_t>(groups * D) * sizeof(float)) == 0);
      for (const bool accumulate : {false, true}) {
        Guarded<float> dx = start, dx_expected = start;
        reference::rmsnorm_dx(dy.data(), ld, x.data(), ld, T, groups, D, weight, expected_inverse.data(),
                              dx_expected.data(), ld, accumulate);
        cpu::rmsnorm_dx(bench.context(), dy.data(), ld, x.data(), ld, T, groups, D, weight, expected_inverse.data(),
                        dx.data(), ld, accumulate);
        double largest = 1.0;
        for (float g : dx_expected) largest = std::max(largest, static_cast<double>(std::fabs(g)));
        SW_SAME(compare(dx.data(), dx_expected.data(), count, relative * 8.0 * largest, "dx"));
      }
    }
  }

  // The reference against central differences.
  void reference_gradient_is_the_slope() {
    Random random(2);
    const int64_t D = 12;
    Guarded<float> x = random.normals(D);
    const Guarded<float> weight = random.normals(D), dy = random.normals(D);
    Guarded<float> y(D), inverse(1), dx(D);
    const auto objective = [&] {
      reference::rmsnorm(x.data(), D, 1, 1, D, weight.data(), 1e-5f, y.data(), D, inverse.data());
      double sum = 0.0;
      for (int64_t i = 0; i < D; ++i) sum += static_cast<double>(y[i]) * dy[i];
      return sum;
    };
    objective();
    reference::rmsnorm_dx(dy.data(), D, x.data(), D, 1, 1, D, weight.data(), inverse.data(), dx.data(), D, false);
    for (int64_t i = 0; i < D; ++i) {
      const float before = x[i];
      x[i] = before + 0.01f;
      const double up = objective();
      x[i] = before - 0.01f;
      const double slope = (up - objective()) / 0.02;
      x[i] = before;
      QVERIFY(std::fabs(slope - dx[i]) <= 2e-3 * (1.0 + std::fabs(slope)));
    }
  }
};

QTEST_APPLESS_MAIN(TestNorm)
#include "test_norm.moc"
