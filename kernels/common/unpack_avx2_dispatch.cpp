// The record-walking half of the AVX2 panels; built without AVX2.

#include <cstring>

#include "kernels/common/unpack.h"
#include "kernels/common/unpack_lines_avx2.h"

namespace scalewright::kernels {
namespace {

void clear_tail(const QuantLayout& layout, int64_t chunk0, int64_t chunks, float* panel) {
  const int64_t from = layout.cols - chunk0 * kChunk, to = chunks * kChunk;
  if (from >= to) return;
  std::memset(panel + from * kStripRows, 0, static_cast<size_t>((to - from) * kStripRows) * sizeof(float));
}

}  // namespace

#if defined(__x86_64__)
void unpack_panel_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a, const float* c,
                       float* panel) {
  const QuantLayout& layout = w.layout;
  const int64_t per_record = layout.chunks_per_record(), first_sub = chunk0 * kChunk / layout.sub;
  for (int64_t done = 0; done < chunks;) {
    const int64_t chunk = chunk0 + done, within = per_record - chunk % per_record;
    const int64_t count = within < chunks - done ? within : chunks - done;
    // A record of all of K may end within a chunk: its single (a, c) then covers that chunk to its end.
    const int64_t sub = layout.sub == 16 ? 16 : (layout.sub + kChunk - 1) / kChunk * kChunk;
    const int64_t at = (chunk * kChunk / layout.sub - first_sub) * kStripRows;
    unpack_lines_scaled_avx2(chunk_lines(layout, w.records, strip, chunk), layout.bits, count, sub,
                             chunk * kChunk % layout.sub, a + at, c + at, panel + done * kChunk * kStripRows);
    done += count;
  }
  clear_tail(layout, chunk0, chunks, panel);
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
void unpack_panel_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a, const float* c,
                       float* panel) {
  unpack_panel(w, strip, chunk0, chunks, a, c, panel);
}
void unpack_codes_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel) {
  unpack_codes(w, strip, chunk0, chunks, panel);
}
#endif

}  // namespace scalewright::kernels
