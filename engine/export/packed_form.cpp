#include "engine/export/packed_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "engine/export/export_plan.h"

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::kChunk;
using kernels::kStripRows;
using kernels::PlainStrip;
using kernels::QuantLayout;

// The integer zero point of a group: what Affine stores, the offset of a GGUF type, or -m / d where that is an integer
// that gives m back exactly. nullopt: W is not s (q - z).
std::optional<int> zero_point(const QuantLayout& layout, const PlainStrip& plain, int64_t at) {
  if (layout.kind == BlockKind::Affine) return plain.zero[at];
  if (layout.kind == BlockKind::Offset) return layout.offset;
  const float d = kernels::half_to_float(plain.scale[at]), m = kernels::half_to_float(plain.scale_min[at]);
  if (m == 0.0f) return 0;
  if (d == 0.0f) return std::nullopt;
  const float z = std::nearbyint(-m / d);
  if (std::abs(z) > 255.0f || -d * z != m) return std::nullopt;
  return static_cast<int>(z);
}

// What the integers q - z of a matrix need. Codes may be counted from another zero point (W = s (q - z) stays the same
// when both move by as much), so the same integers can do with fewer bits than the file that they came from gave them.
struct Needs {
  int lowest = 1 << 20, highest = -(1 << 20);  // zero points as they are
  struct Moved {
    bool fits = true;
    int lowest = 1 << 20, highest = -(1 << 20);  // zero points with as many bits
  };
  std::array<Moved, 9> moved;  // by bits
};

// The zero point, nearest to the middle, from which integers from `low` to `high` fit `bits`.
std::optional<int> moved_zero(int low, int high, int bits) {
  const int most = (1 << bits) - 1, first = std::max(0, -low), last = std::min(most, most - high);
  if (first > last) return std::nullopt;
  return std::clamp(1 << (bits - 1), first, last);
}

// Smallest and largest code of group g in row r of a strip.
std::pair<int, int> code_range(const QuantLayout& layout, const PlainStrip& plain, int64_t r, int64_t g) {
  const uint8_t* codes = plain.codes + r * layout.chunks() * kChunk + g * layout.block;
  const int64_t n = std::min(layout.block, layout.cols - g * layout.block);
  uint8_t low = 255, high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low = std::min(low, codes[i]);
    high = std::max(high, codes[i]);
  }
  return {low, high};
}

Result<Needs> scan_integers(const QuantizedMatrix& matrix, const std::string& name) {
  const QuantLayout& layout = matrix.layout();
  Needs needs;
  SW_TRY(matrix.visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    const int64_t rows = std::min<int64_t>(kStripRows, layout.rows - strip * kStripRows);
    for (int64_t at = 0; at < rows * layout.groups(); ++at) {
      const auto zero = zero_point(layout, plain, at);
      if (!zero) {
        return fail(ErrorCode::Unsupported,
                    "The offsets of '" + name +
                        "' are no whole multiples of its scales (as in Q4_1 and Q5_1), so its weights are not s (q - z). "
                        "GGUF holds them exactly, and safetensors holds the weights in full; for this format quantize "
                        "the model anew, best from full precision.");
      }
      needs.lowest = std::min(needs.lowest, *zero);
      needs.highest = std::max(needs.highest, *zero);
      const auto [low, high] = code_range(layout, plain, at / layout.groups(), at % layout.groups());
      for (const int bits : {2, 3, 4, 8}) {
        Needs::Moved& moved = needs.moved[static_cast<size_t>(bits)];
        const auto there = moved_zero(low - *zero, high - *zero, bits);
        moved.fits &= there.has_value();
        if (!there) continue;
        moved.lowest = std::min(moved.lowest, *there);
        moved.highest = std::max(moved.highest, *there);
      }
    }
    return {};
  }));
  return needs;
}

std::string group_text(int64_t group) {
  return group == 0 ? std::string("one scale a row") : "groups of " + std::to_string(group);
}

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Any kind as the Affine strip that the packers take.
struct AffineStrip {
  std::vector<int16_t> zeros;
  std::vector<uint8_t> codes;  // where they move
  PlainStrip plain;

