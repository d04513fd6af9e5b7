// From the blocks of a file straight to the records in memory: what opening a model does with every byte of it.

#include <array>
#include <cstring>

#include "engine/format/gguf_blocks.h"
#include "kernels/common/pack_lines.h"
#include "kernels/common/unpack.h"
#include "kernels/cpu/cpu_features.h"

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::kStripRows;
using kernels::PlainStrip;
using kernels::QuantLayout;

constexpr int64_t kLargestBlock = 256;  // inputs
constexpr int64_t kLargestSubs = 16;    // sub-blocks of a block

bool finite(const uint16_t* halves) {
  unsigned bad = 0;
  for (int row = 0; row < kStripRows; ++row) bad |= static_cast<unsigned>((halves[row] & 0x7c00) == 0x7c00);
  return bad == 0;
}

// One record in plain arrays, small enough to stay in the first cache.
struct PlainRecord {
  std::array<uint8_t, kStripRows * kLargestBlock> codes{};
  std::array<uint16_t, kStripRows> scale{}, second{};
  std::array<int16_t, kStripRows * kLargestSubs> sub_scale{}, sub_min{};

  PlainStrip row(const QuantLayout& record, int64_t index) {
    const int64_t subs = record.subs();
    return {.codes = codes.data() + index * record.block,
            .scale = scale.data() + index,
            .scale_min = second.data() + index,
            .sub_scale = sub_scale.data() + index * subs,
            .sub_min = sub_min.data() + index * subs};
  }
};

bool pack_any(GgufType type, const QuantLayout& layout, const uint8_t* blocks, int rows, bool avx2, uint8_t* strip) {
  const int64_t block_bytes = gguf_type_info(type).block_bytes, row_bytes = layout.groups() * block_bytes;
  const QuantLayout record = *gguf_layout(type, kStripRows, layout.block);
  PlainRecord plain;
  bool good = true;
  for (int64_t group = 0; group < layout.groups(); ++group, blocks += block_bytes, strip += record.strip_bytes()) {
    for (int row = 0; row < rows; ++row)
      decode_gguf_strip(type, record, blocks + row * row_bytes, 1, plain.row(record, row));
    good = good && finite(plain.scale.data()) && finite(plain.second.data());
    (avx2 ? kernels::pack_strip_avx2 : kernels::pack_strip)(record, plain.row(record, 0), strip);
  }
  return good;
}

#if defined(__x86_64__)
// The simple types, all 16 rows: their codes need not be taken apart. `Halves`: fp16 numbers in front of a block's
// codes.
template <int Halves, class PackCodes>
bool pack_simple(const QuantLayout& layout, const uint8_t* blocks, int64_t block_bytes, uint8_t* strip,
                 PackCodes pack_codes) {
  const int64_t row_bytes = layout.groups() * block_bytes, header_bytes = layout.header_bytes();
  const int64_t record_bytes = layout.record_bytes();
  bool good = true;
  for (int64_t group = 0; group < layout.groups(); ++group, blocks += block_bytes, strip += record_bytes) {
    uint16_t halves[Halves][kStripRows];
    for (int row = 0; row < kStripRows; ++row)
      for (int i = 0; i < Halves; ++i) std::memcpy(&halves[i][row], blocks + row * row_bytes + 2 * i, 2);
    for (int i = 0; i < Halves; ++i) good = good && finite(halves[i]);
    std::memcpy(strip, halves, sizeof halves);
    pack_codes(blocks + 2 * Halves, row_bytes, strip + header_bytes);
  }
  return good;
}

void pack_signed_bytes(const uint8_t* codes, int64_t stride, uint8_t* lines) {
  kernels::pack_lines_avx2(codes, stride, 8, lines);
  for (int i = 0; i < 8 * 64; ++i) lines[i] ^= 0x80;
}
#endif

}  // namespace

bool pack_gguf_strip(GgufType type, const QuantLayout& layout, const uint8_t* blocks, int rows, uint8_t* strip) {
  const bool avx2 = kernels::cpu::supported(kernels::cpu::Isa::Avx2);
#if defined(__x86_64__)
  if (avx2 && rows == kStripRows) {
    const int64_t bytes = gguf_type_info(type).block_bytes;
    if (type == GgufType::Q4_0) return pack_simple<1>(layout, blocks, bytes, strip, kernels::pack_nibbles_avx2);
    if (type == GgufType::Q4_1) return pack_simple<2>(layout, blocks, bytes, strip, kernels::pack_nibbles_avx2);
    if (type == GgufType::Q8_0) return pack_simple<1>(layout, blocks, bytes, strip, pack_signed_bytes);
  }
#endif
  return pack_any(type, layout, blocks, rows, avx2, strip);
}

}  // namespace scalewright
