// The emulation itself: it runs correct kernels, and catches kernels that were broken on purpose.

#include <QtTest>
#include <vector>

#include "kernels/cuda/portable.h"

using namespace scalewright::kernels::cuda_emulated;

namespace {

// Memory of the emulated card for a test.
template <class T>
class OnCard {
 public:
  explicit OnCard(size_t count) : data_(static_cast<T*>(simt::allocate(count * sizeof(T)))) {}
  ~OnCard() { simt::release(data_); }
  OnCard(const OnCard&) = delete;
  OnCard& operator=(const OnCard&) = delete;
  T* data() { return data_; }
  T& operator[](size_t i) { return data_[i]; }

 private:
  T* data_;
};

constexpr int kThreads = 128;

// Sums of neighbours through shared memory, in the right form and in wrong ones.
enum class Mutation { None, NoBarrier, ShiftedRead, ShiftedWrite, DivergentBarrier, EarlyReturn, Uninitialized };
template <Mutation kMutation>
SW_KERNEL(kThreads, neighbours)(Global<const float> in, Global<float> out, int n) {
  SW_SHARED(float, tile, kThreads + 1);
  const int i = block_x() * kThreads + thread_x();
  if (kMutation == Mutation::EarlyReturn && i >= n) return;
  st(tile, thread_x(), i < n ? ld(in, i + (kMutation == Mutation::ShiftedRead ? 1 : 0)) : 0.0f);
  if (thread_x() == 0 && kMutation != Mutation::Uninitialized) st(tile, kThreads, 0.0f);
  if (kMutation == Mutation::DivergentBarrier) {
    if (thread_x() % 2 == 0) sync_block();
    else sync_block();
  } else if (kMutation != Mutation::NoBarrier) {
    sync_block();
  }
  if (i < n) st(out, i + (kMutation == Mutation::ShiftedWrite ? 1 : 0), ld(tile, thread_x()) + ld(tile, thread_x() + 1));
}

// A sum over a block that reuses its room; without the second barrier a fast warp overwrites what a slow one reads.
template <bool kMutated>
SW_KERNEL(kThreads, two_sums)(Global<const float> in, Global<float> out) {
  SW_SHARED(float, room, kThreads / kWarp);
  float total = 0.0f;
  for (int round = 0; round < 2; ++round) {
    const float mine = warp_sum(ld(in, thread_x() + round * kThreads));
    if (thread_x() % kWarp == 0) st(room, thread_x() / kWarp, mine);
    sync_block();
    for (int w = 0; w < kThreads / kWarp; ++w) total += ld(room, w);
    if (!kMutated) sync_block();
  }
  st(out, thread_x(), total);
}

// Lanes pass values through shared memory within their warp.
template <bool kMutated>
SW_KERNEL(kWarp, turn)(Global<float> values) {
  SW_SHARED(float, room, kWarp);
  st(room, thread_x(), ld(values, thread_x()));
  if (!kMutated) sync_warp();
  st(values, thread_x(), ld(room, (thread_x() + 1) % kWarp));
}

// Words of four lanes come to shared memory while the warp goes on; each lane then reads one of another.
enum class Copies { Right, NotWaited, NoBarrier, LeftBehind };
template <Copies kHow>
SW_KERNEL(kWarp, copied)(Global<const uint8_t> in, Global<uint32_t> out) {
  SW_SHARED(uint32_t, room, 4 * kWarp);
  copy_later(room, 4 * thread_x(), in, 16 * thread_x());
  close_copies();
  close_copies();
  if (kHow == Copies::Right || kHow == Copies::NoBarrier) open_copies<1>();
  if (kHow != Copies::NoBarrier) sync_warp();
  if (kHow == Copies::LeftBehind) return;
  st(out, thread_x(), ld(room, 4 * ((thread_x() + 1) % kWarp)));
  open_copies<0>();
}

// Half of the warp takes part in the shuffle.
SW_KERNEL(kWarp, half_shuffle)(Global<float> values) {
  float v = ld(values, thread_x());
  if (thread_x() < 16) v = shuffle_xor(v, 1);
  st(values, thread_x(), v);
}

// C [16, 8] = A [16, 16] B [16, 8] of small integers, which bf16 holds exactly.
SW_KERNEL(kWarp, product)(Global<const float> a, Global<const float> b, Global<float> c) {
  const int row = thread_x() / 4, pair = thread_x() % 4 * 2;
  uint32_t left[4], right[2];
  for (int i = 0; i < 4; ++i) {
    const int at = (row + 8 * (i % 2)) * 16 + pair + 8 * (i / 2);
    left[i] = bf16_pair(ld(a, at), ld(a, at + 1));
  }
  for (int i = 0; i < 2; ++i) right[i] = bf16_pair(ld(b, (pair + 8 * i) * 8 + row), ld(b, (pair + 8 * i + 1) * 8 + row));
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  mma_bf16(sum, left, right);
  for (int i = 0; i < 4; ++i) st(c, (row + 8 * (i / 2)) * 8 + pair + i % 2, sum[i]);
}

// Four matrices [8, 8] of bf16, the numbers from 0 on row by row, loaded as they lie and turned.
SW_KERNEL(kWarp, four_matrices)(Global<uint32_t> rows, Global<uint32_t> columns) {
  SW_SHARED(uint32_t, room, kWarp * 4);
  for (int i = 0; i < 4; ++i) {
    const int first = thread_x() * 8 + i * 2;
    st(room, thread_x() * 4 + i, bf16_pair(static_cast<float>(first), static_cast<float>(first + 1)));
  }
  sync_warp();
  uint32_t out[4];
  ld_matrices(room, thread_x() * 4, out);
  for (int m = 0; m < 4; ++m) st(rows, m * kWarp + thread_x(), out[m]);
  ld_matrices_turned(room, thread_x() * 4, out);
  for (int m = 0; m < 4; ++m) st(columns, m * kWarp + thread_x(), out[m]);
}

SW_KERNEL(kThreads, copy)(Global<const float> in, Global<float> out, int stride) {
  SW_SHARED(float, room, kThreads * 8);
  st(room, thread_x() * stride, ld(in, thread_x() * stride));
  sync_block();
  st(out, thread_x(), ld(room, thread_x() * stride));
}

SW_KERNEL(kWarp, four)(Global<const float> in, Global<float> out) { st4(out, 0, ld4(in, 2)); }
SW_KERNEL(kWarp, nowhere)(Global<float> out) { st(out, 0, 1.0f); }

template <class Launch>
QString error_of(Launch launch) {
  try {
    launch();
  } catch (const simt::Error& e) {
    return QString::fromStdString(e.what());
  }
  return {};
}

}  // namespace

