#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "engine/core/json.h"
#include "engine/format/checked.h"
#include "engine/format/safetensors.h"
#include "kernels/common/quant_layout.h"

namespace scalewright {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kLargestHeader = 100'000'000;

// Reads exactly the shape that the format allows and stops at anything else. A DOM would accept duplicate names
// silently.
class HeaderHandler : public nlohmann::json_sax<json> {
 public:
  std::vector<SafetensorsTensor> tensors;
  std::map<std::string, std::string> metadata;
  std::string problem;

  bool null() override { return stop("null is not allowed in the header"); }
  bool boolean(bool) override { return stop("true or false is not allowed in the header"); }
  bool number_float(number_float_t, const string_t&) override {
    return stop("a fraction is not allowed in the header");
  }
  bool binary(binary_t&) override { return stop("binary values are not allowed in the header"); }
  bool number_integer(number_integer_t) override { return stop("a negative number is not allowed in the header"); }
  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 2 || !in_array_ || value > (uint64_t{1} << 62))
      return stop("a number stands where none belongs or is too large");
    (field_ == "shape" ? shape_ : offsets_).push_back(value);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ != 2 || in_array_) return stop("a text stands where none belongs");
    if (in_metadata_) {
      metadata[field_] = value;
      return true;
    }
    if (field_ != "dtype") return stop("'" + field_ + "' of a tensor is not known");
    tensors.back().dtype = value;
    return true;
  }
  bool start_object(size_t) override {
    if (in_array_ || ++depth_ > 2) return stop("objects are nested too deep");
    if (depth_ == 2) {
      fields_.clear();
      shape_.clear();
      offsets_.clear();
      if (!in_metadata_) {
        tensors.emplace_back();
        tensors.back().name = name_;
      }
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    if (depth_ == 1) return end_entry();
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ != 2 || in_array_ || in_metadata_ || (field_ != "shape" && field_ != "data_offsets")) {
      return stop("an array stands where none belongs");
    }
    in_array_ = true;
    return true;
  }
  bool end_array() override {
    in_array_ = false;
    return true;
  }
  bool key(string_t& value) override {
    if (depth_ == 1) {
      if (!names_.insert(value).second) return stop("'" + value + "' appears twice");
      in_metadata_ = value == "__metadata__";
      name_ = value;
      return true;
    }
    if (!fields_.insert(value).second) return stop("'" + value + "' of '" + name_ + "' appears twice");
    field_ = value;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    return stop("the header is not valid JSON (at byte " + std::to_string(position + 8) + ")");
  }

 private:
  bool stop(std::string why) {
    if (problem.empty()) problem = std::move(why);
    return false;
  }
  bool end_entry() {
    if (in_metadata_) return true;
    SafetensorsTensor& tensor = tensors.back();
    if (fields_.size() != 3 || offsets_.size() != 2 || offsets_[0] > offsets_[1] || shape_.size() > 8) {
      return stop("tensor '" + name_ + "' lacks dtype, shape or data_offsets, or they make no sense");
    }
    tensor.begin = offsets_[0];
    tensor.bytes = offsets_[1] - offsets_[0];
    const uint64_t bits = safetensors_dtype_bits(tensor.dtype);
    if (bits == 0) return stop("tensor '" + name_ + "' has the type '" + tensor.dtype + "', which is not known");
    uint64_t total = bits;
    for (const uint64_t extent : shape_) {
      if (!checked_multiply(total, extent, total)) return stop("the shape of tensor '" + name_ + "' is too large");
      tensor.shape.push_back(static_cast<int64_t>(extent));
    }
    if (total % 8 != 0 || total / 8 != tensor.bytes) {
      return stop("tensor '" + name_ + "' has " + std::to_string(tensor.bytes) +
                  " bytes, but its shape and type make " + std::to_string(total / 8));
    }
    return true;
  }

  int depth_ = 0;
  bool in_array_ = false, in_metadata_ = false;
  std::string name_, field_;
  std::set<std::string> names_, fields_;
  std::vector<uint64_t> shape_, offsets_;
};

}  // namespace

int64_t SafetensorsTensor::count() const {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

uint64_t safetensors_dtype_bits(std::string_view dtype) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64" || dtype == "C64") return 64;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 32;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 16;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype.starts_with("F8_")) return 8;
  if (dtype.starts_with("F6_")) return 6;
  if (dtype == "F4") return 4;
  return 0;
}

