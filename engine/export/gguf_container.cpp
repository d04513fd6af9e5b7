#include "engine/export/gguf_container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "engine/export/dense_values.h"
#include "engine/format/gguf_blocks.h"

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::kChunk;
using kernels::kStripRows;
using kernels::PlainStrip;
using kernels::QuantLayout;

// What the integers of a matrix really are.
struct Integers {
  int lowest = 0, highest = 0;  // of q - z
  int lowest_zero = 0, highest_zero = 0;
  int highest_code = 0;
  bool offsets_exact = true;  // -s z is a half in every group
};

int zero_of(const QuantLayout& layout, const PlainStrip& plain, int64_t at) {
  return layout.kind == BlockKind::Affine ? plain.zero[at] : layout.offset;
}

uint16_t negated(uint16_t half) {
  return half ^ 0x8000;
}

uint16_t min_offset(uint16_t scale, int zero) {
  return zero == 0 ? uint16_t{0} : kernels::float_to_half(-kernels::half_to_float(scale) * static_cast<float>(zero));
}

Result<Integers> scan(const QuantizedMatrix& matrix) {
  const QuantLayout& layout = matrix.layout();
  Integers found;
  found.lowest = found.lowest_zero = 1 << 20;
  found.highest = found.highest_zero = -(1 << 20);
  SW_TRY(matrix.visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    const int64_t rows = std::min<int64_t>(kStripRows, layout.rows - strip * kStripRows);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t g = 0; g < layout.groups(); ++g) {
        const uint8_t* codes = plain.codes + r * layout.chunks() * kChunk + g * layout.block;
        const int64_t inputs = std::min(layout.block, layout.cols - g * layout.block);
        uint8_t low = 255, high = 0;  // plain loops over bytes vectorize, std::minmax_element does not
        for (int64_t k = 0; k < inputs; ++k) low = std::min(low, codes[k]);
        for (int64_t k = 0; k < inputs; ++k) high = std::max(high, codes[k]);
        const int64_t at = r * layout.groups() + g;
        const int zero = zero_of(layout, plain, at);
        found.highest_code = std::max<int>(found.highest_code, high);
        found.lowest = std::min(found.lowest, low - zero);
        found.highest = std::max(found.highest, high - zero);
        found.lowest_zero = std::min(found.lowest_zero, zero);
        found.highest_zero = std::max(found.highest_zero, zero);
        const float exact = -kernels::half_to_float(plain.scale[at]) * static_cast<float>(zero);
        found.offsets_exact &= kernels::half_to_float(min_offset(plain.scale[at], zero)) == exact;
      }
    }
    return {};
  }));
  return found;
}

// Types by size, those that every program knows first among equals.
constexpr std::array kSmallestFirst = {GgufType::TQ2_0, GgufType::Q2_0, GgufType::Q2_K, GgufType::Q3_K,
                                       GgufType::Q4_0,  GgufType::Q4_K, GgufType::Q4_1, GgufType::Q5_0,
                                       GgufType::Q5_1,  GgufType::Q6_K, GgufType::Q8_0};

enum class Fit { No, Lossy, Exact, ExactMirrored };

Fit fit_affine(GgufType type, const QuantLayout& layout, const Integers& n) {
  const int64_t block = gguf_type_info(type).block;
  const bool per_row = layout.block >= layout.cols;
  if (layout.cols % block != 0 || (!per_row && layout.block % block != 0)) return Fit::No;
  const auto within = [&](int low, int high) { return n.lowest >= low && n.highest <= high; };
  const auto yes = [](bool fits) { return fits ? Fit::Exact : Fit::No; };
  switch (type) {
    case GgufType::TQ2_0:
    case GgufType::Q2_0:
      return within(-1, 2) ? Fit::Exact : within(-2, 1) ? Fit::ExactMirrored : Fit::No;
    case GgufType::Q2_K:
      return yes(n.highest_code <= 3 && n.lowest_zero >= 0 && n.highest_zero <= 15);
    case GgufType::Q3_K:
      return yes(within(-4, 3));
    case GgufType::Q4_0:
      return yes(within(-8, 7));
    case GgufType::Q4_K:
      return yes(n.highest_code <= 15 && n.lowest_zero >= 0 && n.highest_zero <= 63);
    case GgufType::Q5_K:
      return yes(n.highest_code <= 31 && n.lowest_zero >= 0 && n.highest_zero <= 63);
    case GgufType::Q4_1:
      return n.highest_code > 15 ? Fit::No : n.offsets_exact ? Fit::Exact : Fit::Lossy;
    case GgufType::Q5_0:
      return yes(within(-16, 15));
    case GgufType::Q5_1:
      return n.highest_code > 31 ? Fit::No : n.offsets_exact ? Fit::Exact : Fit::Lossy;
    case GgufType::Q6_K:
      return yes(within(-32, 31));
    case GgufType::Q8_0:
      return yes(within(-128, 127));
    default:
      return Fit::No;
  }
}

