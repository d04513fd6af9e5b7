#include "engine/export/dense_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace scalewright {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 20;

uint16_t float_to_bfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float bfloat_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

void append_bytes(const void* from, size_t bytes, std::vector<std::byte>& to) {
  const auto* begin = static_cast<const std::byte*>(from);
  to.insert(to.end(), begin, begin + bytes);
}

Result<Matrix> reorder_quantized(const QuantizedMatrix& matrix, std::span<const int32_t> from) {
  using kernels::kStripRows;
  const kernels::QuantLayout& layout = matrix.layout();
  const size_t width = static_cast<size_t>(layout.chunks() * kernels::kChunk),
               groups = static_cast<size_t>(layout.groups()), subs = static_cast<size_t>(layout.subs()),
               rows = static_cast<size_t>(layout.strips() * kStripRows);
  std::vector<uint8_t> codes(rows * width);
  std::vector<uint16_t> scale(rows * groups), second;
  std::vector<int16_t> zero, sub_scale, sub_min;
  // One copy of a strip's array per row; null arrays belong to other kinds.
  const auto gather = [&](auto& whole, const auto* strip_data, size_t each, int64_t strip) {
    if (strip_data == nullptr) return;
    whole.resize(rows * each);
    std::copy_n(strip_data, kStripRows * each,
                whole.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(strip) * kStripRows * each));
  };
  SW_TRY(matrix.visit([&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
    gather(codes, plain.codes, width, strip);
    gather(scale, plain.scale, groups, strip);
    gather(second, plain.scale_min, groups, strip);
    gather(zero, plain.zero, groups, strip);
    gather(sub_scale, plain.sub_scale, subs, strip);
    gather(sub_min, plain.sub_min, subs, strip);
    return {};
  }));
  auto built = QuantizedMatrix::build(layout, [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
    const int64_t here = std::min<int64_t>(kStripRows, layout.rows - strip * kStripRows);
    for (int64_t r = 0; r < here; ++r) {
      const size_t source = static_cast<size_t>(from[static_cast<size_t>(strip * kStripRows + r)]);
      const auto put = [&](auto* to, const auto& whole, size_t each) {
        if (to != nullptr && !whole.empty())
          std::copy_n(whole.begin() + static_cast<std::ptrdiff_t>(source * each), each,
                      to + static_cast<size_t>(r) * each);
      };
      put(plain.codes, codes, width);
      put(plain.scale, scale, groups);
      put(plain.scale_min, second, groups);
      put(plain.zero, zero, groups);
      put(plain.sub_scale, sub_scale, subs);
      put(plain.sub_min, sub_min, subs);
    }
    return {};
  });
  if (!built) return tl::unexpected<Error>(std::move(built).error());
  built->set_column_order(matrix.column_order());
  return Matrix(std::move(*built));
}

}  // namespace

GgufType dense_type_of(kernels::DenseType type) {
  switch (type) {
    case kernels::DenseType::F32:
      return GgufType::F32;
    case kernels::DenseType::F16:
      return GgufType::F16;
    case kernels::DenseType::BF16:
      return GgufType::BF16;
  }
  return GgufType::F32;
}

std::string_view dtype_name(kernels::DenseType type) {
  return gguf_type_info(dense_type_of(type)).name;
}

void append_dense(std::span<const float> values, std::string_view dtype, std::vector<std::byte>& to) {
  if (dtype == "F32") {
    append_bytes(values.data(), values.size_bytes(), to);
    return;
  }
  for (const float value : values) {
    const uint16_t bits = dtype == "F16" ? kernels::float_to_half(value) : float_to_bfloat(value);
    append_bytes(&bits, sizeof(bits), to);
  }
}

std::string_view exact_dtype(std::span<const float> values) {
  const auto survives = [&](auto round_trip) {
    return std::ranges::all_of(values, [&](float v) { return round_trip(v) == v; });
  };
  if (survives([](float v) { return kernels::half_to_float(kernels::float_to_half(v)); })) return "F16";
  if (survives([](float v) { return bfloat_to_float(float_to_bfloat(v)); })) return "BF16";
  return "F32";
}

Result<void> write_dense(const Matrix& matrix, std::string_view dtype, const ByteSink& write) {
  if (!matrix.quantized() && dtype_name(matrix.dense().type) == dtype) {
    return write(std::as_bytes(std::span(matrix.dense().data.data(), matrix.dense().data.size())));
  }
  std::vector<float> row(static_cast<size_t>(matrix.cols())), natural(row.size());
  std::vector<std::byte> buffer;
  const std::vector<int32_t> stored = matrix.quantized() ? matrix.quant().column_order() : std::vector<int32_t>();
  for (int64_t r = 0; r < matrix.rows(); ++r) {
    matrix.dequantize_row(r, row);
    if (!stored.empty()) {
      for (size_t k = 0; k < row.size(); ++k) natural[static_cast<size_t>(stored[k])] = row[k];
      std::swap(row, natural);
    }
    append_dense(row, dtype, buffer);
    if (buffer.size() >= kWriteBytes || r + 1 == matrix.rows()) {
      SW_TRY(write(buffer));
      buffer.clear();
    }
  }
  return {};
}

Result<Matrix> reorder_rows(const Matrix& matrix, std::span<const int32_t> from) {
  if (static_cast<int64_t>(from.size()) != matrix.rows())
    return fail(ErrorCode::InvalidArgument, "A row order of another length than the matrix.");
  if (matrix.quantized()) return reorder_quantized(matrix.quant(), from);
  const DenseMatrix& dense = matrix.dense();
  DenseMatrix out;
  out.type = dense.type;
  out.rows = dense.rows;
  out.cols = dense.cols;
  out.data = AlignedBytes(dense.data.size());
  const size_t row_bytes = static_cast<size_t>(dense.cols) * (dense.type == kernels::DenseType::F32 ? 4 : 2);
  for (size_t r = 0; r < from.size(); ++r) {
    std::memcpy(out.data.data() + r * row_bytes, dense.data.data() + static_cast<size_t>(from[r]) * row_bytes,
                row_bytes);
  }
  return Matrix(std::move(out));
}

std::vector<int32_t> rope_row_order(int heads, int head_dim, bool to_adjacent) {
  std::vector<int32_t> from(static_cast<size_t>(heads) * static_cast<size_t>(head_dim));
  const int half = head_dim / 2;
  for (int head = 0; head < heads; ++head) {
    for (int i = 0; i < half; ++i) {
      for (int p = 0; p < 2; ++p) {
        const int halves = head * head_dim + p * half + i, adjacent = head * head_dim + 2 * i + p;
        if (to_adjacent)
          from[static_cast<size_t>(adjacent)] = halves;
        else
          from[static_cast<size_t>(halves)] = adjacent;
      }
    }
  }
  return from;
}

}  // namespace scalewright
