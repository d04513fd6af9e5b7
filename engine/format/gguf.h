#pragma once
// GGUF v3 files (v2 is read as well). Nothing in a file is believed before it is checked: counts and lengths against
// the bytes that remain, offsets against the running padded sum, names against each other.
//
//   "GGUF" | u32 version | i64 tensors | i64 entries | entries | tensor infos | padding | data, each tensor padded
//   entry: string key | i32 type | value; string: u64 length + bytes; array: i32 element type | u64 n | elements
//   info:  string name | u32 dims | i64 ne[dims] | i32 type | u64 offset from the start of the data

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/format/gguf_types.h"

namespace scalewright {

enum class GgufValueType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

// A key and its value as it stands in the file, so that what we do not understand is written back as it was.
struct GgufEntry {
  std::string key;
  GgufValueType type = GgufValueType::U32;
  GgufValueType element = GgufValueType::U32;  // of an array
  uint64_t count = 0;                          // of an array
  std::string bytes;  // little-endian; a string without its length; an array's elements, strings with their lengths

  std::optional<int64_t> as_int() const;    // any integer type that fits
  std::optional<double> as_number() const;  // any number
  std::optional<bool> as_bool() const;
  std::optional<std::string> as_string() const;
  std::optional<std::vector<std::string>> as_strings() const;
  std::optional<std::vector<int64_t>> as_ints() const;    // array of integers or bools
  std::optional<std::vector<double>> as_numbers() const;  // array of numbers

  static GgufEntry u32(std::string key, uint32_t value);
  static GgufEntry f32(std::string key, float value);
  static GgufEntry boolean(std::string key, bool value);
  static GgufEntry string(std::string key, std::string value);
  static GgufEntry strings(std::string key, std::span<const std::string> values);
  static GgufEntry f32s(std::string key, std::span<const float> values);
  static GgufEntry i32s(std::string key, std::span<const int32_t> values);
};
const GgufEntry* find_entry(const std::vector<GgufEntry>& entries, std::string_view key);

struct GgufTensor {
  std::string name;
  GgufType type = GgufType::F32;
  std::vector<int64_t> ne;  // ne[0] = inputs of a row
  uint64_t offset = 0;      // from the start of the data
  uint64_t bytes = 0;
  uint32_t part = 0;  // of a model in several files: which of them, from 0
  int64_t cols() const { return ne.empty() ? 0 : ne[0]; }
  int64_t rows() const;  // product of the other extents
  uint64_t row_bytes() const { return bytes / static_cast<uint64_t>(rows()); }
};

inline constexpr uint64_t kShortestGguf = 24;  // bytes: magic, version, numbers of tensors and keys

class GgufFile {
 public:
  // Reads and checks the header; no tensor data. A model in several files ("name-00001-of-00003.gguf", as gguf-split
  // writes them) is opened by any of them and looks like one file: the metadata of the first, the tensors of all.
  static Result<GgufFile> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return parts_.front().file.path(); }  // of the first
  uint64_t size() const noexcept;                                                            // of all
  uint32_t alignment() const noexcept { return alignment_; }
  const std::vector<GgufEntry>& entries() const noexcept { return entries_; }
  const GgufEntry* entry(std::string_view key) const { return find_entry(entries_, key); }
  const std::vector<GgufTensor>& tensors() const noexcept { return tensors_; }
  const GgufTensor* tensor(std::string_view name) const;
  // Bytes of a tensor from byte `from` of it. Thread-safe.
  Result<void> read(const GgufTensor& tensor, uint64_t from, std::span<std::byte> out) const;

 private:
  struct Part {
    InputFile file;
    uint64_t data_begin = 0;
  };
  explicit GgufFile(InputFile file) { parts_.push_back({std::move(file)}); }
  static Result<GgufFile> open_one(const std::filesystem::path& path);
  Result<void> add_part(GgufFile part, uint32_t number, int64_t count);
  void sort_names();

  std::vector<Part> parts_;
  uint32_t alignment_ = 32;
  std::vector<GgufEntry> entries_;
  std::vector<GgufTensor> tensors_;
  std::vector<uint32_t> by_name_;  // tensors_ sorted by name
};

// Writes a GGUF v3 file: header first, then the tensors in the order they were declared, each in as many parts as it
// takes.
class GgufWriter {
 public:
  // `tensors`: name, type and ne; offsets and sizes are computed. Alignment comes from general.alignment, else 32.
  static Result<GgufWriter> create(const std::filesystem::path& path, const std::vector<GgufEntry>& entries,
                                   std::vector<GgufTensor> tensors);
  // Bytes of the whole file that create() would begin; fails as it does.
  static Result<uint64_t> file_bytes(const std::filesystem::path& path, const std::vector<GgufEntry>& entries,
                                     std::vector<GgufTensor> tensors);
  const std::vector<GgufTensor>& tensors() const noexcept { return tensors_; }
  Result<void> write(std::span<const std::byte> part);  // of the tensor whose turn it is
  uint64_t bytes_written() const noexcept { return file_.bytes_written(); }
  Result<void> commit();  // fails when a tensor is not complete

 private:
  explicit GgufWriter(AtomicFile file) : file_(std::move(file)) {}
  Result<void> finish_tensor();
  AtomicFile file_;
  uint32_t alignment_ = 32;
  std::vector<GgufTensor> tensors_;
  size_t current_ = 0;
  uint64_t in_current_ = 0;
};

}  // namespace scalewright
