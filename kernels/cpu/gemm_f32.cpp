#include "kernels/cpu/gemm_f32.h"

#include <algorithm>
#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/cpu/row_kernels.h"
#include "kernels/cpu/weight_panels.h"

namespace scalewright::kernels::cpu {
namespace {

// Rows of a product done at a time: their activations stay in the last-level cache while all of W passes by.
constexpr int64_t kRowBlock = 512;
// Panels that are multiplied with a tile of activations before the next tile: they wait in the second cache (32 KB
// each), and what must come from farther, activations in short pieces of distant rows, comes a fourth as often.
constexpr int64_t kPanelsAtOnce = 4;

// The tiles of an instruction set, and how deep a panel of their columns may be: one of 32 KB lies in the first cache
// beside its operands.
struct Tiling {
  explicit Tiling(const GemmKernels& kernels)
      : rows(kernels.tile_rows), cols(kernels.tile_cols), strips(cols / kStripRows), depth(kPanelInputs / strips) {}
  int64_t tiles_of(int64_t count) const { return (count + rows - 1) / rows; }
  int rows_from(int64_t at, int64_t end) const { return static_cast<int>(std::min(rows, end - at)); }
  int cols_from(int64_t at, int64_t end) const { return static_cast<int>(std::min(cols, end - at)); }

  int64_t rows, cols;
  int64_t strips;  // of 16 rows of W, in the columns of a tile
  int64_t depth;   // inputs, or rows of W for the gradient of the input
};

}  // namespace

size_t gemm_thread_bytes() {
  // by_input may write 31 rows more than asked for. For AVX2 the gradient of the input has two panels a chunk.
  return static_cast<size_t>(WeightPanels::kScratchFloats + kPanelsAtOnce * 2 * (kPanelInputs + kChunk) * 16) *
         sizeof(float);
}

size_t gemm_shared_bytes(int64_t T, int64_t N, int64_t K) {
  const int64_t rows = std::min(T, kRowBlock), columns = (N + 47) / 48 * 48 + (K + 15) / 16 * 16;
  return static_cast<size_t>(rows * columns) * sizeof(float);
}

void linear_f32(const CpuContext& context, const float* x, int64_t ldx, int64_t T, const WeightView& w,
                const float* bias, float* y, int64_t ldy) {
  const int64_t N = w.rows(), K = w.cols();
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const Tiling tiling(kernels);
  const int64_t next = (tiling.depth + kChunk) * kStripRows;  // from the panel of a strip to that of the next
  const int64_t panel_floats = tiling.strips * next, wide = kPanelsAtOnce * tiling.cols;
  const auto run = [&](int thread, int64_t n_begin, int64_t n_end, int64_t begin, int64_t end) {
    float* panel = context.scratch(thread);
    WeightPanels panels(w, context.isa, panel + kPanelsAtOnce * panel_floats);
    if (bias)
      for (int64_t t = begin; t < end; ++t) std::copy(bias + n_begin, bias + n_end, y + t * ldy + n_begin);
    for (int64_t n0 = n_begin; n0 < n_end; n0 += wide) {
      const int64_t n1 = std::min(n_end, n0 + wide);
      for (int64_t k0 = 0; k0 < K; k0 += tiling.depth) {
        const int64_t count = std::min(tiling.depth, K - k0);
        for (int64_t n = n0; n < n1; n += kStripRows)
          panels.by_input(n / kStripRows, k0, count, panel + (n - n0) / kStripRows * next);
        for (int64_t t = begin; t < end; t += tiling.rows)
          for (int64_t n = n0; n < n1; n += tiling.cols)
            kernels.wide_rows(tiling.rows_from(t, end), tiling.cols_from(n, n1), x + t * ldx + k0, ldx,
                              panel + (n - n0) / kStripRows * next, kStripRows, next, count, y + t * ldy + n, ldy,
                              bias || k0 > 0);
      }
    }
  };
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0), units = (N + tiling.cols - 1) / tiling.cols;
    for_runs(*context.pool, units, tiling.tiles_of(rows),
             [&](int thread, int64_t unit, int64_t end_unit, int64_t first, int64_t last) {
               run(thread, unit * tiling.cols, std::min(N, end_unit * tiling.cols), t0 + first * tiling.rows,
                   std::min(t0 + rows, t0 + last * tiling.rows));
             });
  }
}

