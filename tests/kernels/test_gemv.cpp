#include <QtTest>
#include <bit>
#include <cmath>

#include "kernels/cpu/gemm_int8.h"
#include "kernels/cpu/gemv.h"
#include "kernels/cpu/gemv_activations.h"
#include "kernels/reference/quant_reference.h"
#include "tests/kernels/quant_samples.h"

using namespace scalewright::tests;
using namespace scalewright::kernels::cpu;

namespace {

enum class Masters { None, Rows, All };

struct Problem {
  QuantSample sample;
  std::vector<float> x, bias, scale, scale_min, row_scale;
  int64_t T = 1, ldx = 0;
  Masters masters = Masters::None;

  QuantView view() const {
    QuantView v = sample.view();
    if (masters == Masters::All) {
      v.scale = scale.data();
      if (sample.layout.kind == BlockKind::KMin) v.scale_min = scale_min.data();
    }
    if (masters != Masters::None) v.row_scale = row_scale.data();
    return v;
  }

  // y [T, N] in double from x as floats or as rounded to 8 bits; size [T, N] gets the norm of the products.
  void expect(bool rounded, std::vector<double>& y, std::vector<double>& size) const {
    const int64_t N = sample.layout.rows, K = sample.layout.cols;
    std::vector<double> v(K);
    y.assign(T * N, 0.0);
    size.assign(T * N, 0.0);
    const bool all = masters == Masters::All, second = all && sample.layout.kind == BlockKind::KMin;
    const std::vector<float> none;
    std::vector<double> w(N * K);
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t k = 0; k < K; ++k) w[n * K + k] = sample.weight(n, k, all ? scale : none, second ? scale_min : none);
    }
    for (int64_t t = 0; t < T; ++t) {
      const float* row = &x[t * ldx];
      if (rounded) {
        scalewright::kernels::reference::round_activations(row, K, v.data());
      } else {
        for (int64_t k = 0; k < K; ++k) v[k] = row[k];
      }
      for (int64_t n = 0; n < N; ++n) {
        double sum = 0, squares = 0;
        for (int64_t k = 0; k < K; ++k) {
          const double product = w[n * K + k] * v[k];
          sum += product;
          squares += product * product;
        }
        const double factor = masters == Masters::None ? 1.0 : row_scale[n];
        y[t * N + n] = sum * factor + (bias.empty() ? 0.0 : bias[n]);
        size[t * N + n] = std::sqrt(squares) * std::abs(factor) + (bias.empty() ? 0.0 : std::abs(bias[n]));
      }
    }
  }
};

Problem make_problem(const QuantKind& kind, int64_t N, int64_t K, int64_t T, Masters masters, uint64_t seed) {
  Problem p;
  p.sample = make_sample(kind, N, K, seed);
  p.T = T;
  p.ldx = K + 3;
  p.masters = masters;
  std::mt19937_64 random(seed + 1);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> around(0.5f, 1.5f);
  p.x.resize(T * p.ldx, NAN);
  for (int64_t t = 0; t < T; ++t) {
    for (int64_t k = 0; k < K; ++k) p.x[t * p.ldx + k] = normal(random) * (k % 97 == 5 ? 20.0f : 1.0f);
  }
  if (K > 64) std::fill_n(p.x.begin() + 32, 32, 0.0f);  // a block of zeros
  if (T % 2 == 1) {
    p.bias.resize(N);
    for (auto& b : p.bias) b = normal(random);
  }
  const int64_t G = p.sample.layout.groups();
  for (int64_t i = 0; i < N * G; ++i) {
    p.scale.push_back(half_to_float(p.sample.scale[i]) * around(random));
    p.scale_min.push_back(half_to_float(p.sample.scale_min[i]) * around(random));
  }
  for (int64_t n = 0; n < N; ++n) p.row_scale.push_back(around(random) * (n % 3 == 0 ? -1.0f : 1.0f));
  return p;
}

}  // namespace

class TestGemv : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() {
    for (const Isa isa : kAllIsas) {
      if (!supported(isa)) qInfo("SKIP: %s kernels are not run, this processor lacks it", isa_name(isa));
    }
  }
  void rounding();
  void splitting();
  void not_finite();
  void quantized_data();
  void quantized();
  void extreme_codes();
  void dense();
};

