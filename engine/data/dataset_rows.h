#pragma once
// One row, whatever its form, to an Example: Alpaca, ShareGPT, chat, prompt and completion, text.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/data/dataset.h"

namespace scalewright::data {

struct RowResult {
  enum class Kind { Example, Empty, Problem } kind = Kind::Example;
  Example example;
  std::string field, message;        // Problem
  std::vector<std::string> ignored;  // keys of the row that were left aside
};

using ColumnMap = std::map<std::string, std::string>;

// The form of a row by its keys; Auto where none fits. With a mapping of columns it is PromptCompletion or Text.
DatasetFormat detect_row_format(const nlohmann::json& row, const ColumnMap& columns);
// One message alone, {"role": "user", "content": ...}: no document, though it has a key that documents have.
bool is_message(const nlohmann::json& row);
RowResult read_row(const nlohmann::json& row, DatasetFormat format, const ColumnMap& columns);

// Keys of an object, joined for a message: "question, answer, id".
std::string list_keys(const nlohmann::json& row);

}  // namespace scalewright::data
