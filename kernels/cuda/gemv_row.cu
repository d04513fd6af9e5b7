// The product of one row with quantized matrices; gemv.cu says how codes meet the digits of x on the tensor cores. Here
// blocks stay: each takes one strip after another, and its warps always the same inputs of them. The records come
// through shared memory in units of four chunks, several ahead, across the ends of strips and before the kernel that
// makes x has ended.

#include "kernels/cuda/gemv_way.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kWarps = 8, kResident = 2;  // of a block; blocks a processor
constexpr int kRound = 8;                 // strips whose sums wait for the other warps
constexpr int kSumWords = 2 * kStripRows;
constexpr int kRoomWords = 48 * 1024 / 4 - kRound * kWarps * kSumWords, kMostStages = 4;
// Stages of a warp: units that are in shared memory or on their way there.
template <class F>
constexpr int kStages = kRoomWords / (kWarps * F::kStage) < kMostStages ? kRoomWords / (kWarps * F::kStage)
                                                                        : kMostStages;

// The factors of a lane's four rows in a chunk, and where they come from.
template <class F>
struct Factors {
  uint2 first, second;
  uint32_t sub_scales[F::kSub16 ? 2 : 1], sub_minimums;
};
template <class F>
SW_DEVICE void read_factors(Factors<F>& f, Shared<uint32_t> ring, int headers, int half, int pair, int q,
                            const RowSet& set) {
  using Is = Strides<F>;
  const int at = headers + half * Is::header_half(set) + pair * Is::header_pair(set);
  f.first = ld_u64(ring, at + 2 * q);
  if (F::kKind != BlockKind::Offset && F::kKind != BlockKind::KScale) f.second = ld_u64(ring, at + 8 + 2 * q);
  if constexpr (F::kSub) {
    const int chunk = 2 * pair + half;
    if constexpr (F::kSub16) {
      f.sub_scales[0] = ld(ring, headers + 16 + 8 * chunk + q);
      f.sub_scales[1] = ld(ring, headers + 20 + 8 * chunk + q);
    } else {
      f.sub_scales[0] = ld(ring, headers + 16 + 4 * chunk + q);
      f.sub_minimums = ld(ring, headers + 32 + 4 * chunk + q);
    }
  }
}
template <class F>
SW_DEVICE void make_factors(Terms (&of)[F::kSub16 ? 2 : 1], const Factors<F>& f, const RowSet& set) {
  DeviceQuant w{};
  w.kind = F::kKind;
  w.offset = set.offset;
  w.sub16 = F::kSub16;
  SW_UNROLL
  for (int h = 0; h < (F::kSub16 ? 2 : 1); ++h)
    of[h] = F::kSub ? make_sub_terms(w, f.first, f.second, f.sub_scales[h], f.sub_minimums)
                    : make_terms<F::kBits>(w, f.first, f.second);
}

// What a lane multiplies in a unit: digits, and the terms of their chunks. It is read a unit ahead where there are
// registers for that.
template <class F>
struct Inputs {
  static constexpr bool kAhead = !F::kSub16 || F::kBits != 2;
  uint2 digits[2];
  float2 terms[2], half_sums[2];

  SW_DEVICE void read(Global<const uint8_t> from, Global<const float> terms_from, int32_t to_half_sums, int32_t unit) {
    SW_UNROLL
    for (int i = 0; i < 2; ++i) {
      const int32_t chunk = unit * kUnit + 2 * i;
      digits[i] = ld_u64(from, chunk * kSplitBytes);
      terms[i] = ld2(terms_from, chunk * kSplitTerms);
      if (F::kSub16) half_sums[i] = ld2(terms_from, to_half_sums + chunk * kSplitTerms);
    }
  }
};

// What the product is added to in a row of a strip.
SW_DEVICE float first_of(const GemvParts& parts, int32_t strip, int row_of_strip, bool add) {
  const GemvPart& part = part_of(parts, strip);
  const int32_t row = (strip - part.first) * kStripRows + row_of_strip;
  if (row >= part.rows) return 0.0f;
  const float bias = part.bias ? ld(part.bias, row) : 0.0f;
  return add ? bias + ld(part.y, row) : bias;
}

