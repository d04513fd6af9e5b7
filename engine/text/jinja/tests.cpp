// Tests: value is name(arguments).

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

using TestFunction = bool (*)(Interpreter&, const Value&, Arguments&);

const Value& other_of(Arguments& arguments) {
  if (arguments.positional.size() != 1) raise("TypeError", "this test takes one argument");
  return arguments.positional[0];
}

Int whole(const Value& value) {
  fail_if_undefined(value);
  if (!value.is_integral()) raise("TypeError", "an integer is needed, not " + type_name(value));
  return value.integer();
}

bool same_object(const Value& a, const Value& b) {
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.is_bool() || b.is_bool()) return a.is_bool() && b.is_bool() && a.boolean() == b.boolean();
  if (a.is_int() && b.is_int()) return a.integer() == b.integer();
  if (a.is_string() && b.is_string()) return a.string() == b.string();
  return a.identity() != nullptr && a.identity() == b.identity();
}

template <bool kUpper>
bool has_case(Interpreter& interpreter, const Value& value, Arguments&) {
  Value method;
  find_method(interpreter, Value(str(value)), kUpper ? "isupper" : "islower", method);
  Arguments none;
  return truth(interpreter.call(method, none));
}

constexpr std::pair<std::string_view, TestFunction> kTests[] = {
    {"boolean", [](Interpreter&, const Value& v, Arguments&) { return v.is_bool(); }},
    {"callable", [](Interpreter&, const Value& v,
                    Arguments&) { return v.is_undefined() || (v.is_object() && v.object()->callable()); }},
    {"defined", [](Interpreter&, const Value& v, Arguments&) { return !v.is_undefined(); }},
    {"undefined", [](Interpreter&, const Value& v, Arguments&) { return v.is_undefined(); }},
    {"none", [](Interpreter&, const Value& v, Arguments&) { return v.is_none(); }},
    {"true", [](Interpreter&, const Value& v, Arguments&) { return v.is_bool() && v.boolean(); }},
    {"false", [](Interpreter&, const Value& v, Arguments&) { return v.is_bool() && !v.boolean(); }},
    {"string", [](Interpreter&, const Value& v, Arguments&) { return v.is_string(); }},
    {"number", [](Interpreter&, const Value& v, Arguments&) { return v.is_number(); }},
    {"integer", [](Interpreter&, const Value& v, Arguments&) { return v.is_int(); }},
    {"float", [](Interpreter&, const Value& v, Arguments&) { return v.is_float(); }},
    {"mapping", [](Interpreter&, const Value& v, Arguments&) { return v.is_dict(); }},
    {"sequence", [](Interpreter&, const Value& v,
                    Arguments&) { return v.is_sequence() || v.is_string() || v.is_dict() || v.is_undefined(); }},
    {"iterable", [](Interpreter&, const Value& v,
                    Arguments&) { return v.is_sequence() || v.is_string() || v.is_dict() || v.is_undefined(); }},
    {"escaped", [](Interpreter&, const Value& v, Arguments&) { return v.is_markup(); }},
    {"filter", [](Interpreter&, const Value& v, Arguments&) { return v.is_string() && is_filter(v.string()); }},
    {"test", [](Interpreter&, const Value& v, Arguments&) { return v.is_string() && is_test(v.string()); }},
    {"lower", has_case<false>},
    {"upper", has_case<true>},
    {"even", [](Interpreter&, const Value& v, Arguments&) { return whole(v) % 2 == 0; }},
    {"odd", [](Interpreter&, const Value& v, Arguments&) { return whole(v) % 2 != 0; }},
    {"divisibleby",
     [](Interpreter&, const Value& v, Arguments& a) {
       const Int by = whole(other_of(a));
       if (by == 0) raise("ZeroDivisionError", "integer modulo by zero");
       return whole(v) % by == 0;
     }},
    {"in", [](Interpreter& i, const Value& v, Arguments& a) { return i.contains(other_of(a), v); }},
    {"sameas", [](Interpreter&, const Value& v, Arguments& a) { return same_object(v, other_of(a)); }},
    {"eq", [](Interpreter&, const Value& v, Arguments& a) { return equal(v, other_of(a)); }},
    {"equalto", [](Interpreter&, const Value& v, Arguments& a) { return equal(v, other_of(a)); }},
    {"==", [](Interpreter&, const Value& v, Arguments& a) { return equal(v, other_of(a)); }},
    {"ne", [](Interpreter&, const Value& v, Arguments& a) { return !equal(v, other_of(a)); }},
    {"!=", [](Interpreter&, const Value& v, Arguments& a) { return !equal(v, other_of(a)); }},
    {"lt", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), "<") < 0; }},
    {"lessthan", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), "<") < 0; }},
    {"<", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), "<") < 0; }},
    {"le", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), "<=") <= 0; }},
    {"<=", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), "<=") <= 0; }},
    {"gt", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), ">") > 0; }},
    {"greaterthan", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), ">") > 0; }},
    {">", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), ">") > 0; }},
    {"ge", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), ">=") >= 0; }},
    {">=", [](Interpreter&, const Value& v, Arguments& a) { return compare(v, other_of(a), ">=") >= 0; }},
};

const TestFunction* find_test(std::string_view name) {
  for (const auto& [known, function] : kTests) {
    if (known == name) return &function;
  }
  return nullptr;
}

}  // namespace

bool is_test(std::string_view name) {
  return find_test(name) != nullptr;
}

bool call_test(Interpreter& interpreter, std::string_view name, const Value& input, Arguments& arguments) {
  const TestFunction* test = find_test(name);
  if (test == nullptr) raise("TemplateRuntimeError", "No test named '" + std::string(name) + "'.");
  return (*test)(interpreter, input, arguments);
}

}  // namespace scalewright::jinja
