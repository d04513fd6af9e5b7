// The record-walking half of the AVX2 and AVX-512 panels; built for any processor.

#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/common/unpack_lines.h"

namespace scalewright::kernels {
namespace {

void clear_tail(const QuantLayout& layout, int64_t chunk0, int64_t chunks, float* panel) {
  const int64_t from = layout.cols - chunk0 * kChunk, to = chunks * kChunk;
  if (from >= to) return;
  std::memset(panel + from * kStripRows, 0, static_cast<size_t>((to - from) * kStripRows) * sizeof(float));
}

}  // namespace

#if defined(__x86_64__)
namespace {

template <class Lines>
void walk_panel(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a, const float* c,
                float* panel, Lines lines) {
  const QuantLayout& layout = w.layout;
  const int64_t per_record = layout.chunks_per_record(), first_sub = chunk0 * kChunk / layout.sub;
  for (int64_t done = 0; done < chunks;) {
    const int64_t chunk = chunk0 + done, within = per_record - chunk % per_record;
    const int64_t count = within < chunks - done ? within : chunks - done;
    // A record of all of K may end within a chunk: its single (a, c) then covers that chunk to its end.
    const bool halves = layout.sub == 16 && layout.block != layout.sub;
    const int64_t sub = halves ? 16 : (layout.sub + kChunk - 1) / kChunk * kChunk;
    const int64_t at = (chunk * kChunk / layout.sub - first_sub) * kStripRows;
    lines(chunk_lines(layout, w.records, strip, chunk), layout.bits, count, sub, chunk * kChunk % layout.sub, a + at,
          c + at, panel + done * kChunk * kStripRows);
    done += count;
  }
  clear_tail(layout, chunk0, chunks, panel);
}

}  // namespace

void unpack_panel_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                       const float* c, float* panel) {
  walk_panel(w, strip, chunk0, chunks, a, c, panel, unpack_lines_scaled_avx2);
}
void unpack_panel_avx512(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                         const float* c, float* panel) {
  walk_panel(w, strip, chunk0, chunks, a, c, panel, unpack_lines_scaled_avx512);
}

void strip_scales_avx2(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c) {
  const QuantLayout& layout = view.layout;
  const int64_t subs_per_record = layout.block / layout.sub, record_bytes = layout.record_bytes(), G = layout.groups();
  const uint8_t* records = view.records + strip * layout.strip_bytes();
  const int64_t n0 = strip * kStripRows, left = layout.rows - n0, rows = left < kStripRows ? left : kStripRows;
  float d[kStripRows] = {}, dmin[kStripRows] = {};
  for (int64_t done = 0; done < count;) {
    const int64_t group = (first + done) / subs_per_record, at = (first + done) % subs_per_record;
    const int64_t within = subs_per_record - at, wanted = within < count - done ? within : count - done;
    if (view.scale) {
      for (int64_t row = 0; row < rows; ++row) d[row] = view.scale[(n0 + row) * G + group];
    }
    if (view.scale_min) {
      for (int64_t row = 0; row < rows; ++row) dmin[row] = view.scale_min[(n0 + row) * G + group];
    }
    record_scales_avx2(records + group * record_bytes, layout.kind, layout.sub == 16, layout.offset, at, wanted,
                       view.scale ? d : nullptr, view.scale_min ? dmin : nullptr, a + done * kStripRows,
                       c + done * kStripRows);
    done += wanted;
  }
  if (!view.row_scale) return;
  float factor[kStripRows] = {};
  for (int64_t row = 0; row < rows; ++row) factor[row] = view.row_scale[n0 + row];
  for (int64_t i = 0; i < count; ++i, a += kStripRows, c += kStripRows) {
    for (int64_t row = 0; row < kStripRows; ++row) {
      a[row] *= factor[row];
      c[row] *= factor[row];
    }
  }
}

void unpack_codes_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel) {
  const int64_t per_record = w.layout.chunks_per_record();
  for (int64_t done = 0; done < chunks;) {
    const int64_t chunk = chunk0 + done, within = per_record - chunk % per_record;
    const int64_t count = within < chunks - done ? within : chunks - done;
    unpack_lines_codes_avx2(chunk_lines(w.layout, w.records, strip, chunk), w.layout.bits, count,
                            panel + done * kChunk * kStripRows);
    done += count;
  }
  clear_tail(w.layout, chunk0, chunks, panel);
}
#else
void strip_scales_avx2(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c) {
  strip_scales(view, strip, first, count, a, c);
}
void unpack_panel_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                       const float* c, float* panel) {
  unpack_panel(w, strip, chunk0, chunks, a, c, panel);
}
void unpack_panel_avx512(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                         const float* c, float* panel) {
  unpack_panel(w, strip, chunk0, chunks, a, c, panel);
}
void unpack_codes_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel) {
  unpack_codes(w, strip, chunk0, chunks, panel);
}
#endif

}  // namespace scalewright::kernels