  void take(const QuantLayout& layout, const PlainStrip& in, const PackedForm& form, int64_t rows) {
    const int64_t groups = layout.groups(), row_codes = layout.chunks() * kChunk;
    plain = in;
    zeros.resize(static_cast<size_t>(kStripRows * groups));
    if (form.moved) {
      codes.assign(in.codes, in.codes + kStripRows * row_codes);
      plain.codes = codes.data();
    }
    for (int64_t at = 0; at < kStripRows * groups; ++at) {
      int zero = zero_point(layout, in, at).value_or(0);
      const int64_t r = at / groups, g = at % groups;
      if (form.moved && r < rows) {
        const auto [low, high] = code_range(layout, in, r, g);
        const int there = moved_zero(low - zero, high - zero, form.bits).value_or(0);
        uint8_t* group = codes.data() + r * row_codes + g * layout.block;
        for (int64_t i = 0; i < std::min(layout.block, layout.cols - g * layout.block); ++i)
          group[i] = static_cast<uint8_t>(group[i] - zero + there);
        zero = there;
      }
      zeros[static_cast<size_t>(at)] = static_cast<int16_t>(zero);
    }
    plain.zero = zeros.data();
  }
};

}  // namespace

const char* packed_form_name(ExportTarget target) {
  switch (target) {
    case ExportTarget::Gptq:
      return "GPTQ";
    case ExportTarget::Awq:
      return "AWQ";
    default:
      return "compressed-tensors";
  }
}

std::span<const int> packed_form_bits(ExportTarget target) {
  static constexpr std::array gptq = {2, 3, 4, 8};
  static constexpr std::array awq = {4};
  static constexpr std::array compressed = {2, 4, 8};
  switch (target) {
    case ExportTarget::Gptq:
      return gptq;
    case ExportTarget::Awq:
      return awq;
    default:
      return compressed;
  }
}

std::string packed_form_bits_text(ExportTarget target) {
  const std::span<const int> allowed = packed_form_bits(target);
  std::string list;
  for (const int bits : allowed) list += (list.empty() ? "" : bits == allowed.back() ? " and " : ", ") + std::to_string(bits);
  return list;
}

bool fills_whole_words(ExportTarget target, int bits, int64_t rows, int64_t cols) {
  if (target == ExportTarget::Awq) return rows % 8 == 0;
  const int64_t codes_a_word = 32 / std::gcd(32, bits);
  return target != ExportTarget::Gptq || (rows % codes_a_word == 0 && cols % codes_a_word == 0);
}

uint64_t packed_bytes(ExportTarget target, const QuantSpec& spec, int64_t rows, int64_t cols) {
  PackedMatrix m;
  m.packing.bits = spec.bits;
  m.packing.whole = target == ExportTarget::CompressedTensors;
  const int64_t groups = spec.group == 0 || spec.group >= cols ? 1 : (cols + spec.group - 1) / spec.group;
  int64_t words = 0, extra = 0;
  switch (target) {
    case ExportTarget::Gptq:  // qweight, qzeros, g_idx
      words = m.packing.words(cols) * rows + groups * m.packing.words(rows) + cols;
      break;
    case ExportTarget::Awq:  // qweight, qzeros
      words = (cols + groups) * (rows / 8);
      break;
    default:  // weight_packed, weight_zero_point; weight_shape
      words = rows * m.packing.words(cols) + (spec.symmetric ? 0 : m.packing.words(rows) * groups);
      extra = 2 * static_cast<int64_t>(sizeof(int64_t));
      break;
  }
  const int64_t scales = groups * rows;
  return static_cast<uint64_t>(4 * words + 2 * scales + extra);
}

std::string PackedForm::name() const {
  std::string text = packed_form_name(target);
  if (target == ExportTarget::Gptq) text += gptq_v1 ? " v1" : " v2";
  return text + ", " + std::to_string(bits) + " bits, " + group_text(group);
}

