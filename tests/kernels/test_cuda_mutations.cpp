// The kernels of the card made wrong on purpose: without one of their barriers, or with one index too large. The
// emulation must say so, or the result must differ; a mistake that neither shows could be made unseen.

#include <QtTest>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "kernel_testing.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright::kernels;
using namespace scalewright::kernels::testing;
namespace card = scalewright::kernels::cuda_emulated;

namespace {

// Buffers of the card that a run fills and gives back as bytes.
class Buffers {
 public:
  ~Buffers() {
    for (const auto& [data, bytes] : all_) simt::release(data);
  }
  Buffers() = default;
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  template <class T>
  T* of(const std::vector<T>& values) {
    const size_t bytes = values.size() * sizeof(T);
    void* data = simt::allocate(bytes);
    std::memcpy(data, values.data(), bytes);
    all_.emplace_back(data, bytes);
    return static_cast<T*>(data);
  }
  float* numbers(int64_t count, uint64_t seed) {
    Random random(seed);
    const Guarded<float> values = random.normals(count);
    return of(std::vector<float>(values.data(), values.data() + count));
  }
  std::vector<uint8_t> bytes() const {
    std::vector<uint8_t> out;
    for (const auto& [data, size] : all_) {
      const auto* first = static_cast<const uint8_t*>(data);
      out.insert(out.end(), first, first + size);
    }
    return out;
  }

