#pragma once
// safetensors: u64 header length | JSON header, padded with spaces to 8 | data. {name: {dtype, shape, data_offsets: [b,
// e]}}. A reader checks that the data are contiguous from 0 to the end of the file, that e - b is what dtype and shape
// make, and that no name appears twice.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace scalewright {

struct SafetensorsTensor {
  std::string name;
  std::string dtype;  // "F32", "F16", "BF16", "F64", "I8", "U8", "I16", "I32", "U32", "I64", "BOOL", ...
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // of its bytes, from the start of the data
  uint64_t bytes = 0;
  size_t shard = 0;  // which file of a folder
  int64_t count() const;
};
uint64_t safetensors_dtype_bits(std::string_view dtype);  // 0: not known

class SafetensorsFile {
 public:
  static Result<SafetensorsFile> open(const std::filesystem::path& path);
  const std::filesystem::path& path() const noexcept { return file_.path(); }
  uint64_t size() const noexcept { return file_.size(); }
  const std::vector<SafetensorsTensor>& tensors() const noexcept { return tensors_; }  // by offset
  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  const SafetensorsTensor* find(std::string_view name) const;
  Result<void> read(const SafetensorsTensor& tensor, uint64_t from, std::span<std::byte> out) const;  // thread-safe
  // A whole tensor; Format error when its dtype is another.
  Result<std::vector<float>> read_f32(std::string_view name) const;  // from F32, F16, BF16, F64
  template <class T>
  Result<std::vector<T>> read_as(std::string_view name, std::string_view dtype) const;

 private:
  explicit SafetensorsFile(InputFile file) : file_(std::move(file)) {}
  Result<const SafetensorsTensor*> require(std::string_view name) const;
  InputFile file_;
  uint64_t data_begin_ = 0;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, size_t, std::less<>> by_name_;
  std::map<std::string, std::string> metadata_;
};

template <class T>
Result<std::vector<T>> SafetensorsFile::read_as(std::string_view name, std::string_view dtype) const {
  SW_ASSIGN(const SafetensorsTensor* tensor, require(name));
  if (tensor->dtype != dtype || tensor->bytes % sizeof(T) != 0) {
    return fail(ErrorCode::Format, path().string() + ": tensor '" + std::string(name) + "' has the type " +
                                       tensor->dtype + "; " + std::string(dtype) + " is needed.");
  }
  std::vector<T> values(tensor->bytes / sizeof(T));
  SW_TRY(read(*tensor, 0, std::as_writable_bytes(std::span(values))));
  return values;
}

// A folder as Hugging Face lays it out: one file, or shards named by model.safetensors.index.json.
class SafetensorsFolder {
 public:
  static Result<SafetensorsFolder> open(const std::filesystem::path& folder);
  const std::filesystem::path& path() const noexcept { return folder_; }
  uint64_t bytes() const;  // of all shards
  const std::map<std::string, SafetensorsTensor, std::less<>>& tensors() const noexcept { return tensors_; }
  const SafetensorsTensor* find(std::string_view name) const;
  Result<void> read(const SafetensorsTensor& tensor, uint64_t from, std::span<std::byte> out) const;

 private:
  std::filesystem::path folder_;
  std::vector<SafetensorsFile> shards_;
  std::map<std::string, SafetensorsTensor, std::less<>> tensors_;
};

class SafetensorsWriter {
 public:
  // `tensors`: name, dtype, shape; their data follow in this order.
  static Result<SafetensorsWriter> create(const std::filesystem::path& path, std::vector<SafetensorsTensor> tensors,
                                          const std::map<std::string, std::string>& metadata);
  // Bytes of the whole file that create() would begin; fails as it does.
  static Result<uint64_t> file_bytes(const std::filesystem::path& path, std::vector<SafetensorsTensor> tensors,
                                     const std::map<std::string, std::string>& metadata);
  const std::vector<SafetensorsTensor>& tensors() const noexcept { return tensors_; }
  Result<void> write(std::span<const std::byte> part);  // of the tensor whose turn it is
  uint64_t bytes_written() const noexcept { return file_.bytes_written(); }
  Result<void> commit();  // fails when data are missing

 private:
  explicit SafetensorsWriter(AtomicFile file) : file_(std::move(file)) {}
  AtomicFile file_;
  std::vector<SafetensorsTensor> tensors_;
  uint64_t remaining_ = 0;
};

// `count` values of a dense type as floats; false when the dtype is none of F32, F16, BF16, F64.
bool convert_to_float(std::string_view dtype, const std::byte* from, size_t count, float* to);

}  // namespace scalewright
