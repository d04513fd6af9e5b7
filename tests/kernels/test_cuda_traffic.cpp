// What the hot kernels move, counted on the emulated card: the GEMV reads each byte of the weights once, the lanes of a warp
// share sectors, and no access waits for a bank.

#include <QtTest>
#include <vector>

#include "kernel_testing.h"
#include "kernels/cuda/kernels.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;
namespace card = scalewright::kernels::cuda_emulated;

namespace {

template <class T>
class OnCard {
 public:
  explicit OnCard(int64_t count) : data_(static_cast<T*>(simt::allocate(static_cast<size_t>(count) * sizeof(T)))) {}
  OnCard(const T* from, int64_t count) : OnCard(count) { std::copy_n(from, count, data_); }
  ~OnCard() { simt::release(data_); }
  OnCard(const OnCard&) = delete;
  OnCard& operator=(const OnCard&) = delete;
  T* data() const { return data_; }
  double read_bytes() const { return 32.0 * static_cast<double>(simt::find_allocation(data_)->read_sectors); }
  double written_bytes() const { return 32.0 * static_cast<double>(simt::find_allocation(data_)->written_sectors); }

 private:
  T* data_;
};

// Numbers on the card.
struct Numbers : OnCard<float> {
  Numbers(int64_t count, uint64_t seed) : OnCard<float>(Random(seed).normals(count).data(), count) {}
};

double ratio(uint64_t a, uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

}  // namespace

class TestCudaTraffic : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() { simt::counting(false); }

  void gemv_data() {
    QTest::addColumn<int>("layout");
    for (size_t i = 0; i < all_layouts().size(); ++i) QTest::newRow(all_layouts()[i].name) << static_cast<int>(i);
  }
  void gemv() {
    QFETCH(int, layout);
    Random random(5);
    const int64_t N = 64, K = 1536;
    const RandomMatrix matrix(make_layout(all_layouts()[static_cast<size_t>(layout)], N, K), random);
    const OnCard<uint8_t> records(matrix.records, matrix.layout.bytes());
    const Guarded<float> x = random.normals(8 * K);
    const OnCard<float> in(x.data(), 8 * K), out(8 * N);
    const OnCard<uint8_t> split(static_cast<int64_t>(card::split_bytes(8, K)));
    QuantView w = matrix.view(false, false);
    w.records = records.data();
    for (const int64_t T : {int64_t{1}, int64_t{4}, int64_t{8}}) {
      simt::counting(true);
      const card::GemvMatrix product{w, nullptr, out.data()};
      card::split_rows(nullptr, in.data(), K, T, K, split.data());
      nothing_is_wasted("split");
      simt::counting(true);
      card::gemv(nullptr, split.data(), T, {&product, 1}, N, false, 1);
      const simt::Counters c = simt::counters();
      const double weights = records.read_bytes() / static_cast<double>(matrix.layout.bytes());
      const double shared = ratio(c.shared_wavefronts, c.shared_least);
      qInfo("T=%d: weights %.3f of the least, all sectors %.3f, bank passes %.3f", static_cast<int>(T), weights,
            ratio(c.global_sectors, c.global_least), shared);
      QVERIFY(weights <= 1.05);
      QVERIFY(ratio(c.global_sectors, c.global_least) <= 1.05);
      QVERIFY(shared <= 1.05);
    }
  }

  void unpack() {
    Random random(6);
    const int64_t N = 32, K = 512;
    const RandomMatrix matrix(make_layout(all_layouts()[9], N, K), random);
    const OnCard<uint8_t> records(matrix.records, matrix.layout.bytes());
    const OnCard<float> out(N * K);
    WeightView w;
    w.quantized = true;
    w.quant = matrix.view(false, false);
    w.quant.records = records.data();
    simt::counting(true);
    card::unpack(nullptr, w, 0, N, out.data());
    const double written = out.written_bytes() / static_cast<double>(N * K * 4);
    qInfo("written %.3f of the least", written);
    QCOMPARE(written, 1.0);
    nothing_is_wasted("unpack");
    const OnCard<uint16_t> rounded(N * K);
    simt::counting(true);
    card::unpack_bf16(nullptr, w, 0, N, rounded.data());
    // Codes come 16 bytes at a time, half a sector; the other half is in the first cache when its turn comes.
    QCOMPARE(rounded.written_bytes(), static_cast<double>(N * K * 2));
  }

