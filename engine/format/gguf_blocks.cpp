#include "engine/format/gguf_blocks.h"

#include <cstring>

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::PlainStrip;
using kernels::QuantLayout;

uint16_t load_half(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] | at[1] << 8);
}
void store_half(uint8_t* at, uint16_t half) {
  at[0] = static_cast<uint8_t>(half);
  at[1] = static_cast<uint8_t>(half >> 8);
}

// One block of one row: where its parts lie in the plain arrays.
struct BlockRef {
  uint8_t* q;  // codes of the block
  uint16_t* d;
  uint16_t* second;    // m or dmin; null in one-scale types
  int16_t* sub_scale;  // of the block's first sub-block; null outside K types
  int16_t* sub_min;
};

// ---- blocks of 32: nibbles, with the fifth bit apart

void get_nibbles(const uint8_t* qs, uint8_t* q) {
  for (int j = 0; j < 16; ++j) {
    q[j] = qs[j] & 15;
    q[j + 16] = qs[j] >> 4;
  }
}

void put_nibbles(const uint8_t* q, uint8_t* qs) {
  for (int j = 0; j < 16; ++j) qs[j] = static_cast<uint8_t>((q[j] & 15) | q[j + 16] << 4);
}

void get_fifth_bits(const uint8_t* qh, uint8_t* q) {
  for (int i = 0; i < 32; ++i) q[i] = static_cast<uint8_t>(q[i] | ((qh[i >> 3] >> (i & 7)) & 1) << 4);
}

void put_fifth_bits(const uint8_t* q, uint8_t* qh) {
  std::memset(qh, 0, 4);
  for (int i = 0; i < 32; ++i) qh[i >> 3] = static_cast<uint8_t>(qh[i >> 3] | (q[i] >> 4 & 1) << (i & 7));
}

// ---- blocks of 256: two-bit fields, element n*128 + j*32 + l in bits 2j of byte n*32 + l

void get_crumbs(const uint8_t* qs, uint8_t* q) {
  for (int n = 0; n < 2; ++n) {
    for (int j = 0; j < 4; ++j) {
      for (int l = 0; l < 32; ++l) q[n * 128 + j * 32 + l] = qs[n * 32 + l] >> 2 * j & 3;
    }
  }
}

void put_crumbs(const uint8_t* q, uint8_t* qs) {
  for (int n = 0; n < 2; ++n) {
    for (int l = 0; l < 32; ++l) {
      const uint8_t* at = q + n * 128 + l;
      qs[n * 32 + l] = static_cast<uint8_t>((at[0] & 3) | (at[32] & 3) << 2 | (at[64] & 3) << 4 | (at[96] & 3) << 6);
    }
  }
}

// Twelve bytes with eight 6-bit scales and eight 6-bit minima (Q4_K, Q5_K).
void get_scales_and_minima(const uint8_t* s, int16_t* scale, int16_t* minimum) {
  for (int j = 0; j < 4; ++j) {
    scale[j] = s[j] & 63;
    minimum[j] = s[j + 4] & 63;
    scale[j + 4] = static_cast<int16_t>((s[j + 8] & 15) | s[j] >> 6 << 4);
    minimum[j + 4] = static_cast<int16_t>(s[j + 8] >> 4 | s[j + 4] >> 6 << 4);
  }
}

void put_scales_and_minima(const int16_t* scale, const int16_t* minimum, uint8_t* s) {
  for (int j = 0; j < 4; ++j) {
    s[j] = static_cast<uint8_t>((scale[j] & 63) | (scale[j + 4] >> 4 & 3) << 6);
    s[j + 4] = static_cast<uint8_t>((minimum[j] & 63) | (minimum[j + 4] >> 4 & 3) << 6);
    s[j + 8] = static_cast<uint8_t>((scale[j + 4] & 15) | (minimum[j + 4] & 15) << 4);
  }
}

// Twelve bytes with sixteen 6-bit scales, stored + 32 (Q3_K).
void get_signed_scales(const uint8_t* s, int16_t* scale) {
  for (int k = 0; k < 16; ++k) {
    const int low = k < 8 ? s[k] & 15 : s[k - 8] >> 4;
    const int high = s[8 + k % 4] >> 2 * (k / 4) & 3;
    scale[k] = static_cast<int16_t>((low | high << 4) - 32);
  }
}

