// Weights to plain rows for products by a library, rows of an embedding, and numbers rounded to bf16. A strip is walked
// with four lanes a row, each four inputs of half a chunk, so that a warp reads whole sectors of codes (eight rows of a
// line) and writes whole sectors of rows (64 bytes side by side).

#include <type_traits>

#include "kernels/cuda/dense_device.h"
#include "kernels/cuda/grids.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/pair_codes.h"
#include "kernels/cuda/quant_device.h"
#include "kernels/cuda/rounding_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 4;

// Two quads from `at` + first and + second on, of which those below `end` are real.
SW_DEVICE void put_quads(Global<float> out, int64_t at, int first, int second, int64_t end, const float (&v)[2][4]) {
  if (first < end) st4(out, at + first, {v[0][0], v[0][1], v[0][2], v[0][3]});
  if (second < end) st4(out, at + second, {v[1][0], v[1][1], v[1][2], v[1][3]});
}

// Codes of row `row` of a strip, quad `quad` of a chunk whose lines begin at `lines`.
SW_DEVICE uint32_t codes_at(int bits, Global<const uint8_t> lines, int row, int quad) {
  return quad_codes(bits, quad, [&](int l) { return ldg_u32(lines, 64 * l + 4 * row); });
}
SW_DEVICE float weight_of(const Scales& s, uint32_t codes, int c) {
  return s.scale * (code_of(codes, c) - s.zero) - s.shift;
}

// A warp takes a chunk of a strip in two halves of eight rows: four lanes a row, two quads of inputs each, so that
// lanes side by side fill sectors.
SW_DEVICE int row_of(int half, int lane) {
  return 8 * half + lane / 4;
}
SW_DEVICE int quad_of(int which, int lane) {
  return lane % 4 + 4 * which;
}

template <int kBits>
SW_KERNEL(32 * kWarps, unpack_kernel)
(DeviceQuant w, int64_t n0, int64_t rows, Global<float> out) {
  const int lane = thread_x() % kWarp, chunk = block_x() * kWarps + thread_x() / kWarp;
  if (chunk >= w.chunks) return;
  const int64_t strip = n0 / kStripRows + block_y();
  const int record = chunk / w.chunks_per_record, within = chunk % w.chunks_per_record;
  const auto header = w.records + record_at(w, strip, record);
  const auto lines = header + (w.header_bytes + static_cast<int64_t>(within) * kBits * 64);
  SW_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int row = row_of(half, lane);
    const int64_t n = strip * kStripRows + row;
    if (n >= n0 + rows) continue;
    Scales s = {0.0f, 0.0f, 0.0f};
    float v[2][4];
    SW_UNROLL
    for (int which = 0; which < 2; ++which) {
      const int quad = quad_of(which, lane);
      const uint32_t codes = codes_at(kBits, lines, row, quad);
      if (which == 0 || w.sub16) s = read_scales(w, header, n, record, sub_index(w, within, quad));
      SW_UNROLL
      for (int c = 0; c < 4; ++c) v[which][c] = weight_of(s, codes, c);
    }
    const int64_t at = (n - n0) * w.cols, k = static_cast<int64_t>(chunk) * kChunk;
    const int first = 4 * quad_of(0, lane), second = 4 * quad_of(1, lane);
    if (w.cols % 8 == 0) {
      put_quads(out, at + k, first, second, w.cols - k, v);
    } else {
      for (int c = 0; c < 4; ++c) {
        if (k + first + c < w.cols) put(out, at + k + first + c, v[0][c]);
        if (k + second + c < w.cols) put(out, at + k + second + c, v[1][c]);
      }
    }
  }
}

