#include <bit>
#include <cmath>
#include <vector>

#include "kernels/reference/reference.h"

namespace scalewright::kernels::reference {
namespace {

double dense_value(const DenseView& w, int64_t n, int64_t k) {
  const int64_t i = n * w.cols + k;
  switch (w.type) {
    case DenseType::F32:
      return static_cast<const float*>(w.data)[i];
    case DenseType::F16:
      return half_to_float(static_cast<const uint16_t*>(w.data)[i]);
    case DenseType::BF16:
      return std::bit_cast<float>(static_cast<uint32_t>(static_cast<const uint16_t*>(w.data)[i]) << 16);
  }
  return 0.0;
}

// The codes of one strip and, for a view, the a and c of its sub-blocks.
class StripReader {
 public:
  explicit StripReader(const QuantLayout& layout)
      : layout_(layout),
        width_(layout.chunks() * kChunk),
        codes_(16 * width_),
        halves_(32 * layout.groups()),
        zeros_(16 * layout.groups()),
        subs_(32 * layout.subs()),
        a_(16 * layout.subs()),
        c_(16 * layout.subs()) {}

  void read_codes(const QuantView& view, int64_t strip) {
    PlainStrip plain;
    plain.codes = codes_.data();
    plain.scale = halves_.data();
    plain.scale_min = halves_.data() + 16 * layout_.groups();
    plain.zero = zeros_.data();
    plain.sub_scale = subs_.data();
    plain.sub_min = subs_.data() + 16 * layout_.subs();
    unpack_strip(layout_, view.records + strip * layout_.strip_bytes(), plain);
  }
  void read_scales(const QuantView& view, int64_t strip) { strip_scales(view, strip, a_.data(), c_.data()); }
  double value(int row, int64_t k) const {
    const int64_t i = k / layout_.sub * 16 + row;
    return static_cast<double>(a_[i]) * codes_[row * width_ + k] - static_cast<double>(c_[i]);
  }

 private:
  QuantLayout layout_;
  int64_t width_;
  std::vector<uint8_t> codes_;
  std::vector<uint16_t> halves_;
  std::vector<int16_t> zeros_, subs_;
  std::vector<float> a_, c_;
};

// All rows of w, 16 at a time: visit(first row, rows, values [rows][K]).
template <class Visit>
void for_strips(const WeightView& w, Visit visit) {
  const int64_t N = w.rows(), K = w.cols();
  std::vector<double> rows(16 * K);
  if (!w.quantized) {
    for (int64_t n = 0; n < N; n += 16) {
      const int count = static_cast<int>(N - n < 16 ? N - n : 16);
      for (int r = 0; r < count; ++r)
        for (int64_t k = 0; k < K; ++k) rows[r * K + k] = dense_value(w.dense, n + r, k);
      visit(n, count, rows.data());
    }
    return;
  }
  StripReader reader(w.quant.layout);
  for (int64_t strip = 0; strip < w.quant.layout.strips(); ++strip) {
    const int64_t n = strip * 16;
    const int count = static_cast<int>(N - n < 16 ? N - n : 16);
    reader.read_codes(w.quant, strip);
    reader.read_scales(w.quant, strip);
    for (int r = 0; r < count; ++r)
      for (int64_t k = 0; k < K; ++k) rows[r * K + k] = reader.value(r, k);
    visit(n, count, rows.data());
  }
}

}  // namespace

void dequantize_row(const WeightView& w, int64_t n, double* out) {
  if (!w.quantized) {
    for (int64_t k = 0; k < w.cols(); ++k) out[k] = dense_value(w.dense, n, k);
    return;
  }
  StripReader reader(w.quant.layout);
  reader.read_codes(w.quant, n / 16);
  reader.read_scales(w.quant, n / 16);
  for (int64_t k = 0; k < w.cols(); ++k) out[k] = reader.value(static_cast<int>(n % 16), k);
}

void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy) {
  const int64_t K = w.cols();
  for_strips(w, [&](int64_t n0, int rows, const double* values) {
    for (int64_t t = 0; t < T; ++t)
      for (int r = 0; r < rows; ++r) {
        double sum = 0.0;
        for (int64_t k = 0; k < K; ++k) sum += static_cast<double>(x[t * ldx + k]) * values[r * K + k];
        y[t * ldy + n0 + r] = static_cast<float>(sum + (bias ? bias[n0 + r] : 0.0f));
      }
  });
}

void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
               bool accumulate) {
  const int64_t K = w.cols();
  std::vector<double> sums(T * K, 0.0);
  for_strips(w, [&](int64_t n0, int rows, const double* values) {
    for (int64_t t = 0; t < T; ++t)
      for (int r = 0; r < rows; ++r) {
        const double g = dy[t * lddy + n0 + r];
        for (int64_t k = 0; k < K; ++k) sums[t * K + k] += g * values[r * K + k];
      }
  });
  for (int64_t t = 0; t < T; ++t)
    for (int64_t k = 0; k < K; ++k) {
      float& out = dx[t * lddx + k];
      out = static_cast<float>((accumulate ? out : 0.0f) + sums[t * K + k]);
    }
}

void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                   float* dscale, float* dscale_min) {
  // W is linear in its scales, so the gradient is dY^T X against the slope of W: its difference between scale 1 and
  // scale 0 (the other kind of scale at 0). Where Min has d0 = 0 its offset does not move, and the difference knows.
  const int64_t N = w.layout.rows, K = w.layout.cols, G = w.layout.groups();
  const std::vector<float> ones(N * G, 1.0f), zeros(N * G, 0.0f);
  const bool two = w.layout.has_second_scale();
  std::vector<double> product(N * K, 0.0);  // dY^T X
  for (int64_t t = 0; t < T; ++t)
    for (int64_t n = 0; n < N; ++n)
      for (int64_t k = 0; k < K; ++k) product[n * K + k] += static_cast<double>(dy[t * lddy + n]) * x[t * ldx + k];
  for (int which = 0; which < (two ? 2 : 1); ++which) {
    float* out = which == 0 ? dscale : dscale_min;
    if (!out) continue;
    std::vector<double> sums(N * G, 0.0);
    for (const bool at_one : {true, false}) {
      WeightView unit;
      unit.quantized = true;
      unit.quant = w;
      unit.quant.scale = which == 0 && at_one ? ones.data() : zeros.data();
      unit.quant.scale_min = two ? (which == 1 && at_one ? ones.data() : zeros.data()) : nullptr;
      for_strips(unit, [&](int64_t n0, int rows, const double* values) {
        for (int r = 0; r < rows; ++r)
          for (int64_t k = 0; k < K; ++k) {
            const double term = product[(n0 + r) * K + k] * values[r * K + k];
            sums[(n0 + r) * G + k / w.layout.block] += at_one ? term : -term;
          }
      });
    }
    for (int64_t i = 0; i < N * G; ++i) out[i] = static_cast<float>(out[i] + sums[i]);
  }
}

void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                 const float* row_scale, float* drow) {
  for (int64_t n = 0; n < N; ++n) {
    double sum = 0.0;
    for (int64_t t = 0; t < T; ++t) sum += static_cast<double>(dy[t * lddy + n]) * y[t * ldy + n];
    drow[n] = static_cast<float>(drow[n] + sum / row_scale[n]);
  }
}

void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) {
  std::vector<double> row(w.cols());
  for (int64_t t = 0; t < T; ++t) {
    dequantize_row(w, ids[t], row.data());
    for (int64_t k = 0; k < w.cols(); ++k) out[t * ldo + k] = static_cast<float>(row[k] * factor);
  }
}

}  // namespace scalewright::kernels::reference