void linear_dx_f32(const CpuContext& context, const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx,
                   int64_t lddx, bool accumulate) {
  const int64_t N = w.rows(), K = w.cols(), chunks = (K + kChunk - 1) / kChunk;
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const Tiling tiling(kernels);
  const int64_t next = (tiling.depth + kChunk) * kStripRows;  // inputs 0 .. 15 of a chunk, then 16 .. 31
  const auto run = [&](int thread, int64_t chunk_begin, int64_t chunk_end, int64_t begin, int64_t end) {
    float* panel = context.scratch(thread);
    WeightPanels panels(w, context.isa, panel + kPanelsAtOnce * 2 * next);
    for (int64_t chunk0 = chunk_begin; chunk0 < chunk_end; chunk0 += kPanelsAtOnce) {
      const int64_t chunk1 = std::min(chunk_end, chunk0 + kPanelsAtOnce), k1 = std::min(K, chunk1 * kChunk);
      for (int64_t n0 = 0; n0 < N; n0 += tiling.depth) {
        const int64_t count = std::min(tiling.depth, N - n0);
        for (int64_t n = 0; n < count; n += kStripRows)
          for (int64_t chunk = chunk0; chunk < chunk1; ++chunk) {
            float* to = panel + (chunk - chunk0) * 2 * next + n * 16;
            panels.by_output((n0 + n) / kStripRows, chunk, to, to + next);
          }
        for (int64_t t = begin; t < end; t += tiling.rows)
          for (int64_t k = chunk0 * kChunk; k < k1; k += tiling.cols)
            kernels.wide_rows(tiling.rows_from(t, end), tiling.cols_from(k, k1), dy + t * lddy + n0, lddy,
                              panel + (k - chunk0 * kChunk) / 16 * next, kStripRows, next, count, dx + t * lddx + k,
                              lddx, accumulate || n0 > 0);
      }
    }
  };
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0);
    for_runs(*context.pool, chunks, tiling.tiles_of(rows),
             [&](int thread, int64_t chunk, int64_t end_chunk, int64_t first, int64_t last) {
               run(thread, chunk, end_chunk, t0 + first * tiling.rows, std::min(t0 + rows, t0 + last * tiling.rows));
             });
  }
}

namespace {

// W at scale one (and, for the second pass of KMin, at minus the minimum one): the factor of every scale's gradient.
class UnitPanels {
 public:
  static constexpr int64_t kScratchFloats = 32 * 16 + 6 * 3 * 16;
  UnitPanels(const QuantView& w, bool second, Isa isa, float* scratch)
      : w_(w),
        second_(second),
        isa_(isa),
        kernels_(gemm_kernels(isa)),
        rows_(scratch),
        a_(scratch + 512),
        c_(a_ + 48) {}

  // Inputs 32 * chunk .. + 31 as two panels [16 rows][16 inputs].
  void by_output(int64_t strip, int64_t chunk, float* low, float* high) {
    const int64_t k0 = chunk * kChunk, count = std::min<int64_t>(kChunk, w_.layout.cols - k0), sub = w_.layout.sub;
    const int64_t first = k0 / sub, subs = (k0 + count - 1) / sub - first + 1;
    unit_scales(strip, first, subs);
    panel_unpacker(isa_)(w_, strip, chunk, 1, a_, c_, rows_);
    kernels_.transpose(rows_, kStripRows, 16, kStripRows, low, 16);
    kernels_.transpose(rows_ + 16 * kStripRows, kStripRows, 16, kStripRows, high, 16);
  }

