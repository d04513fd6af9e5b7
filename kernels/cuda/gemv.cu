// Products of few rows with a quantized matrix, read once and as it lies. A block takes a strip of 16 output rows. A lane
// takes four of its rows in one chunk of 32 inputs: it reads the chunk's lines 16 bytes at a time, so a warp reads 8
// chunks, and 8 x 64 bytes of each line, whole sectors all.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/quant_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kSlots = kWarp / 4;   // chunks a warp
constexpr int kChunkRoom = 36;      // floats a chunk of x in shared memory: 4 more, so that slots meet other banks
template <int kRows>
constexpr int kMostWarps = kRows == 1 ? 8 : 4;
// Of a processor's 65536 registers: 128 a thread, 170, 255. What the compiler takes by itself spills or fits once only.
template <int kRows>
constexpr int kBlocks = kRows == 4 ? 3 : 2;

SW_DEVICE uint32_t row_word(const uint4& words, int row) {
  return row == 0 ? words.x : row == 1 ? words.y : row == 2 ? words.z : words.w;
}

template <int kBits, int kRows>
SW_KERNEL_BLOCKS(32 * kMostWarps<kRows>, kBlocks<kRows>, gemv_kernel)
(DeviceQuant w, Global<const float> x, int64_t ldx, int T, Global<const float> bias, Global<float> y, int64_t ldy) {
  constexpr int kWarps = kMostWarps<kRows>;
  SW_SHARED(float, tile, kRows * kWarps * kSlots * kChunkRoom);
  SW_SHARED(float, sums, kWarps * kRows * kStripRows);
  const int thread = thread_x(), threads = block_dim_x(), lane = thread % kWarp, warp = thread / kWarp;
  const int slots = threads / kWarp * kSlots, slot = warp * kSlots + lane / 4, quarter = lane % 4;
  const int64_t strip = block_x(), n = strip * kStripRows + 4 * quarter;
  float total[kRows][4];
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r) total[t][r] = 0.0f;
  }
  for (int chunk0 = 0; chunk0 < w.chunks; chunk0 += slots) {
    // The codes are on their way while x is laid out.
    const int chunk = chunk0 + slot;
    const bool mine = chunk < w.chunks;
    const int record = mine ? chunk / w.chunks_per_record : 0;
    const int within = chunk - record * w.chunks_per_record;
    const auto header = w.records + record_at(w, strip, record);
    uint4 words[kBits];
    FourHeaders four{{0, 0}, {0, 0}, {0, 0}, 0};
    uint2 pair = {0, 0};  // eight of the 32 sub-scales of a chunk, when it has two sub-blocks
    if (mine) {
      const int64_t lines = w.header_bytes + static_cast<int64_t>(within) * kBits * 64 + 16 * quarter;
      SW_UNROLL
      for (int l = 0; l < kBits; ++l) words[l] = ldg_u128(header, lines + 64 * l);
      four = read_four(w, header, 4 * quarter, w.subs_per_record == 1 ? 0 : within);
      if (w.sub16) pair = ldg_u64(header, 64 + 32 * within + 8 * quarter);
    }
    if (w.sub16) {
      SW_UNROLL
      for (int which = 0; which < 2; ++which) {
        const int source = lane - quarter + 2 * which + quarter / 2;
        const uint32_t even = shuffle(pair.x, source), odd = shuffle(pair.y, source);
        four.sub_scales[which] = quarter % 2 == 0 ? even : odd;
      }
    }
    for (int i = thread; i < kRows * slots * kChunk; i += threads) {
      const int t = i / (slots * kChunk), at = i % (slots * kChunk);
      const int64_t k = static_cast<int64_t>(chunk0) * kChunk + at;
      const float value = t < T && k < w.cols ? ld(x, t * ldx + k) : 0.0f;
      st(tile, (t * slots + at / kChunk) * kChunkRoom + at % kChunk, value);
    }
    sync_block();
    if (mine) {
      Scales scales[4];
      four_scales(w, four, 0, n, record, scales);
      float part[kRows][4], inputs[kRows];
      SW_UNROLL
      for (int t = 0; t < kRows; ++t) {
        inputs[t] = 0.0f;
        SW_UNROLL
        for (int r = 0; r < 4; ++r) part[t][r] = 0.0f;
      }
      SW_UNROLL
      for (int half = 0; half < 2; ++half) {
        SW_UNROLL
        for (int i = 4 * half; i < 4 * half + 4; ++i) {
          float weight[4][4];
          SW_UNROLL
          for (int r = 0; r < 4; ++r) {
            const uint32_t codes = quad_codes(kBits, i, [&](int l) { return row_word(words[l], r); });
            SW_UNROLL
            for (int c = 0; c < 4; ++c) weight[r][c] = code_of(codes, c) - scales[r].zero;
          }
          SW_UNROLL
          for (int t = 0; t < kRows; ++t) {
            const float4 in = ld4(tile, (t * slots + slot) * kChunkRoom + 4 * i);
            inputs[t] += (in.x + in.y) + (in.z + in.w);
            SW_UNROLL
            for (int r = 0; r < 4; ++r) {
              part[t][r] = fmaf(weight[r][0], in.x, part[t][r]);
              part[t][r] = fmaf(weight[r][1], in.y, part[t][r]);
              part[t][r] = fmaf(weight[r][2], in.z, part[t][r]);
              part[t][r] = fmaf(weight[r][3], in.w, part[t][r]);
            }
          }
        }
        if (half == 0 && !w.sub16) continue;
        SW_UNROLL
        for (int t = 0; t < kRows; ++t) {
          SW_UNROLL
          for (int r = 0; r < 4; ++r) {
            total[t][r] += scales[r].scale * part[t][r] - scales[r].shift * inputs[t];
            part[t][r] = 0.0f;
          }
          inputs[t] = 0.0f;
        }
        if (half == 1) continue;
        four_scales(w, four, 1, n, record, scales);
      }
    }
    sync_block();
  }
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r) {
      float v = total[t][r];
      v += shuffle_xor(v, 4);
      v += shuffle_xor(v, 8);
      v += shuffle_xor(v, 16);
      if (lane < 4) st(sums, (warp * kRows + t) * kStripRows + 4 * quarter + r, v);
    }
  }
  sync_block();
  for (int i = thread; i < kRows * kStripRows; i += threads) {
    const int t = i / kStripRows;
    const int64_t row = strip * kStripRows + i % kStripRows;
    if (t >= T || row >= w.rows) continue;
    float sum = bias ? ld(bias, row) : 0.0f;
    for (int other = 0; other < threads / kWarp; ++other) sum += ld(sums, other * kRows * kStripRows + i);
    st(y, t * ldy + row, sum);
  }
}

