#pragma once
// NumPy .npy files, version 1.0, C order, little-endian: for `logits`, golden sets and --save-batches' readers.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace scalewright {

struct NpyArray {
  std::string dtype;           // "<f4", "<f8", "<i4", "<i8", "|u1", "<f2"
  std::vector<int64_t> shape;
  std::vector<std::byte> data;
  int64_t count() const;
};
Result<NpyArray> read_npy(const std::filesystem::path& path);
Result<std::vector<float>> npy_as_float(const NpyArray& array);      // from f4, f8, f2
Result<std::vector<int32_t>> npy_as_int32(const NpyArray& array);    // from i4, i8 (checked range), u1
Result<void> write_npy(const std::filesystem::path& path, std::span<const float> values, std::span<const int64_t> shape);
Result<void> write_npy(const std::filesystem::path& path, std::span<const int32_t> values, std::span<const int64_t> shape);

}  // namespace scalewright
