#include "engine/data/dataset_shape.h"

#include <array>
#include <string_view>

#include "engine/core/ascii.h"
#include "engine/data/dataset_source.h"

namespace scalewright::data {
namespace {

struct Ending {
  std::string_view text;
  Shape shape;
};
constexpr std::array<Ending, 12> kEndings = {{{".jsonl", Shape::JsonLines},
                                              {".ndjson", Shape::JsonLines},
                                              {".jsonlines", Shape::JsonLines},
                                              {".json", Shape::Json},
                                              {".csv", Shape::Table},
                                              {".tsv", Shape::Table},
                                              {".tab", Shape::Table},
                                              {".txt", Shape::Plain},
                                              {".text", Shape::Plain},
                                              {".md", Shape::Plain},
                                              {".raw", Shape::Plain},
                                              {".tokens", Shape::Plain}}};

}  // namespace

std::optional<Shape> shape_by_name(const std::filesystem::path& path) {
  const std::string ending = lower(path.extension().string());
  for (const Ending& known : kEndings) {
    if (ending == known.text) return known.shape;
  }
  return std::nullopt;
}

Result<Shape> shape_of(const std::filesystem::path& path, DatasetFormat format) {
  const std::optional<Shape> named = shape_by_name(path);
  const bool json = named == Shape::Json || named == Shape::JsonLines;
  if (format == DatasetFormat::Csv && !json) return Shape::Table;
  if (named) return *named;
  SW_ASSIGN(ByteSource source, ByteSource::open(path));
  int c = source.get();
  while (c == ' ' || c == '\t' || c == '\r' || c == '\n') c = source.get();
  return c == '{' || c == '[' ? Shape::Json : Shape::Plain;
}

}  // namespace scalewright::data
