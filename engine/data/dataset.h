#pragma once
// Datasets people bring: read, checked row by row, rendered with the model's template, masked to the answers, packed.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/model/model.h"
#include "engine/text/chat_template.h"

namespace scalewright {

enum class DatasetFormat { Auto, Alpaca, ShareGpt, Chat, PromptCompletion, Csv, Text };
const char* to_string(DatasetFormat format);
Result<DatasetFormat> dataset_format_from(const std::string& word);  // the words of --data-format

struct RowProblem {
  std::string file;
  int64_t line = 0;     // 1-based line of the file (first line of the row)
  std::string field;    // "messages[2].content"; empty: the whole row
  std::string message;  // what is wrong and what to do
  int64_t row = 0;      // Example::row; 0: the row has not become an example
};

struct Example {
  std::vector<Message> messages;  // empty for plain text
  std::string text;               // plain text documents
  int64_t line = 0;               // where it begins; several may share one
  int64_t row = 0;                // 1-based, counted over all rows of the file: which one it is
};

struct ImportOptions {
  DatasetFormat format = DatasetFormat::Auto;
  std::map<std::string, std::string>
      columns;        // CSV/TSV and unusual keys: "prompt" -> column name, "completion", "system"
  int64_t limit = 0;  // 0: all rows
};

struct Dataset {
  std::filesystem::path path;
  DatasetFormat format = DatasetFormat::Auto;  // as detected
  std::vector<Example> examples;
  std::vector<RowProblem> problems;             // rows left out, and why
  int64_t rows = 0, duplicates = 0, empty = 0;  // rows seen; duplicates are kept, empty rows left out
  std::vector<std::string> columns;             // CSV: header; JSON: keys of the first row
  std::vector<std::string> notes;  // what was left aside in rows that are used, in words: "12 rows: `tools` is ignored"
};
// Error only when nothing can be used (no such file, no usable row); single bad rows are listed in problems.
Result<Dataset> import_dataset(const std::filesystem::path& path, const ImportOptions& options);

struct EncodedExample {
  std::vector<int32_t> ids;
  std::vector<uint8_t> learned;  // [ids]: 1 = the prediction *of* this token counts
  int64_t line = 0, row = 0;     // of the example; a document may give several
  bool cut = false;  // longer than the context
};
// A conversation longer than the context: End, its last tokens are cut off; Start, its first (a BOS stays); Drop, it is
// left out. Documents are cut into rows and lose nothing.
enum class Truncation { End, Start, Drop };
const char* to_string(Truncation truncation);                  // end | start | drop
Result<Truncation> truncation_from(const std::string& word);
struct EncodeSettings {
  int64_t context = 512;
  Truncation truncation = Truncation::End;
  bool train_on_inputs = false;
  std::string system_prompt;  // added where a row has none; empty: none
};
struct EncodedDataset {
  std::vector<EncodedExample> examples;
  int64_t tokens = 0, learned_tokens = 0, cut = 0, dropped = 0;  // dropped: nothing left to learn after the cut
  int64_t too_long = 0;  // left out by Truncation::Drop
  std::vector<RowProblem> problems;  // rows that the model's chat template refuses (not in `dropped`)
};
Result<EncodedDataset> encode_dataset(const Dataset& dataset, const Model& model, const EncodeSettings& settings);
// One row as a person would see it: rendered text and its learned byte ranges.
Result<Rendered> preview_example(const Example& example, const Model& model, const EncodeSettings& settings);
// Splits by seed: `fraction` of the rows (at least one where there are two) go to the second.
std::pair<EncodedDataset, EncodedDataset> split_dataset(EncodedDataset dataset, double fraction, uint64_t seed);

}  // namespace scalewright