 private:
  // The slope of (a, c) in the scale: their difference between scale one and scale zero, on one strip with small arrays
  // in place of the masters. Where Min has d0 = 0 its offset does not follow the scale, and the difference sees that
  // too.
  void unit_scales(int64_t strip, int64_t first, int64_t subs) {
    QuantView view = w_;
    const int64_t group = first * w_.layout.sub / w_.layout.block;
    view.records += strip * w_.layout.strip_bytes() + group * w_.layout.record_bytes();
    view.layout.rows = std::min<int64_t>(kStripRows, w_.layout.rows - strip * kStripRows);
    view.layout.cols = std::min(w_.layout.block, w_.layout.cols - group * w_.layout.block);
    if (view.row_scale) view.row_scale += strip * kStripRows;
    static constexpr float kOnes[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static constexpr float kZeros[16] = {};
    const bool two = w_.layout.has_second_scale();
    const int64_t within = first - group * (w_.layout.block / w_.layout.sub);
    view.scale = second_ ? kZeros : kOnes;
    view.scale_min = two ? (second_ ? kOnes : kZeros) : nullptr;
    some_scales(isa_)(view, 0, within, subs, a_, c_);
    if (w_.layout.kind != BlockKind::Min) return;
    float zero_a[48], zero_c[48];
    view.scale = kZeros;
    some_scales(isa_)(view, 0, within, subs, zero_a, zero_c);
    for (int64_t i = 0; i < subs * 16; ++i) {
      a_[i] -= zero_a[i];
      c_[i] -= zero_c[i];
    }
  }

  const QuantView& w_;
  bool second_;
  Isa isa_;
  const GemmKernels& kernels_;
  float *rows_, *a_, *c_;
};

// Columns first .. first + 47 of [rows][ld] to panels [rows][Width] of neighbouring columns, zeros behind `columns`.
template <int Width>
void pack_columns_of(const float* from, int64_t ld, int64_t rows, int64_t first, int64_t columns, float* packed) {
  for (int64_t i = first; i < first + 48 && i < columns; i += Width) {
    const float* in = from + i;
    float* to = packed + i * rows;
    const int64_t have = std::min<int64_t>(Width, columns - i);
    for (int64_t t = 0; t < rows; ++t, in += ld, to += Width) {
      if (have == Width) {
        std::memcpy(to, in, Width * sizeof(float));
      } else {
        std::copy_n(in, have, to);
        std::fill(to + have, to + Width, 0.0f);
      }
    }
  }
}
void pack_columns(int64_t width, const float* from, int64_t ld, int64_t rows, int64_t first, int64_t columns,
                  float* packed) {
  static_assert(48 % kTileRows == 0 && 48 % kMostTileRows == 0);
  if (width == 16) return pack_columns_of<16>(from, ld, rows, first, columns, packed);
  if (width == kMostTileRows) return pack_columns_of<kMostTileRows>(from, ld, rows, first, columns, packed);
  pack_columns_of<kTileRows>(from, ld, rows, first, columns, packed);
}

constexpr int64_t kScaleRows = 48;  // rows of W at a time: 3 strips, 8 tiles of 6 or 4 of 12

}  // namespace

void linear_dscale_f32(const CpuContext& context, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T,
                       const QuantView& w, float* dscale, float* dscale_min) {
  const int64_t N = w.layout.rows, K = w.layout.cols, G = w.layout.groups(),
                chunks_per_group = w.layout.chunks_per_record();
  const int64_t row_blocks = (N + kScaleRows - 1) / kScaleRows, slices = (K + 15) / 16;
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const Tiling tiling(kernels);
  const int passes = dscale_min && w.layout.has_second_scale() ? 2 : 1;
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0);
    float* packed_dy = context.shared();                           // [tiles][rows][tile rows]
    float* packed_x = packed_dy + row_blocks * kScaleRows * rows;  // [slices][rows][16]
    const int64_t column_blocks = (K + kScaleRows - 1) / kScaleRows;
    context.pool->parallel_pieces(row_blocks + column_blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i < row_blocks) {
          pack_columns(tiling.rows, dy + t0 * lddy, lddy, rows, i * kScaleRows, N, packed_dy);
        } else {
          pack_columns(16, x + t0 * ldx, ldx, rows, (i - row_blocks) * kScaleRows, K, packed_x);
        }
      }
    });
    for_cells(*context.pool, row_blocks, G, [&](int thread, int64_t block, int64_t first, int64_t last) {
      float* unit = context.scratch(thread);  // [passes][2 halves][48][16]
      float* scratch = unit + 2 * 2 * kScaleRows * 16;
      alignas(64) float tiles[kScaleRows * kMostTileCols], sums[2][kScaleRows];
      const int64_t n0 = block * kScaleRows, n1 = std::min(N, n0 + kScaleRows);
      for (int64_t group = first; group < last; ++group) {
        std::memset(sums, 0, sizeof sums);
        const int64_t chunk_end = std::min(w.layout.chunks(), (group + 1) * chunks_per_group);
        for (int64_t chunk = group * chunks_per_group; chunk < chunk_end; ++chunk) {
          for (int pass = 0; pass < passes; ++pass) {
            UnitPanels panels(w, pass == 1, context.isa, scratch);
            float* low = unit + pass * 2 * kScaleRows * 16;
            for (int64_t n = n0; n < n1; n += kStripRows)
              panels.by_output(n / kStripRows, chunk, low + (n - n0) * 16, low + (kScaleRows + n - n0) * 16);
          }
          const int64_t last_slice = std::min(slices, chunk * 2 + 2);
          for (int64_t slice = chunk * 2; slice < last_slice; slice += tiling.strips) {
            const int cols = tiling.cols_from(slice * 16, last_slice * 16);
            // A depth of both slices stays in the first cache for all rows.
            for (int64_t t = 0; t < rows; t += tiling.depth)
              for (int64_t n = n0; n < n1; n += tiling.rows)
                kernels.wide_columns(tiling.rows_from(n, n1), cols, packed_dy + n * rows + t * tiling.rows, tiling.rows,
                                     packed_x + (slice * rows + t) * 16, 16, rows * 16,
                                     std::min(tiling.depth, rows - t), tiles + (n - n0) * kMostTileCols, kMostTileCols,
                                     t > 0);
            for (int pass = 0; pass < passes; ++pass)
              kernels.tile_dot(static_cast<int>(n1 - n0), cols, tiles, kMostTileCols,
                               unit + (pass * 2 + slice % 2) * kScaleRows * 16, kScaleRows * 16, sums[pass]);
          }
        }
        for (int64_t n = n0; n < n1; ++n) {
          dscale[n * G + group] += sums[0][n - n0];
          if (passes == 2) dscale_min[n * G + group] += sums[1][n - n0];
        }
      }
    });
  }
}

