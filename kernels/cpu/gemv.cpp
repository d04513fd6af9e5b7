#include "kernels/cpu/gemv.h"

#include <bit>
#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/cpu/gemv_activations.h"
#include "kernels/cpu/gemv_tasks.h"

namespace scalewright::kernels::cpu {
namespace {

constexpr int64_t kMasterSubs = 64;  // sub-blocks whose a and c are held at once: 8 KB, a piece of a strip

struct Row {
  IntegerRow integers;
  int planes = 1;  // 1 rounded, 3 split
};

size_t row_bytes(int64_t K) {
  const auto chunks = static_cast<size_t>((K + kChunk - 1) / kChunk);
  return (chunks * (3 * kChunk + 4 * sizeof(float)) + 63) / 64 * 64;
}

uint8_t* aligned(void* workspace) {
  return reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(workspace) + 63) / 64 * 64);
}

Row integer_row(Isa isa, bool fast, const float* x, int64_t K, uint8_t* memory) {
  const int64_t chunks = (K + kChunk - 1) / kChunk;
  Row row;
  row.planes = fast ? 1 : 3;
  row.integers.q = reinterpret_cast<int8_t*>(memory);
  row.integers.d = reinterpret_cast<float*>(memory + row.planes * kChunk * chunks);
  row.integers.sum32 = row.integers.d + chunks;
  row.integers.sum16 = row.integers.sum32 + chunks;
  (fast ? round_activations : split_activations)(isa, x, K, row.integers);
  return row;
}

// The fixed part of a task and the sizes of a layout, worked out once a product.
struct Shape {
  explicit Shape(const QuantView& w)
      : layout(w.layout),
        strip_bytes(layout.strip_bytes()),
        record_bytes(layout.record_bytes()),
        groups(layout.groups()),
        chunks(layout.chunks()),
        chunks_per_record(layout.chunks_per_record()),
        subs_per_record(layout.block / layout.sub),
        sub16(layout.sub == 16 && layout.block != 16) {}

  StripTask task(const QuantView& w, int64_t strip, const Row& row, int64_t first_record) const {
    const int64_t chunk = first_record * chunks_per_record;
    StripTask t;
    t.records = w.records + strip * strip_bytes + first_record * record_bytes;
    t.chunks = chunks - chunk;
    t.chunks_per_record = chunks_per_record;
    t.chunks_per_sub = layout.sub == layout.block ? chunks_per_record : layout.sub / kChunk;
    t.header_bytes = layout.header_bytes();
    t.offset = layout.offset;
    t.ahead = kAhead;
    t.q = row.integers.q + chunk * row.planes * kChunk;
    t.d = row.integers.d + chunk;
    t.sum32 = row.integers.sum32 + chunk;
    t.sum16 = row.integers.sum16 + 2 * chunk;
    t.row_bytes = static_cast<int64_t>(row_bytes(layout.cols));
    return t;
  }

  QuantLayout layout;
  int64_t strip_bytes, record_bytes, groups, chunks, chunks_per_record, subs_per_record;
  bool sub16;
};

// Whole records of a strip with their a and c in plain arrays: for masters, and all in plain C++.
template <class Piece>
void for_pieces(const QuantView& w, const Shape& shape, int64_t strip, bool avx2, const Piece& piece) {
  float a[kMasterSubs * kStripRows], c[kMasterSubs * kStripRows];
  const int64_t step = shape.subs_per_record < kMasterSubs ? kMasterSubs / shape.subs_per_record : 1;
  const int64_t all_subs = shape.layout.subs();
  for (int64_t record = 0; record < shape.groups; record += step) {
    const int64_t records = step < shape.groups - record ? step : shape.groups - record;
    const int64_t first = record * shape.subs_per_record, wanted = records * shape.subs_per_record;
    const int64_t count = wanted < all_subs - first ? wanted : all_subs - first;
    if (avx2) {
      strip_scales_avx2(w, strip, first, count, a, c);
    } else {
      strip_scales(w, strip, first, count, a, c);
    }
    piece(record, records, a, c);
  }
}