void TestGemv::rounding() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (const int64_t K : {1, 31, 32, 33, 576, 1000}) {
    const int64_t chunks = (K + 31) / 32;
    std::vector<float> x(K);
    for (auto& v : x) v = normal(random);
    x[0] = 127.0f * 0.5f;  // ties: 0.5 and 1.5 times the step
    if (K > 2) x[1] = 0.25f, x[2] = 0.75f;
    std::vector<double> expected(K);
    scalewright::kernels::reference::round_activations(x.data(), K, expected.data());
    std::vector<int8_t> q[std::size(kAllIsas)];
    std::vector<float> d[std::size(kAllIsas)], sum32[std::size(kAllIsas)], sum16[std::size(kAllIsas)];
    for (const Isa isa : kAllIsas) {
      if (!supported(isa)) continue;
      const int i = static_cast<int>(isa);
      q[i].assign(chunks * 32, 99);
      d[i].resize(chunks);
      sum32[i].resize(chunks);
      sum16[i].resize(2 * chunks);
      round_activations(isa, x.data(), K, {q[i].data(), d[i].data(), sum32[i].data(), sum16[i].data()});
      for (int64_t k = 0; k < chunks * 32; ++k) {
        QCOMPARE(static_cast<double>(q[i][k]) * static_cast<double>(d[i][k / 32]), k < K ? expected[k] : 0.0);
      }
      for (int64_t j = 0; j < 2 * chunks; ++j) {
        int sum = 0;
        for (int k = 0; k < 16; ++k) sum += q[i][16 * j + k];
        QCOMPARE(sum16[i][j], d[i][j / 2] * static_cast<float>(sum));
      }
      for (int64_t j = 0; j < chunks; ++j) {
        int sum = 0;
        for (int k = 0; k < 32; ++k) sum += q[i][32 * j + k];
        QCOMPARE(sum32[i][j], d[i][j] * static_cast<float>(sum));
      }
    }
  }
}

void TestGemv::splitting() {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (const int64_t K : {1, 33, 1024}) {
    const int64_t chunks = (K + 31) / 32;
    for (const float size : {1.0f, 1e-20f, 1e30f, 1e-42f, 0.0f}) {
      std::vector<float> x(K);
      for (auto& v : x) v = size * normal(random);
      for (int64_t k = 0; k < K; k += 64)
        x[k] = std::nextafter(std::ldexp(size, 3), 0.0f);  // just under a power of two
      std::vector<int8_t> q[std::size(kAllIsas)];
      std::vector<float> d(chunks), sum32(chunks), sum16(2 * chunks);
      for (const Isa isa : kAllIsas) {
        if (!supported(isa)) continue;
        std::vector<int8_t>& digits = q[static_cast<int>(isa)];
        digits.assign(chunks * 96, 99);
        split_activations(isa, x.data(), K, {digits.data(), d.data(), sum32.data(), sum16.data()});
        QVERIFY(digits == q[0]);
        for (int64_t j = 0; j < chunks; ++j) {
          float largest = 0;
          for (int64_t k = 32 * j; k < std::min(K, 32 * j + 32); ++k) largest = std::max(largest, std::abs(x[k]));
          int64_t sum = 0;
          for (int64_t i = 0; i < 32; ++i) {
            const int8_t* at = &digits[96 * j + i];
            QVERIFY(at[0] >= -127 && at[32] >= -127 && at[64] >= -127);
            const int64_t value = at[0] + 255 * at[32] + 65025 * at[64];
            sum += value;
            const double error =
                static_cast<double>(value) * static_cast<double>(d[j]) - (32 * j + i < K ? x[32 * j + i] : 0.0f);
            QVERIFY(std::abs(error) <= std::max(std::ldexp(static_cast<double>(largest), -22), 0x1p-126));
          }
          QCOMPARE(sum32[j], d[j] * static_cast<float>(sum));
        }
      }
    }
  }
}

// An infinity or a NaN in the activations is a NaN in the product, not a plausible number.
void TestGemv::not_finite() {
  ThreadPool pool(1);
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    for (const int64_t at : {0, 37, 63}) {
      Problem p = make_problem(quant_kinds()[0], 16, 64, 1, Masters::None, 8);
      p.x[at] = bad;
      std::vector<uint8_t> workspace(gemm_fast_workspace_bytes(1, 64));
      for (const Isa isa : kAllIsas) {
        if (!supported(isa)) continue;
        for (auto* product : {gemv_exact, gemv_fast, gemm_fast}) {
          float y[16];
          product(pool, isa, p.x.data(), p.ldx, 1, p.view(), nullptr, y, 16, workspace.data());
          for (const float value : y) QVERIFY(std::isnan(value));
        }
      }
    }
  }
}

