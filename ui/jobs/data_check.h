#pragma once
// What the Data step runs on the engine thread: every row of the chosen files read, checked and put into tokens before a run begins.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/data_files.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

inline constexpr int kLookedAt = 1000;  // rows of a file that cannot be used, whose problems are listed

struct DataOrder {
  std::filesystem::path model;
  std::vector<DataFile> files;          // one or more
  std::filesystem::path validation;     // empty: rows are held back instead
  std::filesystem::path folder;         // where several files are made one
  EncodeSettings settings;
};
struct CheckedData {
  std::shared_ptr<OpenModel> open;
  std::shared_ptr<const Dataset> dataset;
  std::shared_ptr<const EncodedDataset> encoded;
  std::vector<DataFileFacts> files;
  std::optional<Error> refused;         // why one of the files cannot be used, or all of them together
  std::vector<bool> unusable;           // of each file, where one is refused; what can be used is read all the same
  std::filesystem::path data;           // that the run reads: the file, or all of them in one
  std::shared_ptr<const Dataset> validation;  // of the file that is validated on; null: there is none, or it cannot be used
  int64_t validationRows = 0;           // of it, that can be used
  std::optional<Error> validationRefused;
};
Result<CheckedData> checkData(EngineHost& engine, const DataOrder& order, JobContext& context);

// That a run reads its data with: files that are made one have the usual ones.
std::map<std::string, std::string> columnsOf(const std::vector<DataFile>& files);

}  // namespace scalewright::ui
