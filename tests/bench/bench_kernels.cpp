// Rates of single kernels, by instruction set and threads: products in G operations a second, matrix reads in GB/s.
// The time is the processor time of the calling thread, so that figures with one thread hold on a busy machine too.
//
//   bench_kernels --benchmark_filter='product/.*avx512'      (threads: SCALEWRIGHT_THREADS, else 1)

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "tests/kernels/quant_samples.h"

namespace {

using namespace scalewright;
using kernels::BlockKind;
using tests::QuantKind;
using tests::QuantSample;

int thread_count() {
  const char* set = std::getenv("SCALEWRIGHT_THREADS");
  return set ? std::atoi(set) : 1;
}

struct Choice {
  const char* name;
  Isa isa;
};
constexpr Choice kChoices[] = {{"scalar", Isa::Scalar}, {"avx2", Isa::Avx2}, {"avxvnni", Isa::AvxVnni}, {"avx512", Isa::Avx512}};

// One matrix, activations and room for every result.
struct Fixture {
  Fixture(Isa isa, const QuantKind& kind, int64_t N_, int64_t K_, int64_t T_)
      : N(N_), K(K_), T(T_), sample(tests::make_sample(kind, N_, K_, 1)) {
    backend = std::move(*make_backend({.threads = thread_count(), .isa = isa, .device = "cpu"}));
    x.assign(static_cast<size_t>(T * K), 0.0f);
    y.assign(static_cast<size_t>(T * N), 0.0f);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17) - 8.0f;
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(i % 13) - 6.0f;
    scales.assign(static_cast<size_t>(2 * N * sample.layout.groups()), 0.0f);
    workspace.resize(backend->workspace_bytes(T, N, K) + 64);
    backend->set_workspace(workspace.data(), workspace.size());
    w.quantized = true;
    w.quant = sample.view();
  }
  double operations() const { return 2.0 * static_cast<double>(T) * static_cast<double>(N) * static_cast<double>(K); }

  int64_t N, K, T;
  QuantSample sample;
  std::unique_ptr<Backend> backend;
  std::vector<float> x, y, scales;
  std::vector<std::byte> workspace;
  WeightView w;
};

