// The Backend as the engine uses it: every instruction set against the reference through the same calls, the choice of
// a backend, and its messages.

#include <QFile>
#include <QRegularExpression>
#include <QtTest>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/backend/backend_check.h"
#include "engine/backend/cuda_backend.h"
#include "engine/quant/tap_backend.h"
#include "kernels/cpu/cpu_features.h"

using namespace scalewright;
using kernels::BlockKind;
using kernels::QuantLayout;

namespace {

std::vector<float> normals(int64_t count, uint64_t seed, float size = 1.0f) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal(0.0f, size);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = normal(engine);
  return values;
}

// A quantized matrix of random codes and moderate scales.
struct Matrix {
  QuantLayout layout;
  std::vector<uint8_t> storage;
  WeightView view;

  explicit Matrix(QuantLayout l) : layout(l), storage(static_cast<size_t>(l.bytes()) + 128) {
    auto* records = reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(storage.data()) + 63) / 64 * 64);
    std::mt19937 engine(static_cast<uint32_t>(l.rows * 31 + l.cols));
    const auto bytes = [&](int top) { return static_cast<uint8_t>(engine() % static_cast<uint32_t>(top + 1)); };
    const int64_t width = l.chunks() * 32, G = l.groups(), subs = l.subs();
    for (int64_t strip = 0; strip < l.strips(); ++strip) {
      std::vector<uint8_t> codes(static_cast<size_t>(16 * width));
      std::vector<uint16_t> halves(static_cast<size_t>(32 * G));
      std::vector<int16_t> zeros(static_cast<size_t>(16 * G)), sub(static_cast<size_t>(32 * subs));
      for (int64_t r = 0; r < 16 && strip * 16 + r < l.rows; ++r) {
        for (int64_t k = 0; k < l.cols; ++k) codes[static_cast<size_t>(r * width + k)] = bytes((1 << l.bits) - 1);
        for (int64_t g = 0; g < G; ++g) {
          halves[static_cast<size_t>(r * G + g)] = kernels::float_to_half(0.001f + 0.0001f * bytes(40));
          halves[static_cast<size_t>(16 * G + r * G + g)] =
              kernels::float_to_half(l.kind == BlockKind::Min ? -0.02f : 0.003f);
          zeros[static_cast<size_t>(r * G + g)] = bytes((1 << l.bits) - 1);
        }
        for (int64_t i = 0; i < subs; ++i) {
          sub[static_cast<size_t>(r * subs + i)] = bytes(63);
          sub[static_cast<size_t>((16 + r) * subs + i)] = bytes(15);
        }
      }
      kernels::pack_strip(
          l, {codes.data(), halves.data(), halves.data() + 16 * G, zeros.data(), sub.data(), sub.data() + 16 * subs},
          records + strip * l.strip_bytes());
    }
    view.quantized = true;
    view.quant.records = records;
    view.quant.layout = l;
  }
};

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = std::fabs(static_cast<double>(a[i]) - b[i]);
    if (!(d <= largest)) largest = std::isnan(d) ? 1e30 : d;
  }
  return largest;
}
double norm(const std::vector<float>& a) {
  double sum = 0.0;
  for (float v : a) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

}  // namespace

class TestBackend : public QObject {
  Q_OBJECT

  static std::vector<std::unique_ptr<Backend>> all() {
    std::vector<std::unique_ptr<Backend>> backends;
    for (const Isa isa : {Isa::Scalar, Isa::Avx2, Isa::Avx512}) {
      BackendOptions options;
      options.threads = 3;
      options.isa = isa;
      auto backend = make_backend(options);
      if (backend) {
        backends.push_back(std::move(*backend));
      } else {
        qInfo("%s", backend.error().message.c_str());
      }
    }
    // The kernels for cards: on an emulated one always, on a real one where there is one.
    std::string why;
    backends.push_back(cuda_emulated::make_cuda_backend(nullptr, why));
    BackendOptions card;
    card.device = "cuda";
    if (auto backend = make_backend(card)) backends.push_back(std::move(*backend));
    return backends;
  }

