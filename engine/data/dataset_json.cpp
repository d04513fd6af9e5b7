#include "engine/data/dataset_json.h"

#include "engine/core/ascii.h"
#include "engine/core/json.h"
#include "engine/data/dataset_rows.h"

namespace scalewright::data {
namespace {

constexpr size_t kLargestObject = size_t{1} << 30;  // a file that is one object has to be held whole
constexpr const char* kTooLong = "The row is longer than 64 MiB. Split it.";

// Position behind the '[' of the first member of the outermost object that is an array, or npos. `line` counts along.
size_t inner_array(std::string_view text, int64_t& line) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    line += c == '\n';
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' && depth == 1) {
      const size_t inside = text.find_first_not_of(" \t\r\n", i + 1);
      if (inside != std::string_view::npos && text[inside] == '{') return i + 1;  // an array of objects: rows
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
  return std::string_view::npos;
}

}  // namespace

Result<JsonRows> JsonRows::open(ByteSource source, bool lines) {
  if (lines) return JsonRows(std::move(source), Kind::Lines);
  JsonRows rows(std::move(source), Kind::Array);
  rows.skip_space();
  if (rows.peek() == '[') {
    rows.get();
    return rows;
  }
  // An object on the first line is JSONL under another name; an object over several lines is held whole.
  rows.kind_ = Kind::Lines;
  RawRow row;
  row.line = rows.source_.line();
  bool too_long = false;
  if (!rows.source_.line_text(row.text, too_long)) return rows;
  if (too_long) {
    row.problem = kTooLong;
    rows.held_ = std::move(row);
    return rows;
  }
  bool whole = true;  // the object is all that the file holds
  auto value = parse_json(row.text, "", 256);
  if (value) {
    rows.skip_space();
    whole = rows.source_.peek() == ByteSource::kEnd;
  } else {
    std::string rest;
    while (rows.source_.line_text(rest, too_long)) {
      if (too_long || row.text.size() + rest.size() > kLargestObject) {
        row.text.clear();
        break;
      }
      row.text += '\n';
      row.text += rest;
    }
    if (!row.text.empty()) value = parse_json(row.text, "", 256);
    if (!value) {
      // Lines after all, the first of them broken: read again from the start, one by one.
      SW_ASSIGN(ByteSource again, ByteSource::open(rows.source_.path()));
      return JsonRows(std::move(again), Kind::Lines);
    }
  }
  // {"data": [{...}, ...]}, unless it is a row itself: of a conversation the objects in the array are its messages.
  int64_t line = row.line;
  const bool row_itself = detect_row_format(*value, {}) != DatasetFormat::Auto;
  const size_t at = whole && !row_itself ? inner_array(row.text, line) : std::string::npos;
  if (at == std::string::npos) {
    rows.held_ = std::move(row);
    return rows;
  }
  rows.kind_ = Kind::Inner;
  rows.inner_ = std::move(row.text);
  rows.inner_at_ = at;
  rows.inner_line_ = line;
  return rows;
}

int JsonRows::peek() {
  if (kind_ != Kind::Inner) return source_.peek();
  return inner_at_ < inner_.size() ? static_cast<unsigned char>(inner_[inner_at_]) : ByteSource::kEnd;
}

int JsonRows::get() {
  if (kind_ != Kind::Inner) return source_.get();
  const int byte = peek();
  if (byte != ByteSource::kEnd) {
    ++inner_at_;
    inner_line_ += byte == '\n';
  }
  return byte;
}

int64_t JsonRows::line() const {
  return kind_ == Kind::Inner ? inner_line_ : source_.line();
}

void JsonRows::skip_space() {
  for (int c = peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = peek()) get();
}

std::optional<RawRow> JsonRows::next() {
  if (held_) {
    std::optional<RawRow> row = std::move(held_);
    held_.reset();
    return row;
  }
  if (done_) return std::nullopt;
  return kind_ == Kind::Lines ? next_line() : next_element();
}

std::optional<RawRow> JsonRows::next_line() {
  for (;;) {
    RawRow row;
    row.line = source_.line();
    bool too_long = false;
    if (!source_.line_text(row.text, too_long)) return std::nullopt;
    if (too_long) {
      row.problem = kTooLong;
      return row;
    }
    if (!blank(row.text)) return row;
  }
}

// The text of one element, found by its brackets and quotes alone, so that an element that is not valid JSON inside its
// brackets spoils no other.
std::optional<RawRow> JsonRows::next_element() {
  RawRow row;
  skip_space();
  row.line = line();
  const auto give_up = [&](const std::string& problem) {
    done_ = true;
    row.text.clear();
    row.problem = problem;
    return row;
  };
  int c = peek();
  if (c == ']') {
    done_ = true;
    return std::nullopt;
  }
  if (!first_) {
    if (c == ByteSource::kEnd) return give_up("The array is not closed by \"]\": the file seems to be cut off here.");
    if (c != ',') return give_up("A comma is missing between two rows of the array, so the rest cannot be read.");
    get();
    skip_space();
    row.line = line();
    c = peek();
    if (c == ']') {  // a comma too many at the end
      done_ = true;
      return std::nullopt;
    }
  }
  first_ = false;
  if (c == ByteSource::kEnd) return give_up("The array is not closed by \"]\": the file seems to be cut off here.");
  int depth = 0;
  bool in_string = false, too_long = false;
  for (;;) {
    c = peek();
    if (c == ByteSource::kEnd)
      return give_up("The row that begins here is not complete: the file seems to be cut off.");
    if (!in_string && depth == 0 && (c == ',' || c == ']')) break;
    get();
    if (row.text.size() < kLargestRow)
      row.text += static_cast<char>(c);
    else
      too_long = true;
    if (in_string) {
      if (c == '\\') {
        const int escaped = get();
        if (escaped != ByteSource::kEnd) row.text += static_cast<char>(escaped);
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
      if (depth == 0) break;
    }
  }
  if (too_long) {
    row.text.clear();
    row.problem = kTooLong;
  }
  return row;
}

}  // namespace scalewright::data