// To bf16, rows a multiple of eight long: a warp takes eight chunks side by side and writes 512 bytes of a row at a
// time.
template <int kBits>
SW_KERNEL_BLOCKS(32 * kWarps, 8, unpack_rounded_kernel)
(DeviceQuant w, int64_t n0, int64_t rows, Global<uint16_t> out) {
  const int lane = thread_x() % kWarp, chunk = (block_x() * kWarps + thread_x() / kWarp) * kChunksAcross + lane / 4;
  const int64_t k = static_cast<int64_t>(chunk) * kChunk + lane % 4 * 8, strip = n0 / kStripRows + block_y();
  if (k >= w.cols) return;
  const int record = chunk / w.chunks_per_record, within = chunk % w.chunks_per_record, quad = lane % 4 * 2;
  const auto header = w.records + record_at(w, strip, record);
  const auto lines = header + (w.header_bytes + static_cast<int64_t>(within) * kBits * 64);
  for (int row0 = 0; row0 < kStripRows; row0 += 4) {
    PairCodes<kBits> codes;
    codes.read(lines, lane, row0);
    SW_UNROLL
    for (int r = 0; r < 4; ++r) {
      const int64_t n = strip * kStripRows + row0 + r;
      if (n >= n0 + rows) continue;
      const Scales s = read_scales(w, header, n, record, sub_index(w, within, quad));
      uint32_t pairs[4];
      SW_UNROLL
      for (int q = 0; q < 2; ++q) {
        const uint32_t four = quad_codes(kBits, quad + q, [&](int line) { return codes.word(line, r); });
        pairs[2 * q] = bf16_pair(weight_of(s, four, 0), weight_of(s, four, 1));
        pairs[2 * q + 1] = bf16_pair(weight_of(s, four, 2), weight_of(s, four, 3));
      }
      st(as<uint4>(out), ((n - n0) * w.cols + k) / 8, uint4{pairs[0], pairs[1], pairs[2], pairs[3]});
    }
  }
}

template <DenseType kType, class Out>
SW_KERNEL(256, unpack_dense_kernel)
(DeviceDense w, int64_t first, int64_t count, Global<Out> out) {
  const int64_t step = static_cast<int64_t>(grid_dim_x()) * block_dim_x();
  for (int64_t i = static_cast<int64_t>(block_x()) * block_dim_x() + thread_x(); i < count; i += step)
    put(out, i, dense_at<kType>(w, first + i));
}

// A block 256 columns of a row, or four times as many where everything is aligned.
template <bool kFour>
SW_KERNEL(256, to_bf16_kernel)
(Global<const float> x, int64_t ldx, int64_t K, Global<uint16_t> out) {
  const int64_t t = block_x(), k = (static_cast<int64_t>(block_y()) * 256 + thread_x()) * (kFour ? 4 : 1);
  if (k >= K) return;
  if constexpr (kFour) {
    put4(out, t * K + k, ld4(x, t * ldx + k));
  } else {
    put(out, t * K + k, ld(x, t * ldx + k));
  }
}

// A block a token.
SW_KERNEL(128, embed_kernel)
(Global<const int32_t> ids, DeviceQuant w, float factor, Global<float> out, int64_t ldo, bool four) {
  const int64_t t = block_x(), n = ld(ids, t), strip = n / kStripRows;
  for (int64_t i = thread_x(); i < static_cast<int64_t>(w.chunks) * 8; i += block_dim_x()) {
    const int chunk = static_cast<int>(i / 8), quad = static_cast<int>(i % 8);
    const int record = chunk / w.chunks_per_record, within = chunk % w.chunks_per_record;
    const int64_t k = i * 4;
    if (k >= w.cols) continue;
    const auto header = w.records + record_at(w, strip, record);
    const auto lines = header + (w.header_bytes + static_cast<int64_t>(within) * w.bits * 64);
    const Scales s = read_scales(w, header, n, record, sub_index(w, within, quad));
    const uint32_t codes = codes_at(w.bits, lines, static_cast<int>(n % kStripRows), quad);
    float v[4];
    SW_UNROLL
    for (int c = 0; c < 4; ++c) v[c] = factor * weight_of(s, codes, c);
    if (four) {
      st4(out, t * ldo + k, {v[0], v[1], v[2], v[3]});
      continue;
    }
    for (int c = 0; c < 4; ++c)
      if (k + c < w.cols) st(out, t * ldo + k + c, v[c]);
  }
}
template <DenseType kType>
SW_KERNEL(128, embed_dense_kernel)
(Global<const int32_t> ids, DeviceDense w, float factor, Global<float> out, int64_t ldo) {
  const int64_t t = block_x(), n = ld(ids, t);
  for (int64_t k = thread_x(); k < w.cols; k += block_dim_x())
    st(out, t * ldo + k, factor * dense_at<kType>(w, n * w.cols + k));
}

