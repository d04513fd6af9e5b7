#include "engine/export/packed_form.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

namespace scalewright {
namespace {

using kernels::BlockKind;
using kernels::kStripRows;
using kernels::PlainStrip;
using kernels::QuantLayout;

const char* name_of(ExportTarget target) {
  switch (target) {
    case ExportTarget::Gptq:
      return "GPTQ";
    case ExportTarget::Awq:
      return "AWQ";
    default:
      return "compressed-tensors";
  }
}

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

struct Zeros {
  int lowest = 1 << 20, highest = -(1 << 20);
};

Result<Zeros> scan_zeros(const QuantizedMatrix& matrix, const std::string& name) {
  const QuantLayout& layout = matrix.layout();
  Zeros zeros;
  SW_TRY(matrix.visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    const int64_t rows = std::min<int64_t>(kStripRows, layout.rows - strip * kStripRows);
    for (int64_t at = 0; at < rows * layout.groups(); ++at) {
      const auto zero = zero_point(layout, plain, at);
      if (!zero) {
        return fail(ErrorCode::Unsupported, "The offsets of '" + name +
                                                "' are no whole multiples of its scales, so its weights are not "
                                                "s (q - z); export GGUF instead, which holds them exactly.");
      }
      zeros.lowest = std::min(zeros.lowest, *zero);
      zeros.highest = std::max(zeros.highest, *zero);
    }
    return {};
  }));
  return zeros;
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
void make_affine(const QuantLayout& layout, const PlainStrip& in, std::vector<int16_t>& zeros, PlainStrip& out) {
  out = in;
  zeros.resize(static_cast<size_t>(kStripRows * layout.groups()));
  for (int64_t at = 0; at < kStripRows * layout.groups(); ++at) {
    zeros[static_cast<size_t>(at)] = static_cast<int16_t>(zero_point(layout, in, at).value_or(0));
  }
  out.zero = zeros.data();
}

}  // namespace

std::string PackedForm::name() const {
  std::string text = name_of(target);
  if (target == ExportTarget::Gptq) text += gptq_v1 ? " v1" : " v2";
  return text + ", " + std::to_string(bits) + " bits, " + group_text(group);
}

