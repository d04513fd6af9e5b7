#include "engine/data/dataset.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "engine/core/ascii.h"
#include "engine/core/json.h"
#include "engine/data/dataset_csv.h"
#include "engine/data/dataset_json.h"
#include "engine/data/dataset_look.h"
#include "engine/data/dataset_rows.h"
#include "engine/data/dataset_shape.h"

namespace scalewright {
namespace {

using data::ByteSource;
using data::RowResult;
using data::Shape;
using nlohmann::json;

constexpr int kDeepest = 64;

class Importer {
 public:
  // `look`: what cannot be used is no error.
  Importer(const std::filesystem::path& path, const ImportOptions& options, bool look = false)
      : options_(options), look_(look) {
    dataset_.path = path;
    dataset_.format = options.format;
  }

  Result<Dataset> run() {
    SW_ASSIGN(const Shape shape, data::shape_of(dataset_.path, options_.format));
    switch (shape) {
      case Shape::Plain:
        SW_TRY(read_plain());
        break;
      case Shape::Table:
        SW_TRY(read_table());
        break;
      case Shape::Json:
        SW_TRY(read_json(false));
        break;
      case Shape::JsonLines:
        SW_TRY(read_json(true));
        break;
    }
    return finish();
  }

 private:
  bool full() const { return options_.limit > 0 && dataset_.rows >= options_.limit; }

  void add_problem(int64_t line, std::string field, std::string message) {
    dataset_.problems.push_back({dataset_.path.filename().string(), line, std::move(field), std::move(message)});
  }

  // Detects the form from the first row that has one, then reads every row so.
  void add_row(const json& row, int64_t line) {
    ++dataset_.rows;
    if (dataset_.columns.empty() && row.is_object()) {
      for (const auto& [key, value] : row.items()) dataset_.columns.push_back(key);
    }
    if (form_ == DatasetFormat::Auto) form_ = data::detect_row_format(row, options_.columns);
    if (form_ == DatasetFormat::Auto && data::is_message(row)) {
      add_problem(line, "",
                  "The row is one message of a conversation, not the whole of it. Put all its messages into one list "
                  "called messages.");
      return;
    }
    if (form_ == DatasetFormat::Auto && row.is_object() && !row.empty()) {
      add_problem(line, "",
                  "The form of the row is not known: it has " + data::list_keys(row) +
                      ". Known are messages, conversations, instruction with output, prompt with completion, and text; "
                      "other names can be mapped (--columns prompt=NAME,completion=NAME on the command line).");
      return;
    }
    RowResult result = data::read_row(row, form_, options_.columns);
    if (result.kind == RowResult::Kind::Problem)
      return add_problem(line, std::move(result.field), std::move(result.message));
    if (result.kind == RowResult::Kind::Empty) {
      ++dataset_.empty;
      return;
    }
    std::sort(result.ignored.begin(), result.ignored.end());
    result.ignored.erase(std::unique(result.ignored.begin(), result.ignored.end()), result.ignored.end());
    for (const std::string& key : result.ignored) ++ignored_[key];
    result.example.line = line;
    result.example.row = dataset_.rows;
    add_example(std::move(result.example));
  }

  void add_example(Example example) {
    std::string whole = example.text;
    for (const Message& message : example.messages) whole += message.role + '\x1f' + message.content + '\x1e';
    if (!seen_.insert(std::hash<std::string>{}(whole)).second) ++dataset_.duplicates;
    dataset_.examples.push_back(std::move(example));
  }

  Result<void> read_json(bool lines) {
    SW_ASSIGN(ByteSource source, ByteSource::open(dataset_.path));
    if (options_.format == DatasetFormat::Csv) {
      return fail(ErrorCode::Format,
                  dataset_.path.string() + ": these rows are JSON, not a table. Name their form, or leave it to be found.");
    }
    SW_ASSIGN(data::JsonRows rows, data::JsonRows::open(std::move(source), lines));
    form_ = options_.format;
    while (!full()) {
      auto raw = rows.next();
      if (!raw) break;
      std::string trouble = raw->problem;
      if (trouble.empty()) trouble = data::utf8_problem(raw->text);
      if (!trouble.empty()) {
        ++dataset_.rows;
        add_problem(raw->line, "", trouble);
        continue;
      }
      auto row = parse_json(raw->text, dataset_.path.filename().string() + ":" + std::to_string(raw->line), kDeepest);
      if (!row) {
        ++dataset_.rows;
        add_problem(raw->line, "", "The row is not valid JSON. " + broken_json_hint(raw->text));
        continue;
      }
      add_row(*row, raw->line);
    }
    SW_TRY(rows.error());
    dataset_.format = form_;
    return {};
  }

