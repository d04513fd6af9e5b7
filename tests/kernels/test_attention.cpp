// Attention, forward and backward, against the naive form: causal, packed samples, windows, soft caps, grouped heads,
// halves.

#include "kernel_testing.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/word_kernels.h"
#include "kernels/reference/reference.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;

class TestAttention : public QObject {
  Q_OBJECT

  struct Case {
    const char* name;
    int64_t queries, keys, offset;
    int heads, kv_heads, dim;
    float softcap = 0.0f;
    int64_t window = 0;
    bool packed = false, half = false, padded = false;
  };
  static const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        {"one token", 1, 1, 0, 4, 2, 64},
        {"decode", 1, 700, 699, 9, 3, 64},
        {"decode halves", 1, 1300, 1299, 4, 4, 128, 0.0f, 0, false, true},
        {"decode five of a group", 1, 5003, 5002, 10, 2, 64, 0.0f, 0, false, true},
        {"decode seven of a group", 1, 901, 900, 14, 2, 80, 0.0f, 0, false, true},
        {"decode thirteen of a group", 2, 310, 308, 13, 1, 40, 0.0f, 0, false, true},
        {"decode eight of a group", 1, 700, 699, 8, 1, 36},
        {"decode odd head", 1, 77, 76, 2, 1, 24, 0.0f, 0, false, true},
        {"decode window", 1, 600, 599, 4, 2, 32, 0.0f, 100},
        {"three queries", 3, 300, 297, 4, 2, 16, 30.0f, 0, false, true},
        {"continue", 40, 200, 160, 4, 2, 64},
        {"continue halves", 100, 333, 233, 2, 2, 96, 0.0f, 0, false, true},
        {"square", 64, 64, 0, 2, 2, 64},
        {"one block and a row", 97, 97, 0, 3, 1, 64},
        {"several blocks", 301, 301, 0, 3, 1, 64},
        {"head 16", 50, 50, 0, 4, 1, 16},
        {"head 24", 53, 53, 0, 2, 1, 24},
        {"head 20", 103, 103, 0, 2, 2, 20},
        {"head 96", 110, 110, 0, 2, 1, 96},
        {"head 128", 100, 100, 0, 2, 1, 128},
        {"head 256", 99, 99, 0, 2, 1, 256},
        {"head 7", 31, 31, 0, 2, 1, 7},
        {"soft cap", 130, 130, 0, 2, 1, 32, 5.0f},
        {"window", 250, 250, 0, 2, 1, 32, 0.0f, 33},
        {"window and soft cap", 210, 210, 0, 4, 2, 32, 2.0f, 100},
        {"packed", 230, 230, 0, 4, 2, 32, 0.0f, 0, true},
        {"packed window", 230, 230, 0, 2, 1, 32, 0.0f, 20, true},
        {"padded", 120, 120, 0, 2, 1, 32, 0.0f, 0, true, false, true},
    };
    return all;
  }

  static AttentionSpec spec_of(const Case& c) {
    AttentionSpec s;
    s.queries = c.queries;
    s.keys = c.keys;
    s.query_offset = c.offset;
    s.heads = c.heads;
    s.kv_heads = c.kv_heads;
    s.head_dim = c.dim;
    s.ldq = c.heads * c.dim + 5;
    s.ldk = c.kv_heads * c.dim + 3;
    s.ldv = c.kv_heads * c.dim + 7;
    s.ldo = c.heads * c.dim + 2;
    s.scale = 1.0f / std::sqrt(static_cast<float>(c.dim));
    s.softcap = c.softcap;
    s.window = c.window;
    s.half_kv = c.half;
    return s;
  }
  // Samples of uneven lengths in one row; padded: the last ten queries see no key at all.
  static Guarded<int32_t> first_keys(const Case& c, Random& random) {
    Guarded<int32_t> first(c.queries);
    int32_t start = 0;
    for (int64_t t = 0; t < c.queries; ++t) {
      if (c.packed && t > 0 && random.integer(0, 29) == 0) start = static_cast<int32_t>(c.offset + t);
      first[t] = c.padded && t >= c.queries - 10 ? static_cast<int32_t>(c.keys) : start;
    }
    return first;
  }

 private slots:
  void initTestCase() { skip_note(); }

  void matches_data() {
    QTest::addColumn<int>("index");
    for (size_t i = 0; i < cases().size(); ++i) QTest::newRow(cases()[i].name) << static_cast<int>(i);
  }
  void matches() {
    QFETCH(int, index);
    const Case& c = cases()[static_cast<size_t>(index)];
    Random random(40 + static_cast<uint64_t>(index));
    AttentionSpec s = spec_of(c);
    const Guarded<int32_t> first = first_keys(c, random);
    s.first = first.data();
    const Guarded<float> q = random.normals((c.queries - 1) * s.ldq + c.heads * c.dim, 2.0f);
    const Guarded<float> k = random.normals((c.keys - 1) * s.ldk + c.kv_heads * c.dim);
    const Guarded<float> v = random.normals((c.keys - 1) * s.ldv + c.kv_heads * c.dim);
    Guarded<uint16_t> half_k(k.size()), half_v(v.size());
    for (int64_t i = 0; i < k.size(); ++i) half_k[i] = float_to_half(k[i]);
    for (int64_t i = 0; i < v.size(); ++i) half_v[i] = float_to_half(v[i]);
    const void* keys = c.half ? static_cast<const void*>(half_k.data()) : k.data();
    const void* values = c.half ? static_cast<const void*>(half_v.data()) : v.data();
    const int64_t outputs = (c.queries - 1) * s.ldo + c.heads * c.dim;
    Guarded<float> expected(outputs), expected_lse(c.queries * c.heads);
    reference::attention(s, q.data(), keys, values, expected.data(), expected_lse.data());
    const Guarded<float> dout = random.normals(outputs);
    Guarded<float> dq_expected(q.size()), dk_expected(k.size()), dv_expected(v.size());
    const bool backward = c.offset == 0 && !c.half;
    if (backward)
      reference::attention_backward(s, q.data(), k.data(), v.data(), dout.data(), dq_expected.data(),
                                    dk_expected.data(), dv_expected.data());
    // A score of size z carries an error of z eps sqrt(dim), which multiplies its probability. Scores here: |q||k|
    // scale.
    double score = 0.0;
    for (int64_t t = 0; t < c.queries; ++t)
      score =
          std::max(score, norm_of(q.data() + t * s.ldq, c.dim) * 2.0 * std::sqrt(static_cast<double>(c.dim)) * s.scale);
    const double relative = 4.0 * kEpsilon * (score + 10.0);
    for (const cpu::Isa isa : all_isas())
      for (const int threads : {1, 2, 5}) {
        const Bench bench(threads, isa, cpu::attention_thread_bytes(c.dim), cpu::attention_shared_bytes(s));
        Guarded<float> out(outputs), lse(c.queries * c.heads);
        cpu::attention_forward(bench.context(), s, q.data(), keys, values, out.data(), lse.data());
        SW_SAME(compare(out.data(), expected.data(), outputs, relative * 5.0, "output"));
        for (int64_t i = 0; i < lse.size(); ++i) {
          if (std::isinf(expected_lse[i])) {
            QCOMPARE(lse[i], expected_lse[i]);
          } else {
            QVERIFY(std::fabs(lse[i] - expected_lse[i]) <= relative);
          }
        }
        Guarded<float> again(outputs);
        cpu::attention_forward(bench.context(), s, q.data(), keys, values, again.data(), nullptr);
        QVERIFY(std::memcmp(out.data(), again.data(), static_cast<size_t>(outputs) * sizeof(float)) == 0);
        // Values (here up to 5) are rounded to multiples of a 1365th of the largest in a column, the factors of a score
        // to 11 bits and more.
        AttentionSpec rounded = s;
        rounded.fast = true;
        Guarded<float> quick(outputs), quick_lse(c.queries * c.heads);
        cpu::attention_forward(bench.context(), rounded, q.data(), keys, values, quick.data(), quick_lse.data());
        const bool in_words = cpu::word_kernels(isa) && c.queries > 4;
        const double allowed = in_words ? 5.0 / 1365 : relative * 5.0;
        SW_SAME(compare(quick.data(), expected.data(), outputs, allowed, "fast output"));
        if (in_words) QVERIFY(std::memcmp(out.data(), quick.data(), static_cast<size_t>(outputs) * sizeof(float)) != 0);
        if (!backward) continue;
        Guarded<float> dq(q.size()), dk(k.size()), dv(v.size());
        cpu::attention_backward(bench.context(), s, q.data(), k.data(), v.data(), out.data(), lse.data(), dout.data(),
                                dq.data(), dk.data(), dv.data());
        const double total = 4.0 * std::sqrt(static_cast<double>(c.queries) * c.heads);
        SW_SAME(compare(dq.data(), dq_expected.data(), dq.size(), relative * total, "dq"));
        SW_SAME(compare(dk.data(), dk_expected.data(), dk.size(), relative * total, "dk"));
        SW_SAME(compare(dv.data(), dv_expected.data(), dv.size(), relative * total, "dv"));
        const double norms = norm_of(dq_expected.data(), dq.size());
        for (int64_t i = 0; i < dq.size(); ++i) dq[i] -= dq_expected[i];
        QVERIFY(norm_of(dq.data(), dq.size()) <= relative * (norms + 1.0));
      }
  }

  // The reference's own gradient against central differences of its output in double steps.
  void reference_gradient_is_the_slope() {
    Case c{"slope", 9, 9, 0, 2, 1, 6, 3.0f, 5};
    Random random(3);
    AttentionSpec s = spec_of(c);
    s.ldq = s.ldo = 12;
    s.ldk = s.ldv = 6;
    Guarded<float> q = random.normals(9 * 12), k = random.normals(9 * 6), v = random.normals(9 * 6);
    const Guarded<float> dout = random.normals(9 * 12);
    Guarded<float> dq(q.size()), dk(k.size()), dv(v.size()), out(9 * 12);
    reference::attention_backward(s, q.data(), k.data(), v.data(), dout.data(), dq.data(), dk.data(), dv.data());
    const auto objective = [&] {
      reference::attention(s, q.data(), k.data(), v.data(), out.data(), nullptr);
      double sum = 0.0;
      for (int64_t i = 0; i < out.size(); ++i) sum += static_cast<double>(out[i]) * dout[i];
      return sum;
    };
    for (int which = 0; which < 3; ++which) {
      Guarded<float>& x = which == 0 ? q : which == 1 ? k : v;
      const Guarded<float>& gradient = which == 0 ? dq : which == 1 ? dk : dv;
      for (int64_t i = 0; i < x.size(); ++i) {
        const float before = x[i];
        x[i] = before + 0.01f;
        const double up = objective();
        x[i] = before - 0.01f;
        const double slope = (up - objective()) / 0.02;
        x[i] = before;
        QVERIFY2(
            std::fabs(slope - gradient[i]) <= 2e-3 * (1.0 + std::fabs(slope)),
            qPrintable(QString("%1 %2: %3 and %4").arg(which).arg(i).arg(slope).arg(static_cast<double>(gradient[i]))));
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestAttention)
#include "test_attention.moc"
