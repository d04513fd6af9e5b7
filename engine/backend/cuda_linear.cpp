#include "engine/backend/cuda_linear.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {
namespace {

using kernels::kStripRows;

// What is unpacked, or multiplied and then summed by groups, at a time: so much that starting and ending costs little.
constexpr size_t kSliceBytes = size_t{96} << 20;

constexpr int64_t kSetWidth = 2;  // gradients of so many of the largest outputs find room side by side

// Rows of W that are unpacked at a time, whole strips.
int64_t slice_rows(int64_t N, int64_t K, size_t element) {
  const int64_t rows = static_cast<int64_t>(kSliceBytes / element) / K / kStripRows * kStripRows;
  return std::clamp<int64_t>(rows, kStripRows, (N + kStripRows - 1) / kStripRows * kStripRows);
}
// Elements of a slice of w.
int64_t slice_size(const WeightView& w, size_t element) {
  return std::min(slice_rows(w.rows(), w.cols(), element), w.rows()) * w.cols();
}

bool plain(const WeightView& w) {
  return !w.quantized && w.dense.type == kernels::DenseType::F32;
}

// use(first row, rows, values [rows, K]) for all of w, through `slice`.
template <class Use>
void for_slices(void* stream, const WeightView& w, float* slice, Use use) {
  const int64_t N = w.rows(), rows = slice_rows(N, w.cols(), sizeof(float));
  if (plain(w)) return use(int64_t{0}, N, static_cast<const float*>(w.dense.data));
  for (int64_t n0 = 0; n0 < N; n0 += rows) {
    const int64_t some = std::min(rows, N - n0);
    device::unpack(stream, w, n0, some, slice);
    use(n0, some, slice);
  }
}
template <class Use>
void for_slices(void* stream, const WeightView& w, uint16_t* slice, Use use) {
  const int64_t N = w.rows(), rows = slice_rows(N, w.cols(), sizeof(uint16_t));
  for (int64_t n0 = 0; n0 < N; n0 += rows) {
    const int64_t some = std::min(rows, N - n0);
    device::unpack_bf16(stream, w, n0, some, slice);
    use(n0, some, slice);
  }
}

}  // namespace

size_t CudaLinear::scratch_bytes(int64_t T, int64_t largest_n, int64_t largest_k) {
  const size_t factors = static_cast<size_t>(T * (kSetWidth * largest_n + largest_k)) * sizeof(uint16_t);
  const size_t few = device::split_bytes(std::min(T, device::kGemvRows), largest_k) + kScratchAlign;
  if (T <= device::kGemvRows) return std::max(factors + 2 * kScratchAlign, few);
  const auto elements = static_cast<int64_t>(kSliceBytes / sizeof(float));
  const int64_t whole = (largest_n + kStripRows - 1) / kStripRows * kStripRows * largest_k;
  const size_t slice = static_cast<size_t>(std::min(whole, std::max(elements, kStripRows * largest_k))) * sizeof(float);
  return std::max(slice + factors + 3 * kScratchAlign, few);
}

bool CudaLinear::fast(Precision precision, int64_t K) const {
  // Rows that are not aligned are slow, or refused.
  return precision == Precision::Fast && products_ && K % 8 == 0;
}

bool CudaLinear::rounds(int64_t T, std::span<const LinearPart> parts, Precision precision) const {
  return T > device::kGemvRows && fast(precision, parts[0].w->cols());
}

bool CudaLinear::rounds(std::span<const LinearGradient> parts, Precision precision) const {
  return fast(precision, parts[0].w->cols()) &&
         std::all_of(parts.begin(), parts.end(), [](const LinearGradient& part) { return part.w->rows() % 8 == 0; });
}

void CudaLinear::multiply(int64_t M, int64_t N, int64_t K, device::Strided a, device::Strided b, float* c, int64_t ldc,
                          bool accumulate) {
  if (products_ && products_->gemm(stream_, M, N, K, a.data, a.row, a.col, b.data, b.row, b.col, c, ldc, accumulate))
    return;
  device::gemm(stream_, M, N, K, a, b, c, ldc, accumulate);
}
void CudaLinear::multiply(int64_t M, int64_t N, int64_t K, Rounded a, Rounded b, float* c, int64_t ldc,
                          bool accumulate) {
  if (!products_->gemm_bf16(stream_, M, N, K, a.data, a.row, a.col, b.data, b.row, b.col, c, ldc, accumulate))
    throw std::runtime_error(card_ + " failed in a product of " + products_->name() + ".");
}

