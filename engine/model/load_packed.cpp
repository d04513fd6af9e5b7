#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/core/json.h"
#include "engine/model/packed_tensors.h"
#include "engine/model/tensor_reader.h"

namespace scalewright {
namespace {

using nlohmann::json;

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

Result<FolderQuantization> read_compressed(const json& settings, const std::string& source) {
  FolderQuantization q;
  q.container = Container::CompressedTensors;
  const std::string format = json_string(settings, "format");
  if (format != "pack-quantized") {
    return fail(ErrorCode::Unsupported,
                source + ": compressed-tensors of the format '" + format + "' are not supported; pack-quantized is.");
  }
  const json& groups = json_member(settings, "config_groups");
  bool first = true;
  if (groups.is_object()) {
    for (const auto& [name, group] : groups.items()) {
      const json& weights = json_member(group, "weights");
      if (!json_member(group, "input_activations").is_null()) {
        return fail(ErrorCode::Unsupported,
                    source + ": quantized activations are not supported; only weights may be quantized.");
      }
      const int64_t bits = json_int(weights, "num_bits", 0);
      const std::string type = json_string(weights, "type", "int"),
                        strategy = json_string(weights, "strategy", "group");
      const int64_t size = strategy == "group" ? json_int(weights, "group_size", 0) : 0;
      if (type != "int" || (strategy != "group" && strategy != "channel")) {
        return fail(ErrorCode::Unsupported, source + ": compressed-tensors of the type '" + type + "' by '" + strategy +
                                                "' are not supported.");
      }
      if (!first && (q.bits != bits || q.group != size)) {
        return fail(ErrorCode::Unsupported, source + ": compressed-tensors with several settings are not supported.");
      }
      q.bits = static_cast<int>(std::clamp<int64_t>(bits, 0, 64));
      q.group = std::max<int64_t>(0, size);
      first = false;
    }
  }
  return q;
}

}  // namespace

Result<FolderQuantization> read_quantization(const json& config, const json& separate, const std::string& source) {
  FolderQuantization q;
  const json& mlx = json_member(config, "quantization");
  const json& settings =
      json_member(config, "quantization_config").is_object() ? json_member(config, "quantization_config") : separate;
  std::string method = json_string(settings, "quant_method");
  if (mlx.is_object() && method.empty()) {
    const std::string mode = json_string(mlx, "mode", "affine");
    if (mode != "affine")
      return fail(ErrorCode::Unsupported, source + ": MLX weights of the mode '" + mode + "' are not supported.");
    q.container = Container::Mlx;  // bits and group follow from the shapes of each matrix
    return q;
  }
  if (!settings.is_object()) return q;
  if (method.empty() && settings.contains("desc_act")) method = "gptq";  // files of the first tools
  const auto bits_and_group = [&](const json& from, const char* bits, const char* group) {
    q.bits = static_cast<int>(std::clamp<int64_t>(json_int(from, bits, 0), 0, 64));
    q.group = std::max<int64_t>(0, json_int(from, group, -1));
  };
  if (method == "gptq") {
    q.container = Container::Gptq;
    bits_and_group(settings, "bits", "group_size");
    const std::string version = json_string(settings, "checkpoint_format", json_string(settings, "format", "gptq"));
    if (version != "gptq" && version != "gptq_v2") {
      return fail(ErrorCode::Unsupported,
                  source + ": GPTQ of the format '" + version + "' is not supported; gptq and gptq_v2 are.");
    }
    q.gptq_v1 = version == "gptq";
    if (q.bits != 2 && q.bits != 3 && q.bits != 4 && q.bits != 8) {
      return fail(ErrorCode::Unsupported,
                  source + ": GPTQ with " + std::to_string(q.bits) + " bits is not supported; 2, 3, 4 and 8 are.");
    }
  } else if (method == "awq") {
    q.container = Container::Awq;
    bits_and_group(settings, "bits", "group_size");
    if (q.bits == 0) bits_and_group(settings, "w_bit", "q_group_size");
    const std::string version = json_string(settings, "version", "gemm");
    if (q.bits != 4 || (version != "gemm" && version != "GEMM")) {
      return fail(ErrorCode::Unsupported, source + ": AWQ is supported with 4 bits in the version 'gemm'; this is " +
                                              std::to_string(q.bits) + " bits, '" + version + "'.");
    }
  } else if (method == "compressed-tensors") {
    SW_ASSIGN(q, read_compressed(settings, source));
    if (q.bits < 2 || q.bits > 8 || q.bits == 7) {
      return fail(ErrorCode::Unsupported,
                  source + ": compressed-tensors with " + std::to_string(q.bits) + " bits are not supported.");
    }
  } else if (method == "hqq") {
    q.container = Container::Hqq;
    const json& weights = json_member(json_member(settings, "quant_config"), "weight_quant_params");
    bits_and_group(weights, "nbits", "group_size");
    if (q.bits != 2 && q.bits != 3 && q.bits != 4 && q.bits != 8) {
      return fail(ErrorCode::Unsupported,
                  source + ": HQQ with " + std::to_string(q.bits) + " bits is not supported; 2, 3, 4 and 8 are.");
    }
    if (json_int(weights, "axis", 1) != 1)
      return fail(ErrorCode::Unsupported, source + ": HQQ with groups along axis 0 is not supported.");
  } else {
    if (method.size() > 64) method.resize(64);
    return fail(ErrorCode::Unsupported, source + ": the quantization '" + method +
                                            "' is not supported; gptq, awq, compressed-tensors, hqq and MLX are.");
  }
  return q;
}

bool PackedTensors::has(const std::string& module) const {
  switch (quantization_.container) {
    case Container::Gptq:
    case Container::Awq:
      return folder_.find(module + ".qweight") != nullptr;
    case Container::CompressedTensors:
      return folder_.find(module + ".weight_packed") != nullptr;
    case Container::Mlx:
      return folder_.find(module + ".scales") != nullptr;
    case Container::Hqq:
      return folder_.find(module + ".W_q") != nullptr;
    default:
      return false;
  }
}

Result<const SafetensorsTensor*> PackedTensors::require(const std::string& name) const {
  const SafetensorsTensor* tensor = folder_.find(name);
  if (tensor == nullptr)
    return fail(ErrorCode::Format, folder_.path().string() + ": tensor '" + name + "' is missing.");
  return tensor;
}

Result<void> PackedTensors::expect(const std::string& name, std::initializer_list<int64_t> shape) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  const std::vector<int64_t> wanted(shape);
  // [n] and [n, 1] hold the same numbers in the same order.
  const auto same = [](std::vector<int64_t> a, std::vector<int64_t> b) {
    while (a.size() > 1 && a.back() == 1) a.pop_back();
    while (b.size() > 1 && b.back() == 1) b.pop_back();
    return a == b;
  };
  if (same(tensor->shape, wanted)) return {};
  return fail(ErrorCode::Format, folder_.path().string() + ": tensor '" + name + "' has the shape " +
                                     shape_text(tensor->shape) + "; the configuration asks for " + shape_text(wanted) +
                                     ".");
}

