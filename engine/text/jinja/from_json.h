#pragma once
// JSON text as a value, its objects in the order they were written in.

#include <string>
#include <string_view>

#include "engine/core/error.h"
#include "engine/text/jinja/value.h"

namespace scalewright::jinja {

// `what` names the text in messages ("messages", "the variable tools").
Result<Value> from_json(std::string_view text, const std::string& what);

}  // namespace scalewright::jinja
