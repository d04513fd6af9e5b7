#pragma once
// The files that a run learns from. The trainer reads one: several are read by their own forms and written as one, row by row, whose
// rows are the same.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/dataset.h"

namespace scalewright {

struct DataFile {
  std::filesystem::path path;
  std::map<std::string, std::string> columns;  // as ImportOptions::columns
  DatasetFormat format = DatasetFormat::Auto;
  friend bool operator==(const DataFile&, const DataFile&) = default;
};
// What one of the files is.
struct DataFileFacts {
  DatasetFormat format = DatasetFormat::Auto;
  int64_t rows = 0;
  std::vector<std::string> columns;
};
struct DataFilesRead {
  Dataset dataset;  // of all; where there are several its path is empty, and lines and rows count its examples
  std::vector<DataFileFacts> files;  // in the order given
};
// Each file once, in the order given: the same file by another path is left out.
std::vector<DataFile> without_repeats(std::vector<DataFile> files);
// Errors as import_dataset, and InvalidArgument where conversations and plain texts are mixed: they are learned
// differently. Rows that say the same count as duplicates across files too.
Result<DataFilesRead> read_data_files(const std::vector<DataFile>& files);
// Writes the rows into `folder` (made where it is absent) as "<first>-and-2-more-<hash>.jsonl", named by what is in it:
// the same rows give the same file. Its path.
Result<std::filesystem::path> write_merged(const DataFilesRead& read, const std::vector<DataFile>& files,
                                           const std::filesystem::path& folder);

}  // namespace scalewright