class TestSimt : public QObject {
  Q_OBJECT

  template <Mutation kMutation>
  static QString run(int n, std::vector<float>* result = nullptr) {
    OnCard<float> in(static_cast<size_t>(n)), out(static_cast<size_t>(n));
    for (int i = 0; i < n; ++i) in[static_cast<size_t>(i)] = static_cast<float>(i + 1);
    const QString error = error_of([&] {
      SW_LAUNCH((neighbours<kMutation>), dim3(static_cast<unsigned>((n + kThreads - 1) / kThreads)), dim3(kThreads),
                nullptr, in.data(), out.data(), n);
    });
    if (result) result->assign(out.data(), out.data() + n);
    return error;
  }

 private slots:
  void productOfAWarp() {
    OnCard<float> a(256), b(128), c(128);
    for (int i = 0; i < 256; ++i) a[static_cast<size_t>(i)] = static_cast<float>(i * 37 % 19 - 9);
    for (int i = 0; i < 128; ++i) b[static_cast<size_t>(i)] = static_cast<float>(i * 23 % 17 - 8);
    SW_LAUNCH(product, dim3(1), dim3(kWarp), nullptr, a.data(), b.data(), c.data());
    for (size_t m = 0; m < 16; ++m)
      for (size_t n = 0; n < 8; ++n) {
        float sum = 0.0f;
        for (size_t k = 0; k < 16; ++k) sum += a[m * 16 + k] * b[k * 8 + n];
        QCOMPARE(c[m * 8 + n], sum);
      }
  }

