#include <algorithm>
#include <array>
#include <unordered_set>

#include "engine/format/checked.h"
#include "engine/format/gguf.h"

namespace scalewright {
namespace {

template <class T>
Result<void> put(AtomicFile& file, T value) {
  return file.write(std::as_bytes(std::span(&value, 1)));
}

Result<void> put_string(AtomicFile& file, std::string_view text) {
  SW_TRY(put(file, static_cast<uint64_t>(text.size())));
  return file.write(text);
}

Result<void> put_entry(AtomicFile& file, const GgufEntry& entry) {
  SW_TRY(put_string(file, entry.key));
  SW_TRY(put(file, static_cast<uint32_t>(entry.type)));
  if (entry.type == GgufValueType::Array) {
    SW_TRY(put(file, static_cast<uint32_t>(entry.element)));
    SW_TRY(put(file, entry.count));
  } else if (entry.type == GgufValueType::String) {
    SW_TRY(put(file, static_cast<uint64_t>(entry.bytes.size())));
  }
  return file.write(entry.bytes);
}

Result<void> pad(AtomicFile& file, uint64_t alignment) {
  static constexpr std::array<char, 64> zeros{};
  uint64_t missing = (alignment - file.bytes_written() % alignment) % alignment;
  while (missing > 0) {
    const uint64_t now = std::min<uint64_t>(missing, zeros.size());
    SW_TRY(file.write(std::string_view(zeros.data(), now)));
    missing -= now;
  }
  return {};
}

uint32_t alignment_of(const std::vector<GgufEntry>& entries) {
  const GgufEntry* entry = find_entry(entries, "general.alignment");
  return entry == nullptr ? 32 : static_cast<uint32_t>(entry->as_int().value_or(32));
}

// Sizes and offsets of the tensors; gives the bytes of them all, each padded.
Result<uint64_t> lay_out(const std::filesystem::path& path, uint32_t alignment, std::vector<GgufTensor>& tensors) {
  std::unordered_set<std::string> names;
  uint64_t running = 0;
  for (GgufTensor& tensor : tensors) {
    const GgufTypeInfo& info = gguf_type_info(tensor.type);
    if (tensor.name.size() > 63 || !names.insert(tensor.name).second) {
      return fail(ErrorCode::InvalidArgument,
                  path.string() + ": the tensor name '" + tensor.name + "' is longer than 63 bytes or appears twice.");
    }
    if (tensor.cols() % info.block != 0) {
      return fail(ErrorCode::Unsupported, path.string() + ": tensor '" + tensor.name + "' has rows of " +
                                              std::to_string(tensor.cols()) + " inputs, which " +
                                              std::string(info.name) + " (blocks of " + std::to_string(info.block) +
                                              ") cannot hold.");
    }
    tensor.bytes =
        static_cast<uint64_t>(tensor.rows()) * static_cast<uint64_t>(tensor.cols()) / info.block * info.block_bytes;
    tensor.offset = running;
    if (!checked_round_up(running + tensor.bytes, alignment, running)) {
      return fail(ErrorCode::InvalidArgument, path.string() + ": the model is too large for a file.");
    }
  }
  return running;
}

}  // namespace

Result<uint64_t> GgufWriter::file_bytes(const std::filesystem::path& path, const std::vector<GgufEntry>& entries,
                                        std::vector<GgufTensor> tensors) {
  const uint32_t alignment = alignment_of(entries);
  SW_ASSIGN(const uint64_t data, lay_out(path, alignment, tensors));
  uint64_t header = 4 + 4 + 8 + 8;
  for (const GgufEntry& entry : entries) {
    header += 8 + entry.key.size() + 4 + entry.bytes.size();
    if (entry.type == GgufValueType::Array) header += 4 + 8;
    if (entry.type == GgufValueType::String) header += 8;
  }
  for (const GgufTensor& tensor : tensors) header += 8 + tensor.name.size() + 4 + 8 * tensor.ne.size() + 4 + 8;
  return header + (alignment - header % alignment) % alignment + data;
}

Result<GgufWriter> GgufWriter::create(const std::filesystem::path& path, const std::vector<GgufEntry>& entries,
                                      std::vector<GgufTensor> tensors) {
  const uint32_t alignment = alignment_of(entries);
  SW_TRY(lay_out(path, alignment, tensors));
  SW_ASSIGN(AtomicFile file, AtomicFile::create(path));
  GgufWriter writer(std::move(file));
  writer.alignment_ = alignment;
  writer.tensors_ = std::move(tensors);
  AtomicFile& out = writer.file_;
  SW_TRY(out.write(std::string_view("GGUF")));
  SW_TRY(put(out, uint32_t{3}));
  SW_TRY(put(out, static_cast<uint64_t>(writer.tensors_.size())));
  SW_TRY(put(out, static_cast<uint64_t>(entries.size())));
  for (const GgufEntry& entry : entries) SW_TRY(put_entry(out, entry));
  for (const GgufTensor& tensor : writer.tensors_) {
    SW_TRY(put_string(out, tensor.name));
    SW_TRY(put(out, static_cast<uint32_t>(tensor.ne.size())));
    for (const int64_t extent : tensor.ne) SW_TRY(put(out, extent));
    SW_TRY(put(out, static_cast<uint32_t>(tensor.type)));
    SW_TRY(put(out, tensor.offset));
  }
  SW_TRY(pad(out, alignment));
  return writer;
}

Result<void> GgufWriter::write(std::span<const std::byte> part) {
  if (current_ >= tensors_.size() || part.size() > tensors_[current_].bytes - in_current_) {
    return fail(ErrorCode::InvalidArgument, "More tensor data than the GGUF header declared.");
  }
  SW_TRY(file_.write(part));
  in_current_ += part.size();
  return finish_tensor();
}

Result<void> GgufWriter::finish_tensor() {
  while (current_ < tensors_.size() && in_current_ == tensors_[current_].bytes) {
    SW_TRY(pad(file_, alignment_));
    ++current_;
    in_current_ = 0;
  }
  return {};
}

Result<void> GgufWriter::commit() {
  if (current_ != tensors_.size()) {
    return fail(ErrorCode::InvalidArgument, "Less tensor data than the GGUF header declared.");
  }
  return file_.commit();
}

}  // namespace scalewright
