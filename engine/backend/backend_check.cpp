#include "engine/backend/backend_check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <vector>

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::QuantLayout;

constexpr double kTolerance = 2e-5;  // of a result's norm: fp32 sums of up to 600 terms in any order

using Numbers = std::vector<float>;

// The same numbers on every machine, between -1 and 1.
class Generator {
 public:
  explicit Generator(uint32_t seed) : state_(seed * 2654435761u + 1u) {}
  uint32_t next() { return state_ = state_ * 1664525u + 1013904223u, state_ >> 8; }
  float number() { return static_cast<float>(next() % 65536u) / 32768.0f - 1.0f; }
  Numbers numbers(int64_t count) {
    Numbers values(static_cast<size_t>(count));
    for (float& v : values) v = number();
    return values;
  }

 private:
  uint32_t state_;
};

// Records of any bytes make a valid matrix as long as their halves are numbers of moderate size.
std::vector<uint8_t> random_records(const QuantLayout& l, Generator& g) {
  std::vector<uint8_t> records(static_cast<size_t>(l.bytes()) + 64);
  for (uint8_t& b : records) b = static_cast<uint8_t>(g.next());
  for (int64_t strip = 0; strip < l.strips(); ++strip)
    for (int64_t group = 0; group < l.groups(); ++group) {
      uint8_t* header = records.data() + strip * l.strip_bytes() + group * l.record_bytes();
      for (int row = 0; row < kernels::kStripRows; ++row) {
        const uint16_t d = kernels::float_to_half(0.01f + 0.002f * g.number()), m = kernels::float_to_half(0.05f * g.number());
        header[2 * row] = static_cast<uint8_t>(d);
        header[2 * row + 1] = static_cast<uint8_t>(d >> 8);
        if (l.kind == BlockKind::Offset) continue;
        const uint16_t second = l.kind == BlockKind::Affine ? static_cast<uint16_t>(g.next() % 8u) : m;
        header[32 + 2 * row] = static_cast<uint8_t>(second);
        header[32 + 2 * row + 1] = static_cast<uint8_t>(second >> 8);
      }
    }
  return records;
}

// Everything that one backend computes, with a name for each.
struct Results {
  std::vector<std::string> names;
  std::vector<Numbers> values;
  Numbers& add(std::string name, Numbers start) {
    names.push_back(std::move(name));
    values.push_back(std::move(start));
    return values.back();
  }
};

void products(Backend& b, Results& r) {
  const std::vector<QuantLayout> layouts{
      {.rows = 37, .cols = 576, .kind = BlockKind::Offset, .bits = 8, .offset = 128, .sub = 32, .block = 32},
      {.rows = 33, .cols = 96, .kind = BlockKind::Min, .bits = 4, .sub = 32, .block = 32},
      {.rows = 40, .cols = 192, .kind = BlockKind::Affine, .bits = 3, .sub = 64, .block = 64},
      {.rows = 16, .cols = 512, .kind = BlockKind::KMin, .bits = 5, .sub = 32, .block = 256},
      {.rows = 31, .cols = 256, .kind = BlockKind::KMin, .bits = 2, .sub = 16, .block = 256},
      {.rows = 31, .cols = 256, .kind = BlockKind::KScale, .bits = 6, .offset = 32, .sub = 16, .block = 256}};
  for (size_t i = 0; i < layouts.size(); ++i) {
    const QuantLayout& l = layouts[i];
    Generator g(static_cast<uint32_t>(i));
    const std::vector<uint8_t> records = random_records(l, g);
    WeightView w;
    w.quantized = true;
    w.quant.records = records.data();
    w.quant.layout = l;
    const int64_t N = l.rows, K = l.cols, scales = N * l.groups();
    for (const int64_t T : {int64_t{1}, int64_t{5}, int64_t{19}}) {
      const Numbers x = g.numbers(T * K), dy = g.numbers(T * N), bias = g.numbers(N);
      const std::string name = std::to_string(l.bits) + "-bit product of " + std::to_string(T) + " rows";
      Numbers& y = r.add(name, Numbers(static_cast<size_t>(T * N)));
      b.linear(x.data(), K, T, w, bias.data(), y.data(), N, Precision::Exact);
      if (T == 5) continue;
      Numbers& dx = r.add("gradient of a " + name, Numbers(static_cast<size_t>(T * K)));
      b.linear_dx(dy.data(), N, T, w, dx.data(), K, false);
      Numbers ds(static_cast<size_t>(scales)), dmin(static_cast<size_t>(scales));
      b.linear_dscale(dy.data(), N, x.data(), K, T, w.quant, ds.data(), dmin.data());
      r.add("scale gradient of a " + name, std::move(ds));
      r.add("second scale gradient of a " + name, std::move(dmin));
    }
    const int32_t ids[2] = {3, static_cast<int32_t>(N - 1)};
    Numbers& rows = r.add("embedding", Numbers(static_cast<size_t>(2 * K)));
    b.embed(ids, 2, w, 1.5f, rows.data(), K);
  }
  Generator g(99);
  const Numbers dense = g.numbers(33 * 50);
  WeightView w;
  w.dense = {dense.data(), kernels::DenseType::F32, 33, 50};
  for (const int64_t T : {int64_t{1}, int64_t{12}}) {
    const Numbers x = g.numbers(T * 50);
    Numbers& y = r.add("product with plain weights", Numbers(static_cast<size_t>(T * 33)));
    b.linear(x.data(), 50, T, w, nullptr, y.data(), 33, Precision::Exact);
  }
}

