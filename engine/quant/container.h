#pragma once
// Which GGUF type holds given codes exactly (scales fp16): the table of the integers q - z and the block types.

#include <string>

#include "engine/model/quantized_matrix.h"

namespace scalewright::quant {

struct GgufFit {
  std::string type;              // "Q4_0"; empty: no GGUF type holds these integers exactly
  double bits_per_weight = 0.0;  // of that type
  std::string why;               // in words
};
// `cols`: inputs of the matrix; the K-quants need whole blocks of 256.
GgufFit gguf_fit(const QuantSpec& spec, int64_t cols);

}  // namespace scalewright::quant