 private slots:
  void choice() {
    auto chosen = make_backend({});
    QVERIFY(chosen.has_value());
    QVERIFY((*chosen)->description().starts_with("CPU, "));  // a card is taken only where it is asked for
    qInfo("%s", why_no_gpu().empty() ? "a card is here and passed its check" : why_no_gpu().c_str());
    QVERIFY((*chosen)->threads() >= 1);
    BackendOptions two;
    two.threads = 2;
    two.isa = Isa::Scalar;
    two.device = "cpu";
    auto scalar = make_backend(two);
    QVERIFY(scalar.has_value());
    QCOMPARE((*scalar)->description(), std::string("CPU, 2 threads, scalar"));
    two.threads = 1;
    QCOMPARE((*make_backend(two))->description(), std::string("CPU, 1 thread, scalar"));
  }

  void refusals() {
    // An instruction set is taken as asked, or refused with what there is.
    BackendOptions options;
    for (const auto& [asked, isa, name] : {std::tuple(Isa::Avx2, kernels::cpu::Isa::Avx2, "AVX2"),
                                           std::tuple(Isa::Avx512, kernels::cpu::Isa::Avx512, "AVX-512")}) {
      options.isa = asked;
      auto chosen = make_backend(options);
      if (kernels::cpu::supported(isa)) {
        QVERIFY(chosen && (*chosen)->description().ends_with(name));
      } else {
        QVERIFY(!chosen && chosen.error().code == ErrorCode::Unsupported);
        QVERIFY(chosen.error().message.find(std::string(name) + " was asked for") != std::string::npos);
        QVERIFY(chosen.error().message.find("plain C++") != std::string::npos);
      }
    }
    options = {};
    Result<std::unique_ptr<Backend>> backend = fail(ErrorCode::InvalidArgument, "");
    options.device = "cuda";
    backend = make_backend(options);
    QCOMPARE(backend.has_value(), why_no_gpu().empty());
    if (!backend) {
      QVERIFY(backend.error().code == ErrorCode::Unsupported);
      QVERIFY(backend.error().message.starts_with(why_no_gpu()));
      QVERIFY(why_no_gpu().find("No GPU is used: ") == 0 || why_no_gpu().find("failed its check") != std::string::npos);
    }
    for (const char* word : {"cuda:900", "cuda:all", "cuda:900,cuda:901"}) {
      options.device = word;
      backend = make_backend(options);
      if (backend) continue;
      QVERIFY(backend.error().code == ErrorCode::Unsupported);
      QVERIFY(backend.error().message.ends_with("Choose the device \"cpu\" or \"auto\" to compute on the processor."));
    }
    for (const char* word : {"abacus", "", "cuda:", "cuda:x", "cuda:0,", ",cuda:0", "cuda:0,cuda:0", "cuda:all,cuda:0", "cpu,cuda:0", "cuda:-1"}) {
      options.device = word;
      backend = make_backend(options);
      QVERIFY2(!backend && backend.error().code == ErrorCode::InvalidArgument, word);
    }
    options = {};
    options.threads = -1;
    QVERIFY(!make_backend(options));
  }

  void unsupported_matrices() {
    for (const auto& backend : all()) {
      Matrix good({.rows = 16, .cols = 64, .kind = BlockKind::Affine, .bits = 4, .sub = 64, .block = 64});
      QCOMPARE(backend->unsupported(good.view), std::string());
      WeightView bad = good.view;
      bad.quant.layout.bits = 7;
      QVERIFY(!backend->unsupported(bad).empty());
      bad = good.view;
      bad.quant.layout.block = bad.quant.layout.sub = 48;
      QVERIFY(!backend->unsupported(bad).empty());
    }
  }

