// Rotary positions: both orders of pairs, partial turns, and back.

#include "kernel_testing.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestRope : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { skip_note(); }

  void matches_data() {
    QTest::addColumn<int>("heads");
    QTest::addColumn<int>("dim");
    QTest::addColumn<int>("rotary");
    QTest::newRow("64") << 9 << 64 << 64;
    QTest::newRow("partial 96 of 128") << 2 << 128 << 96;
    QTest::newRow("partial 20 of 24") << 3 << 24 << 20;
    QTest::newRow("2 of 6") << 1 << 6 << 2;
    QTest::newRow("256") << 1 << 256 << 256;
    QTest::newRow("14") << 2 << 14 << 14;
  }
  void matches() {
    QFETCH(int, heads);
    QFETCH(int, dim);
    QFETCH(int, rotary);
    Random random(static_cast<uint64_t>(dim));
    const int64_t T = 19, ld = heads * dim + 3, count = (T - 1) * ld + heads * dim;
    const Guarded<float> x = random.normals(count);
    Guarded<float> cosine(T * rotary / 2), sine(T * rotary / 2);
    for (int64_t i = 0; i < cosine.size(); ++i) {
      const float angle = random.uniform(-3.0f, 3.0f);
      cosine[i] = std::cos(angle);
      sine[i] = std::sin(angle);
    }
    for (const cpu::Isa isa : all_isas())
      for (const bool adjacent : {false, true}) {
        const Bench bench(2, isa, 0, 0);
        Guarded<float> turned = x, expected = x;
        reference::rope(expected.data(), ld, T, heads, dim, rotary, cosine.data(), sine.data(), adjacent, false);
        cpu::rope(bench.context(), turned.data(), ld, T, heads, dim, rotary, cosine.data(), sine.data(), adjacent,
                  false);
        SW_SAME(compare(turned.data(), expected.data(), count, 12.0 * kEpsilon, "turned"));
        QVERIFY(turned[0] != x[0]);
        cpu::rope(bench.context(), turned.data(), ld, T, heads, dim, rotary, cosine.data(), sine.data(), adjacent,
                  true);
        SW_SAME(compare(turned.data(), x.data(), count, 24.0 * kEpsilon, "turned back"));
      }
  }
};

QTEST_APPLESS_MAIN(TestRope)
#include "test_rope.moc"
