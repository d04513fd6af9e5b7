#include <nlohmann/json.hpp>
#include <set>

#include "engine/format/checked.h"
#include "engine/format/safetensors.h"

namespace scalewright {
namespace {

struct Header {
  std::string text;
  uint64_t data = 0;  // bytes behind it
};

// Fills in where each tensor begins and ends.
Result<Header> lay_out(const std::filesystem::path& path, std::vector<SafetensorsTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  uint64_t running = 0;
  std::set<std::string> names;
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  for (SafetensorsTensor& tensor : tensors) {
    uint64_t bits = safetensors_dtype_bits(tensor.dtype);
    for (const int64_t extent : tensor.shape) {
      if (extent < 0 || !checked_multiply(bits, static_cast<uint64_t>(extent), bits)) bits = 1;
    }
    if (bits % 8 != 0 || !names.insert(tensor.name).second) {
      return fail(ErrorCode::InvalidArgument, path.string() + ": tensor '" + tensor.name + "' cannot be written.");
    }
    tensor.begin = running;
    tensor.bytes = bits / 8;
    running += tensor.bytes;
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {tensor.begin, running}}};
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  while (text.size() % 8 != 0) text += ' ';
  return Header{std::move(text), running};
}

}  // namespace

Result<uint64_t> SafetensorsWriter::file_bytes(const std::filesystem::path& path,
                                               std::vector<SafetensorsTensor> tensors,
                                               const std::map<std::string, std::string>& metadata) {
  SW_ASSIGN(const Header header, lay_out(path, tensors, metadata));
  return sizeof(uint64_t) + header.text.size() + header.data;
}

Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path,
                                                    std::vector<SafetensorsTensor> tensors,
                                                    const std::map<std::string, std::string>& metadata) {
  SW_ASSIGN(const Header header, lay_out(path, tensors, metadata));
  SW_ASSIGN(AtomicFile file, AtomicFile::create(path));
  SafetensorsWriter writer(std::move(file));
  const uint64_t length = header.text.size();
  SW_TRY(writer.file_.write(std::as_bytes(std::span(&length, 1))));
  SW_TRY(writer.file_.write(header.text));
  writer.tensors_ = std::move(tensors);
  writer.remaining_ = header.data;
  return writer;
}

Result<void> SafetensorsWriter::write(std::span<const std::byte> part) {
  if (part.size() > remaining_) {
    return fail(ErrorCode::InvalidArgument, "More tensor data than the safetensors header declared.");
  }
  remaining_ -= part.size();
  return file_.write(part);
}

Result<void> SafetensorsWriter::commit() {
  if (remaining_ != 0)
    return fail(ErrorCode::InvalidArgument, "Less tensor data than the safetensors header declared.");
  return file_.commit();
}

}  // namespace scalewright
