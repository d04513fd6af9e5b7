#include "engine/data/data_files.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/core/file.h"

namespace scalewright {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json row_of(const Example& example) {
  if (example.messages.empty()) return {{"text", example.text}};
  Json messages = Json::array();
  for (const Message& message : example.messages) messages.push_back({{"role", message.role}, {"content", message.content}});
  return {{"messages", messages}};
}

std::string hash_of(const std::string& rows) {
  char text[9];
  std::snprintf(text, sizeof text, "%08llx", static_cast<unsigned long long>(XXH3_64bits(rows.data(), rows.size()) >> 32));
  return text;
}

}  // namespace

std::vector<DataFile> without_repeats(std::vector<DataFile> files) {
  std::vector<DataFile> once;
  for (DataFile& file : files) {
    std::error_code error;
    const bool known = std::ranges::any_of(once, [&](const DataFile& other) {
      return other.path == file.path || fs::equivalent(other.path, file.path, error);
    });
    if (!known) once.push_back(std::move(file));
  }
  return once;
}

Result<DataFilesRead> read_data_files(const std::vector<DataFile>& files) {
  if (files.empty())
    return fail(ErrorCode::InvalidArgument, "No dataset is given; choose a file of examples to learn from.");
  DataFilesRead read;
  std::unordered_set<std::string> seen;
  for (const DataFile& file : files) {
    SW_ASSIGN(Dataset part, import_dataset(file.path, {.format = file.format, .columns = file.columns, .limit = 0}));
    read.files.push_back({part.format, part.rows, part.columns});
    if (files.size() == 1) {
      read.dataset = std::move(part);
      return read;
    }
    Dataset& all = read.dataset;
    const bool text = part.format == DatasetFormat::Text;
    if (all.examples.empty()) {
      all.format = text ? DatasetFormat::Text : DatasetFormat::Chat;
    } else if (text != (all.format == DatasetFormat::Text)) {
      return fail(ErrorCode::InvalidArgument, file.path.filename().string() +
                                                  ": conversations and plain texts cannot be learned in one run. Remove "
                                                  "one of the two.");
    }
    all.rows += part.rows;
    all.empty += part.empty;
    all.problems.insert(all.problems.end(), std::make_move_iterator(part.problems.begin()),
                        std::make_move_iterator(part.problems.end()));
    for (const std::string& note : part.notes) all.notes.push_back(file.path.filename().string() + ": " + note);
    for (Example& example : part.examples) {
      if (!seen.insert(row_of(example).dump(-1, ' ', false, Json::error_handler_t::replace)).second) ++all.duplicates;
      all.examples.push_back(std::move(example));
      all.examples.back().line = all.examples.back().row = static_cast<int64_t>(all.examples.size());
    }
  }
  return read;
}

Result<fs::path> write_merged(const DataFilesRead& read, const std::vector<DataFile>& files, const fs::path& folder) {
  std::string rows;
  for (const Example& example : read.dataset.examples)
    rows += row_of(example).dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  std::error_code error;
  fs::create_directories(folder, error);  // the writer says what is wrong with it
  const fs::path path = folder / (files.front().path.stem().string() + "-and-" + std::to_string(files.size() - 1) +
                                  "-more-" + hash_of(rows) + ".jsonl");
  SW_TRY(write_text_file(path, rows));
  return path;
}

}  // namespace scalewright