  // Matrices with the same input, of different kinds and sizes, give together what they give alone, to the bit.
  void sets_of_products() {
    const int64_t K = 256, ldy = 200;
    const Matrix q({.rows = 100, .cols = K, .kind = BlockKind::Affine, .bits = 3, .sub = 64, .block = 64}),
        k({.rows = 33, .cols = K, .kind = BlockKind::KScale, .bits = 6, .offset = 32, .sub = 16, .block = 256}),
        v({.rows = 40, .cols = K, .kind = BlockKind::Offset, .bits = 8, .offset = 128, .sub = 32, .block = 32});
    const Matrix* matrices[] = {&q, &k, &v};
    for (const auto& backend : all())
      for (const Precision precision : {Precision::Exact, Precision::Fast})
        for (const int64_t T : {1, 4, 5, 6, 30})
          for (const size_t count : {1, 2, 3}) {
            const std::vector<float> x = normals(T * K, 1), bias = normals(100, 2);
            std::vector<float> together(static_cast<size_t>(T * ldy), 9.0f), alone = together;
            std::vector<LinearPart> parts;
            int64_t column = 0;
            for (size_t i = 0; i < count; ++i) {
              const float* b = i == 0 ? bias.data() : nullptr;
              parts.push_back({&matrices[i]->view, b, together.data() + column});
              backend->linear(x.data(), K, T, matrices[i]->view, b, alone.data() + column, ldy, precision);
              column += matrices[i]->layout.rows;
            }
            backend->linear_set(x.data(), K, T, parts, ldy, precision);
            QVERIFY(together == alone);
          }
  }

  // Few rows and many take different kernels: both, with and without a workspace, exact and fast.
  void products() {
    const std::vector<QuantLayout> layouts{
        {.rows = 100, .cols = 256, .kind = BlockKind::Affine, .bits = 3, .sub = 64, .block = 64},
        {.rows = 33, .cols = 96, .kind = BlockKind::Min, .bits = 4, .sub = 32, .block = 32},
        {.rows = 48, .cols = 512, .kind = BlockKind::KMin, .bits = 4, .sub = 32, .block = 256},
        {.rows = 31, .cols = 256, .kind = BlockKind::KScale, .bits = 6, .offset = 32, .sub = 16, .block = 256},
        {.rows = 40, .cols = 64, .kind = BlockKind::Offset, .bits = 8, .offset = 128, .sub = 32, .block = 32}};
    const auto reference = make_reference_backend();
    for (const QuantLayout& layout : layouts) {
      const Matrix matrix(layout);
      for (const int64_t T : {1, 2, 5, 8, 9, 40}) {
        const int64_t N = layout.rows, K = layout.cols;
        const std::vector<float> x = normals(T * K, 1), bias = normals(N, 2), dy = normals(T * N, 3);
        std::vector<float> expected(static_cast<size_t>(T * N)), dx_expected(static_cast<size_t>(T * K));
        std::vector<float> ds_expected(static_cast<size_t>(N * layout.groups())), dmin_expected = ds_expected;
        reference->linear(x.data(), K, T, matrix.view, bias.data(), expected.data(), N, Precision::Exact);
        reference->linear_dx(dy.data(), N, T, matrix.view, dx_expected.data(), K, false);
        reference->linear_dscale(dy.data(), N, x.data(), K, T, matrix.view.quant, ds_expected.data(),
                                 dmin_expected.data());
        for (const auto& backend : all())
          for (const bool workspace : {false, true}) {
            std::vector<std::byte> memory(workspace ? backend->workspace_bytes(T, N, K) : 0);
            backend->set_workspace(memory.empty() ? nullptr : memory.data(), memory.size());
            std::vector<float> y(expected.size()), dx(dx_expected.size()), ds(ds_expected.size()),
                dmin(ds_expected.size());
            backend->linear(x.data(), K, T, matrix.view, bias.data(), y.data(), N, Precision::Exact);
            QVERIFY(largest_difference(y, expected) <= 2e-6 * norm(expected));
            backend->linear_dx(dy.data(), N, T, matrix.view, dx.data(), K, false);
            QVERIFY(largest_difference(dx, dx_expected) <= 2e-6 * norm(dx_expected));
            backend->linear_dscale(dy.data(), N, x.data(), K, T, matrix.view.quant, ds.data(), dmin.data());
            QVERIFY(largest_difference(ds, ds_expected) <= 2e-6 * norm(ds_expected));
            QVERIFY(largest_difference(dmin, dmin_expected) <= 2e-6 * norm(dmin_expected));
            // Eight bits of an activation: 1 / 254 of the largest of 32, at most about 3 times their mean size.
            backend->linear(x.data(), K, T, matrix.view, bias.data(), y.data(), N, Precision::Fast);
            for (size_t i = 0; i < y.size(); ++i) y[i] -= expected[i];
            QVERIFY(norm(y) <= 0.03 * (norm(expected) + 1.0));
          }
      }
    }
  }

