// Softmax cross-entropy in place, soft caps, and the optimizer.

#include "kernel_testing.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestLoss : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { skip_note(); }

  void cross_entropy_data() {
    QTest::addColumn<int>("V");
    QTest::addColumn<double>("cap");
    QTest::addColumn<double>("size");
    QTest::newRow("one word") << 1 << 0.0 << 1.0;
    QTest::newRow("seven") << 7 << 0.0 << 3.0;
    QTest::newRow("1000") << 1000 << 0.0 << 5.0;
    QTest::newRow("49152") << 49152 << 0.0 << 3.0;
    QTest::newRow("capped") << 1003 << 30.0 << 8.0;
    QTest::newRow("far apart") << 515 << 0.0 << 200.0;
  }
  void cross_entropy() {
    QFETCH(int, V);
    QFETCH(double, cap);
    QFETCH(double, size);
    Random random(static_cast<uint64_t>(V));
    const int64_t T = 5, ld = V + 3, count = (T - 1) * ld + V;
    Guarded<float> logits = random.normals(count, static_cast<float>(size));
    if (cap > 0.0) reference::softcap(logits.data(), count, static_cast<float>(cap));
    Guarded<int32_t> targets(T);
    for (int32_t& t : targets) t = random.integer(0, V - 1);
    targets[2] = -1;
    const float scale = 0.25f;
    Guarded<float> expected = logits;
    Guarded<double> nll_expected(T);
    reference::cross_entropy(expected.data(), ld, T, V, targets.data(), static_cast<float>(cap), scale,
                             nll_expected.data(), true);
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(2, isa, 0, 0);
      Guarded<float> gradient = logits, kept = logits;
      Guarded<double> nll(T), nll_only(T);
      cpu::cross_entropy(bench.context(), gradient.data(), ld, T, V, targets.data(), static_cast<float>(cap), scale,
                         nll.data(), true);
      cpu::cross_entropy(bench.context(), kept.data(), ld, T, V, targets.data(), static_cast<float>(cap), scale,
                         nll_only.data(), false);
      QVERIFY(std::memcmp(kept.data(), logits.data(), static_cast<size_t>(count) * sizeof(float)) == 0);
      // e^(x - max) carries the rounding of its argument: |x| eps.
      const double relative = kEpsilon * (8.0 + 8.0 * size);
      for (int64_t t = 0; t < T; ++t) {
        QVERIFY(std::fabs(nll[t] - nll_expected[t]) <= relative * (1.0 + std::fabs(nll_expected[t])));
        QCOMPARE(nll_only[t], nll[t]);
      }
      QCOMPARE(nll[2], 0.0);
      SW_SAME(compare(gradient.data(), expected.data(), count, relative * scale, "gradient"));
      for (int64_t i = 0; i < V; ++i) QCOMPARE(gradient[2 * ld + i], 0.0f);
      // Behind each row nothing is touched.
      for (int64_t t = 0; t + 1 < T; ++t) QCOMPARE(gradient[t * ld + V], logits[t * ld + V]);
    }
  }

  void not_a_number_shows() {
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(1, isa, 0, 0);
      for (int64_t at = 0; at < 21; ++at) {
        float logits[21] = {};
        logits[at] = NAN;
        const int32_t target = 3;
        double nll = 0.0;
        cpu::cross_entropy(bench.context(), logits, 21, 1, 21, &target, 0.0f, 1.0f, &nll, false);
        QVERIFY2(std::isnan(nll), qPrintable(QString("position %1").arg(at)));
      }
    }
  }

  void softcap() {
    Random random(4);
    for (const int64_t n : {int64_t{1}, int64_t{7}, int64_t{20000}}) {
      Guarded<float> x(n);
      for (int64_t i = 0; i < n; ++i) x[i] = i % 2 ? random.normal(0.01f) : random.uniform(-300.0f, 300.0f);
      Guarded<float> expected = x;
      reference::softcap(expected.data(), n, 30.0f);
      for (const cpu::Isa isa : all_isas()) {
        const Bench bench(2, isa, 0, 0);
        Guarded<float> y = x;
        cpu::softcap(bench.context(), y.data(), n, 30.0f);
        for (int64_t i = 0; i < n; ++i)
          QVERIFY(std::fabs(y[i] - expected[i]) <= 4.0 * kEpsilon * std::fabs(expected[i]));
      }
    }
  }

  void adamw() {
    Random random(11);
    for (const int64_t n : {int64_t{1}, int64_t{13}, int64_t{20001}}) {
      const Guarded<float> start = random.normals(n, 0.01f);
      Guarded<float> expected = start, m_expected(n), v_expected(n);
      std::vector<Guarded<float>> p, m, v;
      for (size_t i = 0; i < all_isas().size(); ++i) {
        p.push_back(start);
        m.emplace_back(n);
        v.emplace_back(n);
      }
      for (int64_t step = 1; step <= 5; ++step) {
        const Guarded<float> gradient = random.normals(n, step == 3 ? 1e-6f : 1.0f);
        const double rate = 1e-3, decay = 0.1, clip = 0.5, beta1 = 0.9f, beta2 = 0.999f;
        reference::adamw({rate, beta1, beta2, 1e-8, decay, clip, step}, gradient.data(), expected.data(),
                         m_expected.data(), v_expected.data(), n);
        cpu::AdamWTerms terms;
        terms.beta1 = static_cast<float>(beta1);
        terms.beta2 = static_cast<float>(beta2);
        terms.rest1 = static_cast<float>(1.0 - beta1);
        terms.rest2 = static_cast<float>(1.0 - beta2);
        terms.gradient_scale = static_cast<float>(clip);
        terms.decay = static_cast<float>(1.0 - rate * decay);
        terms.step_size = static_cast<float>(rate / (1.0 - std::pow(beta1, static_cast<double>(step))));
        terms.root = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2, static_cast<double>(step))));
        terms.epsilon = 1e-8f;
        for (size_t i = 0; i < p.size(); ++i) {
          const Bench bench(2, all_isas()[i], 0, 0);
          cpu::adamw(bench.context(), terms, gradient.data(), p[i].data(), m[i].data(), v[i].data(), n);
        }
      }
      for (size_t i = 0; i < p.size(); ++i) {
        // Five steps of a rate of 1e-3, each rounded to a few eps of the step and one of the parameter.
        SW_SAME(compare(p[i].data(), expected.data(), n, 5.0 * kEpsilon * (16.0 * 1e-3 + 0.05), "parameter"));
        SW_SAME(compare(m[i].data(), m_expected.data(), n, 16.0 * kEpsilon, "first moment"));
        SW_SAME(compare(v[i].data(), v_expected.data(), n, 16.0 * kEpsilon, "second moment"));
      }
    }
  }

  void halves_and_sums() {
    Random random(12);
    for (const int64_t width : {int64_t{1}, int64_t{15}, int64_t{192}}) {
      const int64_t T = 4, ld = width + 5;
      const Guarded<float> x = random.normals((T - 1) * ld + width, 10.0f);
      for (const cpu::Isa isa : all_isas()) {
        const Bench bench(2, isa, 0, 0);
        Guarded<uint16_t> half(T * width);
        Guarded<float> full(T * width);
        cpu::store_kv(bench.context(), x.data(), ld, T, width, half.data(), width, true);
        cpu::store_kv(bench.context(), x.data(), ld, T, width, full.data(), width, false);
        for (int64_t t = 0; t < T; ++t)
          for (int64_t i = 0; i < width; ++i) {
            QCOMPARE(half[t * width + i], float_to_half(x[t * ld + i]));
            QCOMPARE(full[t * width + i], x[t * ld + i]);
          }
        Guarded<float> sum = full;
        cpu::add(bench.context(), full.data(), sum.data(), sum.size());
        for (int64_t i = 0; i < sum.size(); ++i) QCOMPARE(sum[i], full[i] + full[i]);
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestLoss)
#include "test_loss.moc"
