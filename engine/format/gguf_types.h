#pragma once
// The tensor types of GGUF: what a block holds and how large it is. Types that Scalewright does not compute with are
// listed too, so that a file that has them is refused by name.

#include <cstdint>
#include <string_view>

namespace scalewright {

enum class GgufType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q8_1 = 9,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  Q8_K = 15,
  IQ2_XXS = 16,
  IQ2_XS = 17,
  IQ3_XXS = 18,
  IQ1_S = 19,
  IQ4_NL = 20,
  IQ3_S = 21,
  IQ2_S = 22,
  IQ4_XS = 23,
  I8 = 24,
  I16 = 25,
  I32 = 26,
  I64 = 27,
  F64 = 28,
  IQ1_M = 29,
  BF16 = 30,
  TQ1_0 = 34,
  TQ2_0 = 35,
  MXFP4 = 39,
  NVFP4 = 40,
  Q2_0 = 42,
};

struct GgufTypeInfo {
  GgufType type = GgufType::F32;
  std::string_view name;
  uint32_t block = 1;  // elements a block
  uint32_t block_bytes = 4;
  bool supported = false;  // can be read into a matrix
};

const GgufTypeInfo* find_gguf_type(uint32_t id);            // null: not known
const GgufTypeInfo* find_gguf_type(std::string_view name);  // any case: "q4_1"; null: not known
const GgufTypeInfo& gguf_type_info(GgufType type);

constexpr bool is_dense(GgufType type) {
  return type == GgufType::F32 || type == GgufType::F16 || type == GgufType::BF16;
}

}  // namespace scalewright
