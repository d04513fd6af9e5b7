#include "engine/tune/scale_pack.h"

#include <algorithm>
#include <span>

#include "engine/format/safetensors.h"
#include "engine/tune/recipe.h"

namespace scalewright {
namespace {

constexpr const char* kFormat = "scalewright-scale-pack-1";

std::string tensor_name(const TrainableEntry& entry, Granularity granularity) {
  if (granularity == Granularity::Row) return entry.name + ".row_factor";
  return entry.name + (entry.second ? ".scales_and_minimums" : ".scales");
}

std::vector<int64_t> tensor_shape(const TrainableEntry& entry, Granularity granularity) {
  if (granularity == Granularity::Row) return {entry.rows};
  if (entry.second) return {2, entry.rows, entry.groups};
  return {entry.rows, entry.groups};
}

std::string minimums_name(const TrainableEntry& entry) {
  return entry.name + ".minimums";
}

// Whether the offsets of a Min matrix say more than its scales rounded to halves do.
bool needs_minimums(const QuantizedMatrix& matrix, const TrainableEntry& entry, Granularity granularity,
                    const float* values) {
  if (granularity == Granularity::Row || matrix.layout().kind != kernels::BlockKind::Min) return false;
  return std::any_of(values + entry.offset, values + entry.offset + entry.count,
                     [](float value) { return kernels::half_to_float(kernels::float_to_half(value)) != value; });
}

Result<ScalePackInfo> info_of(const SafetensorsFile& file) {
  const auto value = [&](const char* key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? std::string() : found->second;
  };
  const std::string path = file.path().string();
  if (value("format") != kFormat) {
    return fail(ErrorCode::Format,
                path + ": this is not a scale pack of Scalewright; choose the tuned.safetensors of a run.");
  }
  ScalePackInfo info{.name = value("name"), .codes_hash = value("codes_hash"), .base_name = value("base_name")};
  const auto granularity = granularity_from(value("granularity"));
  if (!granularity) return fail(ErrorCode::Format, path + ": " + granularity.error().message);
  info.granularity = *granularity;
  info.bytes = file.size();
  return info;
}

}  // namespace

Result<void> write_scale_pack(const std::filesystem::path& path, const Model& model, const TrainableLayout& layout,
                              const float* values, const std::string& name) {
  const bool row = layout.granularity == Granularity::Row;
  const std::vector<const Linear*> linears = model.weights.linears();
  std::vector<SafetensorsTensor> tensors;
  for (const TrainableEntry& entry : layout.entries) {
    tensors.push_back({.name = tensor_name(entry, layout.granularity),
                       .dtype = row ? "F32" : "F16",
                       .shape = tensor_shape(entry, layout.granularity)});
    if (needs_minimums(linears[entry.linear]->weight.quant(), entry, layout.granularity, values)) {
      tensors.push_back({.name = minimums_name(entry), .dtype = "F16", .shape = {entry.rows, entry.groups}});
    }
  }
  const std::map<std::string, std::string> metadata{{"format", kFormat},
                                                    {"name", name},
                                                    {"base_name", model.name},
                                                    {"codes_hash", model.codes_hash()},
                                                    {"granularity", to_string(layout.granularity)}};
  SW_ASSIGN(SafetensorsWriter file, SafetensorsWriter::create(path, std::move(tensors), metadata));
  std::vector<uint16_t> halves;
  for (const TrainableEntry& entry : layout.entries) {
    const std::span<const float> part(values + entry.offset, entry.count);
    if (row) {
      SW_TRY(file.write(std::as_bytes(part)));
      continue;
    }
    halves.resize(part.size());
    std::transform(part.begin(), part.end(), halves.begin(), kernels::float_to_half);
    SW_TRY(file.write(std::as_bytes(std::span<const uint16_t>(halves))));
    if (needs_minimums(linears[entry.linear]->weight.quant(), entry, layout.granularity, values)) {
      const std::vector<uint16_t> held = linears[entry.linear]->weight.quant().scale_halves();
      SW_TRY(file.write(std::as_bytes(std::span<const uint16_t>(held).subspan(entry.count))));
    }
  }
  return file.commit();
}

Result<ScalePackInfo> scale_pack_info(const std::filesystem::path& path) {
  SW_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(path));
  return info_of(file);
}