void TestGemv::quantized_data() {
  QTest::addColumn<int>("kind");
  const auto kinds = quant_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    QTest::addRow("%zu %s %d bits block %d", i, kinds[i].name, kinds[i].bits, kinds[i].block) << static_cast<int>(i);
  }
}

void TestGemv::quantized() {
  QFETCH(int, kind);
  const QuantKind k = quant_kinds()[kind];
  struct Size {
    int64_t N, K, T;
  };
  std::vector<Size> sizes = {{17, 256, 2}, {33, 768, 1}, {1, 512, 8}, {35, 1280, 13}, {19, 512, 3}};
  if (k.sub == 0)
    sizes.insert(sizes.end(), {{15, 56, 1},
                               {16, 16, 1},
                               {34, 288, 3},
                               {31, 1000, 5},
                               {64, 96, 2},
                               {18, 2208, 1},
                               {20, 2176, 7},
                               {9, 48, 10}});
  ThreadPool pool(2);
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Size& s = sizes[i];
    for (const Masters masters : {Masters::None, Masters::Rows, Masters::All}) {
      if (i > 1 && masters != static_cast<Masters>(i % 3)) continue;  // all three at two sizes, one at each other
      const Problem p = make_problem(k, s.N, s.K, s.T, masters, static_cast<uint64_t>(s.N * 131 + s.K));
      struct Product {
        const char* name;
        decltype(&gemv_fast) function;
        bool fast;
      };
      std::vector<double> expected[2], size[2];
      for (const bool fast : {false, true}) p.expect(fast, expected[fast], size[fast]);
      for (const Product& product : {Product{"gemv_exact", gemv_exact, false}, Product{"gemv_fast", gemv_fast, true},
                                     Product{"gemm_fast", gemm_fast, true}}) {
        for (const Isa isa : kAllIsas) {
          if (!supported(isa)) continue;
          const size_t bytes =
              product.function == gemm_fast ? gemm_fast_workspace_bytes(s.T, s.K) : gemv_workspace_bytes(s.T, s.K);
          std::vector<uint8_t> workspace(bytes + 1);
          const int64_t ldy = s.N + 5;
          std::vector<float> y(s.T * ldy, -7.0f);
          product.function(pool, isa, p.x.data(), p.ldx, s.T, p.view(), p.bias.empty() ? nullptr : p.bias.data(),
                           y.data(), ldy, workspace.data() + 1);
          // A row's numbers do not depend on how many others there are.
          for (int64_t t = 0; product.function != gemm_fast && t < s.T; ++t) {
            std::vector<float> alone(s.N);
            product.function(pool, isa, p.x.data() + t * p.ldx, p.ldx, 1, p.view(), p.bias.empty() ? nullptr : p.bias.data(),
                             alone.data(), s.N, workspace.data() + 1);
            QVERIFY2(std::equal(alone.begin(), alone.end(), y.begin() + t * ldy), qPrintable(QString("%1, %2: row %3 of %4 alone is another").arg(product.name, isa_name(isa)).arg(t).arg(s.T)));
          }
          double worst = 0;
          for (int64_t t = 0; t < s.T; ++t) {
            for (int64_t n = 0; n < s.N; ++n) {
              const double error = std::abs(y[t * ldy + n] - expected[product.fast][t * s.N + n]) /
                                   (size[product.fast][t * s.N + n] + 1e-30);
              worst = std::isnan(error) ? INFINITY : std::max(worst, error);
            }
            for (int64_t n = s.N; n < ldy; ++n) QCOMPARE(y[t * ldy + n], -7.0f);  // nothing beyond the rows
          }
          const std::string what = p.sample.label() + " " + product.name + " " + isa_name(isa) + " T " +
                                   std::to_string(s.T) + " masters " + std::to_string(static_cast<int>(masters)) +
                                   ": " + std::to_string(worst);
          if (qEnvironmentVariableIsSet("SHOW")) qInfo("%s %.2e", what.c_str(), worst);
          // A sum in fp32 of K products errs by about sqrt(K) / 2^24 of their norm; four times that at K = 2208.
          QVERIFY2(worst <= 1.1e-5, what.c_str());
        }
      }
    }
  }
}

