// Products of few rows with quantized matrices, read once and as they lie, on the tensor cores: codes times the digits
// of x (split_rows.h), in whole numbers, which are exact.
//
// A warp takes a strip of 16 output rows, two chunks of 32 inputs a step. Lane l reads 16 bytes a line: rows 4 q .. 4 q
// + 3 of chunk l / 16, q = l / 4 % 4, inputs 8 p .. 8 p + 7 with p = l % 4. One product of the warp takes the first two
// rows of each q, one the others; four columns of the right factor are the digits of the first chunk, four those of the
// second, so the sums of a lane's own chunk stand in the lanes of p / 2 == l / 16.

#include "kernels/cuda/gemv_codes.h"
#include "kernels/cuda/gemv_parts.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kMostWarps = 8, kBusyWarps = 1792;
// Steps that are on their way while one is computed.
template <int kBits>
constexpr int kAhead = kLoads<kBits> == 1 ? 4 : 2;

struct GemvSet {
  DeviceQuant w;  // of the first part
  GemvParts parts;
  bool tuned;  // any scale is not the one in the records
};
SW_DEVICE DeviceQuant tuned_part(const GemvSet& set, int32_t strip) {
  const GemvPart& part = part_of(set.parts, strip);
  DeviceQuant w = set.w;
  w.scale = part.scale;
  w.scale_min = part.scale_min;
  w.row_scale = part.row_scale;
  w.rows = part.rows;
  return w;
}

// Where a lane reads on its way through the chunks of a strip, two chunks a step.
template <int kBits>
struct Walk {
  Global<const uint8_t> header, lines;  // of the record, of the chunk; both from the lane's rows on
  int32_t within;                       // number of the chunk in its record

  SW_DEVICE Walk(const DeviceQuant& w, Global<const uint8_t> strip, int32_t chunk, int q) {
    const int32_t record = chunk / w.chunks_per_record;
    within = chunk - record * w.chunks_per_record;
    header = strip + (record * w.record_bytes + 8 * q);
    lines = strip + (record * w.record_bytes + w.header_bytes + within * (kBits * 64) + 16 * q);
  }
  SW_DEVICE void next(const DeviceQuant& w) {
    constexpr int kStep = 2 * kBits * 64;
    const int records = w.chunks_per_record == 1 ? 2 : 1;  // that a step leaves behind, if any
    within += 2;
    const bool turn = within >= w.chunks_per_record;
    lines += turn ? kStep + records * w.header_bytes : kStep;
    if (!turn) return;
    header += records * w.record_bytes;
    within -= records * w.chunks_per_record;
  }
};

// Everything of a step that is read from the strip. A lane without a chunk keeps what it had: its x is zero.
template <int kBits>
struct Step {
  uint4 words[kLoads<kBits>];
  uint2 first, second;  // halves of four rows
  uint32_t sub_scales, sub_minimums;
  bool fresh;  // the record is new to the lane, and its halves were read
};

template <int kBits, bool kSub>
SW_DEVICE void read_step(Step<kBits>& s, const DeviceQuant& w, const Walk<kBits>& at, bool inside, bool first, int q,
                         int p) {
  s.fresh = inside && (first || at.within < 2);
  if (!inside) return;
  SW_UNROLL
  for (int i = 0; i < kLoads<kBits>; ++i) s.words[i] = stream_u128(at.lines, 64 * line_of<kBits>(i, p));
  if (s.fresh) {
    s.first = ldg_u64(at.header, 0);
    if (has_second(w.kind)) s.second = ldg_u64(at.header, 32);
  }
  if constexpr (kSub) {
    // Of two sub-blocks a chunk the lanes read one each.
    const int row = w.sub16 ? (2 * at.within + p % 2) * kStripRows : at.within * kStripRows;
    s.sub_scales = ldg_u32(at.header, 64 + row - 4 * q);
    if (w.kind == BlockKind::KMin && !w.sub16) s.sub_minimums = ldg_u32(at.header, 192 + row - 4 * q);
  }
}

