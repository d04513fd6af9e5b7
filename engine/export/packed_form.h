#pragma once
// Quantized linears in the forms of GPTQ, AWQ and compressed-tensors: what a whole model needs to fit one of them, and
// the tensors of one matrix.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/export/exporter.h"
#include "engine/format/packing.h"
#include "engine/format/safetensors.h"
#include "engine/model/model.h"

namespace scalewright {

// What each of the forms is, whatever the model.
const char* packed_form_name(ExportTarget target);             // "GPTQ"
std::span<const int> packed_form_bits(ExportTarget target);    // bits that a code may have, ascending
std::string packed_form_bits_text(ExportTarget target);        // "2, 3, 4 and 8"
// Whether a matrix of rows x cols fills the words of the form.
bool fills_whole_words(ExportTarget target, int bits, int64_t rows, int64_t cols);

// Bytes of a matrix of rows x cols in the form: codes, scales, zero points and what goes with them.
uint64_t packed_bytes(ExportTarget target, const QuantSpec& spec, int64_t rows, int64_t cols);

// One setting for all linears: none of these formats allows several.
struct PackedForm {
  ExportTarget target = ExportTarget::Gptq;
  int bits = 0;
  int64_t group = 0;         // 0: one scale a row
  bool symmetric = true;     // every zero point is 2^(bits - 1)
  bool gptq_v1 = true;       // zero points 1 .. 2^bits - 1, stored less 1
  bool reordered = false;    // act-order
  bool moved = false;        // codes and zero points move together, so that the integers do with `bits`
  std::string name() const;  // "GPTQ v2, 4 bits, groups of 128"
};
// Unsupported, with the reason and the first linear that it concerns, where the model does not fit.
Result<PackedForm> find_packed_form(const Model& model, ExportTarget target);

struct PackedTensor {
  SafetensorsTensor header;  // name without the module: "qweight"
  std::vector<std::byte> data;
};
// Headers alone where `fill` is false. `matrix`: rows in the target's order.
Result<std::vector<PackedTensor>> packed_tensors(const QuantizedMatrix& matrix, const PackedForm& form, bool fill);
// quantization_config of config.json, as JSON text.
std::string quantization_config(const PackedForm& form);

}  // namespace scalewright
