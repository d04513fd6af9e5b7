// Arithmetic, membership and iteration.

#include <algorithm>
#include <cmath>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

__extension__ using WideUnsigned = unsigned __int128;
const Int kLargest = static_cast<Int>(~(static_cast<WideUnsigned>(1) << 127));

Int checked_add(Int a, Int b) {
  Int result;
  if (__builtin_add_overflow(a, b, &result) || result < -kLargest) raise("OverflowError", "this integer is too large");
  return result;
}
Int checked_subtract(Int a, Int b) {
  Int result;
  if (__builtin_sub_overflow(a, b, &result) || result < -kLargest) raise("OverflowError", "this integer is too large");
  return result;
}
Int checked_multiply(Int a, Int b) {
  Int result;
  if (__builtin_mul_overflow(a, b, &result) || result < -kLargest) raise("OverflowError", "this integer is too large");
  return result;
}
// Python rounds quotients down.
Int floor_divide(Int a, Int b) {
  const Int quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}
Int floor_modulo(Int a, Int b) {
  return a - floor_divide(a, b) * b;
}

Value power(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral() && right.integer() >= 0) {
    Int base = left.integer(), exponent = right.integer(), result = 1;
    if (base == 0 || base == 1) return exponent == 0 ? Int{1} : base;
    while (exponent > 0) {
      if (exponent & 1) result = checked_multiply(result, base);
      exponent >>= 1;
      if (exponent > 0) base = checked_multiply(base, base);
    }
    return result;
  }
  if (left.number() == 0 && right.number() < 0) raise("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  const double result = std::pow(left.number(), right.number());
  if (std::isinf(result) && std::isfinite(left.number()) && std::isfinite(right.number())) {
    raise("OverflowError", "(34, 'Numerical result out of range')");
  }
  return result;
}

Value arithmetic(std::string_view op, const Value& left, const Value& right) {
  const bool whole = left.is_integral() && right.is_integral();
  if (op == "+")
    return whole ? Value(checked_add(left.integer(), right.integer())) : Value(left.number() + right.number());
  if (op == "-")
    return whole ? Value(checked_subtract(left.integer(), right.integer())) : Value(left.number() - right.number());
  if (op == "*")
    return whole ? Value(checked_multiply(left.integer(), right.integer())) : Value(left.number() * right.number());
  if (op == "**") return power(left, right);
  if (right.number() == 0) raise("ZeroDivisionError", op == "%" ? "integer modulo by zero" : "division by zero");
  if (op == "/") return left.number() / right.number();
  if (op == "//") {
    return whole ? Value(floor_divide(left.integer(), right.integer()))
                 : Value(std::floor(left.number() / right.number()));
  }
  if (whole) return floor_modulo(left.integer(), right.integer());
  const double rest = std::fmod(left.number(), right.number());
  return rest != 0 && (rest < 0) != (right.number() < 0) ? rest + right.number() : rest;
}

}  // namespace

bool Interpreter::contains(const Value& container, const Value& wanted) {
  if (container.is_string()) {
    if (!wanted.is_string()) {
      fail_if_undefined(wanted);
      raise("TypeError", "'in <string>' requires string as left operand, not " + type_name(wanted));
    }
    return container.string().find(wanted.string()) != std::string::npos;
  }
  if (container.is_dict()) {
    if (wanted.is_list() || wanted.is_dict()) raise("TypeError", "unhashable type: '" + type_name(wanted) + "'");
    return container.dict().find(wanted) != nullptr;
  }
  if (container.is_sequence()) {
    count_steps(container.items().size());
    return std::any_of(container.items().begin(), container.items().end(),
                       [&](const Value& v) { return equal(v, wanted); });
  }
  if (container.is_undefined()) {
    if (container.undefined().kind != "UndefinedError") fail_if_undefined(container);
    return false;
  }
  raise("TypeError", "argument of type '" + type_name(container) + "' is not iterable");
}

std::vector<Value> Interpreter::iterate(const Value& value) {
  if (value.is_sequence()) {
    count_steps(value.items().size());
    return value.items();
  }
  std::vector<Value> items;
  if (value.is_dict()) {
    for (const auto& [key, item] : value.dict().items()) items.push_back(key);
  } else if (value.is_string()) {
    count_steps(value.string().size());
    for (const char32_t c : code_points(value.string())) items.emplace_back(utf8({&c, 1}));
  } else if (value.is_undefined()) {
    if (value.undefined().kind != "UndefinedError") fail_if_undefined(value);
  } else {
    raise("TypeError", "'" + type_name(value) + "' object is not iterable");
  }
  count_steps(items.size());
  return items;
}

Value Interpreter::binary(std::string_view op, const Value& left, const Value& right) {
  fail_if_undefined(left);
  fail_if_undefined(right);
  if (left.is_number() && right.is_number()) return arithmetic(op, left, right);
  if (op == "+" && left.is_string() && right.is_string()) {
    count_bytes(left.string().size() + right.string().size());
    if (!left.is_markup() && !right.is_markup()) return left.string() + right.string();
    const auto safe = [](const Value& v) { return v.is_markup() ? v.string() : html_escaped(v.string()); };
    return Value(safe(left) + safe(right), true);
  }
  if (op == "+" && left.is_sequence() && right.is_sequence() && left.is_tuple() == right.is_tuple()) {
    count_steps(left.items().size() + right.items().size());
    std::vector<Value> items = left.items();
    items.insert(items.end(), right.items().begin(), right.items().end());
    return left.is_tuple() ? Value::tuple(std::move(items)) : Value::list(std::move(items));
  }
  if (op == "*" && (left.is_integral() || right.is_integral())) {
    const Value& many = left.is_integral() ? right : left;
    const Int times = left.is_integral() ? left.integer() : right.integer();
    const auto count = static_cast<size_t>(std::clamp<Int>(times, 0, static_cast<Int>(1) << 40));
    if (many.is_string()) {
      if (count != 0 && many.string().size() > kMostBytes / count) count_bytes(kMostBytes + 1);
      count_bytes(many.string().size() * count);
      std::string text;
      text.reserve(many.string().size() * count);
      for (size_t i = 0; i < count && !many.string().empty(); ++i) text += many.string();
      return Value(std::move(text), many.is_markup());
    }
    if (many.is_sequence()) {
      if (count != 0 && many.items().size() > kMostSteps / count) count_steps(kMostSteps + 1);
      count_steps(many.items().size() * count);
      std::vector<Value> items;
      for (size_t i = 0; i < count && !many.items().empty(); ++i)
        items.insert(items.end(), many.items().begin(), many.items().end());
      return many.is_tuple() ? Value::tuple(std::move(items)) : Value::list(std::move(items));
    }
  }
  if (op == "%" && left.is_string()) return Value(percent_format(*this, left.string(), right), left.is_markup());
  if (op == "+" && left.is_string()) {
    raise("TypeError",
          "can only concatenate str (not "
          " + type_name(right) + "
          ") to str");
  }
  if (op == "+" && left.is_list()) {
    raise("TypeError",
          "can only concatenate list (not "
          " + type_name(right) + "
          ") to list");
  }
  const std::string shown = op == "**" ? "** or pow()" : std::string(op);
  raise("TypeError",
        "unsupported operand type(s) for " + shown + ": '" + type_name(left) + "' and '" + type_name(right) + "'");
}

}  // namespace scalewright::jinja
