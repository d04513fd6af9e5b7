// What a tuning step needs of a card beside exact products: products of rounded factors, moves, and the optimizer's
// sums; against the reference, on the emulated card always and on a card where there is one.

#include <QtTest>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tests/kernels/kernel_testing.h"
#include "tests/testkit/card_devices.h"
#include "tests/testkit/emulated_products.h"

using namespace scalewright;
using namespace scalewright::kernels::testing;

namespace {

// Largest difference, of the largest expected value.
double distance(const Guarded<float>& got, const Guarded<float>& expected) {
  double off = 0.0, largest = 1e-30;
  for (int64_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return std::numeric_limits<double>::infinity();
    off = std::max(off, std::fabs(static_cast<double>(got[i]) - expected[i]));
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
  }
  return off / largest;
}

}  // namespace

class TestCudaTuning : public QObject {
  Q_OBJECT

  std::unique_ptr<Backend> reference_ = make_reference_backend();
  testkit::CardDevices devices_{std::make_unique<testkit::EmulatedProducts>()};

 private slots:
  // Factors rounded to bf16 (8 bits of mantissa): a sum of K products is off by 2^-8 of a product's size times the root
  // of K at most, so by much less than 2^-8 of the largest sum of many. The products that gradients of scales are sums of are
  // rounded once more, each by 2^-9 of itself, which is as much again.
  void roundedProducts_data() {
    QTest::addColumn<bool>("real");
    QTest::addColumn<int>("layout");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("inputs");
    for (const bool real : {false, true}) {
      const auto add = [&](int layout, int rows, int inputs) {
        QTest::addRow("%s %s T=%d K=%d", real ? "card" : "emulated", all_layouts()[static_cast<size_t>(layout)].name, rows,
                      inputs)
            << real << layout << rows << inputs;
      };
      for (const int layout : {0, 3, 8, 14}) add(layout, 33, 256);
      // The last record and its last chunk are cut short.
      for (size_t i = 0; i < all_layouts().size(); ++i) add(static_cast<int>(i), 9, 552);
    }
  }
  void roundedProducts() {
    SW_DEVICE_OR_SKIP(devices_);
    QFETCH(int, layout);
    QFETCH(int, rows);
    QFETCH(int, inputs);
    constexpr double kTolerance = 1.0 / 128;
    Random random(40 + static_cast<uint64_t>(layout));
    const int64_t T = rows, K = inputs, sizes[] = {40, 32}, all = 72, ldx = K + 8;
    const RandomMatrix first(make_layout(all_layouts()[static_cast<size_t>(layout)], sizes[0], K), random),
        second(make_layout(all_layouts()[static_cast<size_t>(layout)], sizes[1], K), random);
    WeightView w[2];
    for (int i = 0; i < 2; ++i) {
      w[i].quantized = true;
      w[i].quant = (i == 0 ? first : second).view(true, i == 1);
    }
    const int64_t G = w[0].quant.layout.groups();
    const Guarded<float> x = random.normals((T - 1) * ldx + K), dy = random.normals(T * all),
                         bias = random.normals(all);
    Guarded<float> y(T * all), y_expected(T * all);
    const auto parts = [&](Guarded<float>& out) {
      return std::vector<LinearPart>{{&w[0], bias.data(), out.data()}, {&w[1], nullptr, out.data() + sizes[0]}};
    };
    const auto mine = parts(y), theirs = parts(y_expected);
    backend->linear_set(x.data(), ldx, T, mine, all, Precision::Fast);
    reference_->linear_set(x.data(), ldx, T, theirs, all, Precision::Exact);
    QVERIFY(distance(y, y_expected) < kTolerance);
    QVERIFY(distance(y, y_expected) > 1e-6);  // they were rounded

    // The product adds itself to what is there.
    const Guarded<float> start = random.normals(T * sizes[0]), up = random.normals((T - 1) * ldx + K);
    Guarded<float> room(T * sizes[0]), activated(T * K);
    for (const bool gated : {false, true})
      for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
        Guarded<float> sum = start, sum_expected = start;
        const auto add = [&](Backend& on, Guarded<float>& to, Precision precision) {
          if (!gated) return on.linear_add(x.data(), ldx, T, w[0], b, to.data(), room.data(), precision);
          on.linear_add_gated(x.data(), ldx, up.data(), ldx, T, Activation::Silu, activated.data(), w[0], b, to.data(),
                              room.data(), precision);
        };
        add(*backend, sum, Precision::Fast);
        add(*reference_, sum_expected, Precision::Exact);
        QVERIFY(distance(sum, sum_expected) < kTolerance);
      }

