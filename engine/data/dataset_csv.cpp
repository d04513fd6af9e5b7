#include "engine/data/dataset_csv.h"

#include "engine/core/ascii.h"

namespace scalewright::data {

bool CsvReader::next(CsvRecord& record) {
  record.fields.clear();
  record.problem.clear();
  while (source_.peek() == '\n' || source_.peek() == '\r') source_.get();
  if (source_.peek() == ByteSource::kEnd) return false;
  record.line = source_.line();
  std::string field;
  bool quoted = false;      // inside quotes
  bool was_quoted = false;  // the field began with one
  size_t bytes = 0;
  for (;;) {
    const int c = source_.get();
    if (++bytes > kLargestRow && record.problem.empty()) {
      record.problem = "The row is longer than 64 MiB. A quote that is not closed may be the reason.";
      field.clear();
    }
    if (c == ByteSource::kEnd) {
      if (quoted && record.problem.empty()) {
        record.problem = "A quoted field that begins in this row is never closed. Add the missing quote.";
      }
      record.fields.push_back(std::move(field));
      return true;
    }
    if (quoted) {
      if (c != '"') {
        if (record.problem.empty()) field += static_cast<char>(c);
      } else if (source_.peek() == '"') {
        source_.get();
        field += '"';
      } else {
        quoted = false;
      }
      continue;
    }
    if (c == separator_) {
      record.fields.push_back(std::move(field));
      field.clear();
      was_quoted = false;
    } else if (c == '\n' || c == '\r') {
      if (c == '\r' && source_.peek() == '\n') source_.get();
      record.fields.push_back(std::move(field));
      return true;
    } else if (c == '"' && field.empty() && !was_quoted) {
      quoted = was_quoted = true;
    } else {
      if (was_quoted && record.problem.empty()) {
        record.problem = "Text follows the closing quote of field " + std::to_string(record.fields.size() + 1) +
                         ". Write a quote inside a field as two quotes.";
      }
      if (record.problem.empty()) field += static_cast<char>(c);
    }
  }
}

Result<char> csv_separator(const std::filesystem::path& path) {
  SW_ASSIGN(ByteSource source, ByteSource::open(path));
  const std::string extension = lower(path.extension().string());
  if (extension == ".tsv" || extension == ".tab") return '\t';
  const std::string_view candidates = ",;\t|";
  size_t counts[4] = {};
  bool quoted = false;
  int c = source.get();
  while (c == '\n' || c == '\r') c = source.get();  // as the reader passes over empty lines
  for (; c != ByteSource::kEnd && (quoted || (c != '\n' && c != '\r')); c = source.get()) {
    if (c == '"') quoted = !quoted;
    const size_t at = quoted ? std::string_view::npos : candidates.find(static_cast<char>(c));
    if (at != std::string_view::npos) ++counts[at];
  }
  size_t best = 0;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (counts[i] > counts[best]) best = i;
  }
  return candidates[best];
}

}  // namespace scalewright::data