// Everything that can be known without the data: shapes against the configuration, packing, groups.
Result<PackedMatrix> PackedTensors::describe(const std::string& module, int64_t rows, int64_t cols) const {
  PackedMatrix m;
  m.rows = rows;
  m.cols = cols;
  m.packing.bits = quantization_.bits;
  m.group = quantization_.group == 0 ? cols : quantization_.group;
  const std::string where = folder_.path().string() + ": '" + module + "'";
  const auto two_dims = [&](const std::string& name) -> Result<std::vector<int64_t>> {
    SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
    if (tensor->shape.size() == 2) return tensor->shape;
    return fail(ErrorCode::Format, folder_.path().string() + ": tensor '" + name + "' has the shape " +
                                       shape_text(tensor->shape) + "; two extents are needed.");
  };
  if (quantization_.container == Container::Mlx) {
    SW_ASSIGN(const auto packed, two_dims(module + ".weight"));
    SW_ASSIGN(const auto scales, two_dims(module + ".scales"));
    const int64_t bits =
        packed[1] > 0 && cols > 0 && packed[1] <= cols && packed[1] * 32 % cols == 0 ? packed[1] * 32 / cols : 0;
    if (bits < 2 || bits > 8 || bits == 7 || scales[1] < 1 || cols % scales[1] != 0) {
      return fail(ErrorCode::Format, where + " has shapes that fit no number of bits from 2 to 8.");
    }
    m.packing.bits = static_cast<int>(bits);
    m.group = cols / scales[1];
  }
  m.group = std::min(m.group, cols);
  if (m.group != cols && m.group % kernels::kChunk != 0) {
    return fail(ErrorCode::Unsupported,
                where + " has groups of " + std::to_string(m.group) + " inputs; multiples of 32 are supported.");
  }
  m.groups = (cols + m.group - 1) / m.group;
  const int bits = m.packing.bits;
  switch (quantization_.container) {
    case Container::Gptq: {
      SW_ASSIGN(const auto packed, two_dims(module + ".qweight"));
      m.packing.whole = packed[0] != WordPacking{bits, false}.words(cols);
      m.zero_bias = quantization_.gptq_v1 ? 1 : 0;
      SW_TRY(expect(module + ".qweight", {m.packing.words(cols), rows}));
      SW_TRY(expect(module + ".qzeros", {m.groups, m.packing.words(rows)}));
      SW_TRY(expect(module + ".scales", {m.groups, rows}));
      if (folder_.find(module + ".g_idx") != nullptr) SW_TRY(expect(module + ".g_idx", {cols}));
      break;
    }
    case Container::Awq:
      if (rows % 8 != 0)
        return fail(ErrorCode::Unsupported,
                    where + " has " + std::to_string(rows) + " rows; AWQ packs multiples of 8.");
      SW_TRY(expect(module + ".qweight", {cols, rows / 8}));
      if (folder_.find(module + ".qzeros") != nullptr) SW_TRY(expect(module + ".qzeros", {m.groups, rows / 8}));
      SW_TRY(expect(module + ".scales", {m.groups, rows}));
      break;
    case Container::CompressedTensors: {
      m.packing.whole = true;
      SW_ASSIGN(const auto packed, two_dims(module + ".weight_packed"));
      if (packed[1] != m.packing.words(cols)) m.packing.whole = false;
      SW_TRY(expect(module + ".weight_packed", {rows, m.packing.words(cols)}));
      SW_TRY(expect(module + ".weight_scale", {rows, m.groups}));
      if (const SafetensorsTensor* zeros = folder_.find(module + ".weight_zero_point")) {
        if (zeros->dtype == "I8")
          SW_TRY(expect(zeros->name, {rows, m.groups}));
        else
          SW_TRY(expect(zeros->name, {m.packing.words(rows), m.groups}));
      }
      if (folder_.find(module + ".weight_g_idx") != nullptr) SW_TRY(expect(module + ".weight_g_idx", {cols}));
      break;
    }
    case Container::Mlx:
      SW_TRY(expect(module + ".weight", {rows, m.packing.words(cols)}));
      SW_TRY(expect(module + ".scales", {rows, m.groups}));
      SW_TRY(expect(module + ".biases", {rows, m.groups}));
      break;
    case Container::Hqq:
      if (cols % m.group != 0 || (bits != 3 && rows * m.groups % (8 / bits) != 0)) {
        return fail(ErrorCode::Unsupported, where + " has a shape whose groups do not fill whole bytes.");
      }
      SW_TRY(expect(module + ".W_q", {hqq_lines(m), m.group}));
      SW_TRY(expect(module + ".scale", {rows * m.groups, 1}));
      SW_TRY(expect(module + ".zero", {rows * m.groups, 1}));
      break;
    default:
      break;
  }
  return m;
}