  void matricesOfAWarp() {
    OnCard<uint32_t> rows(128), columns(128);
    SW_LAUNCH(four_matrices, dim3(1), dim3(kWarp), nullptr, rows.data(), columns.data());
    for (int m = 0; m < 4; ++m)
      for (int lane = 0; lane < kWarp; ++lane) {
        const int outer = lane / 4, inner = lane % 4 * 2;
        const auto at = [&](int row, int column) { return static_cast<float>(m * 64 + row * 8 + column); };
        const auto i = static_cast<size_t>(m * kWarp + lane);
        QCOMPARE(rows[i], bf16_pair(at(outer, inner), at(outer, inner + 1)));
        QCOMPARE(columns[i], bf16_pair(at(inner, outer), at(inner + 1, outer)));
      }
  }

  void a_right_kernel_runs() {
    for (const uint64_t seed : {1u, 2u, 3u}) {
      simt::seed(seed);
      for (const int n : {1, 7, 31, 33, 128, 300}) {
        std::vector<float> out;
        QCOMPARE(run<Mutation::None>(n, &out), QString());
        for (int i = 0; i < n; ++i) {
          const bool end = i % kThreads == kThreads - 1 || i == n - 1;
          QCOMPARE(out[static_cast<size_t>(i)], static_cast<float>(end ? i + 1 : 2 * i + 3));
        }
      }
    }
    OnCard<float> in(2 * kThreads), out(kThreads), values(kWarp);
    for (size_t i = 0; i < 2 * kThreads; ++i) in[i] = 1.0f;
    for (size_t i = 0; i < kWarp; ++i) values[i] = static_cast<float>(i);
    SW_LAUNCH((two_sums<false>), dim3(1), dim3(kThreads), nullptr, in.data(), out.data());
    for (size_t i = 0; i < kThreads; ++i) QCOMPARE(out[i], 256.0f);
    SW_LAUNCH((turn<false>), dim3(1), dim3(kWarp), nullptr, values.data());
    for (size_t i = 0; i < kWarp; ++i) QCOMPARE(values[i], static_cast<float>((i + 1) % kWarp));
  }

  void copiesAreThereWhenTheyAreWaitedFor() {
    OnCard<uint8_t> in(16 * kWarp);
    OnCard<uint32_t> out(kWarp);
    for (size_t i = 0; i < 16 * kWarp; ++i) in[i] = static_cast<uint8_t>(i / 16);
    const auto error = [&](auto kernel) {
      return error_of([&] { SW_LAUNCH(kernel, dim3(1), dim3(kWarp), nullptr, in.data(), out.data()); });
    };
    QCOMPARE(error(copied<Copies::Right>), QString());
    for (uint32_t i = 0; i < kWarp; ++i) QCOMPARE(out[i], 0x01010101u * ((i + 1) % kWarp));
    QVERIFY(error(copied<Copies::NotWaited>).contains("race"));
    const QString unordered = error(copied<Copies::NoBarrier>);
    QVERIFY(unordered.contains("race") || unordered.contains("nobody wrote"));
    QVERIFY(error(copied<Copies::LeftBehind>).contains("before its copies"));
  }

