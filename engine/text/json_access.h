#pragma once
// Members of tokenizer files that may be missing, null or of another type.

#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/error.h"
#include "engine/text/added_tokens.h"

namespace scalewright::text {

inline tl::unexpected<Error> damaged(const std::string& where, const std::string& what) {
  return fail(ErrorCode::Format, where + ": " + what);
}
inline tl::unexpected<Error> unsupported(const std::string& where, const std::string& what) {
  return fail(ErrorCode::Unsupported, where + ": " + what);
}

inline std::string text_at(const nlohmann::json& object, const char* key, const std::string& otherwise = {}) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : otherwise;
}
inline bool flag_at(const nlohmann::json& object, const char* key, bool otherwise) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() ? at->get<bool>() : otherwise;
}
inline const nlohmann::json* member(const nlohmann::json& object, const char* key) {
  const auto at = object.find(key);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

// A token written as a string or as an object with its content.
inline std::string token_text_at(const nlohmann::json& object, const char* key) {
  const nlohmann::json* token = member(object, key);
  if (token == nullptr) return {};
  if (token->is_string()) return token->get<std::string>();
  return token->is_object() ? text_at(*token, "content") : std::string();
}

// A token's fields as both tokenizer.json and tokenizer_config.json write them.
inline AddedToken added_token(const nlohmann::json& entry) {
  AddedToken token;
  token.content = text_at(entry, "content");
  token.special = flag_at(entry, "special", false);
  token.normalized = flag_at(entry, "normalized", !token.special);
  token.single_word = flag_at(entry, "single_word", false);
  token.strip_left = flag_at(entry, "lstrip", false);
  token.strip_right = flag_at(entry, "rstrip", false);
  return token;
}

inline constexpr int64_t kLargestAddedId = 1 << 24;

}  // namespace scalewright::text
