#pragma once
// Filters, tests, global functions and the methods of strings, lists and dictionaries.

#include <string>
#include <string_view>

#include "engine/text/jinja/value.h"

namespace scalewright::jinja {

bool is_filter(std::string_view name);
bool is_test(std::string_view name);
Value call_filter(Interpreter& interpreter, std::string_view name, const Value& input, Arguments& arguments);
bool call_test(Interpreter& interpreter, std::string_view name, const Value& input, Arguments& arguments);

// A bound method of plain data ("strip" of a string); false where the type has none of that name. Methods that would
// change a list or dictionary give an undefined value that raises SecurityError when it is called, as the sandbox does.
bool find_method(Interpreter& interpreter, const Value& object, std::string_view name, Value& out);
// range, dict, namespace, cycler, joiner, raise_exception, strftime_now; false where there is none of that name.
bool find_global(Interpreter& interpreter, std::string_view name, Value& out);

// str.replace, counted before it is made; `most` < 0: all.
std::string replaced_text(Interpreter& interpreter, std::string_view text, std::string_view from, std::string_view to,
                          long long most);
// '%s-%d' % values, and "{}".format.
std::string percent_format(Interpreter& interpreter, std::string_view format, const Value& values);
std::string brace_format(Interpreter& interpreter, std::string_view format, const Arguments& arguments);

struct JsonStyle {
  bool ascii = false, sort_keys = false, lines = false;
  std::string indent, item_separator = ", ", key_separator = ": ";
};
std::string to_json(Interpreter& interpreter, const Value& value, const JsonStyle& style);

// Named and positional arguments by their parameter names.
class Parameters {
 public:
  Parameters(std::string_view function, Arguments& arguments, std::initializer_list<std::string_view> names);
  bool has(std::string_view name) const;
  const Value& at(std::string_view name) const;  // raises TypeError if it is missing
  Value get(std::string_view name, Value otherwise) const;
  std::string text(std::string_view name, std::string otherwise) const;
  long long integer(std::string_view name, long long otherwise) const;
  bool flag(std::string_view name, bool otherwise) const;

 private:
  std::string function_;
  std::vector<std::pair<std::string_view, Value>> values_;
};

// A function of ours as a value.
Value function_value(std::string name, Value (*function)(Interpreter&, Arguments&));

}  // namespace scalewright::jinja
