#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "engine/format/checked.h"
#include "engine/format/gguf.h"
#include "engine/format/gguf_scalars.h"

namespace scalewright {
namespace {

constexpr uint64_t kWindowBytes = uint64_t{1} << 18;
constexpr uint64_t kLargestHeader = uint64_t{1}
                                    << 29;  // tokens, merges and templates of real files take a few percent of it
constexpr uint64_t kLongestKey = 65535, kLongestName = 63;
constexpr uint32_t kLastValueType = static_cast<uint32_t>(GgufValueType::F64);

bool printable(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f; });
}

// Reads the header front to back; every length is compared with what remains before memory is taken for it.
class Cursor {
 public:
  explicit Cursor(const InputFile& file) : file_(file) {}
  uint64_t position() const { return position_; }
  uint64_t remaining() const { return file_.size() - position_; }

  tl::unexpected<Error> bad(std::string_view why, ErrorCode code = ErrorCode::Format) const {
    return fail(code, file_.path().string() + ": " + std::string(why) + " (byte " +
                                       std::to_string(position_) + " of " + std::to_string(file_.size()) + ").");
  }

  tl::unexpected<Error> ends_inside(std::string_view what) const {
    return bad("the file ends inside " + std::string(what) + "; the download is incomplete", ErrorCode::Incomplete);
  }

  Result<void> take(void* out, uint64_t bytes, std::string_view what) {
    if (bytes > remaining()) return ends_inside(what);
    if (bytes > kLargestHeader - std::min(position_, kLargestHeader)) return bad("the header is larger than 512 MiB");
    auto* to = static_cast<char*>(out);
    while (bytes > 0) {
      if (position_ < begin_ || position_ >= begin_ + window_.size()) {
        begin_ = position_;
        window_.resize(std::min(kWindowBytes, remaining()));
        SW_TRY(file_.read_at(begin_, std::as_writable_bytes(std::span(window_))));
      }
      const uint64_t here = std::min<uint64_t>(bytes, begin_ + window_.size() - position_);
      std::memcpy(to, window_.data() + (position_ - begin_), here);
      to += here;
      position_ += here;
      bytes -= here;
    }
    return {};
  }

  template <class T>
  Result<T> number(std::string_view what) {
    T value{};
    SW_TRY(take(&value, sizeof(T), what));
    return value;
  }

  // Appends `bytes` of the file to `out`.
  Result<void> append(std::string& out, uint64_t bytes, std::string_view what) {
    if (bytes > remaining()) return ends_inside(what);
    if (bytes > kLargestHeader) return bad(std::string(what) + " is larger than 512 MiB");
    const size_t begin = out.size();
    out.resize(begin + bytes);
    return take(out.data() + begin, bytes, what);
  }

  Result<std::string> string(uint64_t longest, std::string_view what) {
    SW_ASSIGN(const uint64_t length, number<uint64_t>(what));
    if (length > longest) return bad(std::string(what) + " claims " + std::to_string(length) + " bytes");
    std::string text;
    SW_TRY(append(text, length, what));
    return text;
  }

 private:
  const InputFile& file_;
  uint64_t position_ = 0, begin_ = 0;
  std::string window_;
};

Result<GgufValueType> value_type(Cursor& cursor, const std::string& what) {
  SW_ASSIGN(const uint32_t id, cursor.number<uint32_t>(what));
  if (id > kLastValueType)
    return cursor.bad(what + " has the value type " + std::to_string(id) + ", which GGUF does not know");
  return static_cast<GgufValueType>(id);
}

