#pragma once
// Tables as text (RFC 4180): quoted fields may hold separators, line ends and doubled quotes.

#include <string>
#include <vector>

#include "engine/data/dataset_source.h"

namespace scalewright::data {

struct CsvRecord {
  std::vector<std::string> fields;
  int64_t line = 0;     // where it begins
  std::string problem;  // empty: none
};

class CsvReader {
 public:
  CsvReader(ByteSource source, char separator) : source_(std::move(source)), separator_(separator) {}
  // False at the end. Empty lines are passed over.
  bool next(CsvRecord& record);
  const Result<void>& error() const { return source_.error(); }

 private:
  ByteSource source_;
  char separator_;
};

// The separator of a table: a tab for .tsv and .tab, else what its first line that is not empty holds most of among , ; tab and |.
Result<char> csv_separator(const std::filesystem::path& path);

}  // namespace scalewright::data