void linear_drow_f32(const CpuContext& context, const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T,
                     int64_t N, const float* row_scale, float* drow) {
  context.pool->parallel_ranges(N, 64, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n += 64) {
      const int64_t count = std::min<int64_t>(64, end - n);
      float total[64] = {};
      // Sums of 64 tokens are added up, which rounds less than one long sum.
      for (int64_t t0 = 0; t0 < T; t0 += 64) {
        float part[64] = {};
        for (int64_t t = t0; t < std::min(T, t0 + 64); ++t)
          row_kernels(context.isa).multiply_accumulate(dy + t * lddy + n, y + t * ldy + n, count, part);
        for (int64_t i = 0; i < count; ++i) total[i] += part[i];
      }
      for (int64_t i = 0; i < count; ++i) drow[n + i] += total[i] / row_scale[n + i];
    }
  });
}

void embed_f32(const CpuContext& context, const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out,
               int64_t ldo) {
  const int64_t K = w.cols();
  context.pool->parallel_ranges(T, 4, [&](int thread, int64_t begin, int64_t end) {
    float* panel = context.scratch(thread);
    WeightPanels panels(w, context.isa, panel + kPanelInputs * 16);
    for (int64_t t = begin; t < end; ++t) {
      float* row = out + t * ldo;
      if (!w.quantized) {
        dense_to_float(w.dense, ids[t] * K, K, context.isa, row);
        for (int64_t k = 0; k < K; ++k) row[k] *= factor;
        continue;
      }
      for (int64_t k0 = 0; k0 < K; k0 += kPanelInputs) {
        const int64_t count = std::min(kPanelInputs, K - k0);
        panels.by_input(ids[t] / kStripRows, k0, count, panel);
        for (int64_t k = 0; k < count; ++k) row[k0 + k] = panel[k * kStripRows + ids[t] % kStripRows] * factor;
      }
    }
  });
}

}  // namespace scalewright::kernels::cpu
