// Products of 16-bit integers in words, on every instruction set: every tile exactly, the longest sum at its limits,
// and floats on their way to integers and back.

#include "kernel_testing.h"
#include "kernels/cpu/word_kernels.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

namespace {

uint32_t word(int first, int second) {
  return (static_cast<uint32_t>(first) & 0xffffu) | static_cast<uint32_t>(second) << 16;
}
int half_of(uint32_t word, int which) {
  return static_cast<int16_t>(which == 0 ? word & 0xffffu : word >> 16);
}

template <class T>
Guarded<T> filled(int64_t count, T value) {
  Guarded<T> all(count);
  for (T& x : all) x = value;
  return all;
}

}  // namespace

class TestWordKernels : public QObject {
  Q_OBJECT

 private slots:
  void tiles_multiply_exactly() {
    Random random(7);
    for (const cpu::Isa isa : all_isas()) {
      const cpu::WordKernels* kernels = cpu::word_kernels(isa);
      if (!kernels) {
        QCOMPARE(isa, cpu::Isa::Scalar);
        continue;
      }
      QCOMPARE(kernels->tile_cols % 16, 0);
      for (int rows = 1; rows <= kernels->tile_rows; ++rows)
        for (int cols = 16; cols <= kernels->tile_cols; cols += 16)
          for (const int64_t k : {1, 8, 33})
            for (const bool accumulate : {false, true}) {
              const int64_t lda = k + 3, ldb = cols + 16, ldc = cols + 5;
              Guarded<uint32_t> a((rows - 1) * lda + k), b((k - 1) * ldb + cols);
              const auto any = [&] { return random.integer(-4000, 4000); };
              for (int64_t i = 0; i < a.size(); ++i) a[i] = word(any(), any());
              for (int64_t i = 0; i < b.size(); ++i) b[i] = word(any(), any());
              const Guarded<float> a_scale = random.normals(rows), b_scale = random.normals(cols);
              Guarded<float> c = random.normals((rows - 1) * ldc + cols);
              const Guarded<float> before = c;
              kernels->rows(rows, cols, a.data(), lda, a_scale.data(), b.data(), ldb, b_scale.data(), k, c.data(), ldc,
                            accumulate);
              for (int i = 0; i < rows; ++i)
                for (int64_t j = 0; j < ldc && i * ldc + j < c.size(); ++j) {
                  const int64_t at = i * ldc + j;
                  if (j >= cols) {
                    QCOMPARE(c[at], before[at]);
                    continue;
                  }
                  int64_t sum = 0;
                  for (int64_t p = 0; p < k; ++p)
                    for (const int half : {0, 1})
                      sum += int64_t{half_of(a[i * lda + p], half)} * half_of(b[p * ldb + j], half);
                  const double product = static_cast<double>(sum) * a_scale[i] * b_scale[j];
                  const double expected = product + (accumulate ? before[at] : 0.0);
                  QVERIFY2(std::fabs(c[at] - expected) <= 4.0 * kEpsilon * (std::fabs(product) + std::fabs(before[at])),
                           qPrintable(QString("%1 %2 x %3 x %4: %5 and %6")
                                          .arg(cpu::isa_name(isa))
                                          .arg(rows)
                                          .arg(cols)
                                          .arg(k)
                                          .arg(static_cast<double>(c[at]))
                                          .arg(expected)));
                }
            }
    }
  }

  // 48 pairs of 16383 * 1365, the longest sum over keys: just below 2^31.
  void the_longest_sum_fits() {
    for (const cpu::Isa isa : all_isas()) {
      const cpu::WordKernels* kernels = cpu::word_kernels(isa);
      if (!kernels) continue;
      const Guarded<uint32_t> a = filled(48, word(16383, 16383)), b = filled(48 * 16, word(-1365, -1365));
      const Guarded<float> one = filled(16, 1.0f);
      Guarded<float> c(16);
      kernels->rows(1, 16, a.data(), 48, one.data(), b.data(), 16, one.data(), 48, c.data(), 16, false);
      for (int64_t j = 0; j < 16; ++j) QCOMPARE(c[j], static_cast<float>(-int64_t{96} * 16383 * 1365));
    }
  }

  void floats_become_integers_and_back() {
    Random random(8);
    for (const cpu::Isa isa : all_isas()) {
      const cpu::WordKernels* kernels = cpu::word_kernels(isa);
      if (!kernels) continue;
      for (const int64_t words : {8, 24, 48}) {
        const Guarded<float> in = random.normals(2 * words);
        Guarded<uint32_t> out(words);
        const float scale = kernels->along(in.data(), words, 1000.0f, out.data());
        int largest = 0;
        for (int64_t i = 0; i < 2 * words; ++i) {
          const int integer = half_of(out[i / 2], static_cast<int>(i % 2));
          largest = std::max(largest, std::abs(integer));
          QVERIFY(std::fabs(static_cast<float>(integer) * scale - in[i]) <= 0.501f * scale);
        }
        QCOMPARE(largest, 1000);
      }
      // Nothing but zeros, and what is too small to divide by.
      for (const float small : {0.0f, 1e-37f}) {
        const Guarded<float> in = filled(16, small);
        Guarded<uint32_t> out = filled(8, 99u);
        QCOMPARE(kernels->along(in.data(), 8, 1000.0f, out.data()), 0.0f);
        for (int64_t i = 0; i < 8; ++i) QCOMPARE(out[i], 0u);
      }
      const Guarded<float> a = random.normals(32), b = random.normals(32), factor = filled(32, 300.0f);
      Guarded<uint32_t> out(32);
      kernels->across(a.data(), b.data(), factor.data(), 32, out.data());
      Guarded<float> largest = filled(32, 0.5f);
      kernels->magnitudes(a.data(), 32, largest.data());
      for (int64_t i = 0; i < 32; ++i) {
        QCOMPARE(half_of(out[i], 0), static_cast<int>(std::lrint(a[i] * 300.0f)));
        QCOMPARE(half_of(out[i], 1), static_cast<int>(std::lrint(b[i] * 300.0f)));
        QCOMPARE(largest[i], std::max(0.5f, std::fabs(a[i])));
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestWordKernels)
#include "test_word_kernels.moc"