bool convert_to_float(std::string_view dtype, const std::byte* from, size_t count, float* to) {
  if (dtype == "F32") {
    std::memcpy(to, from, count * sizeof(float));
  } else if (dtype == "F16" || dtype == "BF16") {
    const bool half = dtype == "F16";
    for (size_t i = 0; i < count; ++i) {
      uint16_t bits;
      std::memcpy(&bits, from + 2 * i, 2);
      to[i] = half ? kernels::half_to_float(bits) : std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    }
  } else if (dtype == "F64") {
    for (size_t i = 0; i < count; ++i) {
      double value;
      std::memcpy(&value, from + 8 * i, 8);
      to[i] = static_cast<float>(value);
    }
  } else {
    return false;
  }
  return true;
}

Result<SafetensorsFile> SafetensorsFile::open(const fs::path& path) {
  SW_ASSIGN(InputFile input, InputFile::open(path));
  SafetensorsFile file(std::move(input));
  const auto bad = [&](std::string_view why, ErrorCode code = ErrorCode::Format) {
    return fail(code, path.string() + ": " + std::string(why) + ".");
  };
  uint64_t header_bytes = 0;
  if (file.size() < 10) return bad("this is not a safetensors file: it is too short");
  SW_TRY(file.file_.read_at(0, std::as_writable_bytes(std::span(&header_bytes, 1))));
  if (header_bytes > kLargestHeader)
    return bad("this is not a safetensors file: its header claims " + std::to_string(header_bytes) + " bytes");
  if (header_bytes > file.size() - 8)
    return bad("the file ends inside its header; the download is incomplete", ErrorCode::Incomplete);
  std::string header(header_bytes, '\0');
  SW_TRY(file.file_.read_at(8, std::as_writable_bytes(std::span(header))));
  if (header.empty() || header[0] != '{')
    return bad("this is not a safetensors file: its header does not begin with '{'");
  HeaderHandler handler;
  try {
    if (!json::sax_parse(header, &handler))
      return bad(handler.problem.empty() ? "the header cannot be read" : handler.problem);
  } catch (const std::exception&) {
    return bad("the header is not valid JSON");
  }
  file.tensors_ = std::move(handler.tensors);
  file.metadata_ = std::move(handler.metadata);
  std::ranges::stable_sort(file.tensors_, {}, [](const SafetensorsTensor& t) { return std::pair(t.begin, t.bytes); });
  uint64_t running = 0;
  for (const SafetensorsTensor& tensor : file.tensors_) {
    if (tensor.begin != running) {
      return bad("tensor '" + tensor.name + "' begins at byte " + std::to_string(tensor.begin) +
                 " of the data, but the one before it ends at " + std::to_string(running));
    }
    if (!checked_add(running, tensor.bytes, running)) return bad("tensor '" + tensor.name + "' is too large");
  }
  file.data_begin_ = 8 + header_bytes;
  const uint64_t there = file.size() - file.data_begin_;
  if (running > there) {
    return bad("the tensors take " + std::to_string(running) + " bytes, but the file holds " + std::to_string(there) +
                   ": the download is incomplete",
               ErrorCode::Incomplete);
  }
  if (running < there)
    return bad("the file holds " + std::to_string(there - running) + " bytes that belong to no tensor");
  for (size_t i = 0; i < file.tensors_.size(); ++i) file.by_name_[file.tensors_[i].name] = i;
  return file;
}

const SafetensorsTensor* SafetensorsFile::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

Result<const SafetensorsTensor*> SafetensorsFile::require(std::string_view name) const {
  const SafetensorsTensor* tensor = find(name);
  if (tensor == nullptr)
    return fail(ErrorCode::Format, path().string() + ": there is no tensor '" + std::string(name) + "'.");
  return tensor;
}

Result<void> SafetensorsFile::read(const SafetensorsTensor& tensor, uint64_t from, std::span<std::byte> out) const {
  if (from > tensor.bytes || out.size() > tensor.bytes - from) {
    return fail(ErrorCode::InvalidArgument,
                path().string() + ": a read beyond the end of tensor '" + tensor.name + "'.");
  }
  return file_.read_at(data_begin_ + tensor.begin + from, out);
}

