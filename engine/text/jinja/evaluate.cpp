// Expressions.

#include <algorithm>
#include <cmath>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

std::string undefined_attribute(const Value& object, std::string_view name) {
  const std::string shown = object.is_none() ? "None" : type_name(object) + " object";
  return "'" + shown + "' has no attribute " + string_repr(name);
}
std::string undefined_item(const Value& object, const Value& key) {
  if (key.is_string()) return undefined_attribute(object, key.string());
  return (object.is_none() ? "None" : type_name(object) + " object") + " has no element " + repr(key);
}

// The sandbox shows nothing whose name begins with an underscore.
Value hidden(const Value& object, std::string_view name) {
  return Value::undefined(
      "access to attribute " + string_repr(name) + " of '" + type_name(object) + "' object is unsafe.",
      "SecurityError");
}

}  // namespace

Value Interpreter::lookup(const std::string& name, const std::shared_ptr<Scope>& scope) {
  if (const Value* found = scope->find(name)) return *found;
  Value global;
  if (find_global(*this, name, global)) return global;
  return Value::undefined(string_repr(name) + " is undefined");
}

Value Interpreter::evaluate(const Expression& expression, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  count_steps(1);
  line_ = expression.line;
  using Kind = Expression::Kind;
  const auto& children = expression.children;
  const auto child = [&](size_t i) { return evaluate(*children[i], scope); };
  switch (expression.kind) {
    case Kind::Constant:
      return expression.value;
    case Kind::Name:
      return lookup(expression.text, scope);
    case Kind::List:
    case Kind::Tuple: {
      std::vector<Value> items;
      items.reserve(children.size());
      for (size_t i = 0; i < children.size(); ++i) items.push_back(child(i));
      return expression.kind == Kind::List ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
    case Kind::Dict: {
      auto dict = make_flat<Dict>();
      for (size_t i = 0; i + 1 < children.size(); i += 2) {
        count_steps(dict->items().size() / 16);
        dict->set(child(i), child(i + 1));
      }
      return Value(std::shared_ptr<const Dict>(std::move(dict)));
    }
    case Kind::Conditional:
      if (truth(child(1))) return child(0);
      if (children[2]) return child(2);
      return Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
    case Kind::And: {
      Value left = child(0);
      return truth(left) ? child(1) : left;
    }
    case Kind::Or: {
      Value left = child(0);
      return truth(left) ? left : child(1);
    }
    case Kind::Not:
      return !truth(child(0));
    case Kind::Negative:
    case Kind::Positive: {
      const Value value = child(0);
      fail_if_undefined(value);
      const bool negative = expression.kind == Kind::Negative;
      if (!value.is_number()) {
        raise("TypeError",
              std::string("bad operand type for unary ") + (negative ? "-" : "+") + ": '" + type_name(value) + "'");
      }
      if (value.is_float()) return negative ? -value.number() : value.number();
      return negative ? -value.integer() : value.integer();
    }
    case Kind::Binary: {
      const Value left = child(0);
      return binary(expression.text, left, child(1));
    }
    case Kind::Concat: {
      std::string joined;
      for (size_t i = 0; i < children.size(); ++i) {
        const std::string part = str(child(i));
        count_bytes(joined.size() + part.size());
        joined += part;
      }
      return joined;
    }
    case Kind::Compare:
      return evaluate_compare(expression, scope);
    case Kind::Attribute:
      return attribute(child(0), expression.text);
    case Kind::Item: {
      const Value object = child(0);
      if (children[1]->kind == Kind::Slice) return slice(object, *children[1], scope);
      return item(object, child(1));
    }
    case Kind::Slice:
      raise("TypeError", "a slice stands alone");
    case Kind::Call: {
      const Value callee = child(0);
      Arguments arguments = evaluate_arguments(expression.arguments, scope);
      return call(callee, arguments);
    }
    case Kind::Filter:
      return evaluate_filter(expression, scope, nullptr);
    case Kind::Test: {
      const Value value = child(0);
      Arguments arguments = evaluate_arguments(expression.arguments, scope);
      return call_test(*this, expression.text, value, arguments);
    }
  }
  return None{};
}

Arguments Interpreter::evaluate_arguments(const CallArguments& written, const std::shared_ptr<Scope>& scope) {
  Arguments arguments;
  for (const auto& argument : written.positional) arguments.positional.push_back(evaluate(*argument, scope));
  for (const auto& [name, argument] : written.named) arguments.named.emplace_back(name, evaluate(*argument, scope));
  if (written.spread) {
    for (Value& value : iterate(evaluate(*written.spread, scope))) arguments.positional.push_back(std::move(value));
  }
  if (written.spread_named) {
    const Value values = evaluate(*written.spread_named, scope);
    if (!values.is_dict()) raise("TypeError", "argument after ** must be a mapping, not " + type_name(values));
    for (const auto& [name, value] : values.dict().items()) {
      if (!name.is_string()) raise("TypeError", "keywords must be strings");
      arguments.named.emplace_back(name.string(), value);
    }
  }
  return arguments;
}

// In a filter block the innermost filter works on the block's text.
Value Interpreter::evaluate_filter(const Expression& expression, const std::shared_ptr<Scope>& scope,
                                   const Value* block_text) {
  const Nested nested(*this);
  Value input;
  if (!expression.children[0]) {
    input = block_text ? *block_text : Value("");
  } else if (block_text && expression.children[0]->kind == Expression::Kind::Filter) {
    input = evaluate_filter(*expression.children[0], scope, block_text);
  } else {
    input = evaluate(*expression.children[0], scope);
  }
  Arguments arguments = evaluate_arguments(expression.arguments, scope);
  line_ = expression.line;
  return call_filter(*this, expression.text, input, arguments);
}

Value Interpreter::evaluate_compare(const Expression& expression, const std::shared_ptr<Scope>& scope) {
  Value left = evaluate(*expression.children[0], scope);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.children[i + 1], scope);
    const std::string& op = expression.operators[i];
    bool holds = false;
    if (op == "==") {
      holds = equal(left, right);
    } else if (op == "!=") {
      holds = !equal(left, right);
    } else if (op == "in") {
      holds = contains(right, left);
    } else if (op == "not in") {
      holds = !contains(right, left);
    } else {
      const int order = compare(left, right, op);
      const bool unordered =
          (left.is_float() && std::isnan(left.number())) || (right.is_float() && std::isnan(right.number()));
      holds = !unordered && (op == "<" ? order < 0 : op == "<=" ? order <= 0 : op == ">" ? order > 0 : order >= 0);
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::attribute(const Value& object, std::string_view name) {
  fail_if_undefined(object);
  if (name.starts_with("__")) return hidden(object, name);
  Value found;
  if (object.is_object()) {
    if (object.object()->attribute(*this, name, found)) return found;
  } else if (find_method(*this, object, name, found)) {
    return found;
  }
  if (object.is_dict()) {
    if (const Value* member = object.dict().find(name)) return *member;
  }
  return Value::undefined(undefined_attribute(object, name));
}

Value Interpreter::item(const Value& object, const Value& key) {
  fail_if_undefined(object);
  if (object.is_dict()) {
    if (!key.is_list() && !key.is_dict()) {
      if (const Value* member = object.dict().find(key)) return *member;
    }
  } else if ((object.is_sequence() || object.is_string()) && key.is_integral()) {
    Int index = key.integer();
    if (object.is_sequence()) {
      const auto count = static_cast<Int>(object.items().size());
      if (index < 0) index += count;
      if (index >= 0 && index < count) return object.items()[static_cast<size_t>(index)];
    } else {
      count_steps(object.string().size() / 64);
      const std::u32string points = code_points(object.string());
      const auto count = static_cast<Int>(points.size());
      if (index < 0) index += count;
      if (index >= 0 && index < count) return utf8({&points[static_cast<size_t>(index)], 1});
    }
  }
  if (key.is_string()) {
    if (key.string().starts_with("__")) return hidden(object, key.string());
    Value found;
    if (object.is_object() ? object.object()->attribute(*this, key.string(), found)
                           : find_method(*this, object, key.string(), found)) {
      return found;
    }
  }
  return Value::undefined(undefined_item(object, key));
}

Value Interpreter::slice(const Value& object, const Expression& range, const std::shared_ptr<Scope>& scope) {
  fail_if_undefined(object);
  if (object.is_dict()) raise("TypeError", "unhashable type: 'slice'");
  if (!object.is_sequence() && !object.is_string())
    raise("TypeError", "'" + type_name(object) + "' object is not subscriptable");
  std::u32string points;
  if (object.is_string()) {
    count_steps(object.string().size() / 16);
    points = code_points(object.string());
  }
  const auto count = static_cast<Int>(object.is_string() ? points.size() : object.items().size());
  const auto bound = [&](size_t i, Int otherwise) -> Int {
    if (!range.children[i]) return otherwise;
    const Value value = evaluate(*range.children[i], scope);
    if (value.is_none()) return otherwise;
    fail_if_undefined(value);
    if (!value.is_integral()) raise("TypeError", "slice indices must be integers or None or have an __index__ method");
    return value.integer();
  };
  const Int step = bound(2, 1);
  if (step == 0) raise("ValueError", "slice step cannot be zero");
  // Python's rules: negative places count from the end, all are cut to the text.
  const Int low = step < 0 ? -1 : 0, high = step < 0 ? count - 1 : count;
  const auto place = [&](size_t i, Int otherwise) {
    if (!range.children[i]) return otherwise;
    Int at = bound(i, otherwise);
    if (at == otherwise) return at;
    if (at < 0) at = at < -count ? low : at + count;
    return std::clamp(at, low, std::max(low, high));
  };
  constexpr Int kUnset = static_cast<Int>(1) << 100;  // not a place that anyone writes
  Int start = place(0, kUnset), stop = place(1, kUnset);
  if (start == kUnset) start = step < 0 ? count - 1 : 0;
  if (stop == kUnset) stop = step < 0 ? -1 : count;
  std::u32string part;
  std::vector<Value> items;
  for (Int at = start; step > 0 ? at < stop : at > stop; at += step) {
    count_steps(1);
    if (object.is_string()) {
      part.push_back(points[static_cast<size_t>(at)]);
    } else {
      items.push_back(object.items()[static_cast<size_t>(at)]);
    }
    if (step > count || step < -count) break;
  }
  if (object.is_string()) {
    count_bytes(part.size());
    return Value(utf8(part), object.is_markup());
  }
  return object.is_tuple() ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

}  // namespace scalewright::jinja
