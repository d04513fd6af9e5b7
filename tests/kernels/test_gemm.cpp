// Products with a weight matrix, forward and backward, against sums in double: every layout, dense types, awkward
// sizes.

#include "kernel_testing.h"
#include "kernels/cpu/gemm_f32.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

namespace {

struct Shape {
  int64_t T, N, K;
};
const std::vector<Shape> kShapes{{1, 16, 32},   {7, 31, 33},     {33, 56, 64},   {6, 1, 7},
                                 {13, 48, 576}, {31, 100, 1000}, {70, 33, 1056}, {19, 576, 40}};

}  // namespace

class TestGemm : public QObject {
  Q_OBJECT

  void check(const WeightView& w, int64_t T, Random& random, const char* name) {
    const int64_t N = w.rows(), K = w.cols(), ldx = K + 3, ldy = N + 5;
    const Guarded<float> x = random.normals(T * ldx - 3), dy = random.normals(T * ldy - 5), bias = random.normals(N);
    double largest_row = 0.0, largest_x = 0.0, largest_dy = 0.0;
    for (int64_t n = 0; n < N; ++n) largest_row = std::max(largest_row, row_norm(w, n));
    for (int64_t t = 0; t < T; ++t) {
      largest_x = std::max(largest_x, norm_of(x.data() + t * ldx, K));
      largest_dy = std::max(largest_dy, norm_of(dy.data() + t * ldy, N));
    }
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(3, isa, cpu::gemm_thread_bytes(), cpu::gemm_shared_bytes(T, N, K));
      const std::string where = std::string(name) + " T=" + std::to_string(T) + " N=" + std::to_string(N) +
                                " K=" + std::to_string(K) + " " + cpu::isa_name(isa);
      {  // forward, with and without bias
        for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
          Guarded<float> y = random.normals(T * ldy - 5), expected = y;
          reference::linear(x.data(), ldx, T, w, b, expected.data(), ldy);
          cpu::linear_f32(bench.context(), x.data(), ldx, T, w, b, y.data(), ldy);
          SW_SAME(compare(y.data(), expected.data(), y.size(),
                          product_tolerance(largest_x, largest_row, K) + (b ? 4.0 * kEpsilon * 4.0 : 0.0),
                          ("linear " + where).c_str()));
        }
      }
      for (const bool accumulate : {false, true}) {
        Guarded<float> dx = random.normals(T * ldx - 3), expected = dx;
        reference::linear_dx(dy.data(), lddy(ldy), T, w, expected.data(), ldx, accumulate);
        cpu::linear_dx_f32(bench.context(), dy.data(), lddy(ldy), T, w, dx.data(), ldx, accumulate);
        // A column of W has no larger entries than its rows: sqrt(N / K) of the row norm, at most the row norm itself
        // times 2.
        const double column =
            largest_row * std::max(1.0, std::sqrt(static_cast<double>(N) / static_cast<double>(K))) * 2.0;
        SW_SAME(compare(dx.data(), expected.data(), dx.size(),
                        product_tolerance(largest_dy, column, N) + (accumulate ? 8.0 * kEpsilon : 0.0),
                        ("linear_dx " + where).c_str()));
      }
      if (w.quantized) check_scales(bench, w.quant, x, ldx, dy, ldy, T, random, where);
    }
    Guarded<int32_t> ids(T);
    for (int32_t& id : ids) id = random.integer(0, static_cast<int>(N) - 1);
    Guarded<float> expected(T * ldx - 3), rows = expected;
    reference::embed(ids.data(), T, w, 1.5f, expected.data(), ldx);
    for (const cpu::Isa isa : all_isas()) {
      const Bench bench(3, isa, cpu::gemm_thread_bytes(), 0);
      cpu::embed_f32(bench.context(), ids.data(), T, w, 1.5f, rows.data(), ldx);
      SW_SAME(compare(rows.data(), expected.data(), rows.size(), 4.0 * kEpsilon * largest_row, name));
    }
  }
  static int64_t lddy(int64_t ld) { return ld; }

  void check_scales(const Bench& bench, const QuantView& w, const Guarded<float>& x, int64_t ldx,
                    const Guarded<float>& dy, int64_t ldy, int64_t T, Random& random, const std::string& where) {
    const int64_t N = w.layout.rows, K = w.layout.cols, G = w.layout.groups();
    Guarded<float> ds = random.normals(N * G), dmin = random.normals(N * G), expected = ds, expected_min = dmin;
    reference::linear_dscale(dy.data(), ldy, x.data(), ldx, T, w, expected.data(), expected_min.data());
    cpu::linear_dscale_f32(bench.context(), dy.data(), ldy, x.data(), ldx, T, w, ds.data(), dmin.data());
    // ||dY_n|| ||x_k|| over a group, times the largest |dW/ds|: codes up to 255, sub-scales up to 63, row scales up
    // to 1.5.
    double dy_norm = 0.0, x_norm = 0.0;
    for (int64_t n = 0; n < N; ++n) dy_norm = std::max(dy_norm, norm_of(dy.data() + n, T, ldy));
    for (int64_t k = 0; k < K; ++k) x_norm = std::max(x_norm, norm_of(x.data() + k, T, ldx));
    const double codes = static_cast<double>(1 << w.layout.bits), subs = w.layout.sub == w.layout.block ? 1.0 : 64.0;
    const double terms = static_cast<double>(std::min(w.layout.block, K));
    const double tolerance = 4.0 * kEpsilon * dy_norm * x_norm * codes * subs * std::sqrt(terms) * 1.5 + 8.0 * kEpsilon;
    SW_SAME(compare(ds.data(), expected.data(), ds.size(), tolerance, ("linear_dscale " + where).c_str()));
    SW_SAME(
        compare(dmin.data(), expected_min.data(), dmin.size(), tolerance, ("linear_dscale minimum " + where).c_str()));
    if (!w.row_scale) return;
    Guarded<float> drow = random.normals(N), expected_row = drow;
    reference::linear_drow(dy.data(), ldy, dy.data(), ldy, T, N, w.row_scale, expected_row.data());
    cpu::linear_drow_f32(bench.context(), dy.data(), ldy, dy.data(), ldy, T, N, w.row_scale, drow.data());
    SW_SAME(compare(drow.data(), expected_row.data(), N, 8.0 * kEpsilon * (dy_norm * dy_norm * 2.0 + 4.0),
                    ("linear_drow " + where).c_str()));
  }

 private slots:
  void initTestCase() { skip_note(); }

  void quantized_data() {
    QTest::addColumn<int>("layout");
    for (size_t i = 0; i < all_layouts().size(); ++i) QTest::newRow(all_layouts()[i].name) << static_cast<int>(i);
  }
  void quantized() {
    QFETCH(int, layout);
    const NamedLayout& named = all_layouts()[static_cast<size_t>(layout)];
    Random random(1000 + static_cast<uint64_t>(layout));
    int turn = layout;
    for (const Shape& shape : kShapes) {
      const RandomMatrix matrix(make_layout(named, shape.N, shape.K), random);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(turn & 1, turn & 2);
      ++turn;
      check(w, shape.T, random, named.name);
      if (QTest::currentTestFailed()) return;
    }
  }

  void dense_data() {
    QTest::addColumn<int>("type");
    QTest::newRow("F32") << 0;
    QTest::newRow("F16") << 1;
    QTest::newRow("BF16") << 2;
  }
  void dense() {
    QFETCH(int, type);
    Random random(77 + static_cast<uint64_t>(type));
    for (const Shape& shape : kShapes) {
      const Guarded<float> values = random.normals(shape.N * shape.K, 0.05f);
      Guarded<uint16_t> small(values.size());
      for (int64_t i = 0; i < values.size(); ++i) {
        uint32_t bits;
        std::memcpy(&bits, &values[i], sizeof bits);
        small[i] = type == 1 ? float_to_half(values[i]) : static_cast<uint16_t>(bits >> 16);
      }
      WeightView w;
      w.dense.data = type == 0 ? static_cast<const void*>(values.data()) : small.data();
      w.dense.type = static_cast<DenseType>(type);
      w.dense.rows = shape.N;
      w.dense.cols = shape.K;
      check(w, shape.T, random, "dense");
      if (QTest::currentTestFailed()) return;
    }
  }

  // More tokens than one row block, more inputs than one panel, more outputs than one panel of the gradient.
  void several_blocks() {
    Random random(5);
    const RandomMatrix matrix(make_layout(all_layouts()[9], 530, 600), random);
    WeightView w;
    w.quantized = true;
    w.quant = matrix.view(true, true);
    check(w, 515, random, "several blocks");
  }

  // The same bits every time, and with any number of threads: resuming depends on it.
  void repeats_to_the_bit() {
    Random random(6);
    const int64_t T = 100, N = 200, K = 320;
    const RandomMatrix matrix(make_layout(all_layouts()[14], N, K), random);
    WeightView w;
    w.quantized = true;
    w.quant = matrix.view(true, false);
    const Guarded<float> x = random.normals(T * K), dy = random.normals(T * N);
    for (const cpu::Isa isa : all_isas()) {
      Guarded<float> y[3], dx[3], ds[3], dmin[3];
      for (int i = 0; i < 3; ++i) {
        const Bench bench(i == 2 ? 5 : 2, isa, cpu::gemm_thread_bytes(), cpu::gemm_shared_bytes(T, N, K));
        y[i] = Guarded<float>(T * N);
        dx[i] = Guarded<float>(T * K);
        ds[i] = dmin[i] = Guarded<float>(N * w.quant.layout.groups());
        cpu::linear_f32(bench.context(), x.data(), K, T, w, nullptr, y[i].data(), N);
        cpu::linear_dx_f32(bench.context(), dy.data(), N, T, w, dx[i].data(), K, false);
        cpu::linear_dscale_f32(bench.context(), dy.data(), N, x.data(), K, T, w.quant, ds[i].data(), dmin[i].data());
        if (i == 0) continue;
        QVERIFY(std::memcmp(y[i].data(), y[0].data(), static_cast<size_t>(T * N) * sizeof(float)) == 0);
        QVERIFY(std::memcmp(dx[i].data(), dx[0].data(), static_cast<size_t>(T * K) * sizeof(float)) == 0);
        QVERIFY(std::memcmp(ds[i].data(), ds[0].data(), static_cast<size_t>(ds[0].size()) * sizeof(float)) == 0);
        QVERIFY(std::memcmp(dmin[i].data(), dmin[0].data(), static_cast<size_t>(ds[0].size()) * sizeof(float)) == 0);
      }
    }
  }

  // The gradient of the scales against central differences of <dY, X W^T> in double, so that the reference is judged
  // too.
  void scale_gradient_is_the_slope() {
    Random random(8);
    const int64_t T = 3, N = 18, K = 300;
    for (const NamedLayout& named : all_layouts()) {
      RandomMatrix matrix(make_layout(named, N, K), random);
      const QuantLayout& layout = matrix.layout;
      const Guarded<float> x = random.normals(T * K), dy = random.normals(T * N);
      const int64_t count = N * layout.groups();
      Guarded<float> ds(count), dmin(count);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(true, true);
      reference::linear_dscale(dy.data(), N, x.data(), K, T, w.quant, ds.data(), dmin.data());
      const auto objective = [&] {
        double sum = 0.0;
        std::vector<double> row(static_cast<size_t>(K));
        for (int64_t n = 0; n < N; ++n) {
          reference::dequantize_row(w, n, row.data());
          for (int64_t t = 0; t < T; ++t)
            for (int64_t k = 0; k < K; ++k)
              sum += static_cast<double>(dy[t * N + n]) * x[t * K + k] * row[static_cast<size_t>(k)];
        }
        return sum;
      };
      for (int trial = 0; trial < 6; ++trial) {
        const int64_t i = random.integer(0, static_cast<int>(count) - 1);
        for (const bool second : {false, true}) {
          if (second && !layout.has_second_scale()) continue;
          float& parameter = second ? matrix.scale_min[i] : matrix.scale[i];
          const float before = parameter, step = 0.25f;  // W is linear in the scale: the step may be large
          parameter = before + step;
          const float above = parameter;
          const double up = objective();
          parameter = before - step;
          const double slope = (up - objective()) / (static_cast<double>(above) - parameter);
          parameter = before;
          const double gradient = second ? dmin[i] : ds[i];
          QVERIFY2(std::fabs(slope - gradient) <= 1e-4 * (std::fabs(gradient) + 20.0), named.name);
        }
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestGemm)
#include "test_gemm.moc"
