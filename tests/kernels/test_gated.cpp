// Gated activations, forward and backward, over the whole range of inputs.

#include "kernel_testing.h"
#include "kernels/cpu/rowwise.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestGated : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { skip_note(); }

  void matches_data() {
    QTest::addColumn<int>("kind");
    QTest::newRow("silu") << 0;
    QTest::newRow("gelu tanh") << 1;
    QTest::newRow("gelu erf") << 2;
  }
  void matches() {
    QFETCH(int, kind);
    const GateKind gate_kind = static_cast<GateKind>(kind);
    Random random(static_cast<uint64_t>(kind));
    for (const int64_t F : {int64_t{1}, int64_t{31}, int64_t{1536}, int64_t{4100}}) {
      const int64_t T = 3, ldg = F + 1, ldu = F + 2, ldo = F + 3;
      Guarded<float> gate((T - 1) * ldg + F);
      for (int64_t i = 0; i < gate.size(); ++i)
        gate[i] =
            i % 3 == 0 ? random.normal(0.05f) : (i % 3 == 1 ? random.normal(2.0f) : random.uniform(-60.0f, 60.0f));
      const Guarded<float> up = random.normals((T - 1) * ldu + F), dout = random.normals((T - 1) * ldo + F);
      Guarded<float> expected((T - 1) * ldo + F), dgate_expected(gate.size()), dup_expected(up.size());
      reference::gated(gate.data(), ldg, up.data(), ldu, T, F, gate_kind, expected.data(), ldo);
      reference::gated_backward(gate.data(), ldg, up.data(), ldu, dout.data(), ldo, T, F, gate_kind,
                                dgate_expected.data(), dup_expected.data());
      for (const cpu::Isa isa : all_isas()) {
        const Bench bench(2, isa, 0, 0);
        Guarded<float> out(expected.size()), dgate(gate.size()), dup(up.size());
        cpu::gated(bench.context(), gate.data(), ldg, up.data(), ldu, T, F, gate_kind, out.data(), ldo);
        cpu::gated_backward(bench.context(), gate.data(), ldg, up.data(), ldu, dout.data(), ldo, T, F, gate_kind,
                            dgate.data(), dup.data());
        // Values: |gate| * |up| * a few roundings; the exponential of 60 carries its argument's rounding, but times
        // itself.
        for (int64_t t = 0; t < T; ++t)
          for (int64_t f = 0; f < F; ++f) {
            const double g = std::fabs(gate[t * ldg + f]) + 1.0, u = std::fabs(up[t * ldu + f]),
                         d = std::fabs(dout[t * ldo + f]);
            QVERIFY(std::fabs(out[t * ldo + f] - expected[t * ldo + f]) <= 8.0 * kEpsilon * g * u);
            QVERIFY(std::fabs(dgate[t * ldg + f] - dgate_expected[t * ldg + f]) <= 8.0 * kEpsilon * g * u * d);
            QVERIFY(std::fabs(dup[t * ldu + f] - dup_expected[t * ldu + f]) <= 8.0 * kEpsilon * g * d);
          }
      }
    }
  }

  void may_be_written_over_its_inputs() {
    Random random(9);
    const int64_t T = 4, F = 50;
    const Guarded<float> gate = random.normals(T * F), up = random.normals(T * F), dout = random.normals(T * F);
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(2, isa, 0, 0);
      Guarded<float> g = gate, u = up, dgate(T * F), dup(T * F);
      cpu::gated_backward(bench.context(), gate.data(), F, up.data(), F, dout.data(), F, T, F, GateKind::Silu,
                          dgate.data(), dup.data());
      cpu::gated_backward(bench.context(), g.data(), F, u.data(), F, dout.data(), F, T, F, GateKind::Silu, g.data(),
                          u.data());
      QVERIFY(std::memcmp(g.data(), dgate.data(), static_cast<size_t>(T * F) * sizeof(float)) == 0);
      QVERIFY(std::memcmp(u.data(), dup.data(), static_cast<size_t>(T * F) * sizeof(float)) == 0);
    }
  }

  // The slopes against central differences.
  void reference_slope() {
    for (const GateKind kind : {GateKind::Silu, GateKind::GeluTanh, GateKind::GeluErf})
      for (double x = -6.0; x < 6.0; x += 0.37) {
        const double slope = (reference::activation(kind, x + 1e-5) - reference::activation(kind, x - 1e-5)) / 2e-5;
        QVERIFY(std::fabs(slope - reference::activation_slope(kind, x)) < 1e-8);
      }
  }

  // What is not a number must stay visible: a run stops on it.
  void nan_stays() {
    const float gate[9] = {1, NAN, 2, 3, 4, 5, 6, 7, NAN}, up[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(1, isa, 0, 0);
      for (const GateKind kind : {GateKind::Silu, GateKind::GeluTanh, GateKind::GeluErf}) {
        float out[9] = {};
        cpu::gated(bench.context(), gate, 9, up, 9, 1, 9, kind, out, 9);
        QVERIFY(std::isnan(out[1]) && std::isnan(out[8]) && !std::isnan(out[0]));
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestGated)
#include "test_gated.moc"
