#pragma once
// JSON from files that nobody vouches for: no exceptions, bounded depth, errors that name the file and the byte.

#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/core/error.h"

namespace scalewright {

// `source` names the file in messages. A document nested deeper than `deepest` is a Format error.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view source, int deepest = 64);

// Members of an object that may be missing, null or of another type (then `fallback`). Numbers that do not fit int64
// are missing as well.
int64_t json_int(const nlohmann::json& object, const char* key, int64_t fallback);
double json_number(const nlohmann::json& object, const char* key, double fallback);
bool json_bool(const nlohmann::json& object, const char* key, bool fallback);
std::string json_string(const nlohmann::json& object, const char* key, std::string_view fallback = {});
// The member, or null JSON when it is missing or `object` is none.
const nlohmann::json& json_member(const nlohmann::json& object, const char* key);

}  // namespace scalewright