Result<PackedForm> find_packed_form(const Model& model, ExportTarget target) {
  PackedForm form;
  form.target = target;
  const std::string format = packed_form_name(target);
  const auto no = [&](const std::string& why) { return fail(ErrorCode::Unsupported, format + ": " + why); };
  bool first = true;
  Needs all;
  bool mixed = false;
  std::string other;  // the first linear whose bits are not those of the first one
  for (const Linear* linear : model.weights.linears()) {
    if (!linear->weight.quantized()) {
      return no("'" + linear->name + "' is not quantized; quantize the model first, or export full precision.");
    }
    const QuantizedMatrix& matrix = linear->weight.quant();
    const QuantLayout& layout = matrix.layout();
    if (layout.kind == BlockKind::KMin || layout.kind == BlockKind::KScale) {
      return no("'" + linear->name +
                "' has the nested scales of a GGUF K type, which this format does not have; export GGUF instead.");
    }
    const int64_t group = layout.block >= layout.cols ? 0 : layout.block;
    if (first) {
      form.bits = layout.bits;
      form.group = group;
    } else if (form.group != group && layout.block != form.group) {
      return no("'" + linear->name + "' has " + group_text(group) + ", the others " + group_text(form.group) +
                "; the format has one setting for all. Export GGUF instead.");
    } else if (form.bits != layout.bits && !mixed) {
      mixed = true;
      other = "'" + linear->name + "' has " + std::to_string(layout.bits) + " bits, the others " + std::to_string(form.bits) +
              "; the format has one setting for all. Export GGUF instead.";
    }
    first = false;
    SW_ASSIGN(const Needs needs, scan_integers(matrix, linear->name));
    all.lowest = std::min(all.lowest, needs.lowest);
    all.highest = std::max(all.highest, needs.highest);
    for (size_t bits = 0; bits < all.moved.size(); ++bits) {
      all.moved[bits].fits &= needs.moved[bits].fits;
      all.moved[bits].lowest = std::min(all.moved[bits].lowest, needs.moved[bits].lowest);
      all.moved[bits].highest = std::max(all.moved[bits].highest, needs.moved[bits].highest);
    }
    form.reordered |= !matrix.column_order().empty();
    if (target == ExportTarget::Awq && !fills_whole_words(target, form.bits, layout.rows, layout.cols))
      return no("'" + linear->name + "' has " + std::to_string(layout.rows) + " rows, no multiple of 8.");
    if (group != 0 && layout.cols % group != 0)
      return no("'" + linear->name + "' has rows of " + std::to_string(layout.cols) +
                " inputs, no multiple of its groups of " + std::to_string(group) + ".");
  }
  if (first) return no("the model has no linear layers.");
  const std::span<const int> allowed = packed_form_bits(target);
  const bool known = std::ranges::find(allowed, form.bits) != allowed.end();
  // Fewer bits than those of its type, where a GGUF says so and its integers keep its word: 3 in Q4_0.
  const int said = bits_said(model);
  const auto fills = [&](const Linear* l) { return fills_whole_words(target, said, l->weight.rows(), l->weight.cols()); };
  const bool fewer = said > 0 && said < form.bits && std::ranges::find(allowed, said) != allowed.end() &&
                     all.moved[static_cast<size_t>(said)].fits && std::ranges::all_of(model.weights.linears(), fills);
  if (fewer) {
    form.moved = true;
    form.bits = said;
    all.lowest = all.moved[static_cast<size_t>(said)].lowest;
    all.highest = all.moved[static_cast<size_t>(said)].highest;
  } else if (mixed || !known || all.lowest < 0 || all.highest > (1 << form.bits) - 1) {
    const auto fewest = std::ranges::find_if(allowed, [&](int bits) { return all.moved[static_cast<size_t>(bits)].fits; });
    if (fewest == allowed.end()) {
      if (mixed) return no(other);
      if (known) {
        return no("zero points from " + std::to_string(all.lowest) + " to " + std::to_string(all.highest) + " do not fit " +
                  std::to_string(form.bits) + " bits.");
      }
      return no(std::to_string(form.bits) + "-bit codes do not fit, and these need all of their bits; " +
                packed_form_bits_text(target) + " bits do. Export GGUF instead, or quantize the model anew.");
    }
    form.moved = true;
    form.bits = *fewest;
    all.lowest = all.moved[static_cast<size_t>(form.bits)].lowest;
    all.highest = all.moved[static_cast<size_t>(form.bits)].highest;
  }
  const int middle = 1 << (form.bits - 1);
  for (const Linear* linear : model.weights.linears()) {
    const int64_t rows = linear->weight.rows(), cols = linear->weight.cols();
    if (!fills_whole_words(target, form.bits, rows, cols))
      return no("'" + linear->name + "' is " + std::to_string(rows) + " x " + std::to_string(cols) + ", which does not fill whole words.");
  }
  if (target == ExportTarget::Awq && form.reordered)
    return no("groups that are not of neighbouring inputs (act-order) do not fit; export GPTQ instead.");
  form.symmetric = all.lowest == middle && all.highest == middle;
  // GPTQModel refuses asymmetric files of version 1 that others wrote; what came as one goes back as it came.
  form.gptq_v1 = form.symmetric || (model.gptq_v1 && all.lowest >= 1);
  return form;
}