  // A guess at what people get wrong most often.
  static std::string broken_json_hint(const std::string& text) {
    const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t\r\n");
    if (first != std::string::npos && text[first] == '{' && text[last] == ',')
      return "The comma behind it belongs to an array: remove it.";
    if (first != std::string::npos && text[first] == '{' && text[last] != '}') return "Its closing brace is missing.";
    if (text.find('\'') != std::string::npos && text.find('"') == std::string::npos) return "JSON wants double quotes.";
    return "Check quotes, commas and braces.";
  }

  Result<void> read_table() {
    SW_ASSIGN(const char separator, data::csv_separator(dataset_.path));
    SW_ASSIGN(ByteSource source, ByteSource::open(dataset_.path));
    data::CsvReader reader(std::move(source), separator);
    data::CsvRecord record;
    if (!reader.next(record)) return {};
    if (!record.problem.empty())
      return fail(ErrorCode::Format,
                  dataset_.path.string() + ":" + std::to_string(record.line) + ": " + record.problem);
    const std::vector<std::string> header = record.fields;
    std::string names;
    json sample = json::object();
    for (const std::string& name : header) {
      names += (names.empty() ? "" : ", ") + name;
      sample[name] = "x";
      if (!data::utf8_problem(name).empty()) {
        return fail(ErrorCode::Format,
                    dataset_.path.string() + ":1: the header is not valid UTF-8. Save the file as UTF-8.");
      }
    }
    if (look_) dataset_.columns = header;
    for (const auto& [what, column] : options_.columns) {
      if (std::find(header.begin(), header.end(), column) == header.end()) {
        if (look_) return {};
        return fail(ErrorCode::InvalidArgument, dataset_.path.string() + ": there is no column \"" + column +
                                                    "\" for the " + what + ". The columns are " + names + ".");
      }
    }
    form_ = options_.format == DatasetFormat::Csv || options_.format == DatasetFormat::Auto
                ? data::detect_row_format(sample, options_.columns)
                : options_.format;
    if (form_ == DatasetFormat::Auto || form_ == DatasetFormat::Chat || form_ == DatasetFormat::ShareGpt) {
      if (look_) return {};
      return fail(ErrorCode::InvalidArgument,
                  dataset_.path.string() + ": none of its columns (" + names +
                      ") is known as a prompt or an answer. Say which are: map \"prompt\" "
                      "and \"completion\" (or \"text\") to column names (on the command line: "
                      "--columns prompt=NAME,completion=NAME).");
    }
    dataset_.columns = header;
    dataset_.format = DatasetFormat::Csv;
    while (!full() && reader.next(record)) {
      if (record.problem.empty() && record.fields.size() != header.size()) {
        record.problem = "The row has " + std::to_string(record.fields.size()) + " fields, but the header has " +
                         std::to_string(header.size()) + ". A field that holds the separator must be quoted.";
      }
      json row = json::object();
      for (size_t i = 0; record.problem.empty() && i < header.size(); ++i) {
        record.problem = data::utf8_problem(record.fields[i]);
        if (!row.contains(header[i])) row[header[i]] = std::move(record.fields[i]);
      }
      if (!record.problem.empty()) {
        ++dataset_.rows;
        add_problem(record.line, "", record.problem);
        continue;
      }
      add_row(row, record.line);
    }
    return reader.error();
  }