Result<void> PackedTensors::check(const std::string& module, int64_t rows, int64_t cols) const {
  SW_TRY(describe(module, rows, cols));
  return {};
}

void PackedTensors::summarize(const std::string& module, int64_t rows, int64_t cols, TensorSummary& summary) const {
  const auto m = describe(module, rows, cols);
  if (!m) return;
  summary.bits = m->packing.bits;
  summary.group = m->group == cols ? 0 : m->group;
  summary.type = "W" + std::to_string(summary.bits) +
                 (summary.group == 0 ? std::string(" row") : " g" + std::to_string(summary.group));
}

Result<void> PackedTensors::read_raw(const std::string& name, void* to, uint64_t bytes) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  return folder_.read(*tensor, 0, std::span(static_cast<std::byte*>(to), bytes));
}

Result<std::vector<uint32_t>> PackedTensors::read_words(const std::string& name) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  if (tensor->dtype != "I32" && tensor->dtype != "U32") {
    return fail(ErrorCode::Format,
                folder_.path().string() + ": tensor '" + name + "' has the type " + tensor->dtype + "; I32 is needed.");
  }
  std::vector<uint32_t> words(tensor->bytes / 4);
  SW_TRY(read_raw(name, words.data(), tensor->bytes));
  return words;
}

Result<std::vector<float>> PackedTensors::read_floats(const std::string& name) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  std::vector<std::byte> raw(tensor->bytes);
  SW_TRY(read_raw(name, raw.data(), raw.size()));
  std::vector<float> values(static_cast<size_t>(tensor->count()));
  if (!convert_to_float(tensor->dtype, raw.data(), values.size(), values.data())) {
    return fail(ErrorCode::Format, folder_.path().string() + ": tensor '" + name + "' has the type " + tensor->dtype +
                                       "; scales are F16, BF16 or F32.");
  }
  return values;
}