void rate(benchmark::State& state, const char* name, double a_call) {
  state.counters[name] =
      benchmark::Counter(a_call * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

enum class Product { Forward, Input, Scale, Fast };

void product(benchmark::State& state, Isa isa, QuantKind kind, Product which, int64_t N, int64_t K, int64_t T) {
  Fixture f(isa, kind, N, K, T);
  float* second = f.sample.layout.has_second_scale() ? f.scales.data() + f.scales.size() / 2 : nullptr;
  for (auto _ : state) {
    switch (which) {
      case Product::Forward:
        f.backend->linear(f.x.data(), K, T, f.w, nullptr, f.y.data(), N, Precision::Exact);
        break;
      case Product::Fast:
        f.backend->linear(f.x.data(), K, T, f.w, nullptr, f.y.data(), N, Precision::Fast);
        break;
      case Product::Input:
        f.backend->linear_dx(f.y.data(), N, T, f.w, f.x.data(), K, false);
        break;
      case Product::Scale:
        f.backend->linear_dscale(f.y.data(), N, f.x.data(), K, T, f.w.quant, f.scales.data(), second);
        break;
    }
    benchmark::ClobberMemory();
  }
  rate(state, "operations", f.operations());
}

// Decoding: enough matrices in turn to fall out of the last-level cache.
void decode(benchmark::State& state, Isa isa, QuantKind kind, Precision precision, int64_t megabytes) {
  const int64_t N = 2048, K = 2048;
  std::vector<std::unique_ptr<Fixture>> matrices;
  int64_t bytes = 0;
  do {
    matrices.push_back(std::make_unique<Fixture>(isa, kind, N, K, 1));
    bytes += matrices.back()->sample.layout.bytes();
  } while (bytes < megabytes << 20);
  Backend& backend = *matrices[0]->backend;
  for (auto _ : state)
    for (auto& f : matrices) backend.linear(f->x.data(), K, 1, f->w, nullptr, f->y.data(), N, precision);
  rate(state, "bytes", static_cast<double>(bytes));
}

void attention(benchmark::State& state, Isa isa, bool backward) {
  AttentionShape s;
  s.queries = s.keys = 512;
  s.heads = 9;
  s.kv_heads = 3;
  s.head_dim = 64;
  s.ldq = s.ldo = 576;
  s.ldk = s.ldv = 192;
  s.scale = 0.125f;
  auto backend = std::move(*make_backend({.threads = thread_count(), .isa = isa, .device = "cpu"}));
  const size_t wide = 512 * 576, narrow = 512 * 192;
  std::vector<float> q(wide, 0.1f), k(narrow, 0.2f), v(narrow, 0.3f), out(wide), lse(512 * 9), dout(wide, 0.1f),
      dq(wide), dk(narrow), dv(narrow);
  std::vector<int32_t> first(512, 0);
  backend->attention(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data());
  for (auto _ : state) {
    if (backward) {
      backend->attention_backward(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data(), dout.data(),
                                  dq.data(), dk.data(), dv.data());
    } else {
      backend->attention(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data());
    }
  }
  rate(state, "operations", (backward ? 5.0 : 2.0) * 2.0 * 64 * 9 * 512 * 512 / 2);
}

// One query against a long cache of halves, which is read once: bytes a second. Two caches in turn, 12 MB together.
void attend(benchmark::State& state, Isa isa, int heads) {
  AttentionShape s;
  s.queries = 1;
  s.keys = 8192;
  s.query_offset = s.keys - 1;
  s.heads = heads;
  s.kv_heads = 3;
  s.head_dim = 64;
  s.ldq = s.ldo = 64 * heads;
  s.ldk = s.ldv = 2 * 192;
  s.scale = 0.125f;
  s.kv = KvType::F16;
  auto backend = std::move(*make_backend({.threads = thread_count(), .isa = isa, .device = "cpu"}));
  const auto width = static_cast<size_t>(s.ldq);
  std::vector<uint16_t> cache(2 * 8192 * 384, 0x2e66);  // 0.1
  std::vector<float> q(width, 0.1f), out(width);
  const int32_t first = 0;
  for (auto _ : state)
    for (size_t half = 0; half < 2; ++half) {
      const uint16_t* k = cache.data() + half * 8192 * 384;
      backend->attention(s, q.data(), k, k + 192, &first, out.data(), nullptr);
    }
  rate(state, "bytes", static_cast<double>(cache.size()) * 2.0);
}

void rows(benchmark::State& state, Isa isa, int which) {
  auto backend = std::move(*make_backend({.threads = thread_count(), .isa = isa, .device = "cpu"}));
  const int64_t T = 128, D = 576, F = 1536, V = 49152;
  std::vector<float> a(static_cast<size_t>(T * V), 0.5f), b(static_cast<size_t>(2 * T * F), 0.25f),
      weight(static_cast<size_t>(F), 1.0f), inverse(static_cast<size_t>(T));
  std::vector<double> nll(static_cast<size_t>(T));
  std::vector<int32_t> targets(static_cast<size_t>(T), 7);
  double elements = 0.0;
  for (auto _ : state) {
    switch (which) {
      case 0:
        backend->rmsnorm(b.data(), D, T, 1, D, weight.data(), 1e-5f, a.data(), D, inverse.data());
        elements = static_cast<double>(T * D);
        break;
      case 1:
        backend->gated(b.data(), 2 * F, b.data() + F, 2 * F, T, F, Activation::Silu, a.data(), F);
        elements = static_cast<double>(T * F);
        break;
      default:
        backend->cross_entropy(a.data(), V, T, V, targets.data(), 0.0f, 1.0f, nll.data(), true);
        elements = static_cast<double>(T * V);
    }
  }
  rate(state, "elements", elements);
}

void register_all() {
  const QuantKind q4_0{"Q4_0", BlockKind::Offset, 4, 8, 0, 32}, q4_1{"Q4_1", BlockKind::Min, 4, 0, 0, 32},
      q4_k{"Q4_K", BlockKind::KMin, 4, 0, 32, 256}, q6_k{"Q6_K", BlockKind::KScale, 6, 32, 16, 256},
      q8_0{"Q8_0", BlockKind::Offset, 8, 128, 0, 32}, w3{"W3g64", BlockKind::Affine, 3, 0, 0, 64},
      w2{"W2g64", BlockKind::Affine, 2, 0, 0, 64}, w4{"W4g128", BlockKind::Affine, 4, 0, 0, 128};
  struct Named {
    const char* name;
    Product which;
  };
  for (const Choice& c : kChoices) {
    if (!make_backend({.threads = 1, .isa = c.isa, .device = "cpu"})) {
      std::fprintf(stderr, "SKIP: %s is not on this processor\n", c.name);
      continue;
    }
    const std::string isa = c.name;
    for (const Named& n : {Named{"forward", Product::Forward}, Named{"input", Product::Input},
                           Named{"scale", Product::Scale}, Named{"fast", Product::Fast}})
      for (const auto& [N, K] : {std::pair<int64_t, int64_t>{576, 576}, {1536, 576}, {576, 1536}, {2048, 2048}})
        benchmark::RegisterBenchmark(
            ("product/" + std::string(n.name) + "/" + std::to_string(N) + "x" + std::to_string(K) + "/" + isa).c_str(),
            product, c.isa, q4_1, n.which, N, K, 512);
    for (const QuantKind& kind : {q4_0, q4_1, q4_k, q6_k, q8_0, w3, w2, w4}) {
      benchmark::RegisterBenchmark(("fast/" + std::string(kind.name) + "/" + isa).c_str(), product, c.isa, kind,
                                   Product::Fast, 2048, 2048, 512);
      for (const bool fast : {true, false})
        for (const int64_t size : {1, 256})
          benchmark::RegisterBenchmark(("decode/" + std::string(fast ? "fast/" : "exact/") + kind.name +
                                        (size == 1 ? "/cached/" : "/memory/") + isa)
                                           .c_str(),
                                       decode, c.isa, kind, fast ? Precision::Fast : Precision::Exact, size);
    }
    benchmark::RegisterBenchmark(("attention/forward/" + isa).c_str(), attention, c.isa, false);
    benchmark::RegisterBenchmark(("attention/backward/" + isa).c_str(), attention, c.isa, true);
    benchmark::RegisterBenchmark(("attention/decode/9_heads/" + isa).c_str(), attend, c.isa, 9);
    benchmark::RegisterBenchmark(("attention/decode/3_heads/" + isa).c_str(), attend, c.isa, 3);
    benchmark::RegisterBenchmark(("rows/norm/" + isa).c_str(), rows, c.isa, 0);
    benchmark::RegisterBenchmark(("rows/gated/" + isa).c_str(), rows, c.isa, 1);
    benchmark::RegisterBenchmark(("rows/cross_entropy/" + isa).c_str(), rows, c.isa, 2);
  }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
