// Attention of the CUDA backend against the reference, forward and backward: on the emulated card always, and by the
// same body on a card where there is one; exact, and with factors that may be rounded to bf16.

#include <QtTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "kernels/cuda/attention_fast.h"
#include "tests/kernels/kernel_testing.h"
#include "tests/testkit/card_devices.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright;
using namespace scalewright::kernels::testing;

namespace {

struct Case {
  const char* name;
  int64_t queries, keys, offset;
  int heads, kv_heads, dim;
  float softcap = 0.0f;
  int64_t window = 0;
  bool packed = false, half = false, padded = false;
  bool rounds = true;  // fast: on the tensor cores, not as exact
};
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"one token", 1, 1, 0, 4, 2, 64, 0.0f, 0, false, false, false, false},
      {"decode", 1, 300, 299, 9, 3, 64, 0.0f, 0, false, false, false, false},
      {"decode halves, split keys", 1, 700, 699, 2, 2, 128, 0.0f, 0, false, true, false, false},
      {"decode halves, group of 4, window", 1, 700, 699, 8, 2, 64, 0.0f, 300, false, true, false, false},
      {"decode halves, head 96", 1, 90, 89, 2, 1, 96, 3.0f, 0, false, true, false, false},
      {"decode halves, head 256", 1, 600, 599, 8, 1, 256, 0.0f, 0, false, true, false, false},
      {"eight queries, halves", 8, 530, 522, 4, 2, 128, 0.0f, 0, false, true, false, false},
      {"five queries, halves, window", 5, 40, 35, 3, 1, 64, 0.0f, 20, false, true, false, false},
      {"decode odd head", 1, 77, 76, 2, 1, 24, 0.0f, 0, false, false, false, false},
      {"decode window", 1, 600, 599, 4, 2, 32, 0.0f, 100, false, false, false, false},
      {"three queries", 3, 300, 297, 4, 2, 16, 30.0f, 0, false, true, false, false},
      {"continue halves", 20, 133, 113, 2, 2, 96, 0.0f, 0, false, true},
      {"continue, halves, head 64", 31, 70, 39, 3, 1, 64, 0.0f, 0, false, true},
      {"square", 64, 64, 0, 2, 2, 64},
      {"one block and a row", 33, 33, 0, 3, 1, 64},
      {"head 24", 53, 53, 0, 2, 2, 24},
      {"head 20", 53, 53, 0, 2, 2, 20, 0.0f, 0, false, false, false, false},
      {"head 128", 40, 40, 0, 2, 1, 128},
      {"head 128, several tiles", 131, 131, 0, 1, 1, 128},
      {"head 96", 16, 16, 0, 2, 1, 96},
      {"head 256", 35, 35, 0, 2, 1, 256, 0.0f, 0, false, false, false, false},
      {"head 7", 31, 31, 0, 2, 1, 7, 0.0f, 0, false, false, false, false},
      {"soft cap", 50, 50, 0, 2, 1, 32, 5.0f},
      {"window and soft cap", 90, 90, 0, 4, 2, 32, 2.0f, 33},
      {"packed", 100, 100, 0, 4, 2, 32, 0.0f, 0, true},
      {"packed window", 100, 100, 0, 2, 1, 32, 0.0f, 20, true},
      {"padded", 60, 60, 0, 2, 1, 32, 0.0f, 0, true, false, true},
  };
  return all;
}

// Every token's numbers against the reference: their difference relative to their own size and that of a usual token.
QString compare_rows(const float* value, const float* reference, int64_t T, int64_t width, int64_t ld, double relative,
                     const char* what) {
  double all = 0.0;
  for (int64_t t = 0; t < T; ++t) all += std::pow(norm_of(reference + t * ld, width), 2.0);
  const double usual = std::sqrt(all / static_cast<double>(T));
  double worst = 0.0;
  QString said;
  for (int64_t t = 0; t < T; ++t) {
    double sum = 0.0;
    for (int64_t i = t * ld; i < t * ld + width; ++i)
      sum += std::pow(static_cast<double>(value[i]) - reference[i], 2.0);
    const double ratio = std::sqrt(sum) / (norm_of(reference + t * ld, width) + usual + 1e-30);
    if (ratio <= std::max(worst, relative)) continue;
    worst = std::isnan(ratio) ? INFINITY : ratio;
    said = QString("%1: token %2 is off by %3 of its size, allowed are %4").arg(what).arg(t).arg(ratio).arg(relative);
  }
  return said;
}

}  // namespace