  void the_rest() {
    const auto reference = make_reference_backend();
    const int64_t T = 37, D = 48, heads = 4, kv_heads = 2, dim = 12;
    const std::vector<float> x = normals(T * D, 1), weight = normals(D, 2), other = normals(T * D, 3);
    const std::vector<float> k = normals(T * kv_heads * dim, 4), v = normals(T * kv_heads * dim, 5);
    std::vector<int32_t> first(static_cast<size_t>(T), 0), ids{3, 0, 15, 8};
    for (int64_t t = 20; t < T; ++t) first[static_cast<size_t>(t)] = 20;
    std::vector<float> cosine(static_cast<size_t>(T * dim / 2)), sine(cosine);
    for (size_t i = 0; i < cosine.size(); ++i) {
      cosine[i] = std::cos(static_cast<float>(i));
      sine[i] = std::sin(static_cast<float>(i));
    }
    AttentionShape s;
    s.queries = s.keys = T;
    s.heads = heads;
    s.kv_heads = kv_heads;
    s.head_dim = dim;
    s.ldq = s.ldo = heads * dim;
    s.ldk = s.ldv = kv_heads * dim;
    s.scale = 0.3f;
    s.softcap = 10.0f;
    s.window = 9;
    const Matrix matrix(
        {.rows = 16, .cols = 64, .kind = BlockKind::Offset, .bits = 4, .offset = 8, .sub = 32, .block = 32});
    // Everything that each backend computes, one array after the other.
    const auto results = [&](Backend& b) {
      std::vector<std::vector<float>> r;
      const auto fresh = [&](int64_t n) -> std::vector<float>& { return r.emplace_back(static_cast<size_t>(n), 0.5f); };
      r.reserve(32);
      auto& y = fresh(T * D);
      auto& inverse = fresh(T);
      b.rmsnorm(x.data(), D, T, 1, D, weight.data(), 1e-5f, y.data(), D, inverse.data());
      auto& dx = fresh(T * D);
      b.rmsnorm_dx(other.data(), D, x.data(), D, T, 1, D, weight.data(), inverse.data(), dx.data(), D, true);
      for (const RopeStyle style : {RopeStyle::Halves, RopeStyle::Adjacent}) {
        auto& turned = r.emplace_back(x);
        b.rope(turned.data(), D, T, 4, 12, 12, cosine.data(), sine.data(), style, style == RopeStyle::Adjacent);
      }
      auto& out = fresh(T * D);
      auto& lse = fresh(T * heads);
      b.attention(s, x.data(), k.data(), v.data(), first.data(), out.data(), lse.data());
      auto& dq = fresh(T * D);
      auto& dk = fresh(T * kv_heads * dim);
      auto& dv = fresh(T * kv_heads * dim);
      b.attention_backward(s, x.data(), k.data(), v.data(), first.data(), out.data(), lse.data(), other.data(),
                           dq.data(), dk.data(), dv.data());
      std::vector<uint16_t> halves(static_cast<size_t>(T * kv_heads * dim)), half_v(halves);
      b.store_kv(k.data(), kv_heads * dim, T, kv_heads * dim, halves.data(), kv_heads * dim, KvType::F16);
      b.store_kv(v.data(), kv_heads * dim, T, kv_heads * dim, half_v.data(), kv_heads * dim, KvType::F16);
      AttentionShape one = s;
      one.queries = 1;
      one.query_offset = T - 1;
      one.kv = KvType::F16;
      auto& decoded = fresh(heads * dim);
      b.attention(one, x.data(), halves.data(), half_v.data(), first.data(), decoded.data(), nullptr);
      for (const Activation act : {Activation::Silu, Activation::GeluTanh, Activation::GeluErf}) {
        auto& gate = fresh(T * D);
        b.gated(x.data(), D, other.data(), D, T, D, act, gate.data(), D);
        auto& dgate = fresh(T * D);
        auto& dup = fresh(T * D);
        b.gated_backward(x.data(), D, other.data(), D, gate.data(), D, T, D, act, dgate.data(), dup.data());
      }
      auto& sum = r.emplace_back(x);
      b.add(other.data(), sum.data(), T * D);
      b.softcap(sum.data(), T * D, 3.0f);
      std::vector<double> nll(static_cast<size_t>(T));
      std::vector<int32_t> targets(static_cast<size_t>(T), 7);
      targets[4] = -1;
      b.cross_entropy(sum.data(), D, T, D, targets.data(), 3.0f, 0.1f, nll.data(), true);
      r.emplace_back(nll.begin(), nll.end());
      auto& parameter = r.emplace_back(x);
      auto& m = fresh(T * D);
      auto& v2 = fresh(T * D);
      AdamStep step;
      step.step = 3;
      step.weight_decay = 0.1f;
      step.gradient_scale = 0.5f;
      b.adamw(step, other.data(), parameter.data(), m.data(), v2.data(), T * D);
      auto& rows = fresh(4 * 64);
      b.embed(ids.data(), 4, matrix.view, 2.0f, rows.data(), 64);
      auto& drow = fresh(D);
      const std::vector<float> row_scale(static_cast<size_t>(D), 2.0f);
      b.linear_drow(x.data(), D, other.data(), D, T, D, row_scale.data(), drow.data());
      return r;
    };
    const auto expected = results(*reference);
    for (const auto& backend : all()) {
      const auto got = results(*backend);
      QCOMPARE(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i)
        QVERIFY2(largest_difference(got[i], expected[i]) <= 1e-6 * (norm(expected[i]) + 1.0),
                 qPrintable(QString("result %1 of %2").arg(i).arg(QString::fromStdString(backend->description()))));
      const auto again = results(*backend);
      for (size_t i = 0; i < got.size(); ++i)
        QVERIFY(std::memcmp(got[i].data(), again[i].data(), got[i].size() * sizeof(float)) == 0);
    }
  }