  // The whole file is one document.
  Result<void> read_plain() {
    if (options_.format != DatasetFormat::Auto && options_.format != DatasetFormat::Text) {
      return fail(ErrorCode::Format, dataset_.path.string() + ": this is plain text, not " +
                                         to_string(options_.format) +
                                         ". Rows of that form come as JSON, JSONL or CSV.");
    }
    dataset_.format = DatasetFormat::Text;
    SW_ASSIGN(ByteSource source, ByteSource::open(dataset_.path));
    if (source.size() > (uint64_t{2} << 30)) {
      return fail(ErrorCode::Unsupported,
                  dataset_.path.string() + ": plain text above 2 GB is not read at once. Split the file.");
    }
    Example example;
    example.line = 1;
    std::string line;
    bool too_long = false, first = true;
    while (source.line_text(line, too_long)) {
      if (too_long)
        return fail(ErrorCode::Format, dataset_.path.string() + ": a line is longer than 64 MiB. Split it.");
      const std::string trouble = data::utf8_problem(line);
      if (!trouble.empty()) {
        add_problem(source.line() - 1, "", "The line is left out: " + trouble);
        continue;
      }
      if (!first) example.text += '\n';
      first = false;
      example.text += line;
    }
    SW_TRY(source.error());
    if (blank(example.text)) return {};
    example.row = ++dataset_.rows;
    add_example(std::move(example));
    return {};
  }

  Result<Dataset> finish() {
    for (const auto& [key, count] : ignored_) {
      dataset_.notes.push_back(std::to_string(count) + (count == 1 ? " row" : " rows") + ": \"" + key +
                               (key == "rejected" ? "\" is ignored, only the chosen answers are learned"
                                                  : "\" is ignored, only the text of the messages is learned"));
    }
    if (dataset_.examples.empty() && !look_) {
      const std::string name = dataset_.path.string();
      if (!dataset_.problems.empty()) {
        const RowProblem& first = dataset_.problems.front();
        return fail(ErrorCode::Format, name + ": none of its " + std::to_string(dataset_.rows) +
                                           " rows can be used. The first problem, in line " +
                                           std::to_string(first.line) +
                                           (first.field.empty() ? "" : ", " + first.field) + ": " + first.message);
      }
      if (dataset_.format == DatasetFormat::Csv && dataset_.rows == 0 && !dataset_.columns.empty()) {
        std::string columns;
        for (const std::string& column : dataset_.columns) columns += (columns.empty() ? "" : ", ") + column;
        return fail(ErrorCode::Format, name + ": the table has a header (" + columns +
                                           ") and no rows below it. A dataset needs at least one example.");
      }
      return fail(ErrorCode::Format, name + (dataset_.rows > 0 ? ": every row is empty." : ": the file is empty.") +
                                         " A dataset needs at least one example.");
    }
    return std::move(dataset_);
  }

  const ImportOptions& options_;
  const bool look_;
  Dataset dataset_;
  DatasetFormat form_ = DatasetFormat::Auto;
  std::map<std::string, int64_t> ignored_;
  std::unordered_set<size_t> seen_;
};

}  // namespace

const char* to_string(DatasetFormat format) {
  switch (format) {
    case DatasetFormat::Auto:
      return "auto";
    case DatasetFormat::Alpaca:
      return "alpaca";
    case DatasetFormat::ShareGpt:
      return "sharegpt";
    case DatasetFormat::Chat:
      return "chat";
    case DatasetFormat::PromptCompletion:
      return "prompt-completion";
    case DatasetFormat::Csv:
      return "csv";
    case DatasetFormat::Text:
      return "text";
  }
  return "auto";
}

Result<DatasetFormat> dataset_format_from(const std::string& word) {
  for (DatasetFormat format : {DatasetFormat::Auto, DatasetFormat::Alpaca, DatasetFormat::ShareGpt, DatasetFormat::Chat,
                               DatasetFormat::PromptCompletion, DatasetFormat::Csv, DatasetFormat::Text}) {
    if (word == to_string(format)) return format;
  }
  return fail(
      ErrorCode::InvalidArgument,
      "\"" + word + "\" is no dataset format. Use auto, alpaca, sharegpt, chat, prompt-completion, csv or text.");
}

Result<Dataset> import_dataset(const std::filesystem::path& path, const ImportOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::InvalidArgument, path.string() + " is a folder. Choose the file with the examples.");
  }
  return Importer(path, options).run();
}

Result<Dataset> look_at_dataset(const std::filesystem::path& path, const ImportOptions& options) {
  return Importer(path, options, true).run();
}

}  // namespace scalewright