void put_signed_scales(const int16_t* scale, uint8_t* s) {
  std::memset(s, 0, 12);
  for (int k = 0; k < 16; ++k) {
    const int value = scale[k] + 32;
    s[k % 8] = static_cast<uint8_t>(s[k % 8] | (value & 15) << (k < 8 ? 0 : 4));
    s[8 + k % 4] = static_cast<uint8_t>(s[8 + k % 4] | (value >> 4 & 3) << 2 * (k / 4));
  }
}

void decode_block(GgufType type, const uint8_t* b, const BlockRef& to) {
  switch (type) {
    case GgufType::Q4_0:
      *to.d = load_half(b);
      get_nibbles(b + 2, to.q);
      break;
    case GgufType::Q4_1:
      *to.d = load_half(b);
      *to.second = load_half(b + 2);
      get_nibbles(b + 4, to.q);
      break;
    case GgufType::Q5_0:
      *to.d = load_half(b);
      get_nibbles(b + 6, to.q);
      get_fifth_bits(b + 2, to.q);
      break;
    case GgufType::Q5_1:
      *to.d = load_half(b);
      *to.second = load_half(b + 2);
      get_nibbles(b + 8, to.q);
      get_fifth_bits(b + 4, to.q);
      break;
    case GgufType::Q8_0:
      *to.d = load_half(b);
      for (int i = 0; i < 32; ++i) to.q[i] = b[2 + i] ^ 0x80;
      break;
    case GgufType::Q2_0:
      *to.d = load_half(b);
      for (int i = 0; i < 64; ++i) to.q[i] = b[2 + i / 4] >> 2 * (i % 4) & 3;
      break;
    case GgufType::TQ2_0:
      get_crumbs(b, to.q);
      *to.d = load_half(b + 64);
      break;
    case GgufType::Q2_K:
      for (int i = 0; i < 16; ++i) {
        to.sub_scale[i] = b[i] & 15;
        to.sub_min[i] = b[i] >> 4;
      }
      get_crumbs(b + 16, to.q);
      *to.d = load_half(b + 80);
      *to.second = load_half(b + 82);
      break;
    case GgufType::Q3_K:
      get_crumbs(b + 32, to.q);
      for (int i = 0; i < 256; ++i) to.q[i] = static_cast<uint8_t>(to.q[i] | (b[i % 32] >> (i / 32) & 1) << 2);
      get_signed_scales(b + 96, to.sub_scale);
      *to.d = load_half(b + 108);
      break;
    case GgufType::Q4_K:
    case GgufType::Q5_K: {
      *to.d = load_half(b);
      *to.second = load_half(b + 2);
      get_scales_and_minima(b + 4, to.sub_scale, to.sub_min);
      const uint8_t* qs = b + (type == GgufType::Q4_K ? 16 : 48);
      for (int c = 0; c < 4; ++c) {
        for (int l = 0; l < 32; ++l) {
          to.q[64 * c + l] = qs[32 * c + l] & 15;
          to.q[64 * c + 32 + l] = qs[32 * c + l] >> 4;
        }
      }
      if (type == GgufType::Q5_K) {
        for (int i = 0; i < 256; ++i) to.q[i] = static_cast<uint8_t>(to.q[i] | (b[16 + i % 32] >> (i / 32) & 1) << 4);
      }
      break;
    }
    case GgufType::Q6_K:
      for (int n = 0; n < 2; ++n) {
        const uint8_t* ql = b + 64 * n;
        const uint8_t* qh = b + 128 + 32 * n;
        uint8_t* q = to.q + 128 * n;
        for (int l = 0; l < 32; ++l) {
          q[l] = static_cast<uint8_t>((ql[l] & 15) | (qh[l] & 3) << 4);
          q[l + 32] = static_cast<uint8_t>((ql[l + 32] & 15) | (qh[l] >> 2 & 3) << 4);
          q[l + 64] = static_cast<uint8_t>(ql[l] >> 4 | (qh[l] >> 4 & 3) << 4);
          q[l + 96] = static_cast<uint8_t>(ql[l + 32] >> 4 | (qh[l] >> 6) << 4);
        }
      }
      for (int i = 0; i < 16; ++i) to.sub_scale[i] = static_cast<int8_t>(b[192 + i]);
      *to.d = load_half(b + 208);
      break;
    default:
      break;
  }
}