Result<std::vector<PackedTensor>> packed_tensors(const QuantizedMatrix& matrix, const PackedForm& form, bool fill) {
  const QuantLayout& layout = matrix.layout();
  PackedMatrix m;
  m.rows = layout.rows;
  m.cols = layout.cols;
  m.group = std::min(layout.block, layout.cols);
  m.groups = layout.groups();
  m.packing.bits = form.bits;
  m.order = matrix.column_order();
  std::vector<PackedTensor> all;
  std::vector<std::function<std::vector<std::byte>()>> contents;  // of the tensors of `all`, when everything is encoded
  const auto declare = [&](const char* name, const char* dtype, std::vector<int64_t> shape, auto& values) {
    size_t n = 1;
    for (const int64_t extent : shape) n *= static_cast<size_t>(extent);
    if (fill) values.resize(n);
    all.push_back({{.name = name, .dtype = dtype, .shape = std::move(shape)}, {}});
    contents.push_back([&values] { return bytes_of(values); });
  };
  void (*encode)(PackedMatrix&, int64_t, const PlainStrip&) = nullptr;
  std::vector<int64_t> shape = {m.rows, m.cols};
  std::vector<int32_t> group_of;  // each input's
  switch (form.target) {
    case ExportTarget::Gptq:
      encode = encode_gptq_strip;
      m.zero_bias = form.gptq_v1 ? 1 : 0;
      declare("qweight", "I32", {m.packing.words(m.cols), m.rows}, m.codes);
      declare("qzeros", "I32", {m.groups, m.packing.words(m.rows)}, m.zeros);
      declare("scales", "F16", {m.groups, m.rows}, m.scales);
      declare("g_idx", "I32", {m.cols}, group_of);
      break;
    case ExportTarget::Awq:
      encode = encode_awq_strip;
      declare("qweight", "I32", {m.cols, m.rows / 8}, m.codes);
      declare("qzeros", "I32", {m.groups, m.rows / 8}, m.zeros);
      declare("scales", "F16", {m.groups, m.rows}, m.scales);
      break;
    default:
      encode = encode_compressed_strip;
      m.packing.whole = true;
      declare("weight_packed", "I32", {m.rows, m.packing.words(m.cols)}, m.codes);
      declare("weight_scale", "F16", {m.rows, m.groups}, m.scales);
      declare("weight_shape", "I64", {2}, shape);
      if (!form.symmetric) declare("weight_zero_point", "I32", {m.packing.words(m.rows), m.groups}, m.zeros);
      if (form.reordered) declare("weight_g_idx", "I32", {m.cols}, group_of);
      break;
  }
  if (!fill) return all;
  AffineStrip affine;
  SW_TRY(matrix.visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    affine.take(layout, plain, form, std::min<int64_t>(kStripRows, layout.rows - strip * kStripRows));
    encode(m, strip, affine.plain);
    return {};
  }));
  for (int64_t k = 0; !group_of.empty() && k < m.cols; ++k) {
    const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
    group_of[static_cast<size_t>(input)] = static_cast<int32_t>(k / m.group);
  }
  for (size_t i = 0; i < all.size(); ++i) all[i].data = contents[i]();
  return all;
}

std::string quantization_config(const PackedForm& form) {
  nlohmann::ordered_json config;
  switch (form.target) {
    case ExportTarget::Gptq:
      config = {{"quant_method", "gptq"},
                {"bits", form.bits},
                {"group_size", form.group == 0 ? -1 : form.group},
                {"desc_act", form.reordered},
                {"sym", form.symmetric},
                {"lm_head", false},
                {"checkpoint_format", form.gptq_v1 ? "gptq" : "gptq_v2"}};
      break;
    case ExportTarget::Awq:
      config = {{"quant_method", "awq"}, {"bits", form.bits},  {"group_size", form.group == 0 ? -1 : form.group},
                {"version", "gemm"},     {"zero_point", true}, {"modules_to_not_convert", nullptr}};
      break;
    default: {
      nlohmann::ordered_json weights = {
          {"num_bits", form.bits},       {"type", "int"},
          {"symmetric", form.symmetric}, {"strategy", form.group == 0 ? "channel" : "group"},
          {"group_size", nullptr},       {"dynamic", false},
          {"actorder", nullptr},         {"block_structure", nullptr},
          {"observer", "minmax"},        {"observer_kwargs", nlohmann::ordered_json::object()}};
      if (form.group != 0) weights["group_size"] = form.group;
      if (form.reordered) weights["actorder"] = "group";
      const nlohmann::ordered_json group = {{"targets", {"Linear"}},
                                            {"input_activations", nullptr},
                                            {"output_activations", nullptr},
                                            {"weights", weights}};
      config = {{"quant_method", "compressed-tensors"},
                {"format", "pack-quantized"},
                {"quantization_status", "compressed"},
                {"ignore", {"lm_head"}},
                {"config_groups", {{"group_0", group}}}};
    }
  }
  return config.dump();
}

}  // namespace scalewright