  void gemm() {
    Random random(7);
    const int64_t M = 64, N = 128, K = 64;
    const Guarded<float> a = random.normals(M * K), b = random.normals(N * K);
    const OnCard<float> left(a.data(), M * K), right(b.data(), N * K), out(M * N);
    // The three forms of training: x W^T, dy W, dy^T x.
    const card::Strided by_row{left.data(), K, 1}, by_column{left.data(), 1, M};
    for (const auto& [l, r] : {std::pair{by_row, card::Strided{right.data(), 1, K}},
                               std::pair{by_row, card::Strided{right.data(), N, 1}},
                               std::pair{by_column, card::Strided{right.data(), N, 1}}}) {
      simt::counting(true);
      card::gemm(nullptr, M, N, K, l, r, out.data(), N, false);
      const simt::Counters c = simt::counters();
      qInfo("sectors %.3f, bank passes %.3f", ratio(c.global_sectors, c.global_least),
            ratio(c.shared_wavefronts, c.shared_least));
      nothing_is_wasted("gemm");
    }
  }

  void scale_gradients() {
    Random random(9);
    const int64_t N = 32, K = 512, T = 24;
    for (const size_t layout : {size_t{9}, size_t{13}, size_t{14}, size_t{17}}) {
      const RandomMatrix matrix(make_layout(all_layouts()[layout], N, K), random);
      const OnCard<uint8_t> records(matrix.records, matrix.layout.bytes());
      QuantView w = matrix.view(false, false);
      w.records = records.data();
      const int64_t scales = N * w.layout.groups();
      const Numbers product(N * K, 1), ds(scales, 2), dmin(scales, 3);
      simt::counting(true);
      card::reduce_dscale(nullptr, product.data(), 0, N, w, ds.data(), dmin.data());
      // The sums of a record go to one number a row, G apart.
      const double read = product.read_bytes() / static_cast<double>(N * K * 4);
      qInfo("%s: product read %.3f of the least", all_layouts()[layout].name, read);
      QCOMPARE(read, 1.0);
      const OnCard<uint16_t> rounded(N * K);
      card::to_bf16(nullptr, product.data(), K, N, K, rounded.data());
      simt::counting(true);
      card::reduce_dscale(nullptr, rounded.data(), 0, N, w, ds.data(), dmin.data());
      QCOMPARE(rounded.read_bytes(), static_cast<double>(N * K * 2));
    }
    const Numbers dy(T * N, 4), y(T * N, 5), factor(N, 6), drow(N, 7);
    simt::counting(true);
    card::linear_drow(nullptr, dy.data(), N, y.data(), N, T, N, factor.data(), drow.data());
    nothing_is_wasted("row factors");
  }

  void rows() {
    const int64_t T = 4, D = 512;
    const Numbers x(T * D, 1), other(T * D, 2), weight(D, 3), out(T * D, 4), inverse(32, 5), cosine(T * 32, 6),
        sine(T * 32, 7), m(T * D, 8), v(T * D, 9);
    const auto counted = [&](const char* name, const auto& launch) {
      simt::counting(true);
      launch();
      nothing_is_wasted(name);
    };
    counted("norm", [&] {
      card::rmsnorm(nullptr, x.data(), D, T, 1, D, weight.data(), 1e-5f, out.data(), D, inverse.data());
    });
    counted("norm backward", [&] {
      card::rmsnorm_dx(nullptr, other.data(), D, x.data(), D, T, 1, D, weight.data(), inverse.data(), out.data(), D, true);
    });
    counted("rotation", [&] {
      card::rope(nullptr, x.data(), D, T, 8, 64, 64, cosine.data(), sine.data(), false, false);
    });
    const OnCard<uint8_t> split(static_cast<int64_t>(card::split_bytes(T, D)));
    counted("split of a norm", [&] { card::split_normed(nullptr, x.data(), D, T, D, weight.data(), split.data()); });
    counted("split of a gate", [&] {
      card::split_gated(nullptr, x.data(), D, other.data(), D, T, D, GateKind::Silu, split.data());
    });
    counted("rotation and cache", [&] {
      card::rope_store(nullptr, x.data(), D, T, 4, 2, 64, 64, cosine.data(), sine.data(), false, m.data(), D, false, nullptr);
    });
    counted("gate", [&] {
      card::gated(nullptr, x.data(), D, other.data(), D, T, D, GateKind::Silu, out.data(), D);
    });
    counted("gate backward", [&] {
      card::gated_backward(nullptr, x.data(), D, other.data(), D, weight.data(), 0, T, D, GateKind::Silu, out.data(), m.data());
    });
    const OnCard<uint16_t> small(2 * T * D);
    counted("norm, rounded", [&] {
      card::rmsnorm_rounded(nullptr, x.data(), D, T, D, weight.data(), 1e-5f, small.data(), inverse.data());
    });
    counted("gate, rounded", [&] {
      card::gated_rounded(nullptr, x.data(), D, other.data(), D, T, D, GateKind::Silu, small.data());
    });
    counted("gate backward, rounded", [&] {
      card::gated_backward_rounded(nullptr, x.data(), D, other.data(), D, weight.data(), 0, T, D, GateKind::Silu, small.data(),
                                   small.data() + T * D, D);
    });
    counted("rotation, rounded", [&] {
      const int64_t widths[] = {D / 2, D / 2};
      card::turn_rounded(nullptr, x.data(), D, T, {8, 6, 64, 64}, cosine.data(), sine.data(), false, true, widths, small.data());
    });
    counted("add", [&] { card::add(nullptr, x.data(), out.data(), T * D); });
    counted("optimizer", [&] {
      card::adamw(nullptr, {0.9f, 0.1f, 0.99f, 0.01f, 1.0f, 1.0f, 0.1f, 1.0f, 1e-8f}, x.data(), out.data(), m.data(),
                  other.data(), T * D);
    });
    const OnCard<uint16_t> halves(T * D);
    counted("cache", [&] { card::store_kv(nullptr, x.data(), D, T, D, halves.data(), D, true); });
    const std::vector<int32_t> targets{3, 9, 0, 511};
    const OnCard<int32_t> wanted(targets.data(), T);
    const OnCard<double> nll(T);
    counted("loss", [&] {
      card::cross_entropy(nullptr, out.data(), D, T, D, wanted.data(), 0.0f, 1.0f, nll.data(), true);
    });
    const OnCard<uint8_t> room(static_cast<int64_t>(card::largest_workspace_bytes(T * D, 40)));
    const OnCard<int32_t> ids(40);
    simt::counting(true);
    card::largest(nullptr, x.data(), T * D, 40, out.data(), ids.data(), room.data());
    QCOMPARE(x.read_bytes(), static_cast<double>(T * D * 4));  // the logits are read once
  }