  // One barrier removed.
  void a_missing_barrier_is_caught() {
    for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
      simt::seed(seed);
      const QString error = run<Mutation::NoBarrier>(kThreads);
      QVERIFY2(error.contains("race") || error.contains("nobody wrote"), qPrintable(error));
      OnCard<float> in(2 * kThreads), out(kThreads), values(kWarp);
      for (size_t i = 0; i < 2 * kThreads; ++i) in[i] = 1.0f;
      for (size_t i = 0; i < kWarp; ++i) values[i] = 1.0f;
      const QString reuse =
          error_of([&] { SW_LAUNCH((two_sums<true>), dim3(1), dim3(kThreads), nullptr, in.data(), out.data()); });
      QVERIFY2(reuse.contains("race"), qPrintable(reuse));
      const QString warp = error_of([&] { SW_LAUNCH((turn<true>), dim3(1), dim3(kWarp), nullptr, values.data()); });
      QVERIFY2(warp.contains("race") || warp.contains("nobody wrote"), qPrintable(warp));
    }
  }

  // One index shifted.
  void a_shifted_index_is_caught() {
    QVERIFY(run<Mutation::ShiftedRead>(kThreads).contains("reads outside its buffer at test_simt.cpp"));
    QVERIFY(run<Mutation::ShiftedWrite>(33).contains("writes outside its buffer at test_simt.cpp"));
    QVERIFY(run<Mutation::Uninitialized>(kThreads).contains("nobody wrote"));
  }

  void a_divergent_barrier_is_caught() {
    const QString lines = run<Mutation::DivergentBarrier>(kThreads);
    QVERIFY2(lines.contains("divergent barrier") && lines.contains("test_simt.cpp"), qPrintable(lines));
    const QString gone = run<Mutation::EarlyReturn>(100);
    QVERIFY2(gone.contains("divergent barrier") && gone.contains("has returned"), qPrintable(gone));
    OnCard<float> values(kWarp);
    const QString half = error_of([&] { SW_LAUNCH(half_shuffle, dim3(1), dim3(kWarp), nullptr, values.data()); });
    QVERIFY2(half.contains("divergent barrier"), qPrintable(half));
    // After an error the next launch starts afresh.
    QCOMPARE(run<Mutation::None>(kThreads), QString());
  }

  void pointers_are_checked() {
    OnCard<float> out(8), in(8);
    std::vector<float> host(8);
    QVERIFY(error_of([&] { SW_LAUNCH(nowhere, dim3(1), dim3(kWarp), nullptr, host.data()); }).contains("not of the card"));
    QVERIFY(error_of([&] { SW_LAUNCH(nowhere, dim3(1), dim3(kWarp), nullptr, static_cast<float*>(nullptr)); })
                .contains("null pointer"));
    QVERIFY(error_of([&] { SW_LAUNCH(four, dim3(1), dim3(kWarp), nullptr, in.data(), out.data()); })
                .contains("no multiple"));
  }

  void limits_are_checked() {
    OnCard<float> out(8);
    QVERIFY(error_of([&] { SW_LAUNCH(nowhere, dim3(1), dim3(33), nullptr, out.data()); }).contains("whole warps"));
    QVERIFY(error_of([&] { SW_LAUNCH(nowhere, dim3(0), dim3(32), nullptr, out.data()); }).contains("none can be empty"));
    QVERIFY(error_of([&] { SW_LAUNCH(nowhere, dim3(1, 65536), dim3(32), nullptr, out.data()); }).contains("65535"));
  }

  // Side by side, 128 floats are 16 sectors and no bank waits; with a stride of 8 every access has a sector of its own,
  // and eight lanes want each of four banks.
  void sectors_and_banks_are_counted() {
    OnCard<float> in(kThreads * 8), out(kThreads);
    for (size_t i = 0; i < kThreads * 8; ++i) in[i] = 1.0f;
    simt::counting(true);
    SW_LAUNCH(copy, dim3(1), dim3(kThreads), nullptr, in.data(), out.data(), 1);
    simt::Counters c = simt::counters();
    QCOMPARE(c.global_sectors, uint64_t{32});
    QCOMPARE(c.global_least, uint64_t{32});
    QCOMPARE(c.shared_wavefronts, c.shared_least);
    simt::counting(true);
    SW_LAUNCH(copy, dim3(1), dim3(kThreads), nullptr, in.data(), out.data(), 8);
    c = simt::counters();
    QCOMPARE(c.global_sectors, uint64_t{128 + 16});
    QCOMPARE(simt::find_allocation(in.data())->read_sectors, uint64_t{128});
    QCOMPARE(c.shared_wavefronts, 8 * c.shared_least);
    simt::counting(false);
  }
};

QTEST_APPLESS_MAIN(TestSimt)
#include "test_simt.moc"