Result<std::vector<float>> SafetensorsFile::read_f32(std::string_view name) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  std::vector<std::byte> raw(tensor->bytes);
  SW_TRY(read(*tensor, 0, raw));
  std::vector<float> values(static_cast<size_t>(tensor->count()));
  if (!convert_to_float(tensor->dtype, raw.data(), values.size(), values.data())) {
    return fail(ErrorCode::Format, path().string() + ": tensor '" + std::string(name) + "' has the type " +
                                       tensor->dtype + ", which holds no fractions.");
  }
  return values;
}

Result<SafetensorsFolder> SafetensorsFolder::open(const fs::path& folder) {
  SafetensorsFolder result;
  result.folder_ = folder;
  std::error_code error;
  std::set<std::string> names;
  std::optional<std::map<std::string, std::string>> weight_map;
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::exists(index, error)) {
    SW_ASSIGN(const std::string text, read_text_file(index, kLargestHeader));
    SW_ASSIGN(const json parsed, parse_json(text, index.string(), 8));
    const json& entries = json_member(parsed, "weight_map");
    if (!entries.is_object()) return fail(ErrorCode::Format, index.string() + ": 'weight_map' is missing.");
    weight_map.emplace();
    for (const auto& [tensor, shard] : entries.items()) {
      if (!shard.is_string())
        return fail(ErrorCode::Format, index.string() + ": the shard of '" + tensor + "' is no file name.");
      const std::string name = shard.get<std::string>();
      if (name.empty() || name.find('/') != std::string::npos || name.find('\\') != std::string::npos ||
          name.find('\0') != std::string::npos || name == "." || name == ".." || !name.ends_with(".safetensors")) {
        return fail(ErrorCode::Format, index.string() + ": the shard of '" + tensor +
                                           "' is not the bare name of a .safetensors file in the same folder.");
      }
      names.insert(name);
      weight_map->emplace(tensor, name);
    }
  } else if (fs::exists(folder / "model.safetensors", error)) {
    names.insert("model.safetensors");
  } else {
    bool pickles = false;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.ends_with(".safetensors")) names.insert(name);
      pickles |= name.ends_with(".bin") || name.ends_with(".pt") || name.ends_with(".pth");
    }
    if (error) return fail(ErrorCode::Io, folder.string() + ": the folder cannot be read: " + error.message() + ".");
    if (names.size() != 1) {
      return fail(ErrorCode::Format,
                  folder.string() + ": " +
                      (names.empty() ? "there is no .safetensors file here"
                                     : "there are several .safetensors files and no model.safetensors.index.json") +
                      (names.empty() && pickles ? "; pickled weights (.bin, .pt) can run code and are not "
                                                  "opened: save the model as safetensors."
                                                : "."));
    }
  }
  for (const std::string& name : names) {
    SW_ASSIGN(SafetensorsFile shard, SafetensorsFile::open(folder / name));
    for (SafetensorsTensor tensor : shard.tensors()) {
      tensor.shard = result.shards_.size();
      if (weight_map) {
        const auto listed = weight_map->find(tensor.name);
        if (listed == weight_map->end() || listed->second != name) {
          return fail(ErrorCode::Format, (folder / name).string() + ": tensor '" + tensor.name +
                                             "' is not listed for this file in model.safetensors.index.json.");
        }
      }
      const std::string key = tensor.name;
      if (!result.tensors_.emplace(key, std::move(tensor)).second) {
        return fail(ErrorCode::Format, folder.string() + ": tensor '" + key + "' appears in two files.");
      }
    }
    result.shards_.push_back(std::move(shard));
  }
  if (weight_map) {
    for (const auto& [tensor, shard] : *weight_map) {
      if (result.find(tensor) == nullptr) {
        return fail(ErrorCode::Format, (folder / shard).string() + ": tensor '" + tensor +
                                           "' is promised by model.safetensors.index.json but is not there.");
      }
    }
  }
  return result;
}

uint64_t SafetensorsFolder::bytes() const {
  uint64_t total = 0;
  for (const SafetensorsFile& shard : shards_) total += shard.size();
  return total;
}

const SafetensorsTensor* SafetensorsFolder::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Result<void> SafetensorsFolder::read(const SafetensorsTensor& tensor, uint64_t from, std::span<std::byte> out) const {
  return shards_[tensor.shard].read(tensor, from, out);
}

}  // namespace scalewright
