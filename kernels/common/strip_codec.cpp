// Records to plain arrays and back, and what their headers mean (quant_layout.h). Plain C++: the authority that every
// instruction set is tested against.

#include <bit>
#include <cstring>

#include "kernels/common/pack_lines.h"
#include "kernels/common/quant_layout.h"
#include "kernels/common/unpack.h"

namespace scalewright::kernels {
namespace {

// Where the parts of a header lie, in bytes.
constexpr int64_t kSecond = 32;     // m, z or dmin behind the 16 halves of d or s
constexpr int64_t kSubScales = 64;  // sc [sub][16] of the K kinds
constexpr int64_t kSubMins = 192;   // mn [8][16] of KMin with sub-blocks of 32

uint16_t load16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}
void store16(uint8_t* p, uint16_t value) {
  std::memcpy(p, &value, sizeof value);
}

bool has_sub_blocks(const QuantLayout& layout) {
  return layout.kind == BlockKind::KMin || layout.kind == BlockKind::KScale;
}
bool has_minimum(const QuantLayout& layout) {
  return layout.kind == BlockKind::Min || layout.kind == BlockKind::KMin;
}

struct SubPair {
  int scale = 0, minimum = 0;
};
// Integer scale and minimum of sub-block `index` of a record.
SubPair read_sub(const QuantLayout& layout, const uint8_t* header, int64_t index, int row) {
  const uint8_t byte = header[kSubScales + index * kStripRows + row];
  if (layout.kind == BlockKind::KScale) return {static_cast<int8_t>(byte), 0};
  if (layout.sub == 16) return {byte & 15, byte >> 4};
  return {byte, header[kSubMins + index * kStripRows + row]};
}
void write_sub(const QuantLayout& layout, uint8_t* header, int64_t index, int row, SubPair value) {
  uint8_t& byte = header[kSubScales + index * kStripRows + row];
  if (layout.kind == BlockKind::KMin && layout.sub == 16) {
    byte = static_cast<uint8_t>((value.scale & 15) | (value.minimum & 15) << 4);
    return;
  }
  byte = static_cast<uint8_t>(value.scale);
  if (layout.kind == BlockKind::KMin) {
    header[kSubMins + index * kStripRows + row] = static_cast<uint8_t>(value.minimum);
  }
}

// The offset m of Min after its scale went from `base` to `scale`: both keep their proportion.
float moved_minimum(float minimum, float base, float scale) {
  return base != 0.0f ? minimum * (scale / base) : minimum;
}

// Headers of the strip's records.
void pack_headers(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip) {
  const int64_t G = layout.groups(), subs = layout.subs(), subs_per_record = layout.block / layout.sub;
  for (int64_t group = 0; group < G; ++group) {
    uint8_t* header = record_header(layout, strip, 0, group);
    if (has_sub_blocks(layout)) std::memset(header, 0, static_cast<size_t>(layout.header_bytes()));
    for (int row = 0; row < kStripRows; ++row) {
      const int64_t at = row * G + group;
      store16(header + 2 * row, plain.scale[at]);
      if (has_minimum(layout)) store16(header + kSecond + 2 * row, plain.scale_min[at]);
      if (layout.kind == BlockKind::Affine) {
        store16(header + kSecond + 2 * row, static_cast<uint16_t>(plain.zero[at]));
      }
      if (!has_sub_blocks(layout)) continue;
      for (int64_t i = 0; i < subs_per_record && group * subs_per_record + i < subs; ++i) {
        const int64_t sub = row * subs + group * subs_per_record + i;
        const int minimum = layout.kind == BlockKind::KMin ? plain.sub_min[sub] : 0;
        write_sub(layout, header, i, row, {plain.sub_scale[sub], minimum});
      }
    }
  }
}

void pack_lines(const uint8_t* rows, int64_t stride, int bits, uint8_t* lines) {
  uint8_t codes[kChunk * kStripRows];
  for (int row = 0; row < kStripRows; ++row)
    for (int k = 0; k < kChunk; ++k) codes[k * kStripRows + row] = rows[row * stride + k];
  pack_chunk(codes, bits, lines);
}

template <class PackLines>
void pack_with(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip, PackLines lines) {
  pack_headers(layout, plain, strip);
  for (int64_t chunk = 0; chunk < layout.chunks(); ++chunk) {
    lines(plain.codes + chunk * kChunk, layout.chunks() * kChunk, layout.bits,
          const_cast<uint8_t*>(chunk_lines(layout, strip, 0, chunk)));
  }
}

}  // namespace

void pack_strip(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip) {
  pack_with(layout, plain, strip, pack_lines);
}
#if defined(__x86_64__)
void pack_strip_avx2(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip) {
  pack_with(layout, plain, strip, pack_lines_avx2);
}
#else
void pack_strip_avx2(const QuantLayout& layout, const PlainStrip& plain, uint8_t* strip) {
  pack_strip(layout, plain, strip);
}
#endif