// Plain C++ inner loop: integer sums of 16 or 32 inputs, then fp32, as the AVX2 loops do.
void scalar_strip(const QuantView& w, const Shape& shape, int64_t strip, const Row& row, float* out) {
  const QuantLayout& layout = shape.layout;
  const IntegerRow& x = row.integers;
  uint8_t codes[kChunk * kStripRows];
  for_pieces(w, shape, strip, false, [&](int64_t record, int64_t records, const float* a, const float* c) {
    const int64_t first_chunk = record * shape.chunks_per_record;
    const int64_t end = first_chunk + records * shape.chunks_per_record;
    const int64_t chunks_end = end < shape.chunks ? end : shape.chunks;
    const int step = shape.sub16 ? 16 : kChunk;  // inputs that surely share (a, c)
    for (int64_t chunk = first_chunk; chunk < chunks_end; ++chunk) {
      unpack_chunk(chunk_lines(layout, w.records, strip, chunk), layout.bits, codes);
      for (int from = 0; from < kChunk; from += step) {
        const int64_t input = (chunk - first_chunk) * kChunk + from;
        // Records follow each other whole within a piece; a record of all K has one sub-block to its end.
        const int64_t sub =
            layout.sub == layout.block ? input / (shape.chunks_per_record * kChunk) : input / layout.sub;
        const float S = shape.sub16 ? x.sum16[2 * chunk + from / 16] : x.sum32[chunk];
        for (int r = 0; r < kStripRows; ++r) {
          int sums[3] = {0, 0, 0};
          for (int plane = 0; plane < row.planes; ++plane) {
            const int8_t* q = x.q + (chunk * row.planes + plane) * kChunk;
            for (int k = from; k < from + step; ++k) sums[plane] += codes[k * kStripRows + r] * q[k];
          }
          const float t = x.d[chunk] * static_cast<float>(sums[0] + 255 * sums[1]) +
                          x.d[chunk] * kTopDigit * static_cast<float>(sums[2]);
          out[r] += a[sub * kStripRows + r] * t - c[sub * kStripRows + r] * S;
        }
      }
    }
  });
}

// The loops for 1 .. kMostWalkRows rows of x; null where plain C++ does it.
struct Kernels {
  StripKernel of[kMostWalkRows] = {};

  // Calls piece(first row, kernel) until all T rows are done, as many at once as there is a loop for.
  template <class Piece>
  void for_rows(int64_t T, const Piece& piece) const {
    for (int64_t t = 0; t < T;) {
      int64_t rows = T - t < kMostWalkRows ? T - t : kMostWalkRows;
      while (rows > 1 && !of[rows - 1]) --rows;
      piece(t, of[rows - 1]);
      t += rows;
    }
  }
};

// rows follow each other in memory.
void kernel_strip(const QuantView& w, const Shape& shape, const Kernels& kernels, int64_t strip, const Row* rows,
                  int64_t T, float* out) {
  kernels.for_rows(T, [&](int64_t t, StripKernel kernel) {
    StripTask task = shape.task(w, strip, rows[t], 0);
    task.out = out + t * kStripRows;
    kernel(task);
  });
}

void kernel_strip_with_masters(const QuantView& w, const Shape& shape, const Kernels& kernels, int64_t strip,
                               const Row* rows, int64_t T, float* out) {
  for_pieces(w, shape, strip, true, [&](int64_t record, int64_t records, const float* a, const float* c) {
    kernels.for_rows(T, [&](int64_t t, StripKernel kernel) {
      StripTask task = shape.task(w, strip, rows[t], record);
      const int64_t chunks = records * shape.chunks_per_record;
      if (chunks < task.chunks) task.chunks = chunks;
      task.a = a;
      task.c = c;
      task.out = out + t * kStripRows;
      kernel(task);
    });
  });
}

// Rows of out [T][16] to y, with the scale of each row and the bias. `scaled`: row_scale is already in them.
void write_strip(const QuantView& w, int64_t strip, const float* out, int64_t T, const float* bias, bool scaled,
                 float* y, int64_t ldy) {
  const int64_t n0 = strip * kStripRows, left = w.layout.rows - n0;
  const int64_t rows = left < kStripRows ? left : kStripRows;
  for (int64_t t = 0; t < T; ++t) {
    for (int64_t r = 0; r < rows; ++r) {
      float value = out[t * kStripRows + r];
      if (!scaled && w.row_scale) value *= w.row_scale[n0 + r];
      y[t * ldy + n0 + r] = bias ? value + bias[n0 + r] : value;
    }
  }
}

constexpr int64_t kMaxRows = 8;

// Strips a piece: at least 16 KB of records, so that taking a piece costs nothing beside reading it, and at most about
// eight pieces a thread.
int64_t piece_of(const ThreadPool& pool, int64_t strips, int64_t strip_bytes) {
  const int64_t shared = strips / (8 * pool.threads()), small = 16384 / strip_bytes;
  const int64_t piece = shared > small ? shared : small;
  return piece > 1 ? piece : 1;
}

// A matrix of a product, its loop, and the number of its first strip and the one behind its last among those of all.
struct Bound {
  Bound(const GemvPart& p, Isa isa, bool fast, int64_t first_strip)
      : w(*p.w), bias(p.bias), y(p.y), shape(w), first(first_strip), end(first_strip + shape.layout.strips()) {
    for (int rows = 1; rows <= kMostWalkRows; ++rows) {
      kernels.of[rows - 1] =
          (fast ? fast_kernel : exact_kernel)(isa, w.layout.kind, w.layout.bits, shape.sub16, w.scale != nullptr, rows);
    }
  }

  void strip_product(int64_t strip, const Row* rows, int64_t T, int64_t row0, int64_t ldy) const {
    alignas(64) float out[kMaxRows * kStripRows];
    std::memset(out, 0, static_cast<size_t>(T * kStripRows) * sizeof(float));
    const bool plain = !kernels.of[0];
    if (plain) {
      for (int64_t t = 0; t < T; ++t) scalar_strip(w, shape, strip, rows[t], out + t * kStripRows);
    } else {
      (w.scale ? kernel_strip_with_masters : kernel_strip)(w, shape, kernels, strip, rows, T, out);
    }
    write_strip(w, strip, out, T, bias, plain || w.scale, y + row0 * ldy, ldy);
  }

