// The last step of the scale gradients: of each record of W, what a product dY^T X says of its scale. A warp takes
// eight chunks side by side, so that a row of the product is read in one piece, eight inputs a lane.

#include <type_traits>

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/pair_codes.h"
#include "kernels/cuda/quant_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 4, kAcross = kChunksAcross,
              kRows = 4;   // of a block; chunks and rows that a warp takes at a time
constexpr int kEight = 8;  // inputs of a lane
static_assert(kAcross * kChunk == kEight * kWarp);

// dW/dscale = factor * (q - zero), dW/dscale_min = -minimum, in one sub-block of a row.
struct Slope {
  float factor, zero, minimum;
};
template <bool kOffset>
SW_DEVICE Slope read_slope(const DeviceQuant& w, Global<const uint8_t> header, int64_t n, int index) {
  const int row = static_cast<int>(n % kStripRows);
  const float factor = w.row_scale && n < w.rows ? ld(w.row_scale, n) : 1.0f;
  Slope s{factor, static_cast<float>(w.offset), 0.0f};
  if constexpr (kOffset) return s;
  switch (w.kind) {
    case BlockKind::Offset:
      break;
    case BlockKind::Min: {  // the offset m follows the scale, unless there is no scale to follow
      const float d = half_at(header, 2 * row), m = half_at(header, 32 + 2 * row);
      s.zero = d != 0.0f ? -m / d : 0.0f;
      break;
    }
    case BlockKind::Affine:
      s.zero = static_cast<float>(ld(as<const int16_t>(header), 16 + row));
      break;
    case BlockKind::KMin: {
      const int first = ld(header, 64 + index * kStripRows + row);
      s.zero = 0.0f;
      s.factor *= static_cast<float>(w.sub16 ? first & 15 : first);
      s.minimum = factor * static_cast<float>(w.sub16 ? first >> 4 : ld(header, 192 + index * kStripRows + row));
      break;
    }
    case BlockKind::KScale:
      s.factor *= static_cast<float>(static_cast<int8_t>(ld(header, 64 + index * kStripRows + row)));
      break;
  }
  return s;
}

// Eight numbers of a row of the product, two quads of a chunk, as they lie; zeros from `left` on. Floats are sixteen
// bytes a quad, so lanes side by side take quads side by side; in bf16 two quads are.
struct Floats {
  float4 low = {0.0f, 0.0f, 0.0f, 0.0f}, high = {0.0f, 0.0f, 0.0f, 0.0f};
  static constexpr int kSlopes = 2;  // sub-blocks that the two may lie in
  static SW_DEVICE int quad(int lane, int which) { return lane % 4 + 4 * which; }
  SW_DEVICE void read(Global<const float> product, int64_t at, int64_t left, bool aligned) {
    if (aligned) {
      if (left > 0) low = ld4(product, at);
      if (left > 16) high = ld4(product, at + 16);
      return;
    }
    const auto one = [&](int i) { return i < left ? ld(product, at + i) : 0.0f; };
    low = {one(0), one(1), one(2), one(3)};
    high = {one(16), one(17), one(18), one(19)};
  }
  SW_DEVICE void values(float (&v)[kEight]) const {
    v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
    v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
  }
};
struct Rounded {
  uint4 pairs = {0, 0, 0, 0};
  static constexpr int kSlopes = 1;
  static SW_DEVICE int quad(int lane, int which) { return lane % 4 * 2 + which; }
  SW_DEVICE void read(Global<const uint16_t> product, int64_t at, int64_t left, bool /*aligned*/) {
    if (left > 0) pairs = ldg_u128(as<const uint8_t>(product), 2 * at);
  }
  SW_DEVICE void values(float (&v)[kEight]) const {
    const uint32_t words[4] = {pairs.x, pairs.y, pairs.z, pairs.w};
    SW_UNROLL
    for (int i = 0; i < 4; ++i) {
      v[2 * i] = bits_to_float(words[i] << 16);
      v[2 * i + 1] = bits_to_float(words[i] & 0xffff0000u);
    }
  }
};

// The words of four rows of a chunk that hold a lane's codes: of quads that are neighbours all that a line has of these
// rows, else word by word.
template <int kBits, class Eight>
struct Codes {
  Global<const uint8_t> lines;
  int row0;
  SW_DEVICE void read(Global<const uint8_t> from, int /*lane*/, int first_row) {
    lines = from;
    row0 = first_row;
  }
  SW_DEVICE uint32_t word(int line, int r) const { return ldg_u32(lines, 64 * line + 4 * (row0 + r)); }
};
template <int kBits>
struct Codes<kBits, Rounded> : PairCodes<kBits> {};

// Sums over four lanes: each of them gets one of the four, that of row_of_lane(lane).
SW_DEVICE float sum_by_fours(const float (&all)[kRows], int lane) {
  const bool odd = lane % 2 != 0, upper = lane / 2 % 2 != 0;
  float two[2];
  SW_UNROLL
  for (int i = 0; i < 2; ++i) two[i] = (odd ? all[2 + i] : all[i]) + shuffle_xor(odd ? all[i] : all[2 + i], 1);
  return (upper ? two[1] : two[0]) + shuffle_xor(upper ? two[0] : two[1], 2);
}
SW_DEVICE int row_of_lane(int lane) {
  return lane % 2 * 2 + lane / 2 % 2;
}

// How a warp takes records: so many side by side as fill its chunks, or one in several passes.
struct Walk {
  int32_t records, passes;
};
Walk walk_of(const QuantLayout& l) {
  const auto chunks = static_cast<int32_t>(l.chunks_per_record());
  if (chunks <= kAcross && kAcross % chunks == 0) return {kAcross / chunks, 1};
  return {1, (chunks + kAcross - 1) / kAcross};
}