Result<std::vector<uint16_t>> PackedTensors::read_halves(const std::string& name) const {
  SW_ASSIGN(const std::vector<float> values, read_floats(name));
  std::vector<uint16_t> halves(values.size());
  bool rounded = false;
  for (size_t i = 0; i < values.size(); ++i) {
    halves[i] = kernels::float_to_half(values[i]);
    rounded |= kernels::half_to_float(halves[i]) != values[i];
  }
  if (rounded) rounded_.store(true);
  SW_TRY(check_finite_halves(halves.data(), static_cast<int64_t>(halves.size()),
                             folder_.path().string() + ": tensor '" + name + "'"));
  return halves;
}

// g_idx says the group of each input. In natural order it says nothing new.
Result<void> PackedTensors::read_order(const std::string& name, PackedMatrix& m) const {
  const SafetensorsTensor* tensor = folder_.find(name);
  if (tensor == nullptr) return {};
  const auto bad = [&](const std::string& why) {
    return fail(ErrorCode::Format, folder_.path().string() + ": tensor '" + name + "' " + why + ".");
  };
  if (tensor->dtype != "I32") return bad("has the type " + tensor->dtype + "; I32 is needed");
  std::vector<int32_t> group_of(static_cast<size_t>(m.cols));
  SW_TRY(read_raw(name, group_of.data(), group_of.size() * 4));
  std::vector<int64_t> members(static_cast<size_t>(m.groups));
  bool natural = true;
  for (size_t k = 0; k < group_of.size(); ++k) {
    if (group_of[k] < 0 || group_of[k] >= m.groups)
      return bad("names group " + std::to_string(group_of[k]) + " of " + std::to_string(m.groups));
    ++members[static_cast<size_t>(group_of[k])];
    natural &= group_of[k] == static_cast<int64_t>(k) / m.group;
  }
  if (natural) return {};
  for (int64_t g = 0; g < m.groups; ++g) {
    if (members[static_cast<size_t>(g)] != std::min(m.group, m.cols - g * m.group))
      return bad("does not give every group the same number of inputs");
  }
  m.order.resize(group_of.size());
  std::iota(m.order.begin(), m.order.end(), 0);
  std::ranges::stable_sort(m.order, {}, [&](int32_t k) { return group_of[static_cast<size_t>(k)]; });
  return {};
}

