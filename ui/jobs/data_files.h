#pragma once
// The files that a run learns from. The engine tunes on one file: several are read by their own forms and written as one, row by
// row, whose rows are the same.

#include <QString>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace scalewright::ui {

struct DataFile {
  std::filesystem::path path;
  std::map<std::string, std::string> columns;   // as ImportOptions::columns
  friend bool operator==(const DataFile&, const DataFile&) = default;
};
// What one of the files is.
struct DataFileFacts {
  DatasetFormat format = DatasetFormat::Auto;
  int64_t rows = 0;
  std::vector<std::string> columns;
};
struct DataFilesRead {
  Dataset dataset;                              // of all; where there are several its path is empty, and lines count its examples
  std::vector<DataFileFacts> files;             // in the order given
};
// Errors as import_dataset, and InvalidArgument where conversations and plain texts are mixed: they are learned differently.
Result<DataFilesRead> readDataFiles(const std::vector<DataFile>& files);
// Writes the rows into `folder` as "<first>-and-2-more-<hash>.jsonl", named by what is in it: the same rows give the same file. Its path.
Result<std::filesystem::path> writeMerged(const DataFilesRead& read, const std::vector<DataFile>& files, const std::filesystem::path& folder);

}  // namespace scalewright::ui
