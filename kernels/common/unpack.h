#pragma once
// Reading codes out of the records of quant_layout.h: where a chunk lies, its codes as bytes, and f32 panels for
// products.

#include <cstdint>

#include "kernels/common/quant_layout.h"

namespace scalewright::kernels {

// Start of a record's header: record `group` of strip `strip`.
inline const uint8_t* record_header(const QuantLayout& layout, const uint8_t* records, int64_t strip, int64_t group) {
  return records + strip * layout.strip_bytes() + group * layout.record_bytes();
}
inline uint8_t* record_header(const QuantLayout& layout, uint8_t* records, int64_t strip, int64_t group) {
  return records + strip * layout.strip_bytes() + group * layout.record_bytes();
}
// The code lines of chunk `chunk` (inputs 32 * chunk ..) of a strip: layout.lines() * 64 bytes.
inline const uint8_t* chunk_lines(const QuantLayout& layout, const uint8_t* records, int64_t strip, int64_t chunk) {
  const int64_t per_record = layout.chunks_per_record();
  return record_header(layout, records, strip, chunk / per_record) + layout.header_bytes() +
         chunk % per_record * layout.lines() * 64;
}

// One chunk to and from plain bytes, codes [32 inputs][16 rows].
void unpack_chunk(const uint8_t* lines, int bits, uint8_t* codes);
void pack_chunk(const uint8_t* codes, int bits, uint8_t* lines);
// pack_strip of quant_layout.h, the same bytes; needs AVX2.
void pack_strip_avx2(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip);

// Panels of `chunks` chunks from chunk0 on, f32 [chunks * 32][16 rows]; inputs beyond K give 0.
// unpack_panel: W = a * q - c. a, c [.][16] are those of strip_scales, counted from the sub-block that holds input
// 32 * chunk0 (number 32 * chunk0 / sub).
// unpack_codes: q itself.
// Those ending in _avx2 give the same numbers up to the rounding of one FMA and need AVX2, FMA and F16C; _avx512 gives
// the bits of _avx2.
void unpack_panel(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a, const float* c,
                  float* panel);
void unpack_panel_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                       const float* c, float* panel);
void unpack_panel_avx512(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a,
                         const float* c, float* panel);
// strip_scales of quant_layout.h, the same bits.
void strip_scales_avx2(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c);
void unpack_codes(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel);
void unpack_codes_avx2(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel);

}  // namespace scalewright::kernels