// W = d q + m with halves: only the types with a minimum hold it.
Fit fit_min(GgufType type, const QuantLayout& layout) {
  const int64_t block = gguf_type_info(type).block;
  const bool per_row = layout.block >= layout.cols;
  if (layout.cols % block != 0 || (!per_row && layout.block % block != 0)) return Fit::No;
  if (type == GgufType::Q4_1) return layout.bits <= 4 ? Fit::Exact : Fit::No;
  if (type == GgufType::Q5_1) return layout.bits <= 5 ? Fit::Exact : Fit::No;
  return Fit::No;
}

ContainerPlan dense_plan(GgufType type, const Matrix& matrix, Loss loss, std::string why) {
  // Integers of up to 9 bits times a half fit a float.
  const bool exact = type == GgufType::F32 || (!matrix.quantized() && dense_type_of(matrix.dense().type) == type);
  if (exact) return {.type = type};
  return {.type = type, .loss = loss, .note = std::move(why)};
}

// The arrays that a strip of `layout` needs.
struct StripStorage {
  explicit StripStorage(const QuantLayout& layout)
      : codes(static_cast<size_t>(kStripRows * layout.chunks() * kChunk)),
        scale(static_cast<size_t>(kStripRows * layout.groups())),
        second(scale.size()),
        zero(scale.size()),
        sub_scale(static_cast<size_t>(kStripRows * layout.subs())),
        sub_min(sub_scale.size()) {}
  PlainStrip plain() {
    return {codes.data(), scale.data(), second.data(), zero.data(), sub_scale.data(), sub_min.data()};
  }
  std::vector<uint8_t> codes;
  std::vector<uint16_t> scale, second;
  std::vector<int16_t> zero, sub_scale, sub_min;
};

void convert_strip(const QuantLayout& from, const PlainStrip& in, const ContainerPlan& plan, const QuantLayout& to,
                   const PlainStrip& out) {
  for (int64_t r = 0; r < kStripRows; ++r) {
    for (int64_t g = 0; g < to.groups(); ++g) {
      const int64_t source = r * from.groups() + std::min(g * to.block / from.block, from.groups() - 1);
      const int64_t target = r * to.groups() + g;
      const uint8_t* q = in.codes + r * from.chunks() * kChunk + g * to.block;
      uint8_t* codes = out.codes + r * to.chunks() * kChunk + g * to.block;
      const uint16_t scale = in.scale[source];
      out.scale[target] = scale;
      if (from.kind == BlockKind::Min) {
        out.scale_min[target] = in.scale_min[source];
        std::memcpy(codes, q, static_cast<size_t>(to.block));
        continue;
      }
      const int zero = zero_of(from, in, source);
      if (to.kind == BlockKind::Min) {
        out.scale_min[target] = min_offset(scale, zero);
        std::memcpy(codes, q, static_cast<size_t>(to.block));
      } else if (to.kind == BlockKind::KMin) {
        out.scale_min[target] = scale;
        std::memcpy(codes, q, static_cast<size_t>(to.block));
        for (int64_t sub = 0; sub < to.block / to.sub; ++sub) {
          out.sub_scale[target * (to.block / to.sub) + sub] = 1;
          out.sub_min[target * (to.block / to.sub) + sub] = static_cast<int16_t>(zero);
        }
      } else {
        if (plan.mirrored) out.scale[target] = negated(scale);
        for (int64_t i = 0; i < to.block; ++i) {
          const int integer = q[i] - zero;
          codes[i] = static_cast<uint8_t>((plan.mirrored ? -integer : integer) + to.offset);
        }
        for (int64_t sub = 0; to.kind == BlockKind::KScale && sub < to.block / to.sub; ++sub) {
          out.sub_scale[target * (to.block / to.sub) + sub] = 1;
        }
      }
    }
  }
}

}  // namespace

