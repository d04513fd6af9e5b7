#include "kernels/common/unpack.h"

#include <cstring>

namespace scalewright::kernels {
namespace {

constexpr int kLine = 64;  // bytes: 16 rows x 4 inputs
constexpr int kQuads = 8;  // quads of inputs a chunk

// The eight codes that share byte `at` (= 4 * row + input % 4) of a chunk's lines, one a quad.
inline void split_byte(const uint8_t* lines, int bits, int at, uint8_t (&quad)[kQuads]) {
  const uint8_t* p = lines + at;
  switch (bits) {
    case 2:
      for (int i = 0; i < kQuads; ++i) quad[i] = p[i / 4 * kLine] >> (2 * (i % 4)) & 3;
      return;
    case 3: {
      for (int i = 0; i < 6; ++i) quad[i] = p[i / 2 * kLine] >> (3 * (i % 2)) & 7;
      const int extra = p[0] >> 6 | p[kLine] >> 6 << 2 | p[2 * kLine] >> 6 << 4;
      quad[6] = static_cast<uint8_t>(extra & 7);
      quad[7] = static_cast<uint8_t>(extra >> 3);
      return;
    }
    case 8:
      for (int i = 0; i < kQuads; ++i) quad[i] = p[i * kLine];
      return;
    default:
      break;
  }
  for (int i = 0; i < kQuads; ++i) {
    int code = p[i / 2 * kLine] >> (4 * (i % 2)) & 15;
    if (bits == 5) code |= (p[4 * kLine] >> i & 1) << 4;
    if (bits == 6) code |= (p[(4 + i / 4) * kLine] >> (2 * (i % 4)) & 3) << 4;
    quad[i] = static_cast<uint8_t>(code);
  }
}

inline void join_byte(const uint8_t (&quad)[kQuads], int bits, int at, uint8_t* lines) {
  uint8_t* p = lines + at;
  switch (bits) {
    case 2:
      for (int v = 0; v < 2; ++v) {
        const uint8_t* q = quad + 4 * v;
        p[v * kLine] = static_cast<uint8_t>(q[0] | q[1] << 2 | q[2] << 4 | q[3] << 6);
      }
      return;
    case 3: {
      const int extra = quad[6] | quad[7] << 3;
      for (int v = 0; v < 3; ++v) {
        p[v * kLine] = static_cast<uint8_t>(quad[2 * v] | quad[2 * v + 1] << 3 | (extra >> (2 * v) & 3) << 6);
      }
      return;
    }
    case 8:
      for (int i = 0; i < kQuads; ++i) p[i * kLine] = quad[i];
      return;
    default:
      break;
  }
  for (int v = 0; v < 4; ++v) {
    p[v * kLine] = static_cast<uint8_t>((quad[2 * v] & 15) | (quad[2 * v + 1] & 15) << 4);
  }
  if (bits == 5) {
    int top = 0;
    for (int i = 0; i < kQuads; ++i) top |= quad[i] >> 4 << i;
    p[4 * kLine] = static_cast<uint8_t>(top);
  }
  if (bits == 6) {
    for (int h = 0; h < 2; ++h) {
      int top = 0;
      for (int i = 0; i < 4; ++i) top |= quad[4 * h + i] >> 4 << (2 * i);
      p[(4 + h) * kLine] = static_cast<uint8_t>(top);
    }
  }
}

}  // namespace

void unpack_chunk(const uint8_t* lines, int bits, uint8_t* codes) {
  for (int row = 0; row < kStripRows; ++row) {
    for (int c = 0; c < 4; ++c) {
      uint8_t quad[kQuads];
      split_byte(lines, bits, 4 * row + c, quad);
      for (int i = 0; i < kQuads; ++i) codes[(4 * i + c) * kStripRows + row] = quad[i];
    }
  }
}

void pack_chunk(const uint8_t* codes, int bits, uint8_t* lines) {
  for (int row = 0; row < kStripRows; ++row) {
    for (int c = 0; c < 4; ++c) {
      uint8_t quad[kQuads];
      for (int i = 0; i < kQuads; ++i) quad[i] = codes[(4 * i + c) * kStripRows + row];
      join_byte(quad, bits, 4 * row + c, lines);
    }
  }
}

void unpack_panel(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, const float* a, const float* c,
                  float* panel) {
  const QuantLayout& layout = w.layout;
  const int64_t first_sub = chunk0 * kChunk / layout.sub;
  uint8_t codes[kChunk * kStripRows];
  for (int64_t chunk = chunk0; chunk < chunk0 + chunks; ++chunk, panel += kChunk * kStripRows) {
    unpack_chunk(chunk_lines(layout, w.records, strip, chunk), layout.bits, codes);
    for (int64_t i = 0; i < kChunk; ++i) {
      const int64_t k = chunk * kChunk + i;
      float* out = panel + i * kStripRows;
      if (k >= layout.cols) {
        std::memset(out, 0, kStripRows * sizeof(float));
        continue;
      }
      const int64_t at = (k / layout.sub - first_sub) * kStripRows;
      for (int row = 0; row < kStripRows; ++row) {
        out[row] = a[at + row] * static_cast<float>(codes[i * kStripRows + row]) - c[at + row];
      }
    }
  }
}

void unpack_codes(const QuantView& w, int64_t strip, int64_t chunk0, int64_t chunks, float* panel) {
  uint8_t codes[kChunk * kStripRows];
  for (int64_t chunk = chunk0; chunk < chunk0 + chunks; ++chunk, panel += kChunk * kStripRows) {
    unpack_chunk(chunk_lines(w.layout, w.records, strip, chunk), w.layout.bits, codes);
    const int64_t left = w.layout.cols - chunk * kChunk;
    const int64_t inputs = left < kChunk ? left : kChunk;
    for (int64_t i = 0; i < inputs * kStripRows; ++i) panel[i] = static_cast<float>(codes[i]);
    for (int64_t i = inputs * kStripRows; i < kChunk * kStripRows; ++i) panel[i] = 0.0f;
  }
}

}  // namespace scalewright::kernels