class TestCudaAttention : public QObject {
  Q_OBJECT

  std::unique_ptr<Backend> reference_ = make_reference_backend();
  testkit::CardDevices devices_;

 private slots:
  void matches_data() {
    QTest::addColumn<bool>("real");
    QTest::addColumn<bool>("fast");
    QTest::addColumn<int>("index");
    for (const bool real : {false, true})
      for (const bool fast : {false, true})
        for (size_t i = 0; i < cases().size(); ++i)
          QTest::addRow("%s %s %s", real ? "card" : "emulated", fast ? "fast" : "exact", cases()[i].name)
              << real << fast << static_cast<int>(i);
  }
  void matches() {
    SW_DEVICE_OR_SKIP(devices_);
    QFETCH(bool, fast);
    QFETCH(int, index);
    const Case& c = cases()[static_cast<size_t>(index)];
    Random random(40 + static_cast<uint64_t>(index));
    AttentionShape s;
    s.queries = c.queries;
    s.keys = c.keys;
    s.query_offset = c.offset;
    s.heads = c.heads;
    s.kv_heads = c.kv_heads;
    s.head_dim = c.dim;
    // Rows that begin at a multiple of four numbers are what the fast form needs, of eight halves that of few queries.
    s.ldq = c.heads * c.dim + (fast ? 8 : 5);
    s.ldk = c.kv_heads * c.dim + (fast ? 8 : 3);
    s.ldv = c.kv_heads * c.dim + (fast ? 16 : 7);
    s.ldo = c.heads * c.dim + (fast ? 4 : 2);
    s.scale = 1.0f / std::sqrt(static_cast<float>(c.dim));
    s.softcap = c.softcap;
    s.window = c.window;
    s.kv = c.half ? KvType::F16 : KvType::F32;
    // Samples of uneven lengths side by side; padded: the last queries see no key at all.
    Guarded<int32_t> first(c.queries);
    int32_t start = 0;
    for (int64_t t = 0; t < c.queries; ++t) {
      if (c.packed && t > 0 && random.integer(0, 19) == 0) start = static_cast<int32_t>(c.offset + t);
      first[t] = c.padded && t >= c.queries - 10 ? static_cast<int32_t>(c.keys) : start;
    }
    const int64_t width = c.heads * c.dim, kv_width = c.kv_heads * c.dim;
    const Guarded<float> q = random.normals((c.queries - 1) * s.ldq + width, 2.0f);
    const Guarded<float> k = random.normals((c.keys - 1) * s.ldk + kv_width);
    const Guarded<float> v = random.normals((c.keys - 1) * s.ldv + kv_width);
    Guarded<uint16_t> half_k(k.size()), half_v(v.size());
    for (int64_t i = 0; i < k.size(); ++i) half_k[i] = kernels::float_to_half(k[i]);
    for (int64_t i = 0; i < v.size(); ++i) half_v[i] = kernels::float_to_half(v[i]);
    const void* keys = c.half ? static_cast<const void*>(half_k.data()) : k.data();
    const void* values = c.half ? static_cast<const void*>(half_v.data()) : v.data();
    const int64_t outputs = (c.queries - 1) * s.ldo + width;
    Guarded<float> out(outputs), expected(outputs), lse(c.queries * c.heads), lse_expected(c.queries * c.heads);
    reference_->attention(s, q.data(), keys, values, first.data(), expected.data(), lse_expected.data());
    const bool backward = c.offset == 0 && !c.half;
    const Guarded<float> dout = random.normals(outputs);
    Guarded<float> dq(q.size()), dk(k.size()), dv(v.size()), dq_expected = dq, dk_expected = dk, dv_expected = dv;
    if (backward)
      reference_->attention_backward(s, q.data(), k.data(), v.data(), first.data(), expected.data(),
                                     lse_expected.data(), dout.data(), dq_expected.data(), dk_expected.data(),
                                     dv_expected.data());
    const auto run = [&] {
      backend->attention(s, q.data(), keys, values, first.data(), out.data(), lse.data());
      if (backward)
        backend->attention_backward(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data(), dout.data(),
                                    dq.data(), dk.data(), dv.data());
    };
    double score = 0.0;
    for (int64_t t = 0; t < c.queries; ++t)
      score =
          std::max(score, norm_of(q.data() + t * s.ldq, c.dim) * 2.0 * std::sqrt(static_cast<double>(c.dim)) * s.scale);
    const double relative = 4.0 * kEpsilon * (score + 10.0);
    run();
    if (fast && c.rounds) {
      const Guarded<float> exact = out;
      s.precision = Precision::Fast;
      run();
      QVERIFY(std::memcmp(out.data(), exact.data(), static_cast<size_t>(outputs) * sizeof(float)) != 0);
      // A factor is rounded by up to 2^-9 of itself. Scores here are of size 2, so two rounded factors move one by
      // about 2^-8 and the probability by as much of itself; the two factors of each product after that add theirs.
      const double usual = 0x1p-8 * (2.0 + 2.0), most = 4.0 * usual;
      SW_SAME(compare_rows(out.data(), expected.data(), c.queries, width, s.ldo, usual, "output"));
      SW_SAME(compare(out.data(), expected.data(), outputs, most, "output"));
      for (int64_t i = 0; i < lse.size(); ++i) {
        if (std::isinf(lse_expected[i])) {
          QCOMPARE(lse[i], lse_expected[i]);
        } else {
          QVERIFY(std::fabs(lse[i] - lse_expected[i]) <= 2.0 * usual);
        }
      }
      if (!backward) return;
      SW_SAME(compare_rows(dq.data(), dq_expected.data(), c.queries, width, s.ldq, usual, "dq"));
      SW_SAME(compare_rows(dk.data(), dk_expected.data(), c.keys, kv_width, s.ldk, usual, "dk"));
      SW_SAME(compare_rows(dv.data(), dv_expected.data(), c.keys, kv_width, s.ldv, usual, "dv"));
      return;
    }
    if (fast) {
      const Guarded<float> exact = out;
      s.precision = Precision::Fast;
      run();
      QVERIFY(std::memcmp(out.data(), exact.data(), static_cast<size_t>(outputs) * sizeof(float)) == 0);
    }
    SW_SAME(compare(out.data(), expected.data(), outputs, relative * 5.0, "output"));
    for (int64_t i = 0; i < lse.size(); ++i) {
      if (std::isinf(lse_expected[i])) {
        QCOMPARE(lse[i], lse_expected[i]);
      } else {
        QVERIFY(std::fabs(lse[i] - lse_expected[i]) <= relative);
      }
    }
    if (!backward) return;
    const double total = 4.0 * std::sqrt(static_cast<double>(c.queries) * c.heads);
    SW_SAME(compare(dq.data(), dq_expected.data(), dq.size(), relative * total, "dq"));
    SW_SAME(compare(dk.data(), dk_expected.data(), dk.size(), relative * total, "dk"));
    SW_SAME(compare(dv.data(), dv_expected.data(), dv.size(), relative * total, "dv"));
    const double norms = norm_of(dq_expected.data(), dq.size());
    for (int64_t i = 0; i < dq.size(); ++i) dq[i] -= dq_expected[i];
    QVERIFY(norm_of(dq.data(), dq.size()) <= relative * (norms + 1.0));
  }
};

QTEST_APPLESS_MAIN(TestCudaAttention)
#include "test_cuda_attention.moc"
