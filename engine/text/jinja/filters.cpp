// Filters: value | name(arguments).

#include "engine/text/jinja/filters.h"

namespace scalewright::jinja {
namespace {

Value default_filter(Interpreter&, const Value& input, Arguments& arguments) {
  const Parameters parameters("default", arguments, {"default_value", "boolean"});
  const bool missing = input.is_undefined() || (parameters.flag("boolean", false) && !truth(input));
  return missing ? parameters.get("default_value", Value("")) : input;
}

Value attr_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("attr", arguments, {"name"});
  const std::string name = parameters.text("name", "");
  fail_if_undefined(input);
  // Attributes only, never the keys of a dictionary.
  if (input.is_dict()) {
    Value method;
    if (find_method(interpreter, input, name, method)) return method;
    return Value::undefined("'dict object' has no attribute " + string_repr(name));
  }
  return interpreter.attribute(input, name);
}

constexpr FilterEntry kValueFilters[] = {
    {"attr", attr_filter},
    {"d", default_filter},
    {"default", default_filter},
};

const FilterFunction* find_filter(std::string_view name) {
  for (const std::span<const FilterEntry> group :
       {std::span<const FilterEntry>(kValueFilters), text_filters(), number_filters(), list_filters()}) {
    for (const auto& [known, function] : group) {
      if (known == name) return &function;
    }
  }
  return nullptr;
}

}  // namespace

bool is_filter(std::string_view name) {
  return find_filter(name) != nullptr;
}

Value call_filter(Interpreter& interpreter, std::string_view name, const Value& input, Arguments& arguments) {
  const FilterFunction* filter = find_filter(name);
  if (filter == nullptr) raise("TemplateRuntimeError", "No filter named '" + std::string(name) + "'.");
  interpreter.count_steps(1);
  if (input.is_undefined() && input.undefined().kind != "UndefinedError" && name != "default" && name != "d")
    fail_if_undefined(input);
  return (*filter)(interpreter, input, arguments);
}

}  // namespace scalewright::jinja