template <int kBits, int kRows>
void launch_gemv(void* stream, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias, float* y,
                 int64_t ldy) {
  const int64_t wanted = (w.layout.chunks() + kSlots - 1) / kSlots;
  const int warps = static_cast<int>(wanted < kMostWarps<kRows> ? wanted : kMostWarps<kRows>);
  const dim3 grid(static_cast<unsigned>(w.layout.strips())), block(static_cast<unsigned>(kWarp * warps));
  SW_LAUNCH((gemv_kernel<kBits, kRows>), grid, block, stream, to_device(w), x, ldx, static_cast<int>(T), bias, y, ldy);
}

template <int kBits>
void gemv_bits(void* stream, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias, float* y,
               int64_t ldy) {
  if (T == 1) return launch_gemv<kBits, 1>(stream, x, ldx, T, w, bias, y, ldy);
  if (T <= 4) return launch_gemv<kBits, 4>(stream, x, ldx, T, w, bias, y, ldy);
  launch_gemv<kBits, 8>(stream, x, ldx, T, w, bias, y, ldy);
}

}  // namespace

void gemv(void* stream, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias, float* y,
          int64_t ldy) {
  switch (w.layout.bits) {
    case 2: return gemv_bits<2>(stream, x, ldx, T, w, bias, y, ldy);
    case 3: return gemv_bits<3>(stream, x, ldx, T, w, bias, y, ldy);
    case 4: return gemv_bits<4>(stream, x, ldx, T, w, bias, y, ldy);
    case 5: return gemv_bits<5>(stream, x, ldx, T, w, bias, y, ldy);
    case 6: return gemv_bits<6>(stream, x, ldx, T, w, bias, y, ldy);
    default: return gemv_bits<8>(stream, x, ldx, T, w, bias, y, ldy);
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