Result<ContainerPlan> plan_container(const Matrix& matrix, const std::string& name, const std::string& wanted) {
  std::optional<GgufType> asked;
  if (!wanted.empty()) {
    const GgufTypeInfo* info = find_gguf_type(wanted);
    if (info == nullptr || !info->supported) {
      return fail(ErrorCode::InvalidArgument,
                  "'" + wanted +
                      "' is not a GGUF type that can be written; Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, "
                      "Q2_K to Q6_K, TQ2_0, Q2_0, F16, BF16 and F32 are.");
    }
    asked = info->type;
  }
  if (!matrix.quantized()) {
    const GgufType own = dense_type_of(matrix.dense().type);
    // A request for a quantized type is about what is quantized; the rest keeps its type.
    const GgufType type = asked && is_dense(*asked) ? *asked : own;
    return dense_plan(type, matrix, Loss::Dense,
                      "'" + name + "' is rounded from " + std::string(gguf_type_info(own).name) + " to " +
                          std::string(gguf_type_info(type).name) + ".");
  }
  const QuantizedMatrix& quant = matrix.quant();
  const QuantLayout& layout = quant.layout();
  const auto own = gguf_type_of(layout);
  if (asked && is_dense(*asked)) {
    return dense_plan(*asked, matrix, Loss::Quantized,
                      "Quantized weights are rounded to " + std::string(gguf_type_info(*asked).name) + ".");
  }
  if (quant.column_order().empty()) {
    if (own && (!asked || *asked == *own)) return ContainerPlan{.type = *own};
    if (layout.kind == BlockKind::Affine || layout.kind == BlockKind::Offset || layout.kind == BlockKind::Min) {
      Integers integers;
      if (layout.kind != BlockKind::Min) {
        SW_ASSIGN(integers, scan(quant));
      }
      const auto fit = [&](GgufType type) {
        return layout.kind == BlockKind::Min ? fit_min(type, layout) : fit_affine(type, layout, integers);
      };
      if (asked) {
        const Fit result = fit(*asked);
        if (result != Fit::No) {
          ContainerPlan plan{.type = *asked, .mirrored = result == Fit::ExactMirrored};
          if (result == Fit::Lossy) {
            plan.loss = Loss::Zeros;
            plan.note =
                "The zero points of '" + name + "' are held only rounded by " + wanted + "; Q5_0 holds them exactly.";
          }
          return plan;
        }
        const std::string integers_are =
            layout.kind == BlockKind::Min
                ? "0 to " + std::to_string((1 << layout.bits) - 1) + " with an offset a group"
                : std::to_string(integers.lowest) + " to " + std::to_string(integers.highest);
        return fail(ErrorCode::Unsupported, "The integers of '" + name + "' (" + integers_are + ", groups of " +
                                                std::to_string(layout.block) + ", rows of " +
                                                std::to_string(layout.cols) + ") do not fit " + wanted +
                                                "; let the type be chosen automatically.");
      }
      for (const GgufType type : kSmallestFirst) {
        const Fit result = fit(type);
        if (result == Fit::Exact || result == Fit::ExactMirrored)
          return ContainerPlan{.type = type, .mirrored = result == Fit::ExactMirrored};
      }
    }
  }
  if (asked)
    return fail(ErrorCode::Unsupported, "The weights of '" + name + "' cannot be written as " + wanted +
                                            "; let the type be chosen automatically.");
  Loss loss = Loss::Integers;
  std::string why = "No GGUF type holds the integers of '" + name + "' exactly";
  if (!quant.column_order().empty()) {
    loss = Loss::Order;
    why = "The groups of '" + name + "' are not of neighbouring inputs (act-order), which GGUF cannot hold";
  } else if (layout.cols % 32 != 0) {
    loss = Loss::Width;
    why = "GGUF blocks hold 32 inputs, but '" + name + "' has rows of " + std::to_string(layout.cols);
  }
  return dense_plan(GgufType::F16, matrix, loss, why + "; its weights are rounded to F16.");
}

Result<void> write_in_container(const Matrix& matrix, const ContainerPlan& plan,
                                const std::function<Result<void>(std::span<const std::byte>)>& write) {
  if (is_dense(plan.type)) return write_dense(matrix, gguf_type_info(plan.type).name, write);
  const QuantLayout& from = matrix.quant().layout();
  const QuantLayout to = *gguf_layout(plan.type, from.rows, from.cols);
  const GgufTypeInfo& info = gguf_type_info(plan.type);
  const size_t row_bytes = static_cast<size_t>(to.cols / info.block * info.block_bytes);
  std::vector<uint8_t> blocks(kStripRows * row_bytes);
  std::optional<StripStorage> storage;
  if (!(from == to)) storage.emplace(to);
  return matrix.quant().visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    const int rows = static_cast<int>(std::min<int64_t>(kStripRows, to.rows - strip * kStripRows));
    if (storage) {
      convert_strip(from, plain, plan, to, storage->plain());
      encode_gguf_strip(plan.type, to, storage->plain(), rows, blocks.data());
    } else {
      encode_gguf_strip(plan.type, to, plain, rows, blocks.data());
    }
    return write(std::as_bytes(std::span(blocks.data(), static_cast<size_t>(rows) * row_bytes)));
  });
}

}  // namespace scalewright