// Of kernels whose warps take `across` chunks of a strip.
dim3 strips_grid(const QuantLayout& l, int64_t rows, int64_t across) {
  const int64_t warps = (l.chunks() + across - 1) / across;
  return dim3(static_cast<unsigned>((warps + kWarps - 1) / kWarps),
              static_cast<unsigned>((rows + kStripRows - 1) / kStripRows));
}
template <class Out>
void unpack_dense(void* stream, const WeightView& w, int64_t n0, int64_t rows, Out* out) {
  const int64_t count = rows * w.dense.cols, first = n0 * w.dense.cols;
  const dim3 grid(strided_blocks(count)), block(256);
  const DeviceDense d = to_device(w.dense);
  switch (w.dense.type) {
    case DenseType::F32:
      SW_LAUNCH((unpack_dense_kernel<DenseType::F32, Out>), grid, block, stream, d, first, count, out);
      break;
    case DenseType::F16:
      SW_LAUNCH((unpack_dense_kernel<DenseType::F16, Out>), grid, block, stream, d, first, count, out);
      break;
    case DenseType::BF16:
      SW_LAUNCH((unpack_dense_kernel<DenseType::BF16, Out>), grid, block, stream, d, first, count, out);
      break;
  }
}

}  // namespace

void unpack(void* stream, const WeightView& w, int64_t n0, int64_t rows, float* out) {
  if (!w.quantized) return unpack_dense(stream, w, n0, rows, out);
  with_bits(w.quant.layout.bits, [&](auto bits) {
    SW_LAUNCH((unpack_kernel<decltype(bits)::value>), strips_grid(w.quant.layout, rows, 1), dim3(kWarp * kWarps),
              stream, to_device(w.quant), n0, rows, out);
  });
}
void unpack_bf16(void* stream, const WeightView& w, int64_t n0, int64_t rows, uint16_t* out) {
  if (!w.quantized) return unpack_dense(stream, w, n0, rows, out);
  with_bits(w.quant.layout.bits, [&](auto bits) {
    SW_LAUNCH((unpack_rounded_kernel<decltype(bits)::value>), strips_grid(w.quant.layout, rows, kChunksAcross),
              dim3(kWarp * kWarps), stream, to_device(w.quant), n0, rows, out);
  });
}
void to_bf16(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, uint16_t* out) {
  const auto grid = [&](int64_t threads) {
    return dim3(static_cast<unsigned>(T), static_cast<unsigned>((threads + 255) / 256));
  };
  if (K % 4 == 0 && ldx % 4 == 0 && reinterpret_cast<uintptr_t>(x) % 16 == 0) {
    SW_LAUNCH((to_bf16_kernel<true>), grid(K / 4), dim3(256), stream, x, ldx, K, out);
  } else {
    SW_LAUNCH((to_bf16_kernel<false>), grid(K), dim3(256), stream, x, ldx, K, out);
  }
}

void embed(void* stream, const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) {
  const dim3 grid(static_cast<unsigned>(T)), block(128);
  if (w.quantized) {
    const bool four = w.quant.layout.cols % 4 == 0 && ldo % 4 == 0 && reinterpret_cast<uintptr_t>(out) % 16 == 0;
    SW_LAUNCH(embed_kernel, grid, block, stream, ids, to_device(w.quant), factor, out, ldo, four);
    return;
  }
  const DeviceDense d = to_device(w.dense);
  switch (w.dense.type) {
    case DenseType::F32:
      SW_LAUNCH((embed_dense_kernel<DenseType::F32>), grid, block, stream, ids, d, factor, out, ldo);
      break;
    case DenseType::F16:
      SW_LAUNCH((embed_dense_kernel<DenseType::F16>), grid, block, stream, ids, d, factor, out, ldo);
      break;
    case DenseType::BF16:
      SW_LAUNCH((embed_dense_kernel<DenseType::BF16>), grid, block, stream, ids, d, factor, out, ldo);
      break;
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