 private:
  std::vector<std::pair<void*, size_t>> all_;
};

using Body = std::function<void(Buffers&)>;

QuantView quantized(Buffers& b, int layout, int64_t N, int64_t K) {
  Random random(static_cast<uint64_t>(layout));
  const RandomMatrix matrix(make_layout(all_layouts()[static_cast<size_t>(layout)], N, K), random);
  QuantView w = matrix.view(false, false);
  w.records = b.of(std::vector<uint8_t>(matrix.records, matrix.records + matrix.layout.bytes()));
  return w;
}

AttentionSpec small_attention() {
  AttentionSpec s;
  s.queries = s.keys = 37;
  s.heads = 4;
  s.kv_heads = 2;
  s.head_dim = 24;
  s.ldq = s.ldo = 96;
  s.ldk = s.ldv = 48;
  s.scale = 0.2f;
  return s;
}

// Two sums over a block that share their room, as kernels to come may need them.
SW_KERNEL(64, two_sums)(card::Global<const float> in, card::Global<float> out) {
  SW_SHARED(float, room, 2);
  const int thread = card::thread_x();
  float total = card::block_sum(card::ld(in, thread), room, thread, 64);
  total += card::block_sum(card::ld(in, 64 + thread), room, thread, 64);
  card::st(out, thread, total);
}

const std::vector<std::pair<const char*, Body>>& bodies() {
  static const std::vector<std::pair<const char*, Body>> all{
      {"gemm",
       [](Buffers& b) {
         const int64_t M = 20, N = 36, K = 40;
         card::gemm(nullptr, M, N, K, {b.numbers(M * K, 1), K, 1}, {b.numbers(N * K, 2), 1, K}, b.numbers(M * N, 3), N,
                    true);
         card::gemm(nullptr, M, 35, K, {b.numbers(M * K, 1), K, 1}, {b.numbers(N * K, 2), 1, K}, b.numbers(M * N, 3), N,
                    true);
       }},
      {"gemv",
       [](Buffers& b) {
         // So long that several warps share a strip.
         for (const int layout : {3, 9, 14, 17})
           for (const int64_t T : {1, 3}) {
             const int64_t K = 2304;
             auto* split = b.of(std::vector<uint8_t>(card::split_bytes(T, K)));
             card::split_rows(nullptr, b.numbers(T * K, 1), K, T, K, split);
             const card::GemvMatrix product{quantized(b, layout, 10, K), b.numbers(10, 2), b.numbers(T * 10, 3)};
             card::gemv(nullptr, split, T, {&product, 1}, 10, T == 3, 1);
           }
       }},
      {"gemv of many strips",
       [](Buffers& b) {
         // So many that a block has more than one round, and units that are not whole.
         const int64_t N = 300, K = 1696;
         auto* split = b.of(std::vector<uint8_t>(card::split_bytes(1, K)));
         card::split_rows(nullptr, b.numbers(K, 1), K, 1, K, split);
         const card::GemvMatrix product{quantized(b, 9, N, K), b.numbers(N, 2), b.numbers(N, 3)};
         card::gemv(nullptr, split, 1, {&product, 1}, N, true, 1);
       }},
      {"rows made ready",
       [](Buffers& b) {
         const int64_t T = 2, K = 4200;
         const auto room = [&] { return b.of(std::vector<uint8_t>(card::split_bytes(T, K))); };
         float *x = b.numbers(T * K, 1), *up = b.numbers(T * K, 2);
         card::split_normed(nullptr, x, K, T, K, b.numbers(K, 3), room());
         card::split_gated(nullptr, x, K, up, K, T, K, GateKind::Silu, room());
         float *cosine = b.numbers(T * 2, 4), *sine = b.numbers(T * 2, 5);
         int32_t* first = b.of(std::vector<int32_t>{1});
         card::rope_store(nullptr, b.numbers(T * 40, 6), 40, T, 3, 1, 8, 4, cosine, sine, true, b.numbers(T * 16, 7), 16,
                          false, nullptr);
         card::rope_store(nullptr, b.numbers(T * 40, 6), 40, T, 3, 1, 8, 4, cosine, sine, false,
                          b.of(std::vector<uint16_t>(3 * 16)), 16, true, first);
       }},
      {"attention",
       [](Buffers& b) {
         const AttentionSpec s = small_attention();
         card::attention(nullptr, s, 1, b.numbers(37 * 96, 1), b.numbers(37 * 48, 2), b.numbers(37 * 48, 3),
                         b.numbers(37 * 96, 4), b.numbers(37 * 4, 5), nullptr);
       }},
      {"decode",
       [](Buffers& b) {
         AttentionSpec s = small_attention();
         s.queries = 1;
         s.keys = 300;
         s.query_offset = 299;
         s.half_kv = true;
         float* cache = b.numbers(300 * 48, 2);
         uint16_t* half = b.of(std::vector<uint16_t>(300 * 48));
         card::store_kv(nullptr, cache, 48, 300, 48, half, 48, true);
         card::attention(nullptr, s, 4, b.numbers(96, 1), half, half, b.numbers(96, 4), b.numbers(4, 5),
                         b.of(std::vector<uint8_t>(card::attention_workspace_bytes(s, 4))));
       }},
      {"a token's attention",
       [](Buffers& b) {
         AttentionSpec s = small_attention();
         s.head_dim = 32;
         s.queries = 1;
         s.half_kv = true;
         s.ldk = s.ldv = 128;
         s.ldo = 128;
         const card::TokenRope rope{b.numbers(8, 1), b.numbers(8, 2), 8, false};
         for (const int64_t keys : {40, 600}) {  // one part, and several
           s.keys = keys;
           s.query_offset = keys - 1;
           uint16_t* cache = b.of(std::vector<uint16_t>(static_cast<size_t>(keys) * 128));
           card::store_kv(nullptr, b.numbers((keys - 1) * 128, 3), 128, keys - 1, 128, cache, 128, true);
           card::attention_token(nullptr, s, 4, b.numbers(256, 4), rope, cache, cache + 64,
                                 b.of(std::vector<uint8_t>(card::split_bytes(1, 128))),
                                 b.of(std::vector<uint8_t>(card::attention_workspace_bytes(s, 4))));
         }
       }},
      {"rows",
       [](Buffers& b) {
         const int64_t T = 3, F = 40;
         float *x = b.numbers(T * F, 1), *up = b.numbers(T * F, 2);
         card::rope(nullptr, x, F, T, 5, 8, 8, b.numbers(T * 4, 3), b.numbers(T * 4, 4), true, false);
         card::gated(nullptr, x, F, up, F, T, F, GateKind::Silu, b.numbers(T * F, 5), F);
         card::gated_backward(nullptr, x, F, up, F, b.numbers(T * F, 6), F, T, F, GateKind::GeluTanh,
                              b.numbers(T * F, 7), b.numbers(T * F, 8));
         card::add(nullptr, x, up, T * F);
         card::softcap(nullptr, x, T * F, 2.0f);
         card::adamw(nullptr, {0.9f, 0.1f, 0.99f, 0.01f, 1.0f, 0.99f, 0.1f, 1.0f, 1e-8f}, b.numbers(F, 9),
                     b.numbers(F, 10), b.numbers(F, 11), b.of(std::vector<float>(40, 0.3f)), F);
         WeightView w;
         w.quantized = true;
         w.quant = quantized(b, 9, 20, 64);
         card::unpack(nullptr, w, 0, 20, b.numbers(20 * 64, 12));
         card::embed(nullptr, b.of(std::vector<int32_t>{3, 19}), 2, w, 1.5f, b.numbers(2 * 64, 13), 64);
       }},
      {"attention backward",
       [](Buffers& b) {
         const AttentionSpec s = small_attention();
         float* lse = b.numbers(37 * 4, 6);
         for (int i = 0; i < 37 * 4; ++i) lse[i] = 4.0f + 0.1f * lse[i];
         card::attention_backward(nullptr, s, b.numbers(37 * 96, 1), b.numbers(37 * 48, 2), b.numbers(37 * 48, 3),
                                  b.numbers(37 * 96, 4), lse, b.numbers(37 * 96, 5), b.numbers(37 * 96, 7),
                                  b.numbers(37 * 48, 8), b.numbers(37 * 48, 9),
                                  b.of(std::vector<uint8_t>(card::attention_backward_workspace_bytes(s))));
       }},
      {"attention on tensor cores",
       [](Buffers& b) {
         AttentionSpec s = small_attention();
         s.fast = true;
         card::attention(nullptr, s, 1, b.numbers(37 * 96, 1), b.numbers(37 * 48, 2), b.numbers(37 * 48, 3),
                         b.numbers(37 * 96, 4), b.numbers(37 * 4, 5),
                         b.of(std::vector<uint8_t>(card::attention_workspace_bytes(s, 1))));
         s.half_kv = true;
         float* cache = b.numbers(37 * 48, 2);
         uint16_t* half = b.of(std::vector<uint16_t>(37 * 48));
         card::store_kv(nullptr, cache, 48, 37, 48, half, 48, true);
         card::attention(nullptr, s, 1, b.numbers(37 * 96, 1), half, half, b.numbers(37 * 96, 4), b.numbers(37 * 4, 5),
                         nullptr);
       }},
      {"attention backward on tensor cores",
       [](Buffers& b) {
         AttentionSpec s = small_attention();
         s.fast = true;
         float* lse = b.numbers(37 * 4, 6);
         for (int i = 0; i < 37 * 4; ++i) lse[i] = 4.0f + 0.1f * lse[i];
         card::attention_backward(nullptr, s, b.numbers(37 * 96, 1), b.numbers(37 * 48, 2), b.numbers(37 * 48, 3),
                                  b.numbers(37 * 96, 4), lse, b.numbers(37 * 96, 5), b.numbers(37 * 96, 7),
                                  b.numbers(37 * 48, 8), b.numbers(37 * 48, 9),
                                  b.of(std::vector<uint8_t>(card::attention_backward_workspace_bytes(s))));
       }},
      {"norms",
       [](Buffers& b) {
         const int64_t T = 2, D = 300;
         float *x = b.numbers(T * D, 1), *w = b.numbers(D, 2), *inverse = b.numbers(T, 3);
         card::rmsnorm(nullptr, x, D, T, 1, D, w, 1e-5f, b.numbers(T * D, 4), D, inverse);
         card::rmsnorm_dx(nullptr, b.numbers(T * D, 5), D, x, D, T, 1, D, w, inverse, b.numbers(T * D, 6), D, true);
       }},
      {"loss",
       [](Buffers& b) {
         float* logits = b.numbers(2 * 700, 1);
         logits[7] = 9.0f;  // of the first warp
         card::cross_entropy(nullptr, logits, 700, 2, 700, b.of(std::vector<int32_t>{3, 650}), 0.0f, 0.5f,
                             b.of(std::vector<double>(2)), true);
       }},
      {"scale gradients",
       [](Buffers& b) {
         const QuantView w = quantized(b, 14, 20, 512);
         const int64_t scales = 20 * w.layout.groups();
         card::reduce_dscale(nullptr, b.numbers(20 * 512, 1), 0, 20, w, b.numbers(scales, 2), b.numbers(scales, 3));
         card::linear_drow(nullptr, b.numbers(9 * 40, 4), 40, b.numbers(9 * 40, 5), 40, 9, 40, b.numbers(40, 6),
                           b.numbers(40, 7));
       }},
      {"rounded factors",
       [](Buffers& b) {
         const int64_t T = 2, D = 64;
         float *x = b.numbers(T * D, 1), *y = b.numbers(T * D, 2), *angles = b.numbers(T * 8, 3);
         uint16_t* out = b.of(std::vector<uint16_t>(2 * T * D));
         card::rmsnorm_rounded(nullptr, x, D, T, D, y, 1e-5f, out, b.numbers(T, 4));
         card::gated_rounded(nullptr, x, D, y, D, T, D, GateKind::Silu, b.of(std::vector<uint16_t>(T * D)));
         card::gated_backward_rounded(nullptr, x, D, y, D, b.numbers(T * D, 5), D, T, D, GateKind::Silu,
                                      b.of(std::vector<uint16_t>(T * D)), b.of(std::vector<uint16_t>(T * D)), D);
         const int64_t widths[] = {32, 32};
         for (const bool adjacent : {false, true})
           card::turn_rounded(nullptr, x, D, T, {4, 3, 16, 16}, angles, y, adjacent, true, widths,
                              b.of(std::vector<uint16_t>(T * D)));
       }},
      {"weights and their gradients in bf16",
       [](Buffers& b) {
         for (const int layout : {0, 14}) {
           const QuantView w = quantized(b, layout, 20, 512);
           const int64_t scales = 20 * w.layout.groups();
           WeightView view;
           view.quantized = true;
           view.quant = w;
           card::unpack_bf16(nullptr, view, 0, 20, b.of(std::vector<uint16_t>(20 * 512)));
           uint16_t* product = b.of(std::vector<uint16_t>(20 * 512));
           card::to_bf16(nullptr, b.numbers(20 * 512, 1), 512, 20, 512, product);
           card::reduce_dscale(nullptr, product, 0, 20, w, b.numbers(scales, 2), b.numbers(scales, 3));
         }
       }},
      {"sums of a block",
       [](Buffers& b) {
         SW_LAUNCH(two_sums, card::dim3(1), card::dim3(64), nullptr, b.numbers(128, 1), b.numbers(64, 2));
       }},
      {"largest",
       [](Buffers& b) {
         card::largest(nullptr, b.numbers(700, 1), 700, 3, b.numbers(3, 2), b.of(std::vector<int32_t>(3)),
                       b.of(std::vector<uint8_t>(card::largest_workspace_bytes(700, 3))));
       }},
  };
  return all;
}

// What a body computes, or what the emulation says against it.
struct Run {
  std::vector<uint8_t> bytes;
  std::string error;
};
Run run(const Body& body) {
  Run r;
  Buffers buffers;
  try {
    body(buffers);
    r.bytes = buffers.bytes();
  } catch (const simt::Error& e) {
    r.error = e.what();
  }
  return r;
}

}  // namespace

