#pragma once
// Numbers as F32, F16 or BF16 bytes of a file.

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/format/gguf_types.h"
#include "engine/model/weights.h"

namespace scalewright {

using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

GgufType dense_type_of(kernels::DenseType type);
std::string_view dtype_name(kernels::DenseType type);  // "F32", "F16", "BF16"
// Appends `values` in a dense type, rounded to nearest even. `dtype`: "F32", "F16" or "BF16".
void append_dense(std::span<const float> values, std::string_view dtype, std::vector<std::byte>& to);
// The smallest of F16, BF16 and F32 that holds every value exactly.
std::string_view exact_dtype(std::span<const float> values);
// A whole matrix, dequantized where it is quantized, in natural column order, a few rows at a time.
Result<void> write_dense(const Matrix& matrix, std::string_view dtype, const ByteSink& write);

// The same rows in another order: row i of the result is row from[i] of the matrix.
Result<Matrix> reorder_rows(const Matrix& matrix, std::span<const int32_t> from);
// Between the rows of Hugging Face and those of GGUF "llama" (pairs that turn together are neighbours): from[i] as
// above.
std::vector<int32_t> rope_row_order(int heads, int head_dim, bool to_adjacent);

}  // namespace scalewright