void encode_block(GgufType type, const BlockRef& from, uint8_t* b) {
  switch (type) {
    case GgufType::Q4_0:
      store_half(b, *from.d);
      put_nibbles(from.q, b + 2);
      break;
    case GgufType::Q4_1:
      store_half(b, *from.d);
      store_half(b + 2, *from.second);
      put_nibbles(from.q, b + 4);
      break;
    case GgufType::Q5_0:
      store_half(b, *from.d);
      put_fifth_bits(from.q, b + 2);
      put_nibbles(from.q, b + 6);
      break;
    case GgufType::Q5_1:
      store_half(b, *from.d);
      store_half(b + 2, *from.second);
      put_fifth_bits(from.q, b + 4);
      put_nibbles(from.q, b + 8);
      break;
    case GgufType::Q8_0:
      store_half(b, *from.d);
      for (int i = 0; i < 32; ++i) b[2 + i] = from.q[i] ^ 0x80;
      break;
    case GgufType::Q2_0:
      store_half(b, *from.d);
      for (int j = 0; j < 16; ++j) {
        const uint8_t* q = from.q + 4 * j;
        b[2 + j] = static_cast<uint8_t>((q[0] & 3) | (q[1] & 3) << 2 | (q[2] & 3) << 4 | (q[3] & 3) << 6);
      }
      break;
    case GgufType::TQ2_0:
      put_crumbs(from.q, b);
      store_half(b + 64, *from.d);
      break;
    case GgufType::Q2_K:
      for (int i = 0; i < 16; ++i) b[i] = static_cast<uint8_t>((from.sub_scale[i] & 15) | (from.sub_min[i] & 15) << 4);
      put_crumbs(from.q, b + 16);
      store_half(b + 80, *from.d);
      store_half(b + 82, *from.second);
      break;
    case GgufType::Q3_K:
      std::memset(b, 0, 32);
      for (int i = 0; i < 256; ++i) b[i % 32] = static_cast<uint8_t>(b[i % 32] | (from.q[i] >> 2 & 1) << (i / 32));
      put_crumbs(from.q, b + 32);
      put_signed_scales(from.sub_scale, b + 96);
      store_half(b + 108, *from.d);
      break;
    case GgufType::Q4_K:
    case GgufType::Q5_K: {
      store_half(b, *from.d);
      store_half(b + 2, *from.second);
      put_scales_and_minima(from.sub_scale, from.sub_min, b + 4);
      uint8_t* qs = b + (type == GgufType::Q4_K ? 16 : 48);
      for (int c = 0; c < 4; ++c) {
        for (int l = 0; l < 32; ++l) {
          qs[32 * c + l] = static_cast<uint8_t>((from.q[64 * c + l] & 15) | (from.q[64 * c + 32 + l] & 15) << 4);
        }
      }
      if (type == GgufType::Q5_K) {
        std::memset(b + 16, 0, 32);
        for (int i = 0; i < 256; ++i)
          b[16 + i % 32] = static_cast<uint8_t>(b[16 + i % 32] | (from.q[i] >> 4 & 1) << (i / 32));
      }
      break;
    }
    case GgufType::Q6_K:
      for (int n = 0; n < 2; ++n) {
        uint8_t* ql = b + 64 * n;
        uint8_t* qh = b + 128 + 32 * n;
        const uint8_t* q = from.q + 128 * n;
        for (int l = 0; l < 32; ++l) {
          ql[l] = static_cast<uint8_t>((q[l] & 15) | (q[l + 64] & 15) << 4);
          ql[l + 32] = static_cast<uint8_t>((q[l + 32] & 15) | (q[l + 96] & 15) << 4);
          qh[l] = static_cast<uint8_t>((q[l] >> 4 & 3) | (q[l + 32] >> 4 & 3) << 2 | (q[l + 64] >> 4 & 3) << 4 |
                                       (q[l + 96] >> 4 & 3) << 6);
        }
      }
      for (int i = 0; i < 16; ++i) b[192 + i] = static_cast<uint8_t>(from.sub_scale[i]);
      store_half(b + 208, *from.d);
      break;
    default:
      break;
  }
}