Result<GgufEntry> read_entry(Cursor& cursor) {
  GgufEntry entry;
  SW_ASSIGN(entry.key, cursor.string(kLongestKey, "a metadata key"));
  if (entry.key.empty() || !printable(entry.key))
    return cursor.bad("a metadata key is empty or holds control characters");
  const std::string what = "the metadata '" + entry.key + "'";
  SW_ASSIGN(entry.type, value_type(cursor, what));
  if (entry.type == GgufValueType::String) {
    SW_ASSIGN(const uint64_t length, cursor.number<uint64_t>(what));
    SW_TRY(cursor.append(entry.bytes, length, what));
    return entry;
  }
  if (entry.type != GgufValueType::Array) {
    SW_TRY(cursor.append(entry.bytes, scalar_bytes(entry.type), what));
    if (entry.type == GgufValueType::Bool && static_cast<uint8_t>(entry.bytes[0]) > 1) {
      return cursor.bad(what + " is neither true nor false");
    }
    return entry;
  }
  SW_ASSIGN(entry.element, value_type(cursor, what));
  if (entry.element == GgufValueType::Array)
    return cursor.bad(what + " is an array of arrays, which GGUF does not allow");
  SW_ASSIGN(entry.count, cursor.number<uint64_t>(what));
  const bool strings = entry.element == GgufValueType::String;
  const uint64_t least = strings ? sizeof(uint64_t) : scalar_bytes(entry.element);
  if (entry.count > cursor.remaining() / least) {
    return cursor.bad(what + " claims " + std::to_string(entry.count) + " elements, more than the file can hold");
  }
  if (!strings) {
    SW_TRY(cursor.append(entry.bytes, entry.count * least, what));
    return entry;
  }
  for (uint64_t i = 0; i < entry.count; ++i) {
    SW_ASSIGN(const uint64_t length, cursor.number<uint64_t>(what));
    entry.bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
    SW_TRY(cursor.append(entry.bytes, length, what));
  }
  return entry;
}

Result<GgufTensor> read_tensor_info(Cursor& cursor) {
  GgufTensor tensor;
  SW_ASSIGN(tensor.name, cursor.string(kLongestName, "a tensor name"));
  if (tensor.name.empty() || !printable(tensor.name))
    return cursor.bad("a tensor name is empty or holds control characters");
  const std::string what = "tensor '" + tensor.name + "'";
  SW_ASSIGN(const uint32_t dims, cursor.number<uint32_t>(what));
  if (dims < 1 || dims > 4)
    return cursor.bad(what + " has " + std::to_string(dims) + " dimensions; 1 to 4 are allowed");
  uint64_t elements = 1;
  for (uint32_t d = 0; d < dims; ++d) {
    SW_ASSIGN(const int64_t extent, cursor.number<int64_t>(what));
    if (extent < 1 || !checked_multiply(elements, static_cast<uint64_t>(extent), elements) ||
        elements > uint64_t{1} << 62) {
      return cursor.bad(what + " has an extent of " + std::to_string(extent) + " that cannot be");
    }
    tensor.ne.push_back(extent);
  }
  SW_ASSIGN(const uint32_t type, cursor.number<uint32_t>(what));
  const GgufTypeInfo* info = find_gguf_type(type);
  if (info == nullptr) {
    return fail(ErrorCode::Unsupported, "Tensor '" + tensor.name + "' has the GGUF type number " +
                                            std::to_string(type) + ", which this version does not know.");
  }
  tensor.type = info->type;
  if (tensor.ne[0] % info->block != 0) {
    return cursor.bad(what + " has rows of " + std::to_string(tensor.ne[0]) + " inputs, no multiple of the " +
                      std::to_string(info->block) + " of a " + std::string(info->name) + " block");
  }
  if (!checked_multiply(elements / info->block, info->block_bytes, tensor.bytes))
    return cursor.bad(what + " is too large");
  SW_ASSIGN(tensor.offset, cursor.number<uint64_t>(what));
  return tensor;
}

}  // namespace

int64_t GgufTensor::rows() const {
  int64_t n = 1;
  for (size_t d = 1; d < ne.size(); ++d) n *= ne[d];
  return n;
}

uint64_t GgufFile::size() const noexcept {
  uint64_t bytes = 0;
  for (const Part& part : parts_) bytes += part.file.size();
  return bytes;
}