// A warp has whole records, so every sum has one owner and one order.
template <int kBits, bool kOffset, class Number, class Eight>
SW_KERNEL_BLOCKS(32 * kWarps, (kOffset ? 5 : 3) + (sizeof(Number) == 2 ? 1 : 0), dscale_kernel)
(Global<const Number> product, int64_t n0, int64_t rows, DeviceQuant w, Walk walk, Global<float> dscale,
 Global<float> dscale_min) {
  const int lane = thread_x() % kWarp, first = (block_x() * kWarps + thread_x() / kWarp) * walk.records;
  if (first >= w.groups) return;
  const int64_t strip = n0 / kStripRows + block_y();
  // The lane's record, and its first chunk there.
  const int each = walk.records == 1 ? kAcross : w.chunks_per_record, record = first + lane / 4 / each;
  const int within0 = lane / 4 % each, quad = Eight::quad(lane, 0);
  const bool aligned = w.cols % 4 == 0, there = record < w.groups,
             minimums = !kOffset && w.kind == BlockKind::KMin && dscale_min;
  const auto header = w.records + record_at(w, strip, there ? record : first);
  for (int row0 = 0; row0 < kStripRows; row0 += kRows) {
    const int64_t n_first = strip * kStripRows + row0, n = n_first + row_of_lane(lane), out = n * w.groups + record;
    const bool owner = there && within0 == 0 && n < n0 + rows;
    const float old = owner ? ld(dscale, out) : 0.0f;
    float sum[kRows], minimum[kRows];
    SW_UNROLL
    for (int r = 0; r < kRows; ++r) sum[r] = minimum[r] = 0.0f;
    for (int pass = 0; pass < walk.passes; ++pass) {
      const int within = pass * kAcross + within0, chunk = record * w.chunks_per_record + within;
      if (!there || within >= w.chunks_per_record || chunk >= w.chunks) continue;
      const int64_t k = static_cast<int64_t>(chunk) * kChunk + 4 * quad, at = (n_first - n0) * w.cols + k;
      Eight eight[kRows];
      SW_UNROLL
      for (int r = 0; r < kRows; ++r)
        if (n_first + r < n0 + rows) eight[r].read(product, at + r * w.cols, w.cols - k, aligned);
      Codes<kBits, Eight> codes;
      codes.read(header + (w.header_bytes + static_cast<int64_t>(within) * kBits * 64), lane, row0);
      Slope slope[kRows][Eight::kSlopes];
      SW_UNROLL
      for (int r = 0; r < kRows; ++r) {
        SW_UNROLL
        for (int q = 0; q < Eight::kSlopes; ++q)
          slope[r][q] = read_slope<kOffset>(w, header, n_first + r, sub_index(w, within, Eight::quad(lane, q)));
      }
      SW_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float p[kEight];
        eight[r].values(p);
        SW_UNROLL
        for (int q = 0; q < 2; ++q) {
          const Slope& s = slope[r][q % Eight::kSlopes];
          const uint32_t four = quad_codes(kBits, Eight::quad(lane, q), [&](int line) { return codes.word(line, r); });
          float by_code = 0.0f, total = 0.0f;
          SW_UNROLL
          for (int c = 0; c < 4; ++c) {
            by_code = fmaf(code_of(four, c) - s.zero, p[q * 4 + c], by_code);
            total += p[q * 4 + c];
          }
          sum[r] = fmaf(s.factor, by_code, sum[r]);
          minimum[r] = fmaf(-s.minimum, total, minimum[r]);
        }
      }
    }
    const auto put = [&](const float(&by_row)[kRows], Global<float> to, float before) {
      float total = sum_by_fours(by_row, lane);
      for (int mask = 4; mask < 4 * each; mask *= 2) total += shuffle_xor(total, mask);
      if (owner) st(to, out, before + total);
    };
    put(sum, dscale, old);
    if (minimums) put(minimum, dscale_min, owner ? ld(dscale_min, out) : 0.0f);
  }
}

template <class Eight, class Number>
void reduce(void* stream, const Number* product, int64_t n0, int64_t rows, const QuantView& w, float* dscale,
            float* dscale_min) {
  const Walk walk = walk_of(w.layout);
  const int64_t warps = (w.layout.groups() + walk.records - 1) / walk.records;
  const dim3 grid(static_cast<unsigned>((warps + kWarps - 1) / kWarps),
                  static_cast<unsigned>((rows + kStripRows - 1) / kStripRows));
  with_bits(w.layout.bits, [&](auto bits) {
    const auto launch = [&](auto kernel) {
      SW_LAUNCH(kernel, grid, dim3(kWarp * kWarps), stream, product, n0, rows, to_device(w), walk, dscale, dscale_min);
    };
    if (w.layout.kind == BlockKind::Offset) {
      launch(dscale_kernel<decltype(bits)::value, true, Number, Eight>);
    } else {
      launch(dscale_kernel<decltype(bits)::value, false, Number, Eight>);
    }
  });
}

}  // namespace

void reduce_dscale(void* stream, const float* product, int64_t n0, int64_t rows, const QuantView& w, float* dscale,
                   float* dscale_min) {
  reduce<Floats>(stream, product, n0, rows, w, dscale, dscale_min);
}
void reduce_dscale(void* stream, const uint16_t* product, int64_t n0, int64_t rows, const QuantView& w, float* dscale,
                   float* dscale_min) {
  reduce<Rounded>(stream, product, n0, rows, w, dscale, dscale_min);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