Result<PackedForm> find_packed_form(const Model& model, ExportTarget target) {
  PackedForm form;
  form.target = target;
  const std::string format = name_of(target);
  const auto no = [&](const std::string& why) { return fail(ErrorCode::Unsupported, format + ": " + why); };
  bool first = true;
  int lowest = 1 << 20, highest = -(1 << 20);
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
    } else if (form.bits != layout.bits || (form.group != group && layout.block != form.group)) {
      return no("'" + linear->name + "' has " + std::to_string(layout.bits) + " bits and " + group_text(group) +
                ", the others " + std::to_string(form.bits) + " and " + group_text(form.group) +
                "; the format has one setting for all. Export GGUF instead.");
    }
    first = false;
    SW_ASSIGN(const Zeros zeros, scan_zeros(matrix, linear->name));
    lowest = std::min(lowest, zeros.lowest);
    highest = std::max(highest, zeros.highest);
    form.reordered |= !matrix.column_order().empty();
    const int codes_a_word = 32 / std::gcd(32, static_cast<int>(layout.bits));
    const bool words_along_in = layout.cols % codes_a_word == 0, words_along_out = layout.rows % codes_a_word == 0;
    if (target == ExportTarget::Gptq && !(words_along_in && words_along_out)) {
      return no("'" + linear->name + "' is " + std::to_string(layout.rows) + " x " + std::to_string(layout.cols) +
                ", which does not fill whole words.");
    }
    if (target == ExportTarget::Awq && layout.rows % 8 != 0)
      return no("'" + linear->name + "' has " + std::to_string(layout.rows) + " rows, no multiple of 8.");
    if (group != 0 && layout.cols % group != 0)
      return no("'" + linear->name + "' has rows of " + std::to_string(layout.cols) +
                " inputs, no multiple of its groups of " + std::to_string(group) + ".");
  }
  if (first) return no("the model has no linear layers.");
  const std::string bits = std::to_string(form.bits) + "-bit codes do not fit; ";
  if (target == ExportTarget::Gptq && form.bits != 2 && form.bits != 3 && form.bits != 4 && form.bits != 8)
    return no(bits + "2, 3, 4 and 8 bits do.");
  if (target == ExportTarget::Awq && form.bits != 4) return no(bits + "4 bits do.");
  if (target == ExportTarget::CompressedTensors && form.bits != 2 && form.bits != 4 && form.bits != 8)
    return no(bits + "2, 4 and 8 bits do.");
  if (target == ExportTarget::Awq && form.reordered)
    return no("groups that are not of neighbouring inputs (act-order) do not fit; export GPTQ instead.");
  const int most = (1 << form.bits) - 1, middle = 1 << (form.bits - 1);
  if (lowest < 0 || highest > most) {
    return no("zero points from " + std::to_string(lowest) + " to " + std::to_string(highest) + " do not fit " +
              std::to_string(form.bits) + " bits.");
  }
  form.symmetric = lowest == middle && highest == middle;
  form.gptq_v1 = lowest >= 1;
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
  const auto declare = [&](const char* name, const char* dtype, std::vector<int64_t> shape) -> size_t {
    size_t n = 1;
    for (const int64_t extent : shape) n *= static_cast<size_t>(extent);
    all.push_back({{.name = name, .dtype = dtype, .shape = std::move(shape)}, {}});
    return n;
  };
  void (*encode)(PackedMatrix&, int64_t, const PlainStrip&) = nullptr;
  size_t codes = 0, zeros = 0, scales = 0;
  switch (form.target) {
    case ExportTarget::Gptq:
      encode = encode_gptq_strip;
      m.zero_bias = form.gptq_v1 ? 1 : 0;
      codes = declare("qweight", "I32", {m.packing.words(m.cols), m.rows});
      zeros = declare("qzeros", "I32", {m.groups, m.packing.words(m.rows)});
      scales = declare("scales", "F16", {m.groups, m.rows});
      declare("g_idx", "I32", {m.cols});
      break;
    case ExportTarget::Awq:
      encode = encode_awq_strip;
      codes = declare("qweight", "I32", {m.cols, m.rows / 8});
      zeros = declare("qzeros", "I32", {m.groups, m.rows / 8});
      scales = declare("scales", "F16", {m.groups, m.rows});
      break;
    default:
      encode = encode_compressed_strip;
      m.packing.whole = true;
      codes = declare("weight_packed", "I32", {m.rows, m.packing.words(m.cols)});
      scales = declare("weight_scale", "F16", {m.rows, m.groups});
      declare("weight_shape", "I64", {2});
      if (!form.symmetric) zeros = declare("weight_zero_point", "I32", {m.packing.words(m.rows), m.groups});
      if (form.reordered) declare("weight_g_idx", "I32", {m.cols});
      break;
  }
  if (!fill) return all;
  m.codes.resize(codes);
  m.zeros.resize(zeros);
  m.scales.resize(scales);
  std::vector<int16_t> affine_zeros;
  SW_TRY(matrix.visit([&](int64_t strip, const PlainStrip& plain) -> Result<void> {
    PlainStrip affine;
    make_affine(layout, plain, affine_zeros, affine);
    encode(m, strip, affine);
    return {};
  }));
  std::vector<int32_t> group_of(static_cast<size_t>(m.cols));
  for (int64_t k = 0; k < m.cols; ++k) {
    const int64_t input = m.order.empty() ? k : m.order[static_cast<size_t>(k)];
    group_of[static_cast<size_t>(input)] = static_cast<int32_t>(k / m.group);
  }
  for (PackedTensor& tensor : all) {
    const std::string& name = tensor.header.name;
    if (name == "qweight" || name == "weight_packed")
      tensor.data = bytes_of(m.codes);
    else if (name == "qzeros" || name == "weight_zero_point")
      tensor.data = bytes_of(m.zeros);
    else if (name == "scales" || name == "weight_scale")
      tensor.data = bytes_of(m.scales);
    else if (name == "weight_shape")
      tensor.data = bytes_of(std::vector<int64_t>{m.rows, m.cols});
    else
      tensor.data = bytes_of(group_of);
  }
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
