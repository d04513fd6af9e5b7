#include "kernels/cpu/gemm_int8.h"

#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/cpu/gemm_int8_tile.h"
#include "kernels/cpu/gemv.h"
#include "kernels/cpu/gemv_activations.h"

namespace scalewright::kernels::cpu {
namespace {

constexpr int64_t kBlockChunks = 32;  // 1024 inputs: a panel of 16 KB stays in the first cache

int64_t round_up(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

// Pieces that leave each thread about eight: small enough to even out, large enough to stream.
int64_t piece_of(const ThreadPool& pool, int64_t count) {
  const int64_t piece = count / (8 * pool.threads());
  return piece > 1 ? piece : 1;
}

// Activations of all tokens, in tiles of six, cut from the workspace. Counts of one tile:
struct Packed {
  int8_t* q = nullptr;       // [chunks][8][6][4]; Words [chunks][16][6][2] of 16 bits
  float* d = nullptr;        // [chunks][6]
  int32_t* start = nullptr;  // [chunks][6] or [chunks][2][6]
  float* sums = nullptr;     // [granules][6]
  // One token before it is put into its tile, a set for each of up to T tiles: the first bytes of the tile's rows
  // behind.
  uint8_t* scratch = nullptr;
};

size_t scratch_bytes(int64_t chunks) {
  return static_cast<size_t>(round_up(chunks * (kChunk + 4 * sizeof(float)), 64));
}

const TileKernels& tile_kernels(Isa isa) {
  return isa == Isa::Avx512    ? tile_kernels_avx512()
         : isa == Isa::AvxVnni ? tile_kernels_avxvnni()
                               : tile_kernels_avx2();
}

// How a layout is multiplied.
struct Plan {
  Plan(const QuantView& w, Isa isa) : layout(w.layout), kernels(tile_kernels(isa)) {
    const int middle = 1 << (layout.bits - 1);
    const bool sub16 = layout.sub == 16 && layout.block != 16;
    const bool offset_kind = layout.kind == BlockKind::Offset || layout.kind == BlockKind::KScale;
    const bool narrow = !kernels.wide_sums;
    form = narrow && layout.bits == 8              ? TileForm::Words
           : sub16 || (narrow && layout.bits == 6) ? TileForm::Halves
                                                   : TileForm::Whole;
    // Up to 4 bits any centre fits the 16-bit sums; above only the middle does.
    const bool fits = !narrow || (layout.bits <= 4 && layout.offset >= 0 && layout.offset <= 16);
    centre = offset_kind && fits ? layout.offset : middle;
    with_offsets = !(offset_kind && centre == layout.offset);
    chunks = layout.chunks();
    a_per_chunk = form == TileForm::Halves ? 2 : 1;
    // Inputs that share an offset in the small product; it must divide a block of the panel.
    block_chunks = form == TileForm::Words ? kBlockChunks / 2 : kBlockChunks;
    const int64_t block = block_chunks * kChunk;
    granule = sub16 ? 16 : layout.sub <= block && block % layout.sub == 0 ? layout.sub : kChunk;
    if (kernels.joins_offsets && granule <= 2 * kChunk) granule = kChunk / a_per_chunk;
    joined = kernels.joins_offsets && with_offsets && granule == kChunk / a_per_chunk;
    granules = joined ? chunks * a_per_chunk : (layout.cols + granule - 1) / granule;
  }
  // Bytes of packed activations a token and chunk.
  int64_t q_bytes() const { return form == TileForm::Words ? 2 * kChunk : kChunk; }

  QuantLayout layout;
  const TileKernels& kernels;
  TileForm form;
  int centre;
  bool with_offsets, joined = false;
  int64_t chunks, block_chunks, a_per_chunk, granule, granules;
};

// Sums of x over each granule, from those over 16 inputs.
void pack_sums(const Plan& plan, const float* sum16, int token, float* sums) {
  const int64_t step = plan.granule / 16, count = 2 * plan.chunks;
  for (int64_t g = 0; g < plan.granules; ++g) {
    float sum = 0.0f;
    for (int64_t i = g * step; i < (g + 1) * step && i < count; ++i) sum += sum16[i];
    sums[g * kTileTokens + token] = sum;
  }
}

void pack_tile(const Plan& plan, Isa isa, const float* x, int64_t ldx, int tokens, const Packed& tile) {
  int8_t* q = reinterpret_cast<int8_t*>(tile.scratch);
  float* d = reinterpret_cast<float*>(q + plan.chunks * kChunk);
  float* sum32 = d + plan.chunks;
  float* sum16 = sum32 + plan.chunks;
  for (int t = 0; t < tokens; ++t) {
    round_activations(isa, x + t * ldx, plan.layout.cols, {q, d, sum32, sum16});
    plan.kernels.pack_token(q, d, plan.chunks, plan.form, plan.centre, t, tile.q, tile.d, tile.start);
    if (plan.with_offsets) pack_sums(plan, sum16, t, tile.sums);
  }
}

// Scales of a block of the panel: a [chunks][a_per_chunk][16] and what is left of the offsets, c [granules][16].
void block_scales(const Plan& plan, const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* a,
                  float* c) {
  const QuantLayout& layout = plan.layout;
  float sub_a[2 * kBlockChunks * kStripRows], sub_c[2 * kBlockChunks * kStripRows];
  const int64_t first_input = chunk0 * kChunk, end_input = first_input + chunks * kChunk;
  const int64_t last_input = (end_input < layout.cols ? end_input : layout.cols) - 1;
  const int64_t first = first_input / layout.sub, count = last_input / layout.sub - first + 1;
  strip_scales_avx2(w, strip, first, count, sub_a, sub_c);
  const int64_t step = kChunk / plan.a_per_chunk;
  const auto sub_at = [&](int64_t input) {  // beyond K: any, its activations are zero
    const int64_t sub = input / layout.sub - first;
    return (sub < count ? sub : count - 1) * kStripRows;
  };
  for (int64_t i = 0; i < chunks * plan.a_per_chunk; ++i) {
    std::memcpy(a + i * kStripRows, sub_a + sub_at(first_input + i * step), kStripRows * sizeof(float));
  }
  if (!plan.with_offsets) return;
  const auto centre = static_cast<float>(plan.centre);
  for (int64_t input = first_input; input <= last_input; input += plan.granule, c += kStripRows) {
    const int64_t at = sub_at(input);
    for (int r = 0; r < kStripRows; ++r) c[r] = sub_c[at + r] - centre * sub_a[at + r];
  }
}

// Chunks chunk0 .. of a strip, across its records.
void block_panel(const Plan& plan, const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, uint8_t* panel) {
  const int64_t per_record = plan.layout.chunks_per_record(), bytes = plan.form == TileForm::Words ? 1024 : 512;
  for (int64_t done = 0; done < chunks;) {
    const int64_t chunk = chunk0 + done, within = per_record - chunk % per_record;
    const int64_t count = within < chunks - done ? within : chunks - done;
    plan.kernels.panel(chunk_lines(plan.layout, w.records, strip, chunk), plan.layout.bits, count,
                       panel + done * bytes);
    done += count;
  }
}

struct Output {
  float* y;
  int64_t ldy, rows;
  const float* bias;
};

int64_t rows_of(const Output& y, int64_t strip) {
  const int64_t left = y.rows - strip * kStripRows;
  return left < kStripRows ? left : kStripRows;
}

// What y holds of a tile, or zeros, to the tile's buffer and back.
void gather_out(const Tile& tile, const Output& y, int64_t first, const float* from) {
  for (int s = 0; s < tile.strips; ++s) {
    const auto rows = static_cast<size_t>(rows_of(y, first + s));
    for (int t = 0; t < tile.tokens; ++t) {
      float* row = tile.out + t * tile.token_stride + s * tile.strip_stride;
      if (!tile.accumulate || rows < kStripRows) std::memset(row, 0, kStripRows * sizeof(float));
      if (tile.accumulate) std::memcpy(row, from + t * y.ldy + s * kStripRows, rows * sizeof(float));
    }
  }
}
void scatter_out(const Tile& tile, const Output& y, int64_t first, float* to) {
  for (int s = 0; s < tile.strips; ++s) {
    const auto rows = static_cast<size_t>(rows_of(y, first + s));
    for (int t = 0; t < tile.tokens; ++t)
      std::memcpy(to + t * y.ldy + s * kStripRows, tile.out + t * tile.token_stride + s * tile.strip_stride,
                  rows * sizeof(float));
  }
}

// `strips` strips from strip `first` on against all tiles of tokens.
void multiply_strips(const Plan& plan, const QuantView& w, int64_t first, int strips, const Packed& tiles, int64_t T,
                     const Output& y) {
  constexpr int64_t kPanelBytes = kBlockChunks * 512, kScales = 2 * kBlockChunks * kStripRows;
  alignas(64) uint8_t panel[kMostTileStrips * kPanelBytes];
  alignas(64) float a[kMostTileStrips * kScales], c[kMostTileStrips * kScales];
  const int64_t n0 = first * kStripRows, block = plan.block_chunks;
  const bool whole = n0 + strips * kStripRows <= y.rows;
  for (int64_t chunk0 = 0; chunk0 < plan.chunks; chunk0 += block) {
    const int64_t count = block < plan.chunks - chunk0 ? block : plan.chunks - chunk0;
    for (int s = 0; s < strips; ++s) {
      block_panel(plan, w, first + s, chunk0, count, panel + s * kPanelBytes);
      block_scales(plan, w, first + s, chunk0, count, a + s * kScales, c + s * kScales);
    }
    const int64_t granule0 = chunk0 * kChunk / plan.granule;
    const int64_t wanted = (count * kChunk + plan.granule - 1) / plan.granule;
    const int64_t granules = wanted < plan.granules - granule0 ? wanted : plan.granules - granule0;
    for (int64_t t0 = 0; t0 < T; t0 += kTileTokens) {
      const int64_t unit = t0 / kTileTokens;
      float* to = y.y + t0 * y.ldy + n0;
      Tile tile;
      tile.panel = panel;
      tile.panel_next = kPanelBytes;
      tile.a = a;
      tile.a_next = kScales;
      tile.q = tiles.q + (unit * plan.chunks + chunk0) * plan.q_bytes() * kTileTokens;
      tile.d = tiles.d + (unit * plan.chunks + chunk0) * kTileTokens;
      tile.start = tiles.start + (unit * plan.chunks + chunk0) * plan.a_per_chunk * kTileTokens;
      tile.chunks = count;
      tile.strips = strips;
      tile.tokens = static_cast<int>(T - t0 < kTileTokens ? T - t0 : kTileTokens);
      tile.accumulate = chunk0 > 0;
      const float* sums = tiles.sums + (unit * plan.granules + granule0) * kTileTokens;
      if (plan.joined) {
        tile.sums = sums;
        tile.c = c;
      }
      // Whole strips are summed where they belong, others in a buffer.
      alignas(64) float buffer[kMostTileStrips * kTileTokens * kStripRows];
      const bool in_place = plan.kernels.joins_offsets && whole;
      tile.out = in_place ? to : buffer;
      tile.token_stride = in_place ? y.ldy : kStripRows;
      tile.strip_stride = in_place ? kStripRows : kTileTokens * kStripRows;
      if (!in_place) {
        gather_out(tile, y, first, to);
        tile.accumulate = true;
      }
      if (plan.with_offsets && !plan.joined) {
        plan.kernels.offsets(sums, c, granules, tile);
        tile.accumulate = true;
      }
      plan.kernels.product(plan.form, tile);
      if (!in_place) scatter_out(tile, y, first, to);
      if (chunk0 + count == plan.chunks && y.bias) {
        const int64_t columns = y.rows - n0 < strips * kStripRows ? y.rows - n0 : strips * kStripRows;
        for (int t = 0; t < tile.tokens; ++t)
          for (int64_t n = 0; n < columns; ++n) to[t * y.ldy + n] += y.bias[n0 + n];
      }
    }
  }
}

}  // namespace

size_t gemm_fast_workspace_bytes(int64_t T, int64_t K) {
  const int64_t units = (T + kTileTokens - 1) / kTileTokens, chunks = (K + kChunk - 1) / kChunk;
  // A tile's codes, scales, starts and sums (at most two of the latter a chunk), and its scratch.
  const auto tile = static_cast<size_t>(chunks * kTileTokens * (2 * kChunk + 4 + 8 + 8) + 4 * 64);
  const size_t packed = static_cast<size_t>(units) * (tile + scratch_bytes(chunks)) + 4 * 64;
  const size_t plain = gemv_workspace_bytes(T, K);
  return packed > plain ? packed : plain;
}

void gemm_fast(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias,
               float* y, int64_t ldy, void* workspace) {
#if defined(__x86_64__)
  if (isa != Isa::Scalar && T > 0) {
    const Plan plan(w, isa);
    const int64_t units = (T + kTileTokens - 1) / kTileTokens;
    uint8_t* memory = reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<intptr_t>(workspace), 64));
    const auto take = [&](int64_t bytes) {
      uint8_t* start = memory;
      memory += round_up(bytes, 64);
      return start;
    };
    const int64_t lanes = units * plan.chunks * kTileTokens;
    Packed all;
    all.q = reinterpret_cast<int8_t*>(take(lanes * plan.q_bytes()));
    all.d = reinterpret_cast<float*>(take(lanes * 4));
    all.start = reinterpret_cast<int32_t*>(take(lanes * 4 * plan.a_per_chunk));
    all.sums = reinterpret_cast<float*>(take(units * plan.granules * kTileTokens * 4));
    const auto scratch = static_cast<int64_t>(scratch_bytes(plan.chunks));
    all.scratch = take(units * scratch);
    pool.parallel_pieces(units, piece_of(pool, units), [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        Packed tile = all;
        tile.q += unit * plan.chunks * plan.q_bytes() * kTileTokens;
        tile.d += unit * plan.chunks * kTileTokens;
        tile.start += unit * plan.chunks * plan.a_per_chunk * kTileTokens;
        tile.sums += unit * plan.granules * kTileTokens;
        tile.scratch += unit * scratch;
        const int64_t t0 = unit * kTileTokens;
        pack_tile(plan, isa, x + t0 * ldx, ldx, static_cast<int>(T - t0 < kTileTokens ? T - t0 : kTileTokens), tile);
      }
    });
    const Output output{y, ldy, w.layout.rows, bias};
    const int64_t strips = w.layout.strips(), together = plan.kernels.strips,
                  groups = (strips + together - 1) / together;
    pool.parallel_pieces(groups, piece_of(pool, groups), [&](int64_t begin, int64_t end) {
      for (int64_t strip = begin * together; strip < end * together && strip < strips; strip += together) {
        const int64_t count = together < strips - strip ? together : strips - strip;
        multiply_strips(plan, w, strip, static_cast<int>(count), all, T, output);
      }
    });
    return;
  }
#endif
  gemv_fast(pool, isa, x, ldx, T, w, bias, y, ldy, workspace);
}

}  // namespace scalewright::kernels::cpu