void CudaLinear::multiply(int64_t M, int64_t N, int64_t K, Rounded a, Rounded b, uint16_t* c) {
  if (!products_->gemm_bf16(stream_, M, N, K, a.data, a.row, a.col, b.data, b.row, b.col, c, N))
    throw std::runtime_error(card_ + " failed in a product of " + products_->name() + ".");
}

bool CudaLinear::adds(int64_t T, const LinearPart& part) { return T > device::kGemvRows && !part.bias; }

bool CudaLinear::few_rows(int64_t T, std::span<const LinearPart> parts) {
  return T <= device::kGemvRows &&
         std::all_of(parts.begin(), parts.end(), [](const LinearPart& part) { return part.w->quantized; });
}

void CudaLinear::few_rows(StagedCall& call, int64_t T, std::span<const LinearPart> parts, int64_t ldy, bool add,
                          const std::function<void(void* room)>& split, float norm_epsilon) {
  std::vector<device::GemvMatrix> matrices;
  for (const LinearPart& part : parts) {
    const int64_t N = part.w->rows();
    matrices.push_back({call.in(part.w->quant), call.in(part.bias, N),
                        add ? call.both(part.y, T, N, ldy) : call.out(part.y, T, N, ldy)});
  }
  auto* room = call.scratch<uint8_t>(static_cast<int64_t>(device::split_bytes(T, parts[0].w->cols())));
  split(room);
  device::gemv(stream_, room, T, matrices, ldy, add, processors_, norm_epsilon);
}

void CudaLinear::linear(StagedCall& call, const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts,
                        int64_t ldy, Precision precision, bool add) {
  const int64_t K = parts[0].w->cols();
  const float* in = call.in(x, T, K, ldx);
  if (few_rows(T, parts))
    return few_rows(call, T, parts, ldy, false, [&](void* room) { device::split_rows(stream_, in, ldx, T, K, room); });
  if (T <= device::kGemvRows) {  // a plain matrix is among them
    for (const LinearPart& part : parts) {
      const int64_t N = part.w->rows();
      if (part.w->quantized) {
        linear(call, in, ldx, T, {&part, 1}, ldy, precision);
      } else {
        device::gemv_dense(stream_, in, ldx, T, call.in(*part.w).dense, call.in(part.bias, N),
                           call.out(part.y, T, N, ldy), ldy);
      }
    }
    return;
  }
  if (rounds(T, parts, precision))
    return linear_rounded(
        call, [&](uint16_t* to) { device::to_bf16(stream_, in, ldx, T, K, to); }, T, parts, ldy, add);
  int64_t largest = 0;
  for (const LinearPart& part : parts)
    if (!plain(*part.w)) largest = std::max(largest, slice_size(*part.w, sizeof(float)));
  float* room = largest > 0 ? call.scratch<float>(largest) : nullptr;  // one slice for all
  for (const LinearPart& part : parts) {
    float* y = started(call, part, T, ldy, add);
    for_slices(stream_, call.in(*part.w), room, [&](int64_t n0, int64_t rows, const float* slice) {
      multiply(T, rows, K, {in, ldx, 1}, {slice, 1, K}, y + n0, ldy, add || part.bias);
    });
  }
}

void CudaLinear::linear_rounded(StagedCall& call, const Make& x, int64_t T, std::span<const LinearPart> parts,
                                int64_t ldy, bool add) {
  const int64_t K = parts[0].w->cols();
  auto* small = call.scratch<uint16_t>(T * K);
  x(small);
  int64_t largest = 0;
  for (const LinearPart& part : parts) largest = std::max(largest, slice_size(*part.w, sizeof(uint16_t)));
  auto* room = call.scratch<uint16_t>(largest);
  for (const LinearPart& part : parts) {
    float* y = started(call, part, T, ldy, add);
    for_slices(stream_, call.in(*part.w), room, [&](int64_t n0, int64_t rows, const uint16_t* slice) {
      multiply(T, rows, K, Rounded{small, K, 1}, Rounded{slice, 1, K}, y + n0, ldy, add || part.bias);
    });
  }
}

