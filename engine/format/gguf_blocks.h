#pragma once
// Between the blocks of GGUF files and the plain arrays of quant_layout.h, exactly both ways.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/format/gguf_types.h"
#include "kernels/common/quant_layout.h"

namespace scalewright {

// How a [rows, cols] tensor of this type lies in memory; nullopt for dense and unsupported types.
std::optional<kernels::QuantLayout> gguf_layout(GgufType type, int64_t rows, int64_t cols);
// The type whose blocks are this layout; nullopt where no GGUF type is (Affine, groups of 64 with an offset, ...).
std::optional<GgufType> gguf_type_of(const kernels::QuantLayout& layout);
// "Q4_0"; "W3 in Q4_0" where integers of `bits` bits lie in a type that has room for more. bits 0: not known.
std::string stored_type_name(std::string_view type, int bits);
// Of the integers in the blocks, where a file's type has room for more (u32); a file without it has those of its type.
inline constexpr const char* kGgufBitsKey = "scalewright.bits";

// `blocks`: `rows` (at most 16) rows of the tensor, one after the other. The arrays of `plain` are as PlainStrip says.
void decode_gguf_strip(GgufType type, const kernels::QuantLayout& layout, const uint8_t* blocks, int rows,
                       const kernels::PlainStrip& plain);
void encode_gguf_strip(GgufType type, const kernels::QuantLayout& layout, const kernels::PlainStrip& plain, int rows,
                       uint8_t* blocks);
// decode_gguf_strip and kernels::pack_strip in one go: writes layout.strip_bytes() at `strip`. False: a scale or minimum
// is infinite or not a number.
bool pack_gguf_strip(GgufType type, const kernels::QuantLayout& layout, const uint8_t* blocks, int rows, uint8_t* strip);

}  // namespace scalewright
