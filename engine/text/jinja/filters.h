#pragma once
// The filters by what they work on, each group in a file of its own.

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"

namespace scalewright::jinja {

using FilterFunction = Value (*)(Interpreter&, const Value&, Arguments&);
using FilterEntry = std::pair<std::string_view, FilterFunction>;

std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> number_filters();
std::span<const FilterEntry> list_filters();

// A new text, counted.
inline Value made(Interpreter& interpreter, std::string text, bool markup = false) {
  interpreter.count_bytes(text.size());
  return Value(std::move(text), markup);
}

}  // namespace scalewright::jinja