void attention(Backend& b, Results& r) {
  Generator g(7);
  AttentionShape s;
  s.queries = s.keys = 45;
  s.heads = 4;
  s.kv_heads = 2;
  s.head_dim = 24;
  s.ldq = s.ldo = 96;
  s.ldk = s.ldv = 48;
  s.scale = 0.2f;
  s.window = 30;
  s.softcap = 20.0f;
  const Numbers q = g.numbers(45 * 96), k = g.numbers(45 * 48), v = g.numbers(45 * 48), dout = g.numbers(45 * 96);
  std::vector<int32_t> first(45, 0);
  std::fill(first.begin() + 33, first.end(), 33);
  Numbers out(45 * 96), lse(45 * 4), dq(45 * 96), dk(45 * 48), dv(45 * 48);
  b.attention(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data());
  b.attention_backward(s, q.data(), k.data(), v.data(), first.data(), out.data(), lse.data(), dout.data(), dq.data(),
                       dk.data(), dv.data());
  std::vector<uint16_t> half_k(45 * 48), half_v(45 * 48);
  b.store_kv(k.data(), 48, 45, 48, half_k.data(), 48, KvType::F16);
  b.store_kv(v.data(), 48, 45, 48, half_v.data(), 48, KvType::F16);
  AttentionShape one = s;
  one.queries = 1;
  one.query_offset = 44;
  one.kv = KvType::F16;
  Numbers decoded(96);
  b.attention(one, q.data(), half_k.data(), half_v.data(), first.data(), decoded.data(), nullptr);
  for (auto& [name, values] : {std::pair{"attention", &out}, std::pair{"logsumexp", &lse}, std::pair{"dq", &dq},
                               std::pair{"dk", &dk}, std::pair{"dv", &dv}, std::pair{"decoding", &decoded}})
    r.add(name, *values);
}

void rows(Backend& b, Results& r) {
  Generator g(11);
  const int64_t T = 5, D = 72;
  const Numbers x = g.numbers(T * D), other = g.numbers(T * D), weight = g.numbers(D);
  Numbers y(x.size()), inverse(static_cast<size_t>(T)), dx(x.size(), 0.5f);
  b.rmsnorm(x.data(), D, T, 1, D, weight.data(), 1e-5f, y.data(), D, inverse.data());
  b.rmsnorm_dx(other.data(), D, x.data(), D, T, 1, D, weight.data(), inverse.data(), dx.data(), D, true);
  r.add("norm", y);
  r.add("gradient of a norm", dx);
  const Numbers angles = g.numbers(T * 6), sines = g.numbers(T * 6);
  for (const RopeStyle style : {RopeStyle::Halves, RopeStyle::Adjacent}) {
    Numbers& turned = r.add("rotation", x);
    b.rope(turned.data(), D, T, 6, 12, 12, angles.data(), sines.data(), style, false);
  }
  for (const Activation act : {Activation::Silu, Activation::GeluTanh, Activation::GeluErf}) {
    Numbers out(x.size()), dgate(x.size()), dup(x.size());
    b.gated(x.data(), D, other.data(), D, T, D, act, out.data(), D);
    b.gated_backward(x.data(), D, other.data(), D, y.data(), D, T, D, act, dgate.data(), dup.data());
    r.add("gate", out);
    r.add("gradient of a gate", dgate);
    r.add("gradient of a gate", dup);
  }
  Numbers logits = x;
  b.add(other.data(), logits.data(), T * D);
  b.softcap(logits.data(), T * D, 3.0f);
  const std::vector<int32_t> targets{7, 0, -1, 71, 3};
  std::vector<double> nll(static_cast<size_t>(T));
  b.cross_entropy(logits.data(), D, T, D, targets.data(), 3.0f, 0.5f, nll.data(), true);
  r.add("gradient of the loss", logits);
  r.add("loss", Numbers(nll.begin(), nll.end()));
  Numbers parameter = x, m = other, v(x.size(), 0.1f);
  AdamStep step;
  step.step = 3;
  step.weight_decay = 0.1f;
  b.adamw(step, other.data(), parameter.data(), m.data(), v.data(), T * D);
  r.add("optimizer", parameter);
  const Numbers row_scale(static_cast<size_t>(D), 2.0f);
  Numbers& drow = r.add("gradient of row factors", Numbers(static_cast<size_t>(D), 0.5f));
  b.linear_drow(x.data(), D, other.data(), D, T, D, row_scale.data(), drow.data());
}

Results all_of(Backend& b) {
  Results r;
  products(b, r);
  attention(b, r);
  rows(b, r);
  return r;
}

}  // namespace

std::string difference_of(Backend& tested, Backend& trusted) {
  try {
    const Results got = all_of(tested), expected = all_of(trusted);
    for (size_t i = 0; i < got.values.size(); ++i) {
      double norm = 0.0, worst = 0.0;
      bool finite = true;
      for (size_t j = 0; j < got.values[i].size(); ++j) {
        const double e = expected.values[i][j], d = std::fabs(got.values[i][j] - e);
        norm += e * e;
        finite = finite && std::isfinite(d);
        worst = std::max(worst, d);
      }
      if (!finite || worst > kTolerance * (std::sqrt(norm) + 1.0)) return "the " + got.names[i] + " is wrong";
    }
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

}  // namespace scalewright
