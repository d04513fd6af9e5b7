// '%s' % values and "{}".format(values).

#include <cmath>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

constexpr int kWidest = 10000;

struct Specification {
  bool left = false, zero = false, plus = false, space = false, alternate = false;
  int width = 0, precision = -1;
  char kind = 's';
};

std::string padded(std::string text, const Specification& spec, bool number) {
  const size_t now = length(text), wanted = static_cast<size_t>(spec.width);
  if (now >= wanted) return text;
  const size_t gap = wanted - now;
  if (spec.left) return text + std::string(gap, ' ');
  if (spec.zero && number) {
    const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
    return text.substr(0, sign) + std::string(gap, '0') + text.substr(sign);
  }
  return std::string(gap, ' ') + text;
}

std::string based(Int value, int base, bool upper_case) {
  if (value == 0) return "0";
  std::string digits;
  const bool negative = value < 0;
  for (; value != 0; value /= base) {
    const auto digit = static_cast<size_t>(value % base < 0 ? -(value % base) : value % base);
    digits.push_back((upper_case ? "0123456789ABCDEF" : "0123456789abcdef")[digit]);
  }
  if (negative) digits.push_back('-');
  return {digits.rbegin(), digits.rend()};
}

std::string signed_text(std::string text, const Specification& spec) {
  if (!text.starts_with('-')) {
    if (spec.plus) return "+" + text;
    if (spec.space) return " " + text;
  }
  return text;
}

std::string real_text(double value, const Specification& spec) {
  const bool upper_case = spec.kind == 'E' || spec.kind == 'G';
  const auto form = spec.kind == 'f' || spec.kind == 'F'   ? std::chars_format::fixed
                    : spec.kind == 'e' || spec.kind == 'E' ? std::chars_format::scientific
                                                           : std::chars_format::general;
  const std::string text = real_digits(value, form, spec.precision < 0 ? 6 : spec.precision);
  return upper_case ? upper(text) : text;
}

std::string one_value(const Specification& spec, const Value& value) {
  switch (spec.kind) {
    case 's':
    case 'r':
    case 'a': {
      std::string text = spec.kind == 's' ? str(value) : repr(value);
      if (spec.precision >= 0)
        text = utf8(std::u32string_view(code_points(text)).substr(0, static_cast<size_t>(spec.precision)));
      return padded(std::move(text), spec, false);
    }
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      fail_if_undefined(value);
      if (!value.is_number()) {
        raise("TypeError",
              std::string("%") + spec.kind + " format: a real number is required, not " + type_name(value));
      }
      if (value.is_float() && (spec.kind == 'x' || spec.kind == 'X' || spec.kind == 'o')) {
        raise("TypeError", std::string("%") + spec.kind + " format: an integer is required, not float");
      }
      if (value.is_float() && !(std::fabs(value.number()) < 1e37))
        raise("OverflowError", "cannot convert float to integer");
      const Int whole = value.is_float() ? static_cast<Int>(value.number()) : value.integer();
      std::string text = spec.kind == 'x' || spec.kind == 'X' ? based(whole, 16, spec.kind == 'X')
                         : spec.kind == 'o'                   ? based(whole, 8, false)
                                                              : int_text(whole);
      return padded(signed_text(std::move(text), spec), spec, true);
    }
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      fail_if_undefined(value);
      if (!value.is_number()) raise("TypeError", "must be real number, not " + type_name(value));
      return padded(signed_text(real_text(value.number(), spec), spec), spec, true);
    case 'c':
      if (value.is_string() && length(value.string()) == 1) return padded(value.string(), spec, false);
      if (value.is_integral() && value.integer() >= 0 && value.integer() < 0xD800) {
        const auto c = static_cast<char32_t>(value.integer());
        return padded(utf8({&c, 1}), spec, false);
      }
      raise("TypeError", "%c requires int or char");
    default:
      raise("ValueError", std::string("unsupported format character '") + spec.kind + "'");
  }
}

int read_number(std::string_view text, size_t& at) {
  int value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + (text[at++] - '0');
    if (value > kWidest) raise("ValueError", "a format is too wide");
  }
  return value;
}

}  // namespace