// What a step multiplies with.
struct StepInputs {
  uint2 digits;
  float4 terms;
};
// half_sums: from the terms to those of halves, or none.
SW_DEVICE StepInputs read_inputs(Global<const uint8_t> digits, Global<const float> terms, int step, int32_t half_sums) {
  const float2 two = ld2(terms, step * (2 * kSplitTerms));
  float2 halves = {0.0f, 0.0f};
  if (half_sums > 0) halves = ld2(terms, half_sums + step * (2 * kSplitTerms));
  return {ld_u64(digits, step * (2 * kSplitBytes)), {two.x, two.y, halves.x, halves.y}};
}

template <int kBits, bool kSub>
SW_KERNEL_BLOCKS(kWarp* kMostWarps, 1, gemv_kernel)
(GemvSet set, Global<const uint8_t> split, RowScale scale, int T, int64_t ldy, bool add) {
  constexpr int kSteps = kAhead<kBits>, kRows = kGemvRows;
  SW_SHARED(float, sums, kMostWarps* kRows* kStripRows);
  const int thread = thread_x(), threads = block_dim_x(), lane = thread % kWarp, warp = thread / kWarp;
  const int half = lane / 16, q = lane / 4 % 4, p = lane % 4;
  const DeviceQuant& w = set.w;
  const int32_t all_strips = block_x();
  const GemvPart& part = part_of(set.parts, all_strips);
  const int32_t strip = all_strips - part.first;
  const auto records = part.records + strip * w.strip_bytes;
  const int32_t n = strip * kStripRows + 4 * q;

  // Whole records to a warp where they are short.
  const int per_record = w.chunks_per_record, warps = threads / kWarp, steps = (w.chunks + 1) / 2;
  const int unit = per_record % 2 == 0 && per_record <= 16 ? per_record / 2 : 1, units = (steps + unit - 1) / unit;
  const int begin = units * warp / warps * unit, last = units * (warp + 1) / warps * unit;
  const int end = last < steps ? last : steps;
  Walk<kBits> ahead(w, records, 2 * begin + half, q);
  Step<kBits> step[kSteps];
  SW_UNROLL
  for (int i = 0; i < kSteps; ++i) {
    step[i] = {};
    if (begin + i < end) read_step<kBits, kSub>(step[i], w, ahead, 2 * (begin + i) + half < w.chunks, i == 0, q, p);
    ahead.next(w);
  }
  wait_for_previous();

  const int32_t split_row = (w.chunks + 3) / 4 * 4 * kSplitBytes, terms_row = split_row / kSplitBytes * kSplitTerms;
  auto digits = split + (begin * (2 * kSplitBytes) + 8 * lane);
  auto terms =
      as<const float>(split + static_cast<int64_t>(T) * split_row) + ((2 * begin + half) * kSplitTerms + 2 * (p % 2));
  float total[kRows][4];
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r) total[t][r] = 0.0f;
  }
  Terms of[kSub ? 2 : 1];
  SW_UNROLL
  for (int h = 0; h < (kSub ? 2 : 1); ++h) of[h] = {};
  uint2 first = {0, 0}, second = {0, 0};
  for (int at = begin; at < end; at += kSteps) {
    SW_UNROLL
    for (int i = 0; i < kSteps; ++i) {
      if (at + i >= end) break;
      Step<kBits>& now = step[i];
      const int chunk = 2 * (at + i) + half;
      if constexpr (kSub) {
        if (now.fresh) {
          first = now.first;
          second = now.second;
        }
        const uint32_t other = w.sub16 ? shuffle(now.sub_scales, lane ^ 1) : now.sub_scales;
        const uint32_t even = p % 2 == 0 ? now.sub_scales : other, odd = p % 2 == 0 ? other : now.sub_scales;
        of[0] = make_sub_terms(w, first, second, even, now.sub_minimums);
        if (w.sub16) of[1] = make_sub_terms(w, first, second, odd, 0);
        if (set.tuned && chunk < w.chunks) {
          const DeviceQuant tuned = tuned_part(set, all_strips);
          of[0] = tuned_terms<kBits>(tuned, first, second, even, now.sub_minimums, n, chunk / per_record);
          if (w.sub16) of[1] = tuned_terms<kBits>(tuned, first, second, odd, 0, n, chunk / per_record);
        }
      } else if (now.fresh) {
        of[0] = make_terms<kBits>(w, now.first, now.second);
        if (set.tuned)
          of[0] = tuned_terms<kBits>(tuned_part(set, all_strips), now.first, now.second, 0, 0, n, chunk / per_record);
      }
      uint32_t codes[2][4];
      SW_UNROLL
      for (int r = 0; r < 4; ++r) two_quads<kBits>(now.words, r, p, codes[r / 2][r % 2], codes[r / 2][r % 2 + 2]);
      SW_UNROLL
      for (int t = 0; t < kRows; ++t) {
        if (t >= T) break;
        const StepInputs x =
            read_inputs(digits + t * split_row, terms + t * terms_row, i, kSub && w.sub16 ? T * terms_row : 0);
        SW_UNROLL
        for (int h = 0; h < (kSub ? 2 : 1); ++h) {
          if (h == 1 && !w.sub16) break;
          uint32_t right[2] = {x.digits.x, x.digits.y};
          if constexpr (kSub) {
            // Lanes of p / 2 have the inputs of one sub-block of 16.
            if (w.sub16 && p / 2 != h) right[0] = right[1] = 0;
          }
          const float sum = !kSub || !w.sub16 ? x.terms.y : h == 0 ? x.terms.z : x.terms.w;
          SW_UNROLL
          for (int two = 0; two < 2; ++two) {
            int32_t product[4] = {0, 0, 0, 0};
            mma_s8(product, codes[two], right);
            SW_UNROLL
            for (int r = 0; r < 2; ++r) {
              const float whole = static_cast<float>(product[2 * r] * 256 + product[2 * r + 1]) * x.terms.x;
              float& sum_of = total[t][2 * two + r];
              sum_of = fmaf(of[h].scale[2 * two + r], whole, sum_of);
              sum_of = fmaf(of[h].shift[2 * two + r], sum, sum_of);
            }
          }
        }
      }
      if (at + i + kSteps < end) read_step<kBits, kSub>(now, w, ahead, chunk + 2 * kSteps < w.chunks, false, q, p);
      ahead.next(w);
    }
    digits += kSteps * (2 * kSplitBytes);
    terms += kSteps * (2 * kSplitTerms);
  }
  SW_UNROLL
  for (int t = 0; t < kRows; ++t) {
    SW_UNROLL
    for (int r = 0; r < 4; ++r) {
      float v = p / 2 == half ? total[t][r] : 0.0f;
      v += shuffle_xor(v, 1);
      v += shuffle_xor(v, 2);
      v += shuffle_xor(v, 16);
      if (half == 0 && p == 0) st(sums, (warp * kRows + t) * kStripRows + 4 * q + r, v);
    }
  }
  sync_block();
  for (int i = thread; i < kRows * kStripRows; i += threads) {
    const int t = i / kStripRows;
    const int32_t row = strip * kStripRows + i % kStripRows;
    if (t >= T || row >= part.rows) continue;
    float sum = 0.0f;
    for (int other = 0; other < warps; ++other) sum += ld(sums, other * kRows * kStripRows + i);
    sum *= scale.of(scale.some_of(t, 0, 1));
    if (part.bias) sum += ld(part.bias, row);
    if (add) sum += ld(part.y, t * ldy + row);
    st(part.y, t * ldy + row, sum);
  }
}