float* CudaLinear::started(StagedCall& call, const LinearPart& part, int64_t T, int64_t ldy, bool add) {
  const int64_t N = part.w->rows();
  if (add) return call.both(part.y, T, N, ldy);
  const float* bias = call.in(part.bias, N);
  float* y = call.out(part.y, T, N, ldy);
  if (bias) device::fill_rows(stream_, bias, T, N, y, ldy);
  return y;
}

void CudaLinear::backward(StagedCall& call, const float* x, int64_t ldx, int64_t T,
                          std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx, bool accumulate,
                          Precision precision) {
  const int64_t K = parts[0].w->cols();
  if (rounds(parts, precision)) {
    const auto round = [&](uint16_t* to) { device::to_bf16(stream_, call.in(x, T, K, ldx), ldx, T, K, to); };
    return backward_rounded(call, round, {}, T, parts, lddy, dx, lddx, accumulate);
  }
  int64_t largest = 0;
  bool learns = false;
  for (const LinearGradient& part : parts) {
    learns = learns || part.dscale;
    if (part.dscale || !plain(*part.w)) largest = std::max(largest, slice_size(*part.w, sizeof(float)));
  }
  const float* in = learns ? call.in(x, T, K, ldx) : nullptr;
  float* slice = largest > 0 ? call.scratch<float>(largest) : nullptr;  // one for all, products or weights
  std::vector<std::pair<WeightView, const float*>> staged;
  // All gradients of scales first: dx may be written over x.
  for (const LinearGradient& part : parts) {
    const WeightView w = call.in(*part.w);
    const int64_t N = w.rows(), rows = slice_rows(N, K, sizeof(float));
    const float* dy = call.in(part.dy, T, N, lddy);
    staged.emplace_back(w, dy);
    if (!part.dscale) continue;
    const ScaleGradients to = scale_gradients(call, part, w);
    for (int64_t n0 = 0; n0 < N; n0 += rows) {
      const int64_t some = std::min(rows, N - n0);
      multiply(some, K, T, {dy + n0, 1, lddy}, {in, ldx, 1}, slice, K, false);
      device::reduce_dscale(stream_, slice, n0, some, w.quant, to.scale, to.minimum);
    }
  }
  if (!dx) return;
  float* out = accumulate ? call.both(dx, T, K, lddx) : call.out(dx, T, K, lddx);
  bool more = accumulate;
  for (const auto& [w, dy] : staged) {
    for_slices(stream_, w, slice, [&, dy = dy](int64_t n0, int64_t rows, const float* some) {
      multiply(T, K, rows, {dy + n0, lddy, 1}, {some, K, 1}, out, lddx, more || n0 > 0);
    });
    more = true;
  }
}

bool CudaLinear::together(StagedCall& call, int64_t T, std::span<const LinearGradient> parts) {
  const int64_t K = parts[0].w->cols();
  int64_t rows = 0, largest = 0;
  for (const LinearGradient& part : parts) {
    rows += part.w->rows();
    largest = std::max(largest, slice_size(*part.w, sizeof(uint16_t)));
  }
  constexpr auto kAlign = static_cast<int64_t>(kScratchAlign / sizeof(uint16_t));
  return call.fits<uint16_t>(T * (K + rows) + largest + 2 * kAlign);  // the three begin where all scratch does
}

