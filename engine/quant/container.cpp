#include "engine/quant/container.h"

namespace scalewright::quant {

GgufFit gguf_fit(const QuantSpec& spec, int64_t cols) {
  const bool row = spec.group <= 0;
  const bool whole_blocks = cols > 0 && cols % 256 == 0;
  if (cols > 0 && cols % 32 != 0)
    return {"", 0.0, "GGUF blocks hold 32 inputs, and " + std::to_string(cols) + " is no multiple of that"};
  switch (spec.bits) {
    case 2:
      if (spec.symmetric && (row ? whole_blocks : spec.group % 256 == 0 && whole_blocks))
        return {"TQ2_0", 66 * 8 / 256.0, "symmetric 2-bit codes fit TQ2_0 exactly"};
      if (spec.symmetric && cols % 64 == 0 && (row || spec.group % 64 == 0))
        return {"Q2_0", 2.25, "symmetric 2-bit codes fit Q2_0 exactly, which is new: older builds of llama.cpp reject it"};
      if (row && whole_blocks) return {"Q2_K", 84 * 8 / 256.0, "2-bit codes with one scale a row fit Q2_K exactly"};
      return {"Q4_0", 4.5, "2-bit codes in groups fit no 2-bit type of GGUF; Q4_0 holds them exactly"};
    case 3:
      if (row && spec.symmetric && whole_blocks)
        return {"Q3_K", 110 * 8 / 256.0, "symmetric 3-bit codes with one scale a row fit Q3_K exactly"};
      return {"Q4_0", 4.5, "3-bit codes fit no 3-bit type of GGUF; Q4_0 holds them exactly"};
    case 4:
      if (spec.symmetric) return {"Q4_0", 4.5, "symmetric 4-bit codes fit Q4_0 exactly"};
      if (row && whole_blocks) return {"Q4_K", 4.5, "4-bit codes with one scale a row fit Q4_K exactly"};
      return {"Q5_0", 5.5,
              "4-bit codes with free zero points fit Q5_0 exactly (Q4_1 holds the zero points only rounded)"};
    case 5:
      if (spec.symmetric) return {"Q5_0", 5.5, "symmetric 5-bit codes fit Q5_0 exactly"};
      return {"Q8_0", 8.5, "5-bit codes with free zero points need six bits and a sign: Q8_0 holds them exactly"};
    case 6:
      return {"Q8_0", 8.5, "6-bit codes are held exactly by Q8_0"};
    case 8:
      if (spec.symmetric) return {"Q8_0", 8.5, "symmetric 8-bit codes fit Q8_0 exactly"};
      return {"", 0.0,
              "8-bit codes with free zero points need nine bits, which no GGUF type has; symmetric ones fit Q8_0, and "
              "a GPTQ folder holds both"};
    default:
      break;
  }
  return {"", 0.0, std::to_string(spec.bits) + "-bit codes fit no GGUF type"};
}

}  // namespace scalewright::quant
