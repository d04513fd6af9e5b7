#pragma once
// How the bytes of a file are cut into rows; what a row says is another question.

#include <filesystem>
#include <optional>

#include "engine/data/dataset.h"

namespace scalewright::data {

enum class Shape { Json, JsonLines, Table, Plain };
// As the end of the name says, in capitals or not; empty: it says nothing.
std::optional<Shape> shape_by_name(const std::filesystem::path& path);
// With the form that was asked for, and where neither decides by the first character. Errors: it cannot be read.
Result<Shape> shape_of(const std::filesystem::path& path, DatasetFormat format);

}  // namespace scalewright::data