void unpack_strip(const QuantLayout& layout, const uint8_t* strip, const PlainStrip& plain) {
  const int64_t G = layout.groups(), subs = layout.subs(), width = layout.chunks() * kChunk;
  const int64_t subs_per_record = layout.block / layout.sub;
  for (int64_t group = 0; group < G; ++group) {
    const uint8_t* header = record_header(layout, strip, 0, group);
    for (int row = 0; row < kStripRows; ++row) {
      const int64_t at = row * G + group;
      plain.scale[at] = load16(header + 2 * row);
      if (has_minimum(layout)) plain.scale_min[at] = load16(header + kSecond + 2 * row);
      if (layout.kind == BlockKind::Affine) plain.zero[at] = static_cast<int16_t>(load16(header + kSecond + 2 * row));
      if (!has_sub_blocks(layout)) continue;
      for (int64_t i = 0; i < subs_per_record && group * subs_per_record + i < subs; ++i) {
        const int64_t sub = row * subs + group * subs_per_record + i;
        const SubPair pair = read_sub(layout, header, i, row);
        plain.sub_scale[sub] = static_cast<int16_t>(pair.scale);
        if (layout.kind == BlockKind::KMin) plain.sub_min[sub] = static_cast<int16_t>(pair.minimum);
      }
    }
  }
  uint8_t codes[kChunk * kStripRows];
  for (int64_t chunk = 0; chunk < layout.chunks(); ++chunk) {
    unpack_chunk(chunk_lines(layout, strip, 0, chunk), layout.bits, codes);
    for (int row = 0; row < kStripRows; ++row) {
      uint8_t* to = plain.codes + row * width + chunk * kChunk;
      for (int k = 0; k < kChunk; ++k) to[k] = codes[k * kStripRows + row];
    }
  }
}

void strip_scales(const QuantView& view, int64_t strip, float* a, float* c) {
  strip_scales(view, strip, 0, view.layout.subs(), a, c);
}

void strip_scales(const QuantView& view, int64_t strip, int64_t first, int64_t count, float* a, float* c) {
  const QuantLayout& layout = view.layout;
  const int64_t G = layout.groups(), subs_per_record = layout.block / layout.sub;
  const int64_t strip_bytes = layout.strip_bytes(), record_bytes = layout.record_bytes();
  const int64_t left = layout.rows - strip * kStripRows;
  const int rows = static_cast<int>(left < kStripRows ? left : kStripRows);
  const uint8_t* records = view.records + strip * strip_bytes;
  for (int64_t i = 0; i < count; ++i, a += kStripRows, c += kStripRows) {
    const int64_t group = (first + i) / subs_per_record, index = (first + i) % subs_per_record;
    const uint8_t* header = records + group * record_bytes;
    for (int row = 0; row < kStripRows; ++row) {
      if (row >= rows) {
        a[row] = c[row] = 0.0f;
        continue;
      }
      const int64_t n = strip * kStripRows + row;
      const float stored = half_to_float(load16(header + 2 * row));
      const float d = view.scale ? view.scale[n * G + group] : stored;
      const uint16_t second = layout.kind == BlockKind::Offset ? uint16_t{0} : load16(header + kSecond + 2 * row);
      float scale = d, shift = 0.0f;
      switch (layout.kind) {
        case BlockKind::Offset:
          shift = d * static_cast<float>(layout.offset);
          break;
        case BlockKind::Min: {
          const float m = half_to_float(second);
          shift = -(view.scale ? moved_minimum(m, stored, d) : m);
          break;
        }
        case BlockKind::Affine:
          shift = d * static_cast<float>(static_cast<int16_t>(second));
          break;
        case BlockKind::KMin: {
          const SubPair pair = read_sub(layout, header, index, row);
          const float dmin = view.scale_min ? view.scale_min[n * G + group] : half_to_float(second);
          scale = d * static_cast<float>(pair.scale);
          shift = dmin * static_cast<float>(pair.minimum);
          break;
        }
        case BlockKind::KScale:
          scale = d * static_cast<float>(read_sub(layout, header, index, row).scale);
          shift = scale * static_cast<float>(layout.offset);
          break;
      }
      const float factor = view.row_scale ? view.row_scale[n] : 1.0f;
      a[row] = scale * factor;
      c[row] = shift * factor;
    }
  }
}

void store_scales(const QuantLayout& layout, uint8_t* records, const float* scale, const float* scale_min,
                  const float* base_scale, const float* base_min) {
  const int64_t G = layout.groups();
  for (int64_t n = 0; n < layout.rows; ++n) {
    for (int64_t group = 0; group < G; ++group) {
      uint8_t* header = record_header(layout, records, n / kStripRows, group);
      uint8_t* first = header + 2 * (n % kStripRows);
      uint8_t* second = first + kSecond;
      const int64_t at = n * G + group;
      if (layout.kind == BlockKind::Min) {
        // Without a base the halves that are being replaced are it.
        const float base = base_scale ? base_scale[at] : half_to_float(load16(first));
        const float minimum = base_min ? base_min[at] : half_to_float(load16(second));
        store16(second, float_to_half(moved_minimum(minimum, base, scale[at])));
      }
      if (layout.kind == BlockKind::KMin && scale_min) store16(second, float_to_half(scale_min[at]));
      store16(first, float_to_half(scale[at]));
    }
  }
}

void load_scales(const QuantLayout& layout, const uint8_t* records, float* scale, float* second) {
  const int64_t G = layout.groups();
  for (int64_t n = 0; n < layout.rows; ++n) {
    for (int64_t group = 0; group < G; ++group) {
      const uint8_t* at = record_header(layout, records, n / kStripRows, group) + 2 * (n % kStripRows);
      if (scale) scale[n * G + group] = half_to_float(load16(at));
      if (second && has_minimum(layout)) second[n * G + group] = half_to_float(load16(at + kSecond));
    }
  }
}

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;  // subnormal or zero: exact
  return sign ? -magnitude : magnitude;
}

uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));  // quiet NaN
  if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 2^16 and above, infinity
  if (magnitude >= 0x38800000u) {  // normal halves, from 2^-14; a carry out of the fraction may end in infinity
    const uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
    return static_cast<uint16_t>(sign | (rounded - 0x38000000u) >> 13);
  }
  // Multiples of 2^-24: adding 0.5 leaves the rounded multiple in the low bits of the sum.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
}

}  // namespace scalewright::kernels