// Largest codes against largest activations of one sign: no sum on the way may overflow.
void TestGemv::extreme_codes() {
  ThreadPool pool(1);
  for (const QuantKind& kind : quant_kinds()) {
    Problem p = make_problem(kind, 16, 512, 1, Masters::None, 4);
    for (const int code : {(1 << kind.bits) - 1, 0}) {
      for (const float sign : {1.0f, -1.0f}) {
        // Only the records of the second are filled anew; its arrays are those of the first but for the codes.
        std::fill(p.sample.codes.begin(), p.sample.codes.end(), static_cast<uint8_t>(code));
        const QuantLayout& layout = p.sample.layout;
        const int64_t G = layout.groups(), subs = layout.subs();
        std::vector<uint16_t> scale(16 * G), scale_min(16 * G);
        std::vector<int16_t> zero(16 * G), sub_scale(16 * subs), sub_min(16 * subs);
        std::vector<uint8_t> old(16 * 512);
        unpack_strip(layout, p.sample.records,
                     {old.data(), scale.data(), scale_min.data(), zero.data(), sub_scale.data(), sub_min.data()});
        pack_strip(
            layout,
            {p.sample.codes.data(), scale.data(), scale_min.data(), zero.data(), sub_scale.data(), sub_min.data()},
            p.sample.records);
        for (auto& v : p.x) v = sign * 127.0f;
        std::vector<uint8_t> workspace(gemm_fast_workspace_bytes(1, 512));
        std::vector<double> expected, size;
        p.expect(true, expected, size);
        for (const Isa isa : kAllIsas) {
          if (!supported(isa)) continue;
          for (auto* product : {gemv_fast, gemm_fast}) {
            std::vector<float> y(16);
            product(pool, isa, p.x.data(), p.ldx, 1, p.view(), p.bias.data(), y.data(), 16, workspace.data());
            for (int n = 0; n < 16; ++n) {
              // All products have one sign: their sum is up to sqrt(K) times their norm, and q and c cancel in it.
              const double scale_of_terms =
                  127.0 * 512 * 256 * half_to_float(p.sample.scale[n * G]) * (kind.sub ? 64 : 1);
              QVERIFY2(std::abs(y[n] - expected[n]) <= 1e-6 * (scale_of_terms + std::abs(expected[n])),
                       p.sample.label().c_str());
            }
          }
        }
      }
    }
  }
}

void TestGemv::dense() {
  ThreadPool pool(2);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (const DenseType type : {DenseType::F32, DenseType::F16, DenseType::BF16}) {
    for (const auto& [N, K, T] :
         {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {5, 7, 1}, {16, 64, 2}, {33, 576, 3}, {50, 100, 8}}) {
      std::vector<float> x(T * K), w(N * K), bias(N);
      std::vector<uint16_t> half(N * K);
      for (auto& v : x) v = normal(random);
      for (auto& v : bias) v = normal(random);
      for (int64_t i = 0; i < N * K; ++i) {
        w[i] = normal(random);
        if (type == DenseType::F16) w[i] = half_to_float(half[i] = float_to_half(w[i]));
        if (type == DenseType::BF16) {
          half[i] = static_cast<uint16_t>(std::bit_cast<uint32_t>(w[i]) >> 16);
          w[i] = std::bit_cast<float>(static_cast<uint32_t>(half[i]) << 16);
        }
      }
      const void* data = type == DenseType::F32 ? static_cast<const void*>(w.data()) : half.data();
      for (const Isa isa : kAllIsas) {
        if (!supported(isa)) continue;
        std::vector<float> y(T * N);
        gemv_dense(pool, isa, x.data(), K, T, {data, type, N, K}, bias.data(), y.data(), N);
        for (int64_t t = 0; t < T; ++t) {
          for (int64_t n = 0; n < N; ++n) {
            double sum = bias[n], squares = 1;
            for (int64_t k = 0; k < K; ++k) {
              const double product = double{x[t * K + k]} * double{w[n * K + k]};
              sum += product;
              squares += product * product;
            }
            QVERIFY(std::abs(y[t * N + n] - sum) <= 1e-6 * std::sqrt(squares));
          }
        }
      }
    }
  }
}

QTEST_APPLESS_MAIN(TestGemv)
#include "test_gemv.moc"