template <int kBits, bool kSub>
void launch(void* stream, const GemvSet& set, const void* split, const RowScale& scale, int64_t T, int64_t ldy,
            bool add) {
  // A few steps a warp at the least. Blocks cost more than steps: no more warps than keep a large card busy.
  const int strips = set.parts.strips, steps = (set.w.chunks + 1) / 2, wanted = (steps + 3) / 4;
  const int busy = (kBusyWarps + strips / 2) / strips, most = busy < 1 ? 1 : busy < kMostWarps ? busy : kMostWarps;
  const int warps = wanted < most ? wanted : most;
  const dim3 grid(static_cast<unsigned>(strips)), block(static_cast<unsigned>(kWarp * warps));
  const auto* digits = static_cast<const uint8_t*>(split);
  const int rows = static_cast<int>(T);
  SW_LAUNCH_EARLY((gemv_kernel<kBits, kSub>), grid, block, stream, set, digits, scale, rows, ldy, add);
}

template <int kBits>
void launch_bits(void* stream, const GemvSet& set, const void* split, const RowScale& scale, int64_t T, int64_t ldy,
                 bool add) {
  if constexpr (kBits != 8) {
    const bool sub_blocks = set.w.kind == BlockKind::KMin || set.w.kind == BlockKind::KScale;
    if (sub_blocks) return launch<kBits, true>(stream, set, split, scale, T, ldy, add);
  }
  launch<kBits, false>(stream, set, split, scale, T, ldy, add);
}

