// The largest products found through a sketch of the matrix are those of all products, bit for bit and in their order.

#include <QtTest>
#include <cmath>
#include <numeric>
#include <random>

#include "kernels/cpu/gemv.h"
#include "kernels/cpu/gemv_largest.h"
#include "tests/kernels/kernel_testing.h"
#include "tests/kernels/quant_samples.h"

using namespace scalewright::tests;
using namespace scalewright::kernels::cpu;

namespace {

constexpr QuantKind kQ8 = {"Q8_0", BlockKind::Offset, 8, 128, 0, 32},
                    kQ8By128 = {"offset", BlockKind::Offset, 8, 128, 0, 128};

struct Search {
  Search(const QuantSample& m, Isa i, int threads)
      : sample(m),
        isa(i),
        pool(threads),
        room(sketch_bytes(m.layout) + 64),
        workspace(gemv_workspace_bytes(1, m.layout.cols)) {
    sketch = room.data() + (64 - reinterpret_cast<uintptr_t>(room.data()) % 64) % 64;
    make_sketch(pool, sample.view(), sketch);
  }
  // Of all products.
  void expect(const std::vector<float>& x, int count, std::vector<float>& values, std::vector<int32_t>& ids) {
    std::vector<float> y(static_cast<size_t>(sample.layout.rows));
    gemv_fast(pool, isa, x.data(), sample.layout.cols, 1, sample.view(), nullptr, y.data(), sample.layout.rows,
              workspace.data());
    for (float& v : y) v = std::isnan(v) ? -INFINITY : v;
    std::vector<int32_t> order(y.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return y[a] > y[b]; });
    ids.assign(order.begin(), order.begin() + count);
    values.clear();
    for (const int32_t id : ids) values.push_back(y[id]);
  }
  uint64_t find(const std::vector<float>& x, int count, std::vector<float>& values, std::vector<int32_t>& ids) {
    values.assign(count, NAN);
    ids.assign(count, -1);
    return gemv_largest(pool, isa, x.data(), sample.view(), sketch, count, values.data(), ids.data(), workspace.data());
  }

  const QuantSample& sample;
  Isa isa;
  ThreadPool pool;
  std::vector<uint8_t> room, workspace;
  void* sketch;
};

std::vector<float> normals(int64_t count, uint64_t seed, int64_t outliers) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(count));
  for (float& v : x) v = normal(random);
  for (int64_t i = 0; i < outliers; ++i) x[random() % x.size()] *= 20.0f;
  return x;
}

}  // namespace

class TestGemvLargest : public QObject {
  Q_OBJECT

  std::vector<Isa> isas_;

 private slots:
  void initTestCase() {
    scalewright::kernels::testing::skip_note();
    for (const Isa isa : scalewright::kernels::testing::all_isas())
      if (isa != Isa::Scalar) isas_.push_back(isa);
    if (isas_.empty()) QSKIP("the searches need AVX2, which this processor lacks");
  }

  void equals_all_products() {
    std::vector<float> expected, values;
    std::vector<int32_t> expected_ids, ids;
    for (const auto& [kind, N, K] :
         {std::tuple{kQ8, 4096, 64}, {kQ8, 5001, 576}, {kQ8, 4100, 600}, {kQ8By128, 4111, 320}}) {
      const QuantSample sample = make_sample(kind, N, K, 11);
      QVERIFY(worth_sketching(sample.view()));
      for (const Isa isa : isas_)
        for (const int threads : {1, 3}) {
          Search search(sample, isa, threads);
          for (uint64_t seed = 0; seed < 40; ++seed) {
            const std::vector<float> x = normals(K, seed, static_cast<int64_t>(seed % 4));
            const int count = std::array{1, 5, 40, kMostLargest}[seed / 4 % 4];
            search.expect(x, count, expected, expected_ids);
            search.find(x, count, values, ids);
            QVERIFY2(values == expected && ids == expected_ids,
                     qPrintable(QString("%1, %2, seed %3").arg(sample.label().c_str(), isa_name(isa)).arg(seed)));
          }
        }
    }
  }

  // A row that stands out costs the sketch and a few strips.
  void reads_little() {
    const QuantSample sample = make_sample(kQ8, 16384, 576, 3);
    std::vector<float> values;
    std::vector<int32_t> ids;
    for (const Isa isa : isas_) {
      Search search(sample, isa, 2);
      std::vector<float> x(576);
      for (int k = 0; k < 576; ++k) x[k] = static_cast<float>(sample.weight(7777, k));
      const uint64_t read = search.find(x, 1, values, ids);
      QCOMPARE(ids[0], 7777);
      QVERIFY2(read < static_cast<uint64_t>(sample.layout.bytes()) * 58 / 100, qPrintable(QString::number(read)));
      QVERIFY(read > static_cast<uint64_t>(sample.layout.bytes()) / 2);
    }
  }

  void ties_and_numbers_that_are_none() {
    const QuantSample sample = make_sample(kQ8, 4099, 96, 5);
    std::vector<float> expected, values;
    std::vector<int32_t> expected_ids, ids;
    for (const Isa isa : isas_) {
      Search search(sample, isa, 2);
      for (const float special : {0.0f, NAN, INFINITY}) {
        std::vector<float> x(96, special == 0.0f ? 0.0f : 1.0f);
        x[40] = special;
        search.expect(x, 9, expected, expected_ids);
        QCOMPARE(expected_ids[8], 8);
        search.find(x, 9, values, ids);
        QVERIFY(values == expected && ids == expected_ids);
      }
      // A scale that is none, in one row: that row alone is last, or first.
      for (const uint16_t half : {uint16_t{0x7c00}, uint16_t{0x7e00}}) {
        QuantSample odd = sample;
        odd.records = odd.storage.data() + (64 - reinterpret_cast<uintptr_t>(odd.storage.data()) % 64) % 64;
        std::memmove(odd.records, sample.records, static_cast<size_t>(sample.layout.bytes()));
        std::memcpy(odd.records + 100 * odd.layout.strip_bytes() + 2 * 3, &half, 2);
        Search other(odd, isa, 2);
        const std::vector<float> x = normals(96, 8, 0);
        other.expect(x, 40, expected, expected_ids);
        other.find(x, 40, values, ids);
        QVERIFY(values == expected && ids == expected_ids);
      }
    }
  }

  void only_where_it_pays() {
    QVERIFY(!worth_sketching(make_sample(kQ8, 1000, 64, 1).view()));
    QVERIFY(!worth_sketching(make_sample({"Q4_0", BlockKind::Offset, 4, 8, 0, 32}, 5000, 64, 1).view()));
    const QuantSample sample = make_sample(kQ8, 5000, 64, 1);
    QuantView tuned = sample.view();
    const std::vector<float> scale(5000);
    tuned.row_scale = scale.data();
    QVERIFY(!worth_sketching(tuned));
  }
};

QTEST_APPLESS_MAIN(TestGemvLargest)
#include "test_gemv_largest.moc"