  // The check that decides whether a card is used: right backends pass it, and one wrong number fails it.
  void the_check_tells_right_from_wrong() {
    const auto reference = make_reference_backend();
    for (const auto& backend : all()) QCOMPARE(difference_of(*backend, *reference), std::string());
    class Wrong final : public quant::TapBackend {
     public:
      using TapBackend::TapBackend;
      void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd,
                    KvType type) override {
        TapBackend::store_kv(src, lds, T, width, dst, ldd, type);
        if (type == KvType::F16) static_cast<uint16_t*>(dst)[40 * ldd + 3] ^= 0x0400;  // an exponent, off by one
      }
    } wrong(*reference);
    QVERIFY(difference_of(wrong, *reference).find("decoding") != std::string::npos);
  }

  // A decorator that leaves out a function would do what the base class does, on the host, without a word.
  void every_function_is_passed_on() {
    const auto read = [](const char* name) {
      QFile file(QStringLiteral(SCALEWRIGHT_SOURCE_DIR "/engine/backend/") + name);
      return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    };
    const QString declared = read("backend.h"), passed = read("forwarding_backend.h");
    static const QRegularExpression comment("//[^\n]*"), function("virtual\\s[^;{}()]*?(\\w+)\\(");
    int count = 0;
    for (auto it = function.globalMatch(QString(declared).remove(comment)); it.hasNext();) {
      const QString name = it.next().captured(1);
      if (name == "Backend") continue;  // the destructor
      ++count;
      const QRegularExpression forwarded("\\b" + name + "\\([^;{}]*\\) (const )?override \\{\\s*(return )?inner_\\." + name + "\\(");
      QVERIFY2(passed.contains(forwarded), qPrintable(name + " is not passed on by ForwardingBackend"));
    }
    QVERIFY(count > 40);
    QCOMPARE(passed.count(" override {"), count);
  }

  void workspace_grows_with_what_is_asked() {
    for (const auto& backend : all()) {
      if (!backend->description().starts_with("CPU")) continue;  // a card's workspace is its own
      QVERIFY(backend->workspace_bytes(1, 64, 64) > 0);
      QVERIFY(backend->workspace_bytes(64, 4096, 4096) > backend->workspace_bytes(64, 64, 64));
      // Bounded in T: products go in blocks of rows.
      QCOMPARE(backend->workspace_bytes(100000, 4096, 4096), backend->workspace_bytes(512, 4096, 4096));
    }
  }
};

QTEST_APPLESS_MAIN(TestBackend)
#include "test_backend.moc"