bool same_but_rows(const QuantView& a, const QuantView& b) {
  QuantLayout like = b.layout;
  like.rows = a.layout.rows;
  return a.layout == like;
}

}  // namespace

void gemv(void* stream, const void* split, int64_t T, std::span<const GemvMatrix> matrices, int64_t ldy, bool add,
          int processors, float norm_epsilon) {
  for (size_t next = 0; next < matrices.size();) {
    const QuantView& w = matrices[next].w;
    GemvSet set{};
    set.w = to_device(w);
    int32_t strips = 0;
    for (int i = 0; i < kMostParts; ++i) {
      if (next < matrices.size() && same_but_rows(w, matrices[next].w)) {
        const GemvMatrix& m = matrices[next++];
        GemvPart& part = set.parts.part[i];
        const int32_t first = strips;
        strips += static_cast<int32_t>(m.w.layout.strips());
        part = {
            m.w.records, m.w.scale, m.w.scale_min, m.w.row_scale, m.bias, m.y, static_cast<int32_t>(m.w.layout.rows),
            first,       strips};
        set.tuned = set.tuned || m.w.scale || m.w.row_scale;
      }
      set.parts.part[i].end = strips;
    }
    set.parts.strips = strips;
    const int64_t K = w.layout.cols;
    RowScale scale{};
    if (norm_epsilon >= 0.0f)
      scale = {reinterpret_cast<const float*>(static_cast<const uint8_t*>(split) + squares_at(T, K)),
               static_cast<int>(square_sums(K)), 1.0f / static_cast<float>(K), norm_epsilon};
    if (T == 1 && !set.tuned && gemv_row_takes(w.layout)) {
      gemv_row(stream, split, w.layout, set.parts, scale, add, processors);
      continue;
    }
    switch (w.layout.bits) {
      case 2:
        launch_bits<2>(stream, set, split, scale, T, ldy, add);
        break;
      case 3:
        launch_bits<3>(stream, set, split, scale, T, ldy, add);
        break;
      case 4:
        launch_bits<4>(stream, set, split, scale, T, ldy, add);
        break;
      case 5:
        launch_bits<5>(stream, set, split, scale, T, ldy, add);
        break;
      case 6:
        launch_bits<6>(stream, set, split, scale, T, ldy, add);
        break;
      default:
        launch_bits<8>(stream, set, split, scale, T, ldy, add);
        break;
    }
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