void CudaLinear::backward_rounded(StagedCall& call, const Make& x, const Make& made, int64_t T,
                                  std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx,
                                  bool accumulate) {
  const int64_t K = parts[0].w->cols();
  int64_t widest = 0, all = 0, largest = 0;
  bool learns = false;
  for (const LinearGradient& part : parts) {
    widest = std::max(widest, part.w->rows());
    all += part.w->rows();
    largest = std::max(largest, slice_size(*part.w, sizeof(uint16_t)));
    learns = learns || part.dscale;
  }
  // Gradients are rounded once where there is room for all of them.
  const bool kept = made || together(call, T, parts);
  auto* in = learns ? call.scratch<uint16_t>(T * K) : nullptr;
  auto* room = call.scratch<uint16_t>(T * (kept ? all : widest));
  auto* slice = call.scratch<uint16_t>(largest);  // one for all, products or weights
  if (learns) x(in);
  if (made) made(room);
  struct Staged {
    WeightView w;
    const float* dy;
    uint16_t* small;
  };
  std::vector<Staged> staged;
  const auto round = [&](const Staged& part) {
    const int64_t N = part.w.rows();
    if (!made) device::to_bf16(stream_, part.dy, lddy, T, N, part.small);
  };
  // All gradients of scales first: dx may be written over x.
  for (const LinearGradient& part : parts) {
    const WeightView w = call.in(*part.w);
    const int64_t N = w.rows(), rows = slice_rows(N, K, sizeof(uint16_t));
    staged.push_back({w, made ? nullptr : call.in(part.dy, T, N, lddy), room});
    if (kept) room += T * N;
    const Staged& now = staged.back();
    if (kept || part.dscale) round(now);
    if (!part.dscale) continue;
    const ScaleGradients to = scale_gradients(call, part, w);
    for (int64_t n0 = 0; n0 < N; n0 += rows) {
      const int64_t some = std::min(rows, N - n0);
      multiply(some, K, T, Rounded{now.small + n0, 1, N}, Rounded{in, K, 1}, slice);
      device::reduce_dscale(stream_, slice, n0, some, w.quant, to.scale, to.minimum);
    }
  }
  if (!dx) return;
  float* out = accumulate ? call.both(dx, T, K, lddx) : call.out(dx, T, K, lddx);
  bool more = accumulate;
  for (const Staged& part : staged) {
    if (!kept) round(part);
    const int64_t N = part.w.rows();
    for_slices(stream_, part.w, slice, [&](int64_t n0, int64_t rows, const uint16_t* some) {
      multiply(T, K, rows, Rounded{part.small + n0, N, 1}, Rounded{some, K, 1}, out, lddx, more || n0 > 0);
    });
    more = true;
  }
}

CudaLinear::ScaleGradients CudaLinear::scale_gradients(StagedCall& call, const LinearGradient& part,
                                                       const WeightView& w) {
  const int64_t scales = w.rows() * w.quant.layout.groups();
  return {call.both(part.dscale, scales),
          w.quant.layout.has_second_scale() ? call.both(part.dscale_min, scales) : nullptr};
}

double CudaLinear::measure_product_rate() {
  if (!products_) return 0.0;
  constexpr int64_t kTokens = 2048, kWidth = 4096;
  constexpr int kTimes = 10, kRuns = 3;
  std::vector<uint16_t> numbers(static_cast<size_t>(kWidth * kWidth));
  uint32_t state = 1;
  for (uint16_t& n : numbers) {  // of either sign and between 1/8 and 2, as bf16
    state = state * 1664525u + 1013904223u;
    n = static_cast<uint16_t>((state >> 16 & 0x81ffu) + 0x3e00u);
  }
  const auto bytes = [](int64_t count, size_t element) { return static_cast<size_t>(count) * element; };
  auto* w = static_cast<uint16_t*>(device::device_allocate(stream_, bytes(kWidth * kWidth, sizeof(uint16_t))));
  auto* y = static_cast<float*>(device::device_allocate(stream_, bytes(kTokens * kWidth, sizeof(float))));
  double best = 0.0;
  if (w && y) {
    device::copy_rows(stream_, w, numbers.data(), 0, bytes(kWidth * kWidth, sizeof(uint16_t)), 1);
    for (int run = 0; run <= kRuns; ++run) {  // the first warms up
      device::synchronize(stream_);
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < kTimes; ++i)
        multiply(kTokens, kWidth, kWidth, Rounded{w, kWidth, 1}, Rounded{w, 1, kWidth}, y, kWidth, false);
      device::synchronize(stream_);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (run) best = std::max(best, kTimes * 2.0 * kTokens * kWidth * kWidth / seconds);
    }
  }
  device::device_release(stream_, y);
  device::device_release(stream_, w);
  return best;
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
