#include "engine/data/dataset_rows.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/core/ascii.h"

namespace scalewright::data {
namespace {

using nlohmann::json;

struct KeyPair {
  const char *prompt, *completion;
};
// What people call the two halves of an example. Earlier ones win.
constexpr std::array<KeyPair, 16> kPairs = {{{"prompt", "completion"},
                                             {"question", "answer"},
                                             {"instruction", "response"},
                                             {"instruction", "completion"},
                                             {"input", "output"},
                                             {"prompt", "response"},
                                             {"prompt", "answer"},
                                             {"prompt", "output"},
                                             {"query", "response"},
                                             {"query", "answer"},
                                             {"question", "response"},
                                             {"request", "response"},
                                             {"user", "assistant"},
                                             {"source", "target"},
                                             {"problem", "solution"},
                                             {"prompt", "chosen"}}};
constexpr std::array<const char*, 4> kTextKeys = {"text", "content", "document", "body"};
constexpr std::array<const char*, 4> kToolKeys = {"tools", "functions", "tool_calls", "function_call"};

RowResult problem(std::string field, std::string message) {
  RowResult result;
  result.kind = RowResult::Kind::Problem;
  result.field = std::move(field);
  result.message = std::move(message);
  return result;
}

const json& member(const json& row, const std::string& key) {
  static const json nothing;
  const auto found = row.find(key);
  return found == row.end() ? nothing : *found;
}

std::optional<KeyPair> pair_of(const json& row) {
  for (const KeyPair& pair : kPairs) {
    if (row.contains(pair.prompt) && row.contains(pair.completion)) return pair;
  }
  return std::nullopt;
}

// What a field says as text: strings, and numbers and truth values as JSON writes them (answers of question sets are
// often numbers). Null and a missing field are empty. Nothing where it is a list or an object.
std::optional<std::string> as_text(const json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

std::string type_word(const json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  if (value.is_string()) return "text";
  if (value.is_number()) return "a number";
  if (value.is_boolean()) return "a truth value";
  return "null";
}

void note_tools(const json& row, RowResult& result) {
  for (const char* key : kToolKeys) {
    if (row.contains(key) && !row[key].is_null() && !(row[key].is_array() && row[key].empty()))
      result.ignored.push_back(key);
  }
}

std::string role_of(const std::string& name) {
  const std::string word = lower(name);
  if (word == "system" || word == "developer") return "system";
  if (word == "user" || word == "human" || word == "prompter" || word == "customer") return "user";
  if (word == "assistant" || word == "gpt" || word == "chatgpt" || word == "bot" || word == "model" || word == "bing" ||
      word == "bard" || word == "chatbot" || word == "ai") {
    return "assistant";
  }
  if (word == "tool" || word == "function" || word == "observation" || word == "function_response" ||
      word == "tool_response" || word == "ipython") {
    return "tool";
  }
  return "";
}

// Text of a message's content: a string, or a list of parts of which only text can be learned.
std::optional<std::string> content_text(const json& content, std::string& why) {
  if (!content.is_array()) {
    auto text = as_text(content);
    if (!text) why = "The content is " + type_word(content) + ", not text.";
    return text;
  }
  std::string text;
  for (const json& part : content) {
    if (part.is_string()) {
      text += part.get<std::string>();
      continue;
    }
    const json& type = part.is_object() ? member(part, "type") : json();
    const json& words = part.is_object() ? member(part, "text") : json();
    if (!words.is_string() || (type.is_string() && type != "text" && type != "input_text" && type != "output_text")) {
      why = "The content has a part of the kind " +
            (type.is_string() ? "\"" + type.get<std::string>() + "\"" : type_word(part)) +
            ". Only text can be learned.";
      return std::nullopt;
    }
    text += words.get<std::string>();
  }
  return text;
}

// A list of messages with the given names of their members, appended to the example. A problem, or nothing.
std::optional<RowResult> read_messages(const json& list, const std::string& field, const char* role_key,
                                       const char* content_key, RowResult& result) {
  if (!list.is_array()) return problem(field, "\"" + field + "\" is " + type_word(list) + ", not a list of messages.");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string where = field + "[" + std::to_string(i) + "]";
    const json& item = list[i];
    if (!item.is_object())
      return problem(where, "The message is " + type_word(item) + ", not an object with \"" + role_key + "\" and \"" +
                                content_key + "\".");
    const char* used_role = item.contains(role_key) ? role_key : (item.contains("role") ? "role" : "from");
    const char* used_content =
        item.contains(content_key) ? content_key : (item.contains("content") ? "content" : "value");
    const json& role = member(item, used_role);
    if (!role.is_string())
      return problem(where + "." + role_key,
                     "The message has no \"" + std::string(role_key) + "\". It is user, assistant or system.");
    const std::string known = role_of(role.get<std::string>());
    if (known.empty()) {
      return problem(where + "." + used_role,
                     "\"" + role.get<std::string>() + "\" is no known role. Use system, user, assistant or tool.");
    }
    std::string why;
    auto text = content_text(member(item, used_content), why);
    if (!text) return problem(where + "." + used_content, why);
    note_tools(item, result);
    if (known == "assistant" && blank(*text)) {
      if (item.contains("tool_calls") || item.contains("function_call")) {
        return problem(where,
                       "The answer is a tool call without text, which cannot be learned here. Leave the row out, or "
                       "write the call as text.");
      }
      return problem(where + "." + used_content, "The answer is empty, so there is nothing to learn from it.");
    }
    result.example.messages.push_back({known, std::move(*text)});
  }
  return std::nullopt;
}

// What every conversation must have, checked at the end.
RowResult finish(RowResult result, const std::string& field) {
  auto& messages = result.example.messages;
  if (std::all_of(messages.begin(), messages.end(), [](const Message& m) { return blank(m.content); })) {
    result.kind = RowResult::Kind::Empty;
    return result;
  }
  if (std::none_of(messages.begin(), messages.end(), [](const Message& m) { return m.role == "assistant"; })) {
    return problem(field, "No message is by the assistant, so there is nothing to learn.");
  }
  while (messages.back().role != "assistant") messages.pop_back();  // nothing is learned behind the last answer
  return result;
}

// The value of a text field of the row; a problem where it is none.
std::optional<std::string> text_field(const json& row, const std::string& key, RowResult& failed) {
  auto text = as_text(member(row, key));
  if (!text) failed = problem(key, "\"" + key + "\" is " + type_word(member(row, key)) + ", not text.");
  return text;
}

RowResult read_alpaca(const json& row) {
  RowResult result, failed;
  const char* answer = row.contains("output") ? "output" : (row.contains("response") ? "response" : "completion");
  if (!row.contains("instruction"))
    return problem("instruction", "The row has no \"instruction\" (it has " + list_keys(row) + ").");
  if (!row.contains(answer)) return problem("output", "The row has no \"output\" (it has " + list_keys(row) + ").");
  const auto instruction = text_field(row, "instruction", failed);
  if (!instruction) return failed;
  const auto input = text_field(row, "input", failed);
  if (!input) return failed;
  const auto output = text_field(row, answer, failed);
  if (!output) return failed;
  const auto system = text_field(row, "system", failed);
  if (!system) return failed;
  if (blank(*instruction) && blank(*input) && blank(*output)) {
    result.kind = RowResult::Kind::Empty;
    return result;
  }
  if (blank(*instruction) && blank(*input)) return problem("instruction", "The instruction is empty.");
  if (blank(*output)) return problem(answer, "The answer is empty, so there is nothing to learn.");
  if (!blank(*system)) result.example.messages.push_back({"system", *system});
  const json& history = member(row, "history");
  if (!history.is_null()) {
    if (!history.is_array())
      return problem("history", "\"history\" is " + type_word(history) + ", not a list of [question, answer] pairs.");
    for (size_t i = 0; i < history.size(); ++i) {
      const json& turn = history[i];
      if (!turn.is_array() || turn.size() != 2 || !turn[0].is_string() || !turn[1].is_string()) {
        return problem("history[" + std::to_string(i) + "]",
                       "A turn of the history is a pair of texts: [question, answer].");
      }
      result.example.messages.push_back({"user", turn[0].get<std::string>()});
      result.example.messages.push_back({"assistant", turn[1].get<std::string>()});
    }
  }
  std::string request = *instruction;
  if (!blank(*input)) request += (blank(request) ? "" : "\n\n") + *input;
  result.example.messages.push_back({"user", std::move(request)});
  result.example.messages.push_back({"assistant", *output});
  note_tools(row, result);
  return result;
}

RowResult read_conversation(const json& row, bool sharegpt) {
  RowResult result, failed;
  const char* key = sharegpt ? (row.contains("conversations") ? "conversations" : "conversation")
                             : (row.contains("messages") ? "messages" : "conversations");
  if (!row.contains(key)) {
    return problem(sharegpt ? "conversations" : "messages", std::string("The row has no \"") +
                                                                (sharegpt ? "conversations" : "messages") +
                                                                "\" (it has " + list_keys(row) + ").");
  }
  for (const char* name : {"system", "system_prompt"}) {
    const auto system = text_field(row, name, failed);
    if (!system) return failed;
    if (!blank(*system) && result.example.messages.empty()) result.example.messages.push_back({"system", *system});
  }
  auto failure = read_messages(row[key], key, sharegpt ? "from" : "role", sharegpt ? "value" : "content", result);
  if (failure) return *failure;
  auto& messages = result.example.messages;
  if (messages.size() >= 2 && messages[0].role == "system" && messages[1].role == "system")
    messages.erase(messages.begin());
  note_tools(row, result);
  return finish(std::move(result), key);
}

RowResult read_pair(const json& row, const ColumnMap& columns) {
  RowResult result, failed;
  const auto pair = pair_of(row);
  const auto mapped = [&](const char* name, const char* otherwise) {
    const auto found = columns.find(name);
    return found == columns.end() ? std::string(otherwise) : found->second;
  };
  const std::string prompt_key = mapped("prompt", pair ? pair->prompt : "prompt");
  const std::string completion_key = mapped("completion", pair ? pair->completion : "completion");
  const std::string system_key = mapped("system", row.contains("system_prompt") ? "system_prompt" : "system");
  for (const std::string& key : {prompt_key, completion_key}) {
    if (!row.contains(key)) return problem(key, "The row has no \"" + key + "\" (it has " + list_keys(row) + ").");
  }
  const auto system = text_field(row, system_key, failed);
  if (!system) return failed;
  if (!blank(*system)) result.example.messages.push_back({"system", *system});
  // Both halves may be lists of messages instead of text.
  if (row[prompt_key].is_array() || row[completion_key].is_array()) {
    for (const std::string& key : {prompt_key, completion_key}) {
      const bool answer = key == completion_key;
      if (row[key].is_array()) {
        if (auto failure = read_messages(row[key], key, "role", "content", result)) return *failure;
        continue;
      }
      const auto half = text_field(row, key, failed);
      if (!half) return failed;
      result.example.messages.push_back({answer ? "assistant" : "user", *half});
    }
    note_tools(row, result);
    return finish(std::move(result), completion_key);
  }
  const auto prompt = text_field(row, prompt_key, failed);
  if (!prompt) return failed;
  const auto completion = text_field(row, completion_key, failed);
  if (!completion) return failed;
  if (blank(*prompt) && blank(*completion)) {
    result.kind = RowResult::Kind::Empty;
    return result;
  }
  if (blank(*prompt)) return problem(prompt_key, "The prompt is empty.");
  if (blank(*completion)) return problem(completion_key, "The answer is empty, so there is nothing to learn.");
  result.example.messages.push_back({"user", *prompt});
  result.example.messages.push_back({"assistant", *completion});
  if (completion_key == "chosen" && row.contains("rejected")) result.ignored.push_back("rejected");
  note_tools(row, result);
  return result;
}

RowResult read_text(const json& row, const ColumnMap& columns) {
  RowResult result, failed;
  std::string key;
  if (const auto found = columns.find("text"); found != columns.end()) {
    key = found->second;
  } else {
    for (const char* name : kTextKeys) {
      if (key.empty() && row.contains(name)) key = name;
    }
    if (key.empty()) key = "text";
  }
  if (!row.contains(key)) return problem(key, "The row has no \"" + key + "\" (it has " + list_keys(row) + ").");
  auto text = text_field(row, key, failed);
  if (!text) return failed;
  if (blank(*text)) result.kind = RowResult::Kind::Empty;
  result.example.text = std::move(*text);
  return result;
}

}  // namespace

std::string list_keys(const json& row) {
  std::string keys;
  int count = 0;
  for (const auto& [key, value] : row.items()) {
    if (++count > 12) return keys + ", ...";
    keys += (keys.empty() ? "" : ", ") + key;
  }
  return keys.empty() ? "no keys" : keys;
}

bool is_message(const json& row) {
  const json& role = row.is_object() ? member(row, "role") : json();
  return role.is_string() && !role_of(role.get<std::string>()).empty() && row.contains("content");
}

DatasetFormat detect_row_format(const json& row, const ColumnMap& columns) {
  if (columns.contains("prompt") || columns.contains("completion")) return DatasetFormat::PromptCompletion;
  if (columns.contains("text")) return DatasetFormat::Text;
  if (!row.is_object()) return DatasetFormat::Auto;
  if (row.contains("messages")) return DatasetFormat::Chat;
  for (const char* key : {"conversations", "conversation"}) {
    if (!row.contains(key)) continue;
    const json& list = row[key];
    const bool roles = list.is_array() && !list.empty() && list[0].is_object() && list[0].contains("role");
    return roles && std::string(key) == "conversations" ? DatasetFormat::Chat : DatasetFormat::ShareGpt;
  }
  if (row.contains("instruction") && (row.contains("output") || (row.contains("input") && pair_of(row))))
    return DatasetFormat::Alpaca;
  if (pair_of(row)) return DatasetFormat::PromptCompletion;
  if (is_message(row)) return DatasetFormat::Auto;
  for (const char* key : kTextKeys) {
    if (row.contains(key)) return DatasetFormat::Text;
  }
  return DatasetFormat::Auto;
}

RowResult read_row(const json& row, DatasetFormat format, const ColumnMap& columns) {
  if (!row.is_object()) return problem("", "The row is " + type_word(row) + ", not an object with named fields.");
  if (row.empty()) {
    RowResult result;
    result.kind = RowResult::Kind::Empty;
    return result;
  }
  switch (format) {
    case DatasetFormat::Alpaca:
      return read_alpaca(row);
    case DatasetFormat::ShareGpt:
      return read_conversation(row, true);
    case DatasetFormat::Chat:
      return read_conversation(row, false);
    case DatasetFormat::PromptCompletion:
      return read_pair(row, columns);
    case DatasetFormat::Text:
      return read_text(row, columns);
    case DatasetFormat::Csv:
    case DatasetFormat::Auto:
      break;
  }
  return problem("", "The row has no known form (it has " + list_keys(row) + ").");
}

}  // namespace scalewright::data