Result<ScalePack> ScalePack::load(const std::filesystem::path& path, const Model& model) {
  SW_ASSIGN(const SafetensorsFile file, SafetensorsFile::open(path));
  ScalePack pack;
  SW_ASSIGN(pack.info_, info_of(file));
  const std::string hash = model.codes_hash();
  if (pack.info_.codes_hash != hash) {
    return fail(ErrorCode::InvalidArgument, path.string() + ": this scale pack was learned on the codes " +
                                                pack.info_.codes_hash + " (" + pack.info_.base_name + "), but " +
                                                model.name + " has the codes " + hash +
                                                ". Open the model that the pack belongs to.");
  }
  pack.layout_ = trainable_layout(model, pack.info_.granularity);
  pack.values_.resize(pack.layout_.total);
  const std::vector<const Linear*> linears = model.weights.linears();
  const bool row = pack.info_.granularity == Granularity::Row;
  std::vector<uint16_t> halves;
  pack.minimums_.resize(pack.layout_.entries.size());
  for (size_t i = 0; i < pack.layout_.entries.size(); ++i) {
    const TrainableEntry& entry = pack.layout_.entries[i];
    const std::string name = tensor_name(entry, pack.info_.granularity);
    const SafetensorsTensor* tensor = file.find(name);
    if (tensor == nullptr || tensor->dtype != (row ? "F32" : "F16") ||
        tensor->shape != tensor_shape(entry, pack.info_.granularity)) {
      return fail(ErrorCode::Format, path.string() + ": the scales of " + name +
                                         " are missing or of another shape than the model's; the pack is damaged.");
    }
    const std::span<float> part(pack.values_.data() + entry.offset, entry.count);
    if (row) {
      SW_TRY(file.read(*tensor, 0, std::as_writable_bytes(part)));
      continue;
    }
    halves.resize(part.size());
    SW_TRY(file.read(*tensor, 0, std::as_writable_bytes(std::span(halves))));
    std::transform(halves.begin(), halves.end(), part.begin(), kernels::half_to_float);
    const SafetensorsTensor* minimums = file.find(minimums_name(entry));
    if (minimums == nullptr) continue;
    if (minimums->dtype != "F16" || minimums->shape != std::vector<int64_t>{entry.rows, entry.groups} ||
        linears[entry.linear]->weight.quant().layout().kind != kernels::BlockKind::Min) {
      return fail(ErrorCode::Format,
                  path.string() + ": the offsets of " + entry.name + " do not fit the model's; the pack is damaged.");
    }
    pack.minimums_[i].resize(entry.count);
    SW_TRY(file.read(*minimums, 0, std::as_writable_bytes(std::span(pack.minimums_[i]))));
  }
  return pack;
}

void ScalePack::apply(Model& model, const std::vector<std::vector<uint16_t>>& base) const {
  restore_scales(model, layout_, base);
  store_scales(model, layout_, values_.data(), base);
  const std::vector<Linear*> linears = model.weights.linears();
  for (size_t i = 0; i < minimums_.size(); ++i) {
    if (minimums_[i].empty()) continue;
    QuantizedMatrix& matrix = linears[layout_.entries[i].linear]->weight.quant();
    std::vector<uint16_t> halves = matrix.scale_halves();
    std::copy(minimums_[i].begin(), minimums_[i].end(),
              halves.begin() + static_cast<std::ptrdiff_t>(layout_.entries[i].count));
    matrix.restore_scale_halves(halves);
  }
  model.tuned_by = info_.name.empty() ? "a scale pack" : info_.name;
}

}  // namespace scalewright
