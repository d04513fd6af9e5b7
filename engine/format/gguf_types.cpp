#include "engine/format/gguf_types.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace scalewright {
namespace {

using enum GgufType;

constexpr std::array kTypes = {
    GgufTypeInfo{F32, "F32", 1, 4, true},
    GgufTypeInfo{F16, "F16", 1, 2, true},
    GgufTypeInfo{Q4_0, "Q4_0", 32, 18, true},
    GgufTypeInfo{Q4_1, "Q4_1", 32, 20, true},
    GgufTypeInfo{Q5_0, "Q5_0", 32, 22, true},
    GgufTypeInfo{Q5_1, "Q5_1", 32, 24, true},
    GgufTypeInfo{Q8_0, "Q8_0", 32, 34, true},
    GgufTypeInfo{Q8_1, "Q8_1", 32, 36, false},
    GgufTypeInfo{Q2_K, "Q2_K", 256, 84, true},
    GgufTypeInfo{Q3_K, "Q3_K", 256, 110, true},
    GgufTypeInfo{Q4_K, "Q4_K", 256, 144, true},
    GgufTypeInfo{Q5_K, "Q5_K", 256, 176, true},
    GgufTypeInfo{Q6_K, "Q6_K", 256, 210, true},
    GgufTypeInfo{Q8_K, "Q8_K", 256, 292, false},
    GgufTypeInfo{IQ2_XXS, "IQ2_XXS", 256, 66, false},
    GgufTypeInfo{IQ2_XS, "IQ2_XS", 256, 74, false},
    GgufTypeInfo{IQ3_XXS, "IQ3_XXS", 256, 98, false},
    GgufTypeInfo{IQ1_S, "IQ1_S", 256, 50, false},
    GgufTypeInfo{IQ4_NL, "IQ4_NL", 32, 18, false},
    GgufTypeInfo{IQ3_S, "IQ3_S", 256, 110, false},
    GgufTypeInfo{IQ2_S, "IQ2_S", 256, 82, false},
    GgufTypeInfo{IQ4_XS, "IQ4_XS", 256, 136, false},
    GgufTypeInfo{I8, "I8", 1, 1, false},
    GgufTypeInfo{I16, "I16", 1, 2, false},
    GgufTypeInfo{I32, "I32", 1, 4, false},
    GgufTypeInfo{I64, "I64", 1, 8, false},
    GgufTypeInfo{F64, "F64", 1, 8, false},
    GgufTypeInfo{IQ1_M, "IQ1_M", 256, 56, false},
    GgufTypeInfo{BF16, "BF16", 1, 2, true},
    GgufTypeInfo{TQ1_0, "TQ1_0", 256, 54, false},
    GgufTypeInfo{TQ2_0, "TQ2_0", 256, 66, true},
    GgufTypeInfo{MXFP4, "MXFP4", 32, 17, false},
    GgufTypeInfo{NVFP4, "NVFP4", 64, 36, false},
    GgufTypeInfo{Q2_0, "Q2_0", 64, 18, true},
};

}  // namespace

const GgufTypeInfo* find_gguf_type(uint32_t id) {
  const auto found = std::ranges::find_if(kTypes, [&](const auto& t) { return static_cast<uint32_t>(t.type) == id; });
  return found == kTypes.end() ? nullptr : &*found;
}

const GgufTypeInfo* find_gguf_type(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) == std::toupper(static_cast<unsigned char>(b));
  };
  const auto found =
      std::ranges::find_if(kTypes, [&](const auto& t) { return std::ranges::equal(t.name, name, same); });
  return found == kTypes.end() ? nullptr : &*found;
}

const GgufTypeInfo& gguf_type_info(GgufType type) {
  return *find_gguf_type(static_cast<uint32_t>(type));
}

}  // namespace scalewright