  const QuantView& w;
  const float* bias;
  float* y;
  Shape shape;
  int64_t first, end;
  Kernels kernels;
};

// Up to 8 rows, already prepared; they are rows row0 .. of y.
void product(ThreadPool& pool, const Row* rows, int64_t T, int64_t row0, const Bound* parts, int count, int64_t ldy) {
  int64_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes = bytes > parts[i].shape.strip_bytes ? bytes : parts[i].shape.strip_bytes;
  const int64_t strips = parts[count - 1].end;
  pool.parallel_pieces(strips, piece_of(pool, strips, bytes), [&](int64_t begin, int64_t end) {
    const Bound* part = parts;
    for (int64_t strip = begin; strip < end; ++strip) {
      while (strip >= part->end) ++part;
      part->strip_product(strip - part->first, rows, T, row0, ldy);
    }
  });
}

float dense_value(const DenseView& w, int64_t i) {
  if (w.type == DenseType::F32) return static_cast<const float*>(w.data)[i];
  const uint16_t bits = static_cast<const uint16_t*>(w.data)[i];
  return w.type == DenseType::F16 ? half_to_float(bits) : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

}  // namespace

size_t gemv_workspace_bytes(int64_t rows_of_x, int64_t K) {
  const int64_t rows = rows_of_x < kMaxRows ? rows_of_x : kMaxRows;
  return 64 + static_cast<size_t>(rows) * row_bytes(K);
}

namespace {

void any_rows(ThreadPool& pool, bool fast, Isa isa, const float* x, int64_t ldx, int64_t T, const Bound* parts,
              int count, int64_t ldy, void* workspace) {
  const int64_t K = parts[0].shape.layout.cols;
  for (int64_t t0 = 0; t0 < T; t0 += kMaxRows) {
    const int64_t n = T - t0 < kMaxRows ? T - t0 : kMaxRows;
    Row rows[kMaxRows];
    uint8_t* memory = aligned(workspace);
    for (int64_t t = 0; t < n; ++t, memory += row_bytes(K))
      rows[t] = integer_row(isa, fast, x + (t0 + t) * ldx, K, memory);
    product(pool, rows, n, t0, parts, count, ldy);
  }
}

}  // namespace

void gemv_exact(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                const float* bias, float* y, int64_t ldy, void* workspace) {
  const Bound part({&w, bias, y}, isa, false, 0);
  any_rows(pool, false, isa, x, ldx, T, &part, 1, ldy, workspace);
}

void gemv_fast(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const QuantView& w, const float* bias,
               float* y, int64_t ldy, void* workspace) {
  const Bound part({&w, bias, y}, isa, true, 0);
  any_rows(pool, true, isa, x, ldx, T, &part, 1, ldy, workspace);
}

void gemv_set(ThreadPool& pool, Isa isa, bool fast, const float* x, int64_t ldx, int64_t T, const GemvPart* parts,
              int count, int64_t ldy, void* workspace) {
  static_assert(kMostGemvParts == 3);
  const Bound first(parts[0], isa, fast, 0), second(parts[count > 1 ? 1 : 0], isa, fast, first.end),
      third(parts[count > 2 ? 2 : 0], isa, fast, second.end);
  const Bound bound[kMostGemvParts] = {first, second, third};
  any_rows(pool, fast, isa, x, ldx, T, bound, count, ldy, workspace);
}

void gemv_dense(ThreadPool& pool, Isa isa, const float* x, int64_t ldx, int64_t T, const DenseView& w,
                const float* bias, float* y, int64_t ldy) {
  const int64_t N = w.rows, K = w.cols;
  pool.parallel_ranges(N, 16, [&](int64_t begin, int64_t end) {
#if defined(__x86_64__)
    if (isa != Isa::Scalar) {
      const auto dense_rows = isa == Isa::Avx512 ? dense_rows_avx512 : dense_rows_avx2;
      const int64_t row_size = K * (w.type == DenseType::F32 ? 4 : 2);
      for (int64_t n = begin; n < end; n += 4) {
        const int count = static_cast<int>(end - n < 4 ? end - n : 4);
        dense_rows(x, ldx, T, static_cast<const uint8_t*>(w.data) + n * row_size, w.type, K, count, y + n, ldy);
      }
    } else
#endif
    {
      (void)isa;
      for (int64_t n = begin; n < end; ++n) {
        for (int64_t t = 0; t < T; ++t) {
          float sums[8] = {};
          for (int64_t k = 0; k < K; ++k) sums[k % 8] += x[t * ldx + k] * dense_value(w, n * K + k);
          y[t * ldy + n] = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
        }
      }
    }
    if (!bias) return;
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t n = begin; n < end; ++n) y[t * ldy + n] += bias[n];
    }
  });
}

}  // namespace scalewright::kernels::cpu