template <class F>
SW_KERNEL_BLOCKS(kWarp* kWarps, kResident, gemv_row_kernel)
(RowSet set, Global<const uint8_t> split, RowScale scale, bool add) {
  static_assert(kStages<F> >= 2);
  constexpr int kHalves = F::kSub16 ? 2 : 1, kWords = kLoads<F::kBits>;
  using Is = Strides<F>;
  SW_SHARED(uint32_t, ring, kWarps * kStages<F> * F::kStage);
  SW_SHARED(float, sums, kRound* kWarps* kSumWords);
  const int thread = thread_x(), threads = block_dim_x(), warps = threads / kWarp, lane = thread % kWarp,
            warp = thread / kWarp;
  const int half = lane / 16, q = lane / 4 % 4, p = lane % 4;
  const int32_t strips = set.parts.strips, grid = grid_dim_x();
  const int32_t begin = set.units * warp / warps, end = set.units * (warp + 1) / warps;
  const int first_stage = warp * kStages<F> * F::kStage, last_stage = first_stage + (kStages<F> - 1) * F::kStage;

  // Codes of chunks that are not there meet zeros, but have to be numbers.
  if (set.chunks % kUnit != 0) {
    for (int i = first_stage + lane; i < last_stage + F::kStage; i += kWarp) st(ring, i, 0u);
    sync_warp();
  }
  Way<F> way(set, begin, end, lane);
  way.turn();
  SW_UNROLL
  for (int i = 0; i + 1 < kStages<F>; ++i) way.copy(ring, first_stage + i * F::kStage);
  wait_for_previous();

  const float my_squares = scale.some_of(0, lane, kWarp);
  const auto my_digits = split + (begin * (kUnit * kSplitBytes) + 8 * lane);
  const auto my_terms =
      as<const float>(split + set.units * (kUnit * kSplitBytes)) + ((begin * kUnit + half) * kSplitTerms + 2 * (p % 2));
  const int32_t half_sums = set.units * (kUnit * kSplitTerms);
  Inputs<F> next;
  if (next.kAhead) next.read(my_digits, my_terms, half_sums, 0);
  int words_at[kWords];
  SW_UNROLL
  for (int l = 0; l < kWords; ++l) words_at[l] = half * F::kLine + place<F::kBits>(line_of<F::kBits>(l, p), q);
  int here = first_stage, behind = last_stage, slot = 0;
  // At the end of a round each thread has a row of one of its strips; what that row begins with is read ahead.
  const int round = threads / kStripRows < kRound ? threads / kStripRows : kRound, my_slot = thread / kStripRows;
  float first = 0.0f;
  for (int32_t strip = block_x(); strip < strips; strip += grid) {
    float total[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (slot == my_slot) first = first_of(set.parts, strip, thread % kStripRows, add);
    int known = 0;  // units whose record's header was read
    Factors<F> factors[2] = {};
    Terms of[kHalves];
    for (int32_t unit = begin; unit < end; ++unit) {
      open_copies<kStages<F> - 2>();
      sync_warp();
      bool reads = true;
      if (!F::kSub && Is::turns(set)) {
        reads = known == 0;
        if (reads) known = set.record_units - (unit == begin ? way.first_within : 0);
        --known;
      }
      const bool once = F::kSub ? false : Is::header_pair(set) == 0;  // for both pairs of chunks
      uint4 words[2][kWords];
      Inputs<F> x = next;
      if (!x.kAhead) x.read(my_digits, my_terms, half_sums, unit - begin);
      if (x.kAhead) next.read(my_digits, my_terms, half_sums, unit + 1 == end ? 0 : unit + 1 - begin);
      SW_UNROLL
      for (int i = 0; i < 2; ++i) {
        SW_UNROLL
        for (int l = 0; l < kWords; ++l) words[i][l] = ld_u128(ring, here + words_at[l] + 2 * i * F::kLine);
        if (reads && (i == 0 || !once)) read_factors<F>(factors[i], ring, here + kUnit * F::kLine, half, i, q, set);
      }
      way.copy(ring, behind);
      behind = here;
      here = here == last_stage ? first_stage : here + F::kStage;
      SW_UNROLL
      for (int i = 0; i < 2; ++i) {
        if (reads && (i == 0 || !once)) make_factors<F>(of, factors[i], set);
        SW_UNROLL
        for (int two = 0; two < 2; ++two) {
          uint32_t codes[4];
          SW_UNROLL
          for (int r = 0; r < 2; ++r) two_quads<F::kBits>(words[i], 2 * two + r, p, codes[r], codes[r + 2]);
          SW_UNROLL
          for (int h = 0; h < kHalves; ++h) {
            // Lanes of p / 2 have the inputs of one sub-block of 16.
            const bool mine = !F::kSub16 || p / 2 == h;
            const uint32_t right[2] = {mine ? x.digits[i].x : 0u, mine ? x.digits[i].y : 0u};
            const float x_sum = !F::kSub16 ? x.terms[i].y : h == 0 ? x.half_sums[i].x : x.half_sums[i].y;
            int32_t product[4] = {0, 0, 0, 0};
            mma_s8(product, codes, right);
            SW_UNROLL
            for (int r = 0; r < 2; ++r) {
              const auto sum = static_cast<float>(product[2 * r] * 256 + product[2 * r + 1]);
              float& sum_of = total[2 * two + r];
              const Terms& by = of[h];
              if (F::kKind == BlockKind::Offset) {
                sum_of = fmaf(by.scale[2 * two + r], fmaf(sum, x.terms[i].x, set.center * x_sum), sum_of);
              } else {
                sum_of = fmaf(by.scale[2 * two + r], sum * x.terms[i].x, sum_of);
                sum_of = fmaf(by.shift[2 * two + r], x_sum, sum_of);
              }
            }
          }
        }
      }
    }
    SW_UNROLL
    for (int r = 0; r < 4; ++r) total[r] += shuffle_xor(total[r], 1);
    if (p == 2 * half) {
      const float4 four = {total[0], total[1], total[2], total[3]};
      st4(sums, (slot * warps + warp) * kSumWords + half * kStripRows + 4 * q, four);
    }
    if (++slot < round && strip + grid < strips) continue;
    const float row_scale = scale.of(warp_sum(my_squares));
    sync_block();
    if (my_slot < slot) {
      const int32_t done = strip - (slot - 1 - my_slot) * grid;
      const GemvPart& part = part_of(set.parts, done);
      const int32_t row = (done - part.first) * kStripRows + thread % kStripRows;
      if (row < part.rows) {
        float sum = 0.0f;
        for (int other = 0; other < 2 * warps; ++other)
          sum += ld(sums, (my_slot * 2 * warps + other) * kStripRows + thread % kStripRows);
        st(part.y, row, fmaf(sum, row_scale, first));
      }
    }
    slot = 0;
    if (strip + grid < strips) sync_block();
  }
}

template <int kBits, BlockKind kKind, int kRecord = 0>
void launch(void* stream, const RowSet& set, const void* split, const RowScale& scale, bool add, int processors) {
  const int strips = set.parts.strips, wanted = (set.units + 1) / 2, warps = wanted < kWarps ? wanted : kWarps;
  const int most = processors * kResident * (kWarps / warps);
  // As few blocks as end no later, so that all have as much to do.
  const int each = (strips + most - 1) / most;
  const dim3 grid(static_cast<unsigned>((strips + each - 1) / each)), block(static_cast<unsigned>(kWarp * warps));
  SW_LAUNCH_EARLY((gemv_row_kernel<Form<kBits, kKind, kRecord>>), grid, block, stream, set,
                  static_cast<const uint8_t*>(split), scale, add);
}

// record: chunks a record, 0 where a strip has but one.
template <int kBits>
void launch_bits(void* stream, const RowSet& set, const void* split, const RowScale& scale, bool add, int processors,
                 BlockKind kind, int record) {
  using enum BlockKind;
  constexpr bool kNibbles = kBits == 4 || kBits == 5, kOurs = kBits != 5 && kBits != 6;
  if (kind == Affine) {
    if constexpr (kOurs) {
      if (record == 2) return launch<kBits, Affine, 2>(stream, set, split, scale, add, processors);
      if (record == 4) return launch<kBits, Affine, 4>(stream, set, split, scale, add, processors);
    }
    launch<kBits, Affine>(stream, set, split, scale, add, processors);
  } else if (kind == Min) {
    if constexpr (kNibbles)
      if (record == 1) return launch<kBits, Min, 1>(stream, set, split, scale, add, processors);
    launch<kBits, Min>(stream, set, split, scale, add, processors);
  } else if (kind == Offset) {
    if constexpr (kNibbles || kBits == 8)
      if (record == 1) return launch<kBits, Offset, 1>(stream, set, split, scale, add, processors);
    if constexpr (kBits != 3 && kBits != 6) launch<kBits, Offset>(stream, set, split, scale, add, processors);
  } else if (kind == KMin) {
    if constexpr (kNibbles || kBits == 2) launch<kBits, KMin, kSubRecord>(stream, set, split, scale, add, processors);
  } else {
    if constexpr (kBits == 3 || kBits == 6)
      launch<kBits, KScale, kSubRecord>(stream, set, split, scale, add, processors);
  }
}

RowSet make_set(const QuantLayout& layout, const GemvParts& parts) {
  RowSet set{};
  const int record = static_cast<int>(layout.chunks_per_record()), codes = layout.lines() * 64;
  set.parts = parts;
  set.strip_bytes = layout.strip_bytes();
  set.chunks = static_cast<int32_t>(layout.chunks());
  set.units = (set.chunks + kUnit - 1) / kUnit;
  set.offset = layout.offset;
  set.center = (layout.bits == 8 ? kCenter<8> : 0.0f) - static_cast<float>(layout.offset);
  set.record_bytes = static_cast<int32_t>(layout.record_bytes());
  const bool one = record >= set.chunks, some = !one && record < kUnit;  // records a strip, a unit
  set.record_units = one ? set.units : some ? 1 : record / kUnit;
  set.unit_records = some ? kUnit / record : 1;
  set.chunk_bytes = some && record == 1 ? set.record_bytes : codes;
  set.pair_bytes = some ? set.unit_records / 2 * set.record_bytes : 2 * codes;
  set.unit_bytes = some ? set.unit_records * set.record_bytes : set.record_units > 1 ? kUnit * codes : set.record_bytes;
  const int header = static_cast<int>(layout.header_bytes()) / 4;
  set.header_pair = some ? set.unit_records / 2 * header : 0;
  set.header_half = some && record == 1 ? header : 0;
  return set;
}

}  // namespace

bool gemv_row_takes(const QuantLayout& layout) {
  const int64_t record = layout.chunks_per_record(), chunks = layout.chunks();
  if (sub_blocks(layout.kind)) return chunks % kSubRecord == 0;
  if (layout.kind == BlockKind::Offset && (layout.bits == 3 || layout.bits == 6)) return false;
  return record >= chunks || record <= 2 || record % kUnit == 0;
}

void gemv_row(void* stream, const void* split, const QuantLayout& layout, const GemvParts& parts, const RowScale& scale,
              bool add, int processors) {
  const RowSet set = make_set(layout, parts);
  const int record = layout.groups() > 1 ? static_cast<int>(layout.chunks_per_record()) : 0;
  const auto go = [&]<int kBits>() {
    launch_bits<kBits>(stream, set, split, scale, add, processors, layout.kind, record);
  };
  switch (layout.bits) {
    case 2:
      return go.template operator()<2>();
    case 3:
      return go.template operator()<3>();
    case 4:
      return go.template operator()<4>();
    case 5:
      return go.template operator()<5>();
    case 6:
      return go.template operator()<6>();
    default:
      return go.template operator()<8>();
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