std::string percent_format(Interpreter& interpreter, std::string_view format, const Value& values) {
  std::string out;
  size_t next = 0;
  bool used_names = false;
  const auto take = [&]() -> Value {
    if (values.is_tuple()) {
      if (next >= values.items().size()) raise("TypeError", "not enough arguments for format string");
      return values.items()[next++];
    }
    if (next++ > 0) raise("TypeError", "not enough arguments for format string");
    return values;
  };
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      const size_t stop = std::min(format.find('%', i), format.size());
      out += format.substr(i, stop - i);
      i = stop;
      continue;
    }
    if (++i >= format.size()) raise("ValueError", "incomplete format");
    if (format[i] == '%') {
      out += '%';
      ++i;
      continue;
    }
    Specification spec;
    Value named;
    bool has_name = false;
    if (format[i] == '(') {
      const size_t close = format.find(')', i);
      if (close == std::string_view::npos) raise("ValueError", "incomplete format key");
      if (!values.is_dict()) raise("TypeError", "format requires a mapping");
      const Value* found = values.dict().find(format.substr(i + 1, close - i - 1));
      if (found == nullptr) raise("KeyError", string_repr(format.substr(i + 1, close - i - 1)));
      named = *found;
      has_name = used_names = true;
      i = close + 1;
    }
    for (; i < format.size() && std::string_view("-0+ #").find(format[i]) != std::string_view::npos; ++i) {
      spec.left |= format[i] == '-';
      spec.zero |= format[i] == '0';
      spec.plus |= format[i] == '+';
      spec.space |= format[i] == ' ';
    }
    spec.width = read_number(format, i);
    if (i < format.size() && format[i] == '.') spec.precision = read_number(format, ++i);
    if (i >= format.size()) raise("ValueError", "incomplete format");
    spec.kind = format[i++];
    const std::string text = one_value(spec, has_name ? named : take());
    interpreter.count_bytes(text.size());
    out += text;
  }
  const bool all_used =
      used_names || values.is_dict() || (values.is_tuple() ? next == values.items().size() : next > 0);
  if (!all_used) raise("TypeError", "not all arguments converted during string formatting");
  interpreter.count_bytes(out.size());
  return out;
}

std::string brace_format(Interpreter& interpreter, std::string_view format, const Arguments& arguments) {
  std::string out;
  size_t automatic = 0;
  bool numbered = false;
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    if (c == '}') raise("ValueError", "Single '}' encountered in format string");
    if (c != '{') {
      out += c;
      continue;
    }
    const size_t close = format.find('}', i);
    if (close == std::string_view::npos) raise("ValueError", "expected '}' before end of string");
    std::string_view field = format.substr(i + 1, close - i - 1);
    i = close;
    std::string_view shape;
    if (const size_t colon = field.find(':'); colon != std::string_view::npos) {
      shape = field.substr(colon + 1);
      field = field.substr(0, colon);
    }
    if (field.find_first_of(".[!{") != std::string_view::npos || shape.find('{') != std::string_view::npos) {
      raise("SecurityError", "format fields that look into values are not supported");
    }
    Value value;
    if (field.empty() || (field[0] >= '0' && field[0] <= '9')) {
      size_t at = 0;
      numbered = numbered || !field.empty();
      const size_t index = field.empty() ? automatic++ : static_cast<size_t>(read_number(field, at));
      if (numbered && automatic > 0) {
        raise("ValueError", "cannot switch between automatic field numbering and manual field specification");
      }
      if (index >= arguments.positional.size()) {
        raise("IndexError", "Replacement index " + std::to_string(index) + " out of range for positional args tuple");
      }
      value = arguments.positional[index];
    } else {
      bool found = false;
      for (const auto& [name, given] : arguments.named) {
        if (name != field) continue;
        value = given;
        found = true;
      }
      if (!found) raise("KeyError", string_repr(field));
    }
    Specification spec;
    spec.kind = value.is_float() ? 'g' : value.is_integral() && !value.is_bool() ? 'd' : 's';
    size_t at = 0;
    bool right = spec.kind != 's';
    if (at < shape.size() && (shape[at] == '<' || shape[at] == '>')) right = shape[at++] == '>';
    if (at < shape.size() && shape[at] == '+') spec.plus = ++at > 0;
    if (at < shape.size() && shape[at] == '0') spec.zero = ++at > 0;
    spec.width = read_number(shape, at);
    if (at < shape.size() && shape[at] == '.') spec.precision = read_number(shape, ++at);
    if (at < shape.size()) spec.kind = shape[at++];
    if (at != shape.size()) raise("ValueError", "Invalid format specifier '" + std::string(shape) + "'");
    spec.left = !right;
    const std::string text = shape.empty() ? str(value) : one_value(spec, value);
    interpreter.count_bytes(text.size());
    out += text;
  }
  interpreter.count_bytes(out.size());
  return out;
}

}  // namespace scalewright::jinja
