// The CUDA backend against the reference, every operation with awkward sizes: on the emulated card always, and by the same
// bodies on a card where there is one.

#include <QtTest>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <tuple>

#include "kernels/cuda/device.h"
#include "tests/kernels/kernel_testing.h"
#include "tests/testkit/card_devices.h"
#include "tests/testkit/simt/simt.h"

using namespace scalewright;
using namespace scalewright::kernels::testing;
using kernels::BlockKind;
using kernels::DenseType;
using kernels::QuantLayout;

class TestCudaBackend : public QObject {
  Q_OBJECT

  std::unique_ptr<Backend> reference_ = make_reference_backend();
  testkit::CardDevices devices_;

  void check_products(Backend& backend, const WeightView& w, int64_t T, Random& random, const std::string& name) {
    const int64_t N = w.rows(), K = w.cols(), ldx = K + 3, ldy = N + 5;
    const std::string where =
        name + " T=" + std::to_string(T) + " N=" + std::to_string(N) + " K=" + std::to_string(K);
    const Guarded<float> x = random.normals((T - 1) * ldx + K), dy = random.normals((T - 1) * ldy + N),
                         bias = random.normals(N);
    double largest_row = 0.0, largest_x = 0.0, largest_dy = 0.0;
    for (int64_t n = 0; n < N; ++n) largest_row = std::max(largest_row, row_norm(w, n));
    for (int64_t t = 0; t < T; ++t) {
      largest_x = std::max(largest_x, norm_of(x.data() + t * ldx, K));
      largest_dy = std::max(largest_dy, norm_of(dy.data() + t * ldy, N));
    }
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      Guarded<float> y = random.normals((T - 1) * ldy + N), expected = y;
      reference_->linear(x.data(), ldx, T, w, b, expected.data(), ldy, Precision::Exact);
      backend.linear(x.data(), ldx, T, w, b, y.data(), ldy, Precision::Exact);
      SW_SAME(compare(y.data(), expected.data(), y.size(),
                      product_tolerance(largest_x, largest_row, K) + (b ? 16.0 * kEpsilon : 0.0),
                      ("linear " + where).c_str()));
    }
    for (const bool accumulate : {false, true}) {
      Guarded<float> dx = random.normals((T - 1) * ldx + K), expected = dx;
      reference_->linear_dx(dy.data(), ldy, T, w, expected.data(), ldx, accumulate);
      backend.linear_dx(dy.data(), ldy, T, w, dx.data(), ldx, accumulate);
      const double column =
          largest_row * std::max(1.0, std::sqrt(static_cast<double>(N) / static_cast<double>(K))) * 2.0;
      SW_SAME(compare(dx.data(), expected.data(), dx.size(),
                      product_tolerance(largest_dy, column, N) + (accumulate ? 8.0 * kEpsilon : 0.0),
                      ("linear_dx " + where).c_str()));
    }
    Guarded<int32_t> ids(T);
    for (int32_t& id : ids) id = random.integer(0, static_cast<int>(N) - 1);
    Guarded<float> expected((T - 1) * ldx + K), rows = expected;
    reference_->embed(ids.data(), T, w, 1.5f, expected.data(), ldx);
    backend.embed(ids.data(), T, w, 1.5f, rows.data(), ldx);
    SW_SAME(compare(rows.data(), expected.data(), rows.size(), 4.0 * kEpsilon * largest_row, ("embed " + where).c_str()));
    if (w.quantized) check_scales(backend, w.quant, x, ldx, dy, ldy, T, random, where);
  }

  void check_scales(Backend& backend, const QuantView& w, const Guarded<float>& x, int64_t ldx,
                    const Guarded<float>& dy, int64_t ldy, int64_t T, Random& random, const std::string& where) {
    const int64_t N = w.layout.rows, K = w.layout.cols, G = w.layout.groups();
    Guarded<float> ds = random.normals(N * G), dmin = random.normals(N * G), expected = ds, expected_min = dmin;
    reference_->linear_dscale(dy.data(), ldy, x.data(), ldx, T, w, expected.data(), expected_min.data());
    backend.linear_dscale(dy.data(), ldy, x.data(), ldx, T, w, ds.data(), dmin.data());
    double dy_norm = 0.0, x_norm = 0.0;
    for (int64_t n = 0; n < N; ++n) dy_norm = std::max(dy_norm, norm_of(dy.data() + n, T, ldy));
    for (int64_t k = 0; k < K; ++k) x_norm = std::max(x_norm, norm_of(x.data() + k, T, ldx));
    const double codes = static_cast<double>(1 << w.layout.bits), subs = w.layout.sub == w.layout.block ? 1.0 : 64.0;
    const double terms = static_cast<double>(std::min(w.layout.block, K));
    const double tolerance = 4.0 * kEpsilon * dy_norm * x_norm * codes * subs * std::sqrt(terms) * 1.5 + 8.0 * kEpsilon;
    SW_SAME(compare(ds.data(), expected.data(), ds.size(), tolerance, ("linear_dscale " + where).c_str()));
    SW_SAME(compare(dmin.data(), expected_min.data(), dmin.size(), tolerance, ("dscale_min " + where).c_str()));
    if (!w.row_scale) return;
    Guarded<float> drow = random.normals(N), expected_row = drow;
    reference_->linear_drow(dy.data(), ldy, dy.data(), ldy, T, N, w.row_scale, expected_row.data());
    backend.linear_drow(dy.data(), ldy, dy.data(), ldy, T, N, w.row_scale, drow.data());
    SW_SAME(compare(drow.data(), expected_row.data(), N, 8.0 * kEpsilon * (dy_norm * dy_norm * 2.0 + 4.0),
                    ("linear_drow " + where).c_str()));
  }

  struct Shape {
    int64_t T, N, K;
  };
  // Tails in every direction; up to 8 rows take the kernel that reads the strips, more a product of unpacked weights.
  static std::vector<Shape> shapes() { return {{1, 16, 32}, {1, 33, 1000}, {7, 31, 33}, {3, 1, 7}, {31, 100, 64}, {33, 33, 576}}; }

 private slots:
  void quantized_data() {
    QTest::addColumn<bool>("real");
    QTest::addColumn<int>("layout");
    for (const bool real : {false, true})
      for (size_t i = 0; i < all_layouts().size(); ++i)
        QTest::addRow("%s %s", real ? "card" : "emulated", all_layouts()[i].name) << real << static_cast<int>(i);
  }
  void quantized() {
    SW_DEVICE_OR_SKIP(devices_);
    QFETCH(int, layout);
    const NamedLayout& named = all_layouts()[static_cast<size_t>(layout)];
    Random random(2000 + static_cast<uint64_t>(layout));
    int turn = layout;
    for (const Shape& shape : shapes()) {
      const RandomMatrix matrix(make_layout(named, shape.N, shape.K), random);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(turn & 1, turn & 2);
      ++turn;
      check_products(*backend, w, shape.T, random, named.name);
      if (QTest::currentTestFailed()) return;
    }
  }

  // Matrices side by side, of one layout and of several, to the numbers that each gives alone.
  void side_by_side_data() { testkit::CardDevices::rows(); }
  void side_by_side() {
    SW_DEVICE_OR_SKIP(devices_);
    Random random(31);
    const int64_t K = 544, widths[] = {40, 16, 33}, ldy = 40 + 16 + 33 + 2;
    for (const auto& layouts : {std::array<size_t, 3>{4, 4, 4}, {14, 14, 18}, {9, 7, 9}}) {
      std::vector<RandomMatrix> matrices;
      matrices.reserve(3);
      std::array<WeightView, 3> views;
      for (size_t i = 0; i < 3; ++i) {
        matrices.emplace_back(make_layout(all_layouts()[layouts[i]], widths[i], K), random);
        views[i].quantized = true;
        views[i].quant = matrices[i].view(i == 1, false);
      }
      for (const int64_t T : {int64_t{1}, int64_t{3}, int64_t{9}}) {
        const Guarded<float> x = random.normals(T * K), bias = random.normals(33);
        Guarded<float> together((T - 1) * ldy + 89), alone = together;
        std::vector<LinearPart> parts;
        int64_t at = 0;
        for (size_t i = 0; i < 3; ++i) {
          parts.push_back({&views[i], i == 2 ? bias.data() : nullptr, together.data() + at});
          backend->linear(x.data(), K, T, views[i], parts[i].bias, alone.data() + at, ldy, Precision::Exact);
          at += widths[i];
        }
        backend->linear_set(x.data(), K, T, parts, ldy, Precision::Exact);
        for (int64_t t = 0; t < T; ++t)
          for (int64_t n = 0; n < 89; ++n) {
            const float* one = &alone[t * ldy + n];
            const double tolerance = 16.0 * kEpsilon * (1.0 + std::fabs(*one));
            SW_SAME(compare(&together[t * ldy + n], one, 1, tolerance, "side by side"));
          }
      }
    }
  }

  // Inputs of very different sizes, and such that are no numbers.
  void sizes_of_inputs_data() { testkit::CardDevices::rows(); }
  void sizes_of_inputs() {
    SW_DEVICE_OR_SKIP(devices_);
    const int64_t N = 20, K = 200;
    for (const size_t layout : {size_t{2}, size_t{9}, size_t{14}, size_t{16}}) {
      Random random(layout);
      const RandomMatrix matrix(make_layout(all_layouts()[layout], N, K), random);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(false, false);
      double largest_row = 0.0;
      for (int64_t n = 0; n < N; ++n) largest_row = std::max(largest_row, row_norm(w, n));
      Guarded<float> y(N), expected(N);
      for (const float size : {0.0f, 1e-27f, 1e-12f, 1.0f, 1e12f, 1e27f}) {
        Guarded<float> x = random.normals(K, size);
        for (const float outlier : {1.0f, 3e4f}) {
          x[70] *= outlier;
          reference_->linear(x.data(), K, 1, w, nullptr, expected.data(), N, Precision::Exact);
          backend->linear(x.data(), K, 1, w, nullptr, y.data(), N, Precision::Exact);
          SW_SAME(compare(y.data(), expected.data(), N, product_tolerance(norm_of(x.data(), K), largest_row, K), "size"));
        }
      }
      for (const float wrong : {NAN, INFINITY, -INFINITY}) {
        Guarded<float> x = random.normals(K);
        x[101] = wrong;
        backend->linear(x.data(), K, 1, w, nullptr, y.data(), N, Precision::Exact);
        for (int64_t n = 0; n < N; ++n) QVERIFY(!std::isfinite(y[n]));
      }
    }
  }

  // What a block does in one go gives what its parts give.
  void in_one_go_data() { testkit::CardDevices::rows(); }
  void in_one_go() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const auto& [layout, N, K] : {std::tuple{size_t{9}, int64_t{40}, int64_t{576}}, {size_t{14}, int64_t{33}, int64_t{300}},
                                       {size_t{4}, int64_t{17}, int64_t{4500}}}) {
      Random random(layout);
      const RandomMatrix matrix(make_layout(all_layouts()[layout], N, K), random);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(false, false);
      double row = 0.0;
      for (int64_t n = 0; n < N; ++n) row = std::max(row, row_norm(w, n));
      for (const int64_t T : {int64_t{1}, int64_t{3}, int64_t{10}}) {
        const int64_t ldx = K + 4;
        const Guarded<float> x = random.normals((T - 1) * ldx + K, 2.0f), up = random.normals((T - 1) * ldx + K),
                             weight = random.normals(K), bias = random.normals(N), start = random.normals(T * N);
        Guarded<float> used(T * K), room(T * N), y = start, expected = start;
        const double normed = 2.0 * std::sqrt(static_cast<double>(K)) * 2.0;
        const double tolerance = 2.0 * product_tolerance(normed, row, K) + 32.0 * kEpsilon;
        const LinearPart part{&w, bias.data(), y.data()}, wanted{&w, bias.data(), expected.data()};
        backend->linear_normed(x.data(), ldx, T, weight.data(), 1e-5f, used.data(), nullptr, {&part, 1}, N, Precision::Exact);
        reference_->linear_normed(x.data(), ldx, T, weight.data(), 1e-5f, used.data(), nullptr, {&wanted, 1}, N,
                                  Precision::Exact);
        SW_SAME(compare(y.data(), expected.data(), T * N, tolerance, "normed"));
        Guarded<float> kept(T * K), inverse(T), inverse_expected(T);
        backend->linear_normed(x.data(), ldx, T, weight.data(), 1e-5f, kept.data(), inverse.data(), {&part, 1}, N,
                               Precision::Exact);
        reference_->linear_normed(x.data(), ldx, T, weight.data(), 1e-5f, used.data(), inverse_expected.data(),
                                  {&wanted, 1}, N, Precision::Exact);
        SW_SAME(compare(kept.data(), used.data(), T * K, 1e-4, "kept norm"));
        SW_SAME(compare(inverse.data(), inverse_expected.data(), T, 1e-5, "inverse"));
        for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
          y = expected = start;
          backend->linear_add(x.data(), ldx, T, w, b, y.data(), room.data(), Precision::Exact);
          reference_->linear_add(x.data(), ldx, T, w, b, expected.data(), room.data(), Precision::Exact);
          SW_SAME(compare(y.data(), expected.data(), T * N, tolerance, "added"));
          y = expected = start;
          backend->linear_add_gated(x.data(), ldx, up.data(), ldx, T, Activation::Silu, used.data(), w, b, y.data(),
                                    room.data(), Precision::Exact);
          reference_->linear_add_gated(x.data(), ldx, up.data(), ldx, T, Activation::Silu, used.data(), w, b,
                                       expected.data(), room.data(), Precision::Exact);
          SW_SAME(compare(y.data(), expected.data(), T * N, 2.0 * tolerance, "gated"));
        }
      }
    }
  }

  void turned_and_stored_data() { testkit::CardDevices::rows(); }
  void turned_and_stored() {
    SW_DEVICE_OR_SKIP(devices_);
    struct Size {
      int heads, kv_heads, dim, rotary;
    };
    for (const auto& [heads, kv_heads, dim, rotary] :
         {Size{9, 3, 64, 64}, Size{3, 1, 24, 20}, Size{4, 4, 6, 2}, Size{2, 1, 7, 0}}) {
      Random random(static_cast<uint64_t>(dim));
      const int64_t T = 3, stored = 2 * int64_t{kv_heads} * dim, width = int64_t{heads} * dim + stored, ld = width + 3;
      const Guarded<float> x = random.normals((T - 1) * ld + width);
      const Guarded<float> cosine = random.normals(T * rotary / 2 + 1), sine = random.normals(T * rotary / 2 + 1);
      for (const RopeStyle style : {RopeStyle::Halves, RopeStyle::Adjacent})
        for (const KvType type : {KvType::F32, KvType::F16}) {
          Guarded<float> turned = x, expected = x, rows((T + 2) * stored), rows_expected = rows;
          const Guarded<int32_t> row = [] {
            Guarded<int32_t> one(1);
            one[0] = 2;
            return one;
          }();
          const int64_t skip = 2 * stored / (type == KvType::F16 ? 2 : 1);
          for (const bool listed : {false, true}) {
            turned = expected = x;
            backend->rope_store(turned.data(), ld, T, heads, kv_heads, dim, rotary, cosine.data(), sine.data(), style,
                                rows.data() + (listed ? 0 : skip), stored, type, listed ? row.data() : nullptr);
            reference_->rope_store(expected.data(), ld, T, heads, kv_heads, dim, rotary, cosine.data(), sine.data(), style,
                                   rows_expected.data() + (listed ? 0 : skip), stored, type, listed ? row.data() : nullptr);
            SW_SAME(compare(turned.data(), expected.data(), turned.size(), 64.0 * kEpsilon, "turned"));
            for (int64_t i = 0; i < (T + 2) * stored; ++i) {
              const bool half = type == KvType::F16;
              const auto at = [&](const Guarded<float>& from) {
                return half ? kernels::half_to_float(reinterpret_cast<const uint16_t*>(from.data())[i]) : from[i];
              };
              QVERIFY(std::fabs(at(rows) - at(rows_expected)) <= (half ? 4e-3f : 1e-5f));
            }
          }
        }
    }
  }

  // A token's heads to the cache and through it, by one call and by its parts.
  void attended_at_once_data() { testkit::CardDevices::rows(); }
  void attended_at_once() {
    SW_DEVICE_OR_SKIP(devices_);
    struct Size {
      int heads, kv_heads, dim, rotary;
      RopeStyle style;
      int64_t position, window, low;
      float softcap;
    };
    using enum RopeStyle;
    for (const Size& size :
         {Size{9, 3, 64, 64, Halves, 5, 0, 0, 0.0f}, Size{4, 4, 128, 128, Adjacent, 0, 0, 0, 0.0f},
          Size{2, 2, 96, 32, Halves, 70, 33, 0, 0.0f}, Size{16, 1, 32, 32, Adjacent, 300, 0, 7, 30.0f},
          Size{5, 1, 256, 128, Halves, 40, 0, 0, 0.0f}, Size{4, 2, 160, 0, Halves, 700, 0, 3, 0.0f},
          Size{2, 1, 64, 64, Halves, 1100, 600, 0, 0.0f}, Size{3, 1, 32, 20, Halves, 9, 0, 0, 0.0f},
          Size{2, 2, 40, 40, Halves, 9, 0, 0, 0.0f}}) {
      Random random(static_cast<uint64_t>(size.dim + size.heads));
      const int64_t q_width = int64_t{size.heads} * size.dim, kv_width = int64_t{size.kv_heads} * size.dim;
      const int64_t width = q_width + 2 * kv_width, row = 2 * kv_width, N = 40, rows = size.position + 3;
      const RandomMatrix matrix(make_layout(all_layouts()[0], N, q_width), random);
      WeightView w;
      w.quantized = true;
      w.quant = matrix.view(false, false);
      const Guarded<float> bias = random.normals(N), start = random.normals(N), x = random.normals(width);
      const Guarded<float> cosine = random.normals(size.rotary / 2), sine = random.normals(size.rotary / 2);
      Guarded<uint16_t> cache(rows * row);
      const Guarded<float> numbers = random.normals(rows * row);
      for (int64_t i = 0; i < rows * row; ++i) cache[i] = kernels::float_to_half(numbers[i]);
      Guarded<int32_t> first(1), position(1);
      first[0] = static_cast<int32_t>(size.low);
      position[0] = static_cast<int32_t>(size.position);
      TokenAttention token;
      AttentionShape& s = token.shape;
      s.queries = 1;
      s.heads = size.heads;
      s.kv_heads = size.kv_heads;
      s.head_dim = size.dim;
      s.ldq = width;
      s.ldk = s.ldv = row;
      s.ldo = q_width;
      s.scale = 1.0f / std::sqrt(static_cast<float>(size.dim));
      s.softcap = size.softcap;
      s.window = size.window;
      s.kv = KvType::F16;
      token.rotary = size.rotary;
      token.style = size.style;
      token.cos = cosine.data();
      token.sin = sine.data();
      token.first = first.data();
      for (const bool listed : {false, true}) {
        s.query_offset = listed ? 0 : size.position;
        s.position = listed ? position.data() : nullptr;
        s.keys = listed ? rows : size.position + 1;
        Guarded<float> attended(q_width), room(N), y = start, expected = start, heads = x, heads_expected = x;
        Guarded<uint16_t> stored = cache, stored_expected = cache;
        token.heads = heads.data();
        token.cache = stored.data();
        backend->attend_add(token, attended.data(), w, bias.data(), y.data(), room.data(), Precision::Exact);
        token.heads = heads_expected.data();
        token.cache = stored_expected.data();
        s.query_offset = size.position;
        s.position = nullptr;
        s.keys = size.position + 1;
        reference_->attend_add(token, attended.data(), w, bias.data(), expected.data(), room.data(), Precision::Exact);
        SW_SAME(compare(y.data(), expected.data(), N, 1e-4, "attended"));
        for (int64_t i = 0; i < cache.size(); ++i)
          QVERIFY(std::fabs(kernels::half_to_float(stored[i]) - kernels::half_to_float(stored_expected[i])) <= 4e-3f);
      }
    }
  }

  void dense_data() { testkit::CardDevices::rows(); }
  void dense() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const DenseType type : {DenseType::F32, DenseType::F16, DenseType::BF16}) {
      Random random(77 + static_cast<uint64_t>(type));
      for (const Shape& shape : shapes()) {
        const Guarded<float> values = random.normals(shape.N * shape.K, 0.05f);
        Guarded<uint16_t> small(values.size());
        for (int64_t i = 0; i < values.size(); ++i) {
          uint32_t bits;
          std::memcpy(&bits, &values[i], sizeof bits);
          small[i] = type == DenseType::F16 ? kernels::float_to_half(values[i]) : static_cast<uint16_t>(bits >> 16);
        }
        WeightView w;
        w.dense.data = type == DenseType::F32 ? static_cast<const void*>(values.data()) : small.data();
        w.dense.type = type;
        w.dense.rows = shape.N;
        w.dense.cols = shape.K;
        check_products(*backend, w, shape.T, random, "dense");
        if (QTest::currentTestFailed()) return;
      }
    }
  }

  void norms_data() { testkit::CardDevices::rows(); }
  void norms() {
    SW_DEVICE_OR_SKIP(devices_);
    struct Size {
      int64_t T, D;
      int groups;
      bool weighted;
    };
    for (const auto& [T, D, groups, weighted] :
         {Size{1, 1, 1, true}, Size{3, 33, 1, true}, Size{5, 576, 1, true}, Size{4, 64, 9, true}, Size{2, 1000, 1, true},
          Size{3, 23, 3, false}}) {
      Random random(static_cast<uint64_t>(T * 1000 + D));
      const int64_t ld = groups * D + 3, count = (T - 1) * ld + groups * D;
      const Guarded<float> x = random.normals(count, 3.0f), weights = random.normals(D), dy = random.normals(count),
                           start = random.normals(count);
      const float* weight = weighted ? weights.data() : nullptr;
      Guarded<float> y(count), y_expected(count), inverse(T * groups), inverse_expected(T * groups);
      reference_->rmsnorm(x.data(), ld, T, groups, D, weight, 1e-5f, y_expected.data(), ld, inverse_expected.data());
      backend->rmsnorm(x.data(), ld, T, groups, D, weight, 1e-5f, y.data(), ld, inverse.data());
      const double relative = kEpsilon * (4.0 + std::sqrt(static_cast<double>(D)));
      SW_SAME(compare(y.data(), y_expected.data(), count, relative * 16.0, "y"));
      for (int64_t i = 0; i < inverse.size(); ++i)
        QVERIFY(std::fabs(inverse[i] - inverse_expected[i]) <= relative * inverse_expected[i]);
      for (const bool accumulate : {false, true}) {
        Guarded<float> dx = start, dx_expected = start;
        reference_->rmsnorm_dx(dy.data(), ld, x.data(), ld, T, groups, D, weight, inverse_expected.data(),
                               dx_expected.data(), ld, accumulate);
        backend->rmsnorm_dx(dy.data(), ld, x.data(), ld, T, groups, D, weight, inverse_expected.data(), dx.data(), ld,
                            accumulate);
        double largest = 1.0;
        for (float g : dx_expected) largest = std::max(largest, static_cast<double>(std::fabs(g)));
        SW_SAME(compare(dx.data(), dx_expected.data(), count, relative * 8.0 * largest, "dx"));
      }
    }
  }

  void rotations_data() { testkit::CardDevices::rows(); }
  void rotations() {
    SW_DEVICE_OR_SKIP(devices_);
    struct Size {
      int heads, dim, rotary;
    };
    for (const auto& [heads, dim, rotary] : {Size{9, 64, 64}, Size{3, 24, 20}, Size{1, 6, 2}, Size{2, 7, 0}}) {
      Random random(static_cast<uint64_t>(dim));
      const int64_t T = 7, ld = heads * dim + 3, count = (T - 1) * ld + heads * dim;
      const Guarded<float> x = random.normals(count);
      Guarded<float> cosine(T * rotary / 2), sine(T * rotary / 2);
      for (int64_t i = 0; i < cosine.size(); ++i) {
        const float angle = random.uniform(-3.0f, 3.0f);
        cosine[i] = std::cos(angle);
        sine[i] = std::sin(angle);
      }
      for (const RopeStyle style : {RopeStyle::Halves, RopeStyle::Adjacent})
        for (const bool inverse : {false, true}) {
          Guarded<float> turned = x, expected = x;
          reference_->rope(expected.data(), ld, T, heads, dim, rotary, cosine.data(), sine.data(), style, inverse);
          backend->rope(turned.data(), ld, T, heads, dim, rotary, cosine.data(), sine.data(), style, inverse);
          SW_SAME(compare(turned.data(), expected.data(), count, 12.0 * kEpsilon, "turned"));
        }
    }
  }

  void gates_data() { testkit::CardDevices::rows(); }
  void gates() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const Activation act : {Activation::Silu, Activation::GeluTanh, Activation::GeluErf})
      for (const int64_t F : {int64_t{1}, int64_t{31}, int64_t{1000}}) {
        Random random(static_cast<uint64_t>(F));
        const int64_t T = 3, ldg = F + 1, ldu = F + 2, ldo = F + 3;
        Guarded<float> gate((T - 1) * ldg + F);
        for (int64_t i = 0; i < gate.size(); ++i)
          gate[i] = i % 3 == 0 ? random.normal(0.05f) : i % 3 == 1 ? random.normal(2.0f) : random.uniform(-60.0f, 60.0f);
        const Guarded<float> up = random.normals((T - 1) * ldu + F), dout = random.normals((T - 1) * ldo + F);
        Guarded<float> out((T - 1) * ldo + F), expected = out, dgate(gate.size()), dgate_expected = dgate,
                       dup(up.size()), dup_expected = dup;
        reference_->gated(gate.data(), ldg, up.data(), ldu, T, F, act, expected.data(), ldo);
        backend->gated(gate.data(), ldg, up.data(), ldu, T, F, act, out.data(), ldo);
        reference_->gated_backward(gate.data(), ldg, up.data(), ldu, dout.data(), ldo, T, F, act, dgate_expected.data(),
                                   dup_expected.data());
        backend->gated_backward(gate.data(), ldg, up.data(), ldu, dout.data(), ldo, T, F, act, dgate.data(), dup.data());
        for (int64_t t = 0; t < T; ++t)
          for (int64_t f = 0; f < F; ++f) {
            const double g = std::fabs(gate[t * ldg + f]) + 1.0, u = std::fabs(up[t * ldu + f]),
                         d = std::fabs(dout[t * ldo + f]);
            QVERIFY(std::fabs(out[t * ldo + f] - expected[t * ldo + f]) <= 8.0 * kEpsilon * g * u);
            QVERIFY(std::fabs(dgate[t * ldg + f] - dgate_expected[t * ldg + f]) <= 8.0 * kEpsilon * g * u * d);
            QVERIFY(std::fabs(dup[t * ldu + f] - dup_expected[t * ldu + f]) <= 8.0 * kEpsilon * g * d);
          }
      }
  }

  void losses_data() { testkit::CardDevices::rows(); }
  void losses() {
    SW_DEVICE_OR_SKIP(devices_);
    struct Size {
      int64_t V;
      float cap, size;
    };
    for (const auto& [V, cap, size] : {Size{1, 0.0f, 1.0f}, Size{7, 0.0f, 3.0f}, Size{1000, 0.0f, 5.0f},
                                       Size{1003, 30.0f, 8.0f}, Size{515, 0.0f, 200.0f}}) {
      Random random(static_cast<uint64_t>(V));
      const int64_t T = 5, ld = V + 3, count = (T - 1) * ld + V;
      Guarded<float> logits = random.normals(count, size);
      if (cap > 0.0f) {
        Guarded<float> capped = logits;
        backend->softcap(capped.data(), count, cap);
        reference_->softcap(logits.data(), count, cap);
        SW_SAME(compare(capped.data(), logits.data(), count, 4.0 * kEpsilon * cap, "soft cap"));
      }
      Guarded<int32_t> targets(T);
      for (int32_t& t : targets) t = random.integer(0, static_cast<int>(V) - 1);
      targets[2] = -1;
      Guarded<float> expected = logits, gradient = logits, kept = logits;
      Guarded<double> nll(T), nll_expected(T), nll_only(T);
      reference_->cross_entropy(expected.data(), ld, T, V, targets.data(), cap, 0.25f, nll_expected.data(), true);
      backend->cross_entropy(gradient.data(), ld, T, V, targets.data(), cap, 0.25f, nll.data(), true);
      backend->cross_entropy(kept.data(), ld, T, V, targets.data(), cap, 0.25f, nll_only.data(), false);
      QVERIFY(std::memcmp(kept.data(), logits.data(), static_cast<size_t>(count) * sizeof(float)) == 0);
      const double relative = kEpsilon * (8.0 + 8.0 * static_cast<double>(size));
      for (int64_t t = 0; t < T; ++t) {
        QVERIFY(std::fabs(nll[t] - nll_expected[t]) <= relative * (1.0 + std::fabs(nll_expected[t])));
        QCOMPARE(nll_only[t], nll[t]);
      }
      SW_SAME(compare(gradient.data(), expected.data(), count, relative * 0.25, "gradient"));
      for (int64_t t = 0; t + 1 < T; ++t) QCOMPARE(gradient[t * ld + V], logits[t * ld + V]);
      logits[0] = NAN;
      targets[0] = 0;
      backend->cross_entropy(logits.data(), ld, 1, V, targets.data(), cap, 1.0f, nll.data(), false);
      QVERIFY(std::isnan(nll[0]));
    }
  }

  void largest_data() { testkit::CardDevices::rows(); }
  void largest() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const int64_t V : {int64_t{1}, int64_t{33}, int64_t{257}, int64_t{1000}, int64_t{20011}}) {
      Random random(static_cast<uint64_t>(V));
      Guarded<float> logits(V);
      for (float& v : logits) v = static_cast<float>(random.integer(-50, 50)) / 4.0f;  // many are equal
      if (V > 100) logits[V / 2] = NAN;
      std::vector<int32_t> order(static_cast<size_t>(V));
      for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
      const auto value = [&](int32_t i) { return std::isnan(logits[i]) ? -INFINITY : logits[i]; };
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return value(a) > value(b); });
      for (const int count : {1, 40, 64}) {
        Guarded<float> values(count);
        Guarded<int32_t> ids(count);
        QCOMPARE(backend->largest(logits.data(), V, count, values.data(), ids.data()), count <= V);
        for (int i = 0; i < count && count <= V; ++i) {
          QCOMPARE(ids[i], order[static_cast<size_t>(i)]);
          QCOMPARE(values[i], value(ids[i]));
        }
      }
    }
    Guarded<float> nothing(40);
    for (float& v : nothing) v = NAN;
    Guarded<float> values(40);
    Guarded<int32_t> ids(40);
    QVERIFY(backend->largest(nothing.data(), 40, 40, values.data(), ids.data()));
    for (int i = 0; i < 40; ++i) QCOMPARE(ids[i], i);
    QVERIFY(!backend->largest(nothing.data(), 40, 0, values.data(), ids.data()));
  }

  void steps_data() { testkit::CardDevices::rows(); }
  void steps() {
    SW_DEVICE_OR_SKIP(devices_);
    for (const int64_t n : {int64_t{1}, int64_t{33}, int64_t{1000}}) {
      Random random(static_cast<uint64_t>(n));
      Guarded<float> p = random.normals(n, 0.01f), m(n), v(n), p_expected = p, m_expected(n), v_expected(n);
      AdamStep step;
      step.weight_decay = 0.1f;
      step.gradient_scale = 0.5f;
      for (step.step = 1; step.step <= 5; ++step.step) {
        const Guarded<float> gradient = random.normals(n);
        backend->adamw(step, gradient.data(), p.data(), m.data(), v.data(), n);
        reference_->adamw(step, gradient.data(), p_expected.data(), m_expected.data(), v_expected.data(), n);
      }
      SW_SAME(compare(p.data(), p_expected.data(), n, 5.0 * kEpsilon * (16.0 * 1e-3 + 0.05), "parameter"));
      SW_SAME(compare(m.data(), m_expected.data(), n, 16.0 * kEpsilon, "first moment"));
      SW_SAME(compare(v.data(), v_expected.data(), n, 16.0 * kEpsilon, "second moment"));
      Guarded<float> sum = p, half_source = random.normals(3 * (n + 5), 10.0f), full(3 * n);
      backend->add(m.data(), sum.data(), n);
      for (int64_t i = 0; i < n; ++i) QCOMPARE(sum[i], p[i] + m[i]);
      Guarded<uint16_t> half(3 * n);
      backend->store_kv(half_source.data(), n + 5, 3, n, half.data(), n, KvType::F16);
      backend->store_kv(half_source.data(), n + 5, 3, n, full.data(), n, KvType::F32);
      for (int64_t i = 0; i < 3 * n; ++i) {
        QCOMPARE(half[i], kernels::float_to_half(half_source[i / n * (n + 5) + i % n]));
        QCOMPARE(full[i], half_source[i / n * (n + 5) + i % n]);
      }
    }
  }

  // The same bits whatever the order of threads and blocks.
  void order_does_not_matter() {
    Random random(6);
    const int64_t T = 20, N = 40, K = 320;
    const RandomMatrix matrix(make_layout(all_layouts()[14], N, K), random);
    WeightView w;
    w.quantized = true;
    w.quant = matrix.view(true, false);
    const Guarded<float> x = random.normals(T * K), dy = random.normals(T * N);
    const int64_t scales = N * w.quant.layout.groups();
    std::vector<Guarded<float>> kept;
    for (const uint64_t seed : {1u, 2u, 3u}) {
      simt::seed(seed);
      std::vector<Guarded<float>> r{Guarded<float>(T * N), Guarded<float>(T * K), Guarded<float>(scales),
                                    Guarded<float>(scales), Guarded<float>(N)};
      devices_.emulated().linear(x.data(), K, T, w, nullptr, r[0].data(), N, Precision::Exact);
      devices_.emulated().linear_dx(dy.data(), N, T, w, r[1].data(), K, false);
      devices_.emulated().linear_dscale(dy.data(), N, x.data(), K, T, w.quant, r[2].data(), r[3].data());
      devices_.emulated().linear(x.data(), K, 1, w, nullptr, r[4].data(), N, Precision::Exact);
      if (kept.empty()) kept = r;
      for (size_t i = 0; i < r.size(); ++i)
        QVERIFY(std::memcmp(r[i].data(), kept[i].data(), static_cast<size_t>(r[i].size()) * sizeof(float)) == 0);
    }
  }
};

QTEST_APPLESS_MAIN(TestCudaBackend)
#include "test_cuda_backend.moc"
