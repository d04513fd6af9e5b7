#include "app/cli/messages.h"

#include <nlohmann/json.hpp>

#include "engine/core/file.h"

namespace scalewright::cli {

Result<std::vector<Message>> read_messages(const std::filesystem::path& path) {
  SW_ASSIGN(const std::string text, read_text_file(path));
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_object() && json.contains("messages")) json = json["messages"];
  const std::string where = path.string() + ": ";
  if (!json.is_array() || json.empty())
    return fail(ErrorCode::Format, where + "expected a JSON list of messages like [{\"role\": \"user\", \"content\": \"...\"}].");
  std::vector<Message> messages;
  for (size_t i = 0; i < json.size(); ++i) {
    const auto& item = json[i];
    if (!item.is_object() || !item.contains("role") || !item["role"].is_string() || !item.contains("content") || !item["content"].is_string())
      return fail(ErrorCode::Format, where + "message " + std::to_string(i + 1) + " needs a \"role\" and a \"content\", both text.");
    messages.push_back({item["role"].get<std::string>(), item["content"].get<std::string>()});
  }
  return messages;
}

}  // namespace scalewright::cli