class TestCudaMutations : public QObject {
  Q_OBJECT

 private slots:
  void cleanup() {
    simt::break_at(simt::Fault::None);
    simt::watch(false);
  }

  void no_barrier() { every_fault_is_seen(simt::Fault::NoBarrier, 20); }
  void shifted_index() { every_fault_is_seen(simt::Fault::ShiftedIndex, 60); }

 private:
  // At each place that any of the bodies passes, by one of them at least.
  static void every_fault_is_seen(simt::Fault fault, size_t at_least) {
    std::map<simt::FaultPlace, bool> seen;
    for (const auto& [name, body] : bodies()) {
      simt::watch(true);
      const Run right = run(body);
      simt::watch(false);
      QVERIFY2(right.error.empty(), (name + (": " + right.error)).c_str());
      for (const simt::FaultPlace& place : simt::places_seen(fault)) {
        if (seen[place]) continue;
        // A barrier that guards the card's own memory shows in some orders of the threads only.
        for (uint64_t seed = 1; seed <= 6 && !seen[place]; ++seed) {
          simt::seed(seed);
          simt::break_at(fault, place);
          const Run wrong = run(body);
          simt::break_at(simt::Fault::None);
          seen[place] = !wrong.error.empty() || wrong.bytes != right.bytes;
        }
      }
    }
    std::string unseen;
    for (const auto& [place, noticed] : seen)
      if (!noticed) unseen += " " + place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    qInfo("%zu places, unseen:%s", seen.size(), unseen.empty() ? " none" : unseen.c_str());
    QVERIFY(seen.size() >= at_least);
    QVERIFY(unseen.empty());
  }
};

QTEST_APPLESS_MAIN(TestCudaMutations)
#include "test_cuda_mutations.moc"