  void gemv_dense() {
    const int64_t N = 16, K = 512;
    const Numbers w(N * K, 1), x(K, 2), y(N, 3);
    simt::counting(true);
    card::gemv_dense(nullptr, x.data(), K, 1, {w.data(), DenseType::F32, N, K}, nullptr, y.data(), N);
    QCOMPARE(w.read_bytes(), static_cast<double>(N * K * 4));
    nothing_is_wasted("plain rows");
  }

  void attention_data() {
    QTest::addColumn<bool>("fast");
    QTest::addColumn<bool>("half");
    QTest::addColumn<int>("head");
    QTest::newRow("exact") << false << false << 64;
    QTest::newRow("fast") << true << false << 64;
    QTest::newRow("fast, halves") << true << true << 64;
    QTest::newRow("fast, head 128") << true << false << 128;
  }
  void attention() {
    QFETCH(bool, fast);
    QFETCH(bool, half);
    QFETCH(int, head);
    Random random(8);
    AttentionSpec s;
    s.queries = s.keys = 64;
    s.heads = 4;
    s.kv_heads = 2;
    s.head_dim = head;
    s.ldq = s.ldo = 4 * head;
    s.ldk = s.ldv = 2 * head;
    s.scale = 0.125f;
    s.fast = fast;
    s.half_kv = half;
    const int64_t count = 64 * s.ldq, kv_count = 64 * s.ldk;
    const Guarded<float> q = random.normals(count), k = random.normals(kv_count);
    const OnCard<float> query(q.data(), count), keys(k.data(), kv_count), out(count), lse(64 * 4), dq(count),
        dk(kv_count), dv(kv_count);
    const size_t room = std::max(card::attention_workspace_bytes(s, 1), card::attention_backward_workspace_bytes(s));
    const OnCard<uint8_t> workspace(static_cast<int64_t>(room));
    const OnCard<uint16_t> halves(kv_count);
    if (half) card::store_kv(nullptr, keys.data(), s.ldk, 64, s.ldk, halves.data(), s.ldk, true);
    const void* stored = half ? static_cast<const void*>(halves.data()) : keys.data();
    simt::counting(true);
    card::attention(nullptr, s, 1, query.data(), stored, stored, out.data(), lse.data(), workspace.data());
    nothing_is_wasted("forward");
    if (half) return;
    simt::counting(true);
    card::attention_backward(nullptr, s, query.data(), keys.data(), keys.data(), out.data(), lse.data(), query.data(),
                             dq.data(), dk.data(), dv.data(), workspace.data());
    nothing_is_wasted("backward");
  }

 private:
  // Since counting began: no access took more sectors than its bytes fill, and none waited for a bank.
  static void nothing_is_wasted(const char* name) {
    const simt::Counters c = simt::counters();
    const double sectors = ratio(c.global_sectors, c.global_least);
    const double passes = c.shared_least ? ratio(c.shared_wavefronts, c.shared_least) : 1.0;
    qInfo("%s: sectors %.3f, bank passes %.3f", name, sectors, passes);
    QVERIFY2(sectors <= 1.05, name);
    QVERIFY2(passes <= 1.05, name);
  }
};

QTEST_APPLESS_MAIN(TestCudaTraffic)
#include "test_cuda_traffic.moc"
