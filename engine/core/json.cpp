#include "engine/core/json.h"

#include <cmath>
#include <limits>
#include <string>

namespace scalewright {

using nlohmann::json;

namespace {

// Deepest nesting of brackets outside strings; the parser itself then decides whether the text is JSON at all.
int nesting(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Result<json> parse_json(std::string_view text, std::string_view source, int deepest) {
  if (nesting(text) > deepest) {
    return fail(ErrorCode::Format,
                std::string(source) + ": the JSON is nested deeper than " + std::to_string(deepest) + " levels.");
  }
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::parse_error& error) {
    return fail(ErrorCode::Format,
                std::string(source) + ": this is not valid JSON (at byte " + std::to_string(error.byte) + ").");
  } catch (const std::exception& error) {
    return fail(ErrorCode::Format, std::string(source) + ": this JSON cannot be read: " + error.what() + ".");
  }
}

const json& json_member(const json& object, const char* key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

int64_t json_int(const json& object, const char* key, int64_t fallback) {
  const json& value = json_member(object, key);
  if (value.is_number_unsigned()) {
    const uint64_t number = value.get<uint64_t>();
    return number <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ? static_cast<int64_t>(number)
                                                                                : fallback;
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::abs(number) < 9e15 && number == std::floor(number)) return static_cast<int64_t>(number);
  }
  return fallback;
}

double json_number(const json& object, const char* key, double fallback) {
  const json& value = json_member(object, key);
  return value.is_number() ? value.get<double>() : fallback;
}

bool json_bool(const json& object, const char* key, bool fallback) {
  const json& value = json_member(object, key);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

std::string json_string(const json& object, const char* key, std::string_view fallback) {
  const json& value = json_member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string(fallback);
}

}  // namespace scalewright
