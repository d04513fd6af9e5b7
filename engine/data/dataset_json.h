#pragma once
// Rows out of JSON: one a line (JSONL), the elements of one array, or those of the array inside one object ({"data":
// [...]}). Rows come one after another; only one is in memory at a time, except where everything is inside one object.

#include <optional>
#include <string>

#include "engine/data/dataset_source.h"

namespace scalewright::data {

struct RawRow {
  std::string text;  // JSON of the row; empty where `problem` says why there is none
  int64_t line = 0;  // where it begins
  std::string problem;
};

class JsonRows {
 public:
  // `lines`: the name of the file says that each line is a row.
  static Result<JsonRows> open(ByteSource source, bool lines);
  // Nothing at the end. An array that breaks off or lacks a comma ends with a row that has a problem.
  std::optional<RawRow> next();
  const Result<void>& error() const { return source_.error(); }

 private:
  enum class Kind { Lines, Array, Inner };
  JsonRows(ByteSource source, Kind kind) : source_(std::move(source)), kind_(kind) {}
  int get();
  int peek();
  int64_t line() const;
  void skip_space();
  std::optional<RawRow> next_line();
  std::optional<RawRow> next_element();

  ByteSource source_;
  Kind kind_;
  bool done_ = false, first_ = true;
  // Inner: the text of the one object, its reading position and line.
  std::string inner_;
  size_t inner_at_ = 0;
  int64_t inner_line_ = 1;
  std::optional<RawRow> held_;  // a row that opening read already
};

}  // namespace scalewright::data