BlockRef block_at(const QuantLayout& layout, const PlainStrip& plain, int row, int64_t group) {
  const int64_t g = row * layout.groups() + group;
  const int64_t sub = row * layout.subs() + group * (layout.block / layout.sub);
  return BlockRef{
      .q = plain.codes + row * layout.chunks() * kernels::kChunk + group * layout.block,
      .d = plain.scale + g,
      .second = plain.scale_min == nullptr ? nullptr : plain.scale_min + g,
      .sub_scale = plain.sub_scale == nullptr ? nullptr : plain.sub_scale + sub,
      .sub_min = plain.sub_min == nullptr ? nullptr : plain.sub_min + sub,
  };
}

}  // namespace

std::optional<QuantLayout> gguf_layout(GgufType type, int64_t rows, int64_t cols) {
  QuantLayout layout{.rows = rows, .cols = cols};
  const auto simple = [&](BlockKind kind, uint8_t bits, int16_t offset) {
    layout.kind = kind;
    layout.bits = bits;
    layout.offset = offset;
    layout.block = gguf_type_info(type).block;
    layout.sub = static_cast<int32_t>(layout.block);
    return layout;
  };
  const auto nested = [&](BlockKind kind, uint8_t bits, int16_t offset, int32_t sub) {
    simple(kind, bits, offset);
    layout.sub = sub;
    return layout;
  };
  switch (type) {
    case GgufType::Q4_0:
      return simple(BlockKind::Offset, 4, 8);
    case GgufType::Q5_0:
      return simple(BlockKind::Offset, 5, 16);
    case GgufType::Q8_0:
      return simple(BlockKind::Offset, 8, 128);
    case GgufType::Q2_0:
    case GgufType::TQ2_0:
      return simple(BlockKind::Offset, 2, 1);
    case GgufType::Q4_1:
      return simple(BlockKind::Min, 4, 0);
    case GgufType::Q5_1:
      return simple(BlockKind::Min, 5, 0);
    case GgufType::Q2_K:
      return nested(BlockKind::KMin, 2, 0, 16);
    case GgufType::Q4_K:
      return nested(BlockKind::KMin, 4, 0, 32);
    case GgufType::Q5_K:
      return nested(BlockKind::KMin, 5, 0, 32);
    case GgufType::Q3_K:
      return nested(BlockKind::KScale, 3, 4, 16);
    case GgufType::Q6_K:
      return nested(BlockKind::KScale, 6, 32, 16);
    default:
      return std::nullopt;
  }
}

std::optional<GgufType> gguf_type_of(const QuantLayout& layout) {
  for (const GgufType type :
       {GgufType::Q4_0, GgufType::Q4_1, GgufType::Q5_0, GgufType::Q5_1, GgufType::Q8_0, GgufType::Q2_K, GgufType::Q3_K,
        GgufType::Q4_K, GgufType::Q5_K, GgufType::Q6_K, GgufType::TQ2_0, GgufType::Q2_0}) {
    if (gguf_layout(type, layout.rows, layout.cols) == layout && layout.cols % layout.block == 0) return type;
  }
  return std::nullopt;
}

std::string stored_type_name(std::string_view type, int bits) {
  const GgufTypeInfo* info = find_gguf_type(type);
  const auto layout = info == nullptr ? std::nullopt : gguf_layout(info->type, kernels::kStripRows, info->block);
  if (!layout || bits <= 0 || bits >= layout->bits) return std::string(type);
  return "W" + std::to_string(bits) + " in " + std::string(type);
}

void decode_gguf_strip(GgufType type, const QuantLayout& layout, const uint8_t* blocks, int rows,
                       const PlainStrip& plain) {
  const uint32_t block_bytes = gguf_type_info(type).block_bytes;
  for (int row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < layout.groups(); ++group, blocks += block_bytes) {
      decode_block(type, blocks, block_at(layout, plain, row, group));
    }
  }
}

void encode_gguf_strip(GgufType type, const QuantLayout& layout, const PlainStrip& plain, int rows, uint8_t* blocks) {
  const uint32_t block_bytes = gguf_type_info(type).block_bytes;
  for (int row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < layout.groups(); ++group, blocks += block_bytes) {
      encode_block(type, block_at(layout, plain, row, group), blocks);
    }
  }
}

}  // namespace scalewright