Result<GgufFile> GgufFile::open_one(const std::filesystem::path& path) {
  SW_ASSIGN(InputFile input, InputFile::open(path));
  GgufFile gguf(std::move(input));
  Cursor cursor(gguf.parts_.front().file);
  char magic[4] = {};
  if (gguf.size() < kShortestGguf) return cursor.bad("this is not a GGUF file: it is too short");
  SW_TRY(cursor.take(magic, 4, "the magic"));
  if (std::memcmp(magic, "GGUF", 4) != 0) return cursor.bad("this is not a GGUF file: it does not begin with 'GGUF'");
  SW_ASSIGN(const uint32_t version, cursor.number<uint32_t>("the version"));
  if (version == 0x02000000 || version == 0x03000000) {
    return fail(ErrorCode::Unsupported, path.string() + ": this GGUF file was written for a big-endian machine, which is not read here. "
                                            "Convert the model anew, or download its little-endian file.");
  }
  if (version != 2 && version != 3) {
    return fail(ErrorCode::Unsupported, path.string() + ": GGUF version " + std::to_string(version) +
                                            " is not read; versions 2 and 3 are. Convert the model anew.");
  }
  SW_ASSIGN(const uint64_t tensor_count, cursor.number<uint64_t>("the number of tensors"));
  SW_ASSIGN(const uint64_t entry_count, cursor.number<uint64_t>("the number of metadata entries"));
  constexpr uint64_t kLeastEntry = 8 + 1 + 4 + 1, kLeastInfo = 8 + 1 + 4 + 8 + 4 + 8;
  if (entry_count > cursor.remaining() / kLeastEntry) {
    return cursor.bad("the header claims " + std::to_string(entry_count) +
                      " metadata entries, more than the file can hold");
  }
  if (tensor_count > cursor.remaining() / kLeastInfo) {
    return cursor.bad("the header claims " + std::to_string(tensor_count) + " tensors, more than the file can hold");
  }
  std::unordered_set<std::string> names;
  for (uint64_t i = 0; i < entry_count; ++i) {
    SW_ASSIGN(GgufEntry entry, read_entry(cursor));
    if (!names.insert(entry.key).second) return cursor.bad("the metadata '" + entry.key + "' appears twice");
    gguf.entries_.push_back(std::move(entry));
  }
  if (const GgufEntry* alignment = gguf.entry("general.alignment")) {
    const auto value = alignment->as_int();
    if (!value || *value < 1 || *value > (int64_t{1} << 24) || (*value & (*value - 1)) != 0) {
      return cursor.bad("general.alignment is no power of two");
    }
    gguf.alignment_ = static_cast<uint32_t>(*value);
  }
  names.clear();
  uint64_t running = 0;
  for (uint64_t i = 0; i < tensor_count; ++i) {
    auto read = read_tensor_info(cursor);
    if (!read) {
      Error error = std::move(read).error();
      if (error.code == ErrorCode::Unsupported) error.message = path.string() + ": " + error.message;
      return tl::unexpected<Error>(std::move(error));
    }
    GgufTensor& tensor = *read;
    if (!names.insert(tensor.name).second) return cursor.bad("tensor '" + tensor.name + "' appears twice");
    if (tensor.offset != running) {
      return cursor.bad("tensor '" + tensor.name + "' lies at offset " + std::to_string(tensor.offset) + ", but " +
                        std::to_string(running) + " follows from the tensors before it");
    }
    uint64_t end = 0;
    if (!checked_add(tensor.offset, tensor.bytes, end) || !checked_round_up(end, gguf.alignment_, running)) {
      return cursor.bad("tensor '" + tensor.name + "' is too large");
    }
    gguf.tensors_.push_back(std::move(tensor));
  }
  uint64_t& data_begin = gguf.parts_.front().data_begin;
  if (!checked_round_up(cursor.position(), gguf.alignment_, data_begin))
    return cursor.bad("the header is too large");
  if (!gguf.tensors_.empty()) {
    const GgufTensor& last = gguf.tensors_.back();
    uint64_t end = 0;
    if (!checked_add(data_begin, last.offset + last.bytes, end) || end > gguf.size()) {
      return fail(ErrorCode::Incomplete, path.string() + ": tensor '" + last.name + "' ends at byte " +
                                             std::to_string(end) + ", but the file has " +
                                             std::to_string(gguf.size()) + ": the download is incomplete.");
    }
  }
  gguf.sort_names();
  return gguf;
}

void GgufFile::sort_names() {
  by_name_.resize(tensors_.size());
  for (uint32_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
  std::ranges::sort(by_name_, {}, [&](uint32_t i) -> const std::string& { return tensors_[i].name; });
}

const GgufTensor* GgufFile::tensor(std::string_view name) const {
  const auto found =
      std::ranges::lower_bound(by_name_, name, {}, [&](uint32_t i) { return std::string_view(tensors_[i].name); });
  if (found == by_name_.end() || tensors_[*found].name != name) return nullptr;
  return &tensors_[*found];
}

Result<void> GgufFile::read(const GgufTensor& tensor, uint64_t from, std::span<std::byte> out) const {
  if (from > tensor.bytes || out.size() > tensor.bytes - from) {
    return fail(ErrorCode::InvalidArgument,
                path().string() + ": a read beyond the end of tensor '" + tensor.name + "'.");
  }
  const Part& part = parts_[tensor.part];
  return part.file.read_at(part.data_begin + tensor.offset + from, out);
}

}  // namespace scalewright