    std::vector<Guarded<float>> got, expected;
    for (auto* results : {&got, &expected})
      for (const int64_t n : {sizes[0] * G, sizes[0] * G, sizes[1] * G, sizes[1] * G, T * K}) results->emplace_back(n);
    const auto gradients = [&](std::vector<Guarded<float>>& r) {
      return std::vector<LinearGradient>{{&w[0], dy.data(), r[0].data(), r[1].data()},
                                         {&w[1], dy.data() + sizes[0], r[2].data(), r[3].data()}};
    };
    const auto my_gradients = gradients(got), their_gradients = gradients(expected);
    backend->linear_backward(x.data(), ldx, T, my_gradients, all, got[4].data(), K, Precision::Fast);
    reference_->linear_backward(x.data(), ldx, T, their_gradients, all, expected[4].data(), K, Precision::Exact);
    for (size_t i = 0; i < got.size(); ++i) {
      if (i % 2 == 1 && !w[0].quant.layout.has_second_scale()) continue;
      QVERIFY2(distance(got[i], expected[i]) < kTolerance, qPrintable(QString::number(i)));
    }
    // What is not asked for is left alone, and dx may be x itself.
    const LinearGradient only{&w[0], dy.data(), nullptr, nullptr};
    Guarded<float> in = x, dx(T * K), dx_expected(T * K);
    backend->linear_backward(in.data(), ldx, T, std::span(&only, 1), all, in.data(), ldx, Precision::Fast);
    reference_->linear_backward(nullptr, 0, T, std::span(&only, 1), all, dx_expected.data(), K, Precision::Exact);
    for (int64_t t = 0; t < T; ++t)
      for (int64_t k = 0; k < K; ++k) dx[t * K + k] = in[t * ldx + k];
    QVERIFY(distance(dx, dx_expected) < kTolerance);
  }

  // Factors that are made on their way: of norms, gates and turned heads, of numbers that lie in fours and that do not.
  void madeRows_data() {
    QTest::addColumn<bool>("real");
    QTest::addColumn<int>("gap");  // between rows
    QTest::addColumn<int>("rotary");
    QTest::addColumn<bool>("adjacent");
    for (const bool real : {false, true})
      for (const int gap : {0, 3})
        for (const int rotary : {0, 8, 16})
          for (const bool adjacent : {false, true})
            QTest::addRow("%s gap %d rotary %d%s", real ? "card" : "emulated", gap, rotary, adjacent ? " adjacent" : "")
                << real << gap << rotary << adjacent;
  }
  void madeRows() {
    SW_DEVICE_OR_SKIP(devices_);
    QFETCH(int, gap);
    QFETCH(int, rotary);
    QFETCH(bool, adjacent);
    constexpr double kTolerance = 1.0 / 128;
    constexpr int kHead = 16;
    Random random(77);
    const int64_t T = 19, K = 64, F = 40, ld = 2 * F + gap, ldx = K + gap, G = K / 32;
    const Guarded<float> x = random.normals(T * ldx), weight = random.normals(K), gates = random.normals(T * ld),
                         dout = random.normals(T * F), wide = random.normals(T * (2 * K + gap)),
                         cos = random.normals(T * kHead), sin = random.normals(T * kHead), bias = random.normals(F),
                         heads = random.normals(T * (112 + gap));
    std::vector<RandomMatrix> matrices;
    std::vector<WeightView> w(7);
    // Two of a gate, one that its result meets, three that heads come from, and the two of a gate in one.
    const int64_t shapes[][2] = {{F, K}, {F, K}, {F, K}, {48, K}, {32, K}, {32, K}, {2 * F, K}};
    matrices.reserve(std::size(shapes));
    for (size_t i = 0; i < std::size(shapes); ++i) {
      matrices.emplace_back(make_layout(all_layouts()[0], shapes[i][0], shapes[i][1]), random);
      w[i].quantized = true;
      w[i].quant = matrices[i].view(true, false);
    }
    struct Results {
      Guarded<float> normed, inverse, gated, dscale[7], dx[4];
    };
    const auto run = [&](Backend& on, Precision precision, Results& r) {
      Guarded<float> room(T * K), held = gates, turned = heads;
      r.normed = Guarded<float>(T * 2 * F), r.inverse = Guarded<float>(T), r.gated = Guarded<float>(T * F);
      for (auto& d : r.dscale) d = Guarded<float>(2 * F * G);
      for (auto& d : r.dx) d = Guarded<float>(T * ldx);
      const LinearPart parts[] = {{&w[0], nullptr, r.normed.data()}, {&w[1], nullptr, r.normed.data() + F}};
      on.linear_normed(x.data(), ldx, T, weight.data(), 1e-5f, room.data(), r.inverse.data(), parts, 2 * F, precision);
      const float *gate = wide.data(), *up = wide.data() + K;
      const int64_t ldg = 2 * K + gap;
      on.linear_gated(gate, ldg, up, ldg, T, Activation::Silu, room.data(), w[2], bias.data(), r.gated.data(), F,
                      precision);
      const BackwardInput normed{.of = BackwardInput::Of::Norm,
                                 .x = x.data(),
                                 .ldx = ldx,
                                 .weight = weight.data(),
                                 .epsilon = 1e-5f,
                                 .inv_rms = r.inverse.data(),
                                 .room = room.data()};
      const BackwardGradient of_gate{.of = BackwardGradient::Of::Gate,
                                     .rows = held.data(),
                                     .gate = held.data(),
                                     .up = held.data() + F,
                                     .dout = dout.data(),
                                     .ldg = ld,
                                     .width = F,
                                     .act = Activation::GeluTanh};
      const LinearGradient two[] = {{&w[0], held.data(), r.dscale[0].data()}, {&w[1], held.data() + F, r.dscale[1].data()}};
      on.linear_backward_made(normed, of_gate, T, two, ld, r.dx[0].data(), ldx, precision);
      held = gates;
      const LinearGradient both{&w[6], held.data(), r.dscale[6].data()};
      on.linear_backward_made(normed, of_gate, T, std::span(&both, 1), ld, r.dx[3].data(), ldx, precision);
      const BackwardInput of_gated{.of = BackwardInput::Of::Gate,
                                   .x = gate,
                                   .ldx = ldg,
                                   .up = up,
                                   .act = Activation::Silu,
                                   .room = room.data()};
      Guarded<float> dy = dout;
      const LinearGradient one{&w[2], dy.data(), r.dscale[2].data()};
      on.linear_backward_made(of_gated, {.rows = dy.data()}, T, std::span(&one, 1), F, r.dx[1].data(), ldx, precision);
      const BackwardGradient of_heads{.of = BackwardGradient::Of::Turn,
                                      .rows = turned.data(),
                                      .heads = 5,
                                      .head_dim = kHead,
                                      .rotary = rotary,
                                      .cos = cos.data(),
                                      .sin = sin.data(),
                                      .style = adjacent ? RopeStyle::Adjacent : RopeStyle::Halves};
      const LinearGradient three[] = {{&w[3], turned.data(), r.dscale[3].data()},
                                      {&w[4], turned.data() + 48, r.dscale[4].data()},
                                      {&w[5], turned.data() + 80, r.dscale[5].data()}};
      on.linear_backward_made(normed, of_heads, T, three, 112 + gap, r.dx[2].data(), ldx, precision);
    };
    Results got, expected;
    run(*backend, Precision::Fast, got);
    run(*reference_, Precision::Exact, expected);
    QVERIFY(distance(got.normed, expected.normed) < kTolerance);
    QVERIFY(distance(got.normed, expected.normed) > 1e-6);  // they were rounded
    QVERIFY(distance(got.inverse, expected.inverse) < 1e-5);
    QVERIFY(distance(got.gated, expected.gated) < kTolerance);
    for (int i = 0; i < 7; ++i)
      QVERIFY2(distance(got.dscale[i], expected.dscale[i]) < kTolerance, qPrintable(QString::number(i)));
    for (int i = 0; i < 4; ++i) QVERIFY2(distance(got.dx[i], expected.dx[i]) < kTolerance, qPrintable(QString::number(i)));
  }

  void moves_data() { testkit::CardDevices::rows(); }
  void moves() {
    SW_DEVICE_OR_SKIP(devices_);
    Random random(4);
    const int64_t T = 7, K = 300, ld = K + 5;
    const Guarded<float> x = random.normals(T * ld), start = random.normals(T * ld);
    const std::vector<int32_t> rows{6, 0, 3, 1, 2, 5, 4};
    std::vector<int32_t> columns(static_cast<size_t>(K));
    for (size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<int32_t>((i * 7 + 3) % columns.size());
    for (const MoveLists& lists : {MoveLists{}, MoveLists{.from_rows = rows.data()}, MoveLists{.to_rows = rows.data()},
                                   MoveLists{.from_columns = columns.data()}, MoveLists{.to_columns = columns.data()}})
      for (const bool accumulate : {false, true}) {
        Guarded<float> got = start, expected = start;
        backend->move(x.data(), ld, T, K, got.data(), ld, lists, accumulate);
        reference_->move(x.data(), ld, T, K, expected.data(), ld, lists, accumulate);
        for (int64_t i = 0; i < got.size(); ++i) QCOMPARE(got[i], expected[i]);
      }
    Guarded<float> out(T * ld);
    backend->subtract(x.data(), start.data(), out.data(), T * ld);
    for (int64_t i = 0; i < out.size(); ++i) QCOMPARE(out[i], x[i] - start[i]);
    backend->zero(out.data(), T * ld);
    for (float v : out) QCOMPARE(v, 0.0f);
  }

  void sums_data() { testkit::CardDevices::rows(); }
  void sums() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const int64_t n : {int64_t{1}, int64_t{255}, int64_t{300001}}) {
      Random random(static_cast<uint64_t>(n));
      Guarded<float> gradient = random.normals(n), expected = gradient;
      const Guarded<float> factor = random.normals(n);
      for (const float* by : {static_cast<const float*>(nullptr), factor.data()}) {
        const double got = backend->scaled_squares(gradient.data(), by, n),
                     sum = reference_->scaled_squares(expected.data(), by, n);
        QVERIFY(std::fabs(got - sum) <= 1e-12 * sum);
        QCOMPARE(gradient[n - 1], expected[n - 1]);
      }
      QCOMPARE(backend->largest_magnitude(gradient.data(), n), reference_->largest_magnitude(expected.data(), n));
      Guarded<float> values(n), values_expected(n);
      backend->relative_values(factor.data(), gradient.data(), values.data(), n);
      reference_->relative_values(factor.data(), gradient.data(), values_expected.data(), n);
      for (int64_t i = 0; i < n; ++i)
        QVERIFY(std::fabs(values[i] - values_expected[i]) <= 2.0 * kEpsilon * std::fabs(values_expected[i]));
      gradient[n / 2] = std::numeric_limits<float>::quiet_NaN();
      QVERIFY(std::isinf(backend->largest_magnitude(gradient.data(), n)));
    }
  }
};

QTEST_APPLESS_MAIN(TestCudaTuning)
#include "test_cuda_tuning.moc"
