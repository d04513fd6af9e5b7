#pragma once
// Reading the records of quant_layout.h on a card: codes by quads of inputs, and what a header says of a row.

#include <type_traits>

#include "kernels/common/quant_layout.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

// A QuantView with its strides worked out, as kernels take it.
struct DeviceQuant {
  Global<const uint8_t> records;
  Global<const float> scale, scale_min, row_scale;
  int64_t rows, cols, groups;
  int64_t strip_bytes, record_bytes;
  int32_t header_bytes, chunks, chunks_per_record, subs_per_record;
  int32_t bits, offset, sub16;  // sub16: two sub-blocks a chunk
  BlockKind kind;
};

inline DeviceQuant to_device(const QuantView& w) {
  const QuantLayout& l = w.layout;
  DeviceQuant d;
  d.records = w.records;
  d.scale = w.scale;
  d.scale_min = w.scale_min;
  d.row_scale = w.row_scale;
  d.rows = l.rows;
  d.cols = l.cols;
  d.groups = l.groups();
  d.strip_bytes = l.strip_bytes();
  d.record_bytes = l.record_bytes();
  d.header_bytes = static_cast<int32_t>(l.header_bytes());
  d.chunks = static_cast<int32_t>(l.chunks());
  d.chunks_per_record = static_cast<int32_t>(l.chunks_per_record());
  d.subs_per_record = static_cast<int32_t>(l.block / l.sub);
  d.bits = l.bits;
  d.offset = l.offset;
  d.sub16 = l.sub == 16 && l.block == 256;
  d.kind = l.kind;
  return d;
}

// Four codes, a byte each, of quad i of a chunk, from the words of one row: word(l) is that of line l.
template <class Word>
SW_DEVICE uint32_t quad_codes(int bits, int i, Word word) {
  switch (bits) {
    case 2:
      return word(i / 4) >> (2 * (i % 4)) & 0x03030303u;
    case 3: {
      if (i < 6) return word(i / 2) >> (3 * (i % 2)) & 0x07070707u;
      const uint32_t middle = word(1) >> 6 & 0x03030303u;
      if (i == 6) return (word(0) >> 6 & 0x03030303u) | (middle & 0x01010101u) << 2;
      return (middle >> 1 & 0x01010101u) | (word(2) >> 6 & 0x03030303u) << 1;
    }
    case 8:
      return word(i);
    default:
      break;
  }
  uint32_t codes = word(i / 2) >> (4 * (i % 2)) & 0x0f0f0f0fu;
  if (bits == 5) codes |= (word(4) >> i & 0x01010101u) << 4;
  if (bits == 6) codes |= (word(4 + i / 4) >> (2 * (i % 4)) & 0x03030303u) << 4;
  return codes;
}
SW_DEVICE float code_of(uint32_t codes, int c) { return static_cast<float>(codes >> (8 * c) & 255u); }

// W = scale * (q - zero) - shift for a row in one sub-block: the integer part of the offset is taken from the code, where
// it is exact.
struct Scales {
  float scale, zero, shift;
};

// What a header holds of a row: d or s; m, z or dmin as it is stored; sub-scale and sub-minimum as they are stored.
struct RowHeader {
  uint32_t first, second, sub_scale, sub_minimum;
};

SW_DEVICE float half_at(Global<const uint8_t> header, int64_t byte) {
  return half_to_float(ld(as<const uint16_t>(header), byte / 2));
}

// Row n in record `group`, masters and row scale applied. Rows beyond N give zeros.
SW_DEVICE Scales make_scales(const DeviceQuant& w, const RowHeader& h, int64_t n, int64_t group) {
  if (n >= w.rows) return {0.0f, 0.0f, 0.0f};
  const float stored = half_to_float(h.first);
  const float d = w.scale ? ld(w.scale, n * w.groups + group) : stored;
  Scales s{d, static_cast<float>(w.offset), 0.0f};
  switch (w.kind) {
    case BlockKind::Offset:
      break;
    case BlockKind::Min: {
      const float m = half_to_float(h.second);
      s.zero = 0.0f;
      s.shift = -(w.scale && stored != 0.0f ? m * (d / stored) : m);
      break;
    }
    case BlockKind::Affine:
      s.zero = static_cast<float>(static_cast<int16_t>(h.second));
      break;
    case BlockKind::KMin: {
      const float minimum = w.scale_min ? ld(w.scale_min, n * w.groups + group) : half_to_float(h.second);
      s.zero = 0.0f;
      s.scale = d * static_cast<float>(w.sub16 ? h.sub_scale & 15u : h.sub_scale);
      s.shift = minimum * static_cast<float>(w.sub16 ? h.sub_scale >> 4 : h.sub_minimum);
      break;
    }
    case BlockKind::KScale:
      s.scale = d * static_cast<float>(static_cast<int8_t>(h.sub_scale));
      break;
  }
  if (w.row_scale) {
    const float factor = ld(w.row_scale, n);
    s.scale *= factor;
    s.shift *= factor;
  }
  return s;
}

SW_DEVICE bool has_second(BlockKind kind) { return kind != BlockKind::Offset && kind != BlockKind::KScale; }
SW_DEVICE bool has_sub_blocks(BlockKind kind) { return kind == BlockKind::KMin || kind == BlockKind::KScale; }

// Row n in sub-block `index` of the record whose header this is.
SW_DEVICE Scales read_scales(const DeviceQuant& w, Global<const uint8_t> header, int64_t n, int64_t group, int index) {
  const int row = static_cast<int>(n % kStripRows);
  const auto halves = as<const uint16_t>(header);
  RowHeader h{ld(halves, row), 0, 0, 0};
  if (has_second(w.kind)) h.second = ld(halves, 16 + row);
  if (has_sub_blocks(w.kind)) h.sub_scale = ld(header, 64 + index * kStripRows + row);
  if (w.kind == BlockKind::KMin && !w.sub16) h.sub_minimum = ld(header, 192 + index * kStripRows + row);
  return make_scales(w, h, n, group);
}

// Of the sub-block that quad `quad` of chunk `within` of a record lies in.
SW_DEVICE int sub_index(const DeviceQuant& w, int within, int quad) {
  return w.subs_per_record == 1 ? 0 : w.sub16 ? 2 * within + quad / 4 : within;
}

// Where record `group` of strip `strip` begins, bytes from `records`.
SW_DEVICE int64_t record_at(const DeviceQuant& w, int64_t strip, int64_t group) {
  return strip * w.strip_bytes + group * w.record_bytes;
}

// use(bits as a constant).
template <class Use>
void with_bits(int bits, const Use& use) {
  switch (bits) {
    case 2:
      return use(std::integral_constant<int, 2>());
    case 3:
      return use(std::integral_constant<int, 3>());
    case 4:
      return use(std::integral_constant<int, 4>());
    case 5:
      return use(std::integral_constant<int, 5>());
    case 6:
      return use(std::integral_constant<int, 6>());
    default:
      return use(std::integral_constant<int, 8>());
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
