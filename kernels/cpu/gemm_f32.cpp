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
constexpr int64_t kOutputBlock = 512;  // rows of W in a panel of the input gradient

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
  int64_t depth;
};

}  // namespace

size_t gemm_thread_bytes() {
  // A panel for one product or two for another; by_input may write 31 rows more than asked for.
  return static_cast<size_t>(WeightPanels::kScratchFloats + 2 * (std::max(kPanelInputs, kOutputBlock) + kChunk) * 16) *
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
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0), units = (N + tiling.cols - 1) / tiling.cols;
    for_cells(*context.pool, units, tiling.tiles_of(rows), [&](int thread, int64_t unit, int64_t first, int64_t last) {
      float* panel = context.scratch(thread);
      WeightPanels panels(w, context.isa, panel + tiling.strips * next);
      const int64_t n = unit * tiling.cols, begin = t0 + first * tiling.rows,
                    end = std::min(t0 + rows, t0 + last * tiling.rows);
      const int cols = tiling.cols_from(n, N);
      if (bias)
        for (int64_t t = begin; t < end; ++t) std::copy_n(bias + n, cols, y + t * ldy + n);
      for (int64_t k0 = 0; k0 < K; k0 += tiling.depth) {
        const int64_t count = std::min(tiling.depth, K - k0);
        for (int64_t s = 0; s * kStripRows < cols; ++s)
          panels.by_input(n / kStripRows + s, k0, count, panel + s * next);
        for (int64_t t = begin; t < end; t += tiling.rows)
          kernels.wide_rows(tiling.rows_from(t, end), cols, x + t * ldx + k0, ldx, panel, kStripRows, next, count,
                            y + t * ldy + n, ldy, bias || k0 > 0);
      }
    });
  }
}

void linear_dx_f32(const CpuContext& context, const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx,
                   int64_t lddx, bool accumulate) {
  const int64_t N = w.rows(), K = w.cols(), chunks = (K + kChunk - 1) / kChunk;
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const Tiling tiling(kernels);
  const int64_t depth = kOutputBlock / tiling.strips, next = (depth + kChunk) * kStripRows;
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0);
    for_cells(
        *context.pool, chunks, tiling.tiles_of(rows), [&](int thread, int64_t chunk, int64_t first, int64_t last) {
          float* panel = context.scratch(thread);  // inputs 0 .. 15 of the chunk, then 16 .. 31
          WeightPanels panels(w, context.isa, panel + 2 * next);
          const int64_t begin = t0 + first * tiling.rows, end = std::min(t0 + rows, t0 + last * tiling.rows);
          const int64_t k_end = std::min(K, (chunk + 1) * kChunk);
          for (int64_t n0 = 0; n0 < N; n0 += depth) {
            const int64_t count = std::min(depth, N - n0);
            for (int64_t n = 0; n < count; n += kStripRows)
              panels.by_output((n0 + n) / kStripRows, chunk, panel + n * 16, panel + next + n * 16);
            for (int64_t k = chunk * kChunk; k < k_end; k += tiling.cols) {
              const float* columns = panel + (k - chunk * kChunk) / kStripRows * next;
              for (int64_t t = begin; t < end; t += tiling.rows)
                kernels.wide_rows(tiling.rows_from(t, end), tiling.cols_from(k, k_end), dy + t * lddy + n0, lddy,
                                  columns, kStripRows, next, count, dx + t * lddx + k, lddx, accumulate || n0 > 0);
            }
          }
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
    strip_scales(view, 0, within, subs, a_, c_);
    if (w_.layout.kind != BlockKind::Min) return;
    float zero_a[48], zero_c[48];
    view.scale = kZeros;
    strip_scales(view, 0, within, subs, zero_a, zero_c);
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

constexpr int64_t kScaleRows = 48;  // rows of W at a time: 3 strips, 8 tiles of 6 or 4 of 12

}  // namespace

void linear_dscale_f32(const CpuContext& context, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T,
                       const QuantView& w, float* dscale, float* dscale_min) {
  const int64_t N = w.layout.rows, K = w.layout.cols, G = w.layout.groups(),
                chunks_per_group = w.layout.chunks_per_record();
  const int64_t row_blocks = (N + kScaleRows - 1) / kScaleRows, slices = (K + 15) / 16;
  const GemmKernels& kernels = gemm_kernels(context.isa);
  const Tiling tiling(kernels);
  const int64_t tiles = tiling.tiles_of(N);
  const int passes = dscale_min && w.layout.has_second_scale() ? 2 : 1;
  for (int64_t t0 = 0; t0 < T; t0 += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, T - t0);
    float* packed_dy = context.shared();                           // [tiles][rows][tile rows]
    float* packed_x = packed_dy + row_blocks * kScaleRows * rows;  // [slices][rows][16]
    context.pool->parallel_ranges(rows, 8, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        const float* from = dy + (t0 + t) * lddy;
        for (int64_t i = 0; i < tiles; ++i) {
          const int64_t have = std::min(tiling.rows, N - i * tiling.rows);
          std::copy_n(from + i * tiling.rows, have, packed_dy + (i * rows + t) * tiling.rows);
        }
        const float* inputs = x + (t0 + t) * ldx;
        for (int64_t s = 0; s < slices; ++s) {
          const int64_t have = std::min<int64_t>(16, K - s * 16);
          float* to = packed_x + (s * rows + t) * 16;
          std::copy_n(inputs + s * 16, have, to);
          std::fill(to + have, to + 16, 0.0f);
        }
      }
    });
    for_cells(*context.pool, row_blocks, G, [&](int thread, int64_t block, int64_t first, int64_t last) {
      float* unit = context.scratch(thread);  // [passes][2 halves][48][16]
      float* scratch = unit + 2 * 2 * kScaleRows * 16;
      alignas(64) float tile[kMostTileRows * kMostTileCols], sums[2][kScaleRows];
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
          for (int64_t slice = chunk * 2; slice < last_slice; slice += tiling.strips)
            for (int64_t n = n0; n < n1; n += tiling.rows) {
              const int count = tiling.rows_from(n, n1), cols = tiling.cols_from(slice * 16, last_slice * 16);
              kernels.wide_columns(count, cols, packed_dy + n / tiling.rows * rows * tiling.rows, tiling.rows,
                                   packed_x + slice * rows * 16, 16, rows * 16, rows, tile, kMostTileCols, false);
              for (int pass = 0; pass < passes; ++pass)
                for (int64_t s = 0; s * 16 < cols; ++s)
                  kernels.tile_dot(count, tile + s * 16, kMostTileCols,
                                   unit + ((pass * 2 + (slice + s) % 2) * kScaleRows + n - n0) * 16,
                                   sums[pass] + n - n0);
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