Result<QuantizedMatrix> PackedTensors::read(const std::string& module, int64_t rows, int64_t cols) const {
  SW_ASSIGN(PackedMatrix m, describe(module, rows, cols));
  using Decode = void (*)(const PackedMatrix&, int64_t, const kernels::PlainStrip&);
  Decode decode = nullptr;
  bool affine = true;
  switch (quantization_.container) {
    case Container::Gptq:
    case Container::Awq: {
      decode = quantization_.container == Container::Gptq ? decode_gptq_strip : decode_awq_strip;
      SW_ASSIGN(m.codes, read_words(module + ".qweight"));
      if (quantization_.container == Container::Gptq || folder_.find(module + ".qzeros") != nullptr) {
        SW_ASSIGN(m.zeros, read_words(module + ".qzeros"));
      }
      SW_ASSIGN(m.scales, read_halves(module + ".scales"));
      SW_TRY(read_order(module + ".g_idx", m));
      break;
    }
    case Container::CompressedTensors: {
      decode = decode_compressed_strip;
      SW_ASSIGN(m.codes, read_words(module + ".weight_packed"));
      SW_ASSIGN(m.scales, read_halves(module + ".weight_scale"));
      if (const SafetensorsTensor* zeros = folder_.find(module + ".weight_zero_point")) {
        if (zeros->dtype == "I8") {
          std::vector<int8_t> raw(zeros->bytes);
          SW_TRY(read_raw(zeros->name, raw.data(), raw.size()));
          for (const int8_t zero : raw)
            m.plain_zeros.push_back(static_cast<int16_t>(zero + (1 << (m.packing.bits - 1))));
        } else {
          SW_ASSIGN(m.zeros, read_words(zeros->name));
        }
      }
      SW_TRY(read_order(module + ".weight_g_idx", m));
      break;
    }
    case Container::Mlx: {
      decode = decode_mlx_strip;
      affine = false;
      SW_ASSIGN(m.codes, read_words(module + ".weight"));
      SW_ASSIGN(m.scales, read_halves(module + ".scales"));
      SW_ASSIGN(m.biases, read_halves(module + ".biases"));
      break;
    }
    case Container::Hqq: {
      decode = decode_hqq_strip;
      affine = false;
      SW_ASSIGN(const SafetensorsTensor* packed, require(module + ".W_q"));
      if (m.packing.bits == 3) {
        SW_ASSIGN(m.codes, read_words(packed->name));
      } else if (packed->dtype == "U8") {
        m.bytes.resize(packed->bytes);
        SW_TRY(read_raw(packed->name, m.bytes.data(), m.bytes.size()));
      } else {
        return fail(ErrorCode::Unsupported, folder_.path().string() + ": tensor '" + packed->name + "' has the type " +
                                                packed->dtype + "; U8 is supported.");
      }
      SW_ASSIGN(m.scales, read_halves(module + ".scale"));
      SW_ASSIGN(const std::vector<float> zeros, read_floats(module + ".zero"));
      SW_ASSIGN(const std::vector<float> scales, read_floats(module + ".scale"));
      for (size_t i = 0; i < zeros.size(); ++i) {
        const float offset = -zeros[i] * scales[i];
        m.biases.push_back(kernels::float_to_half(offset));
        if (kernels::half_to_float(m.biases.back()) != offset) rounded_.store(true);
      }
      SW_TRY(check_finite_halves(m.biases.data(), static_cast<int64_t>(m.biases.size()),
                                 folder_.path().string() + ": tensor '" + module + ".zero'"));
      break;
    }
    default:
      return fail(ErrorCode::InvalidArgument, folder_.path().string() + ": '" + module + "' is not quantized.");
  }
  auto built = QuantizedMatrix::build(packed_layout(m, affine),
                                      [&](int64_t strip, const kernels::PlainStrip& plain) -> Result<void> {
                                        decode(m, strip, plain);
                                        return {};
                                      });
  if (built && !m.order.empty()) built->set_column_order(std::move(m.order));
  return built;
}

}  // namespace scalewright
