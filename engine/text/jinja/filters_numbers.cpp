// Filters of numbers.

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/text/jinja/filters.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

Value abs_filter(Interpreter&, const Value& input, Arguments&) {
  fail_if_undefined(input);
  if (!input.is_number()) raise("TypeError", "bad operand type for abs(): '" + type_name(input) + "'");
  if (input.is_float()) return std::fabs(input.number());
  return input.integer() < 0 ? -input.integer() : input.integer();
}

bool parse_double(std::string_view text, double& value) {
  std::string plain = stripped(text, true, true);
  std::erase(plain, '_');
  if (plain.starts_with('+')) plain.erase(0, 1);
  const std::string small = lower(plain);
  if (small == "inf" || small == "infinity") return value = HUGE_VAL, true;
  if (small == "-inf" || small == "-infinity") return value = -HUGE_VAL, true;
  if (small == "nan") return value = std::nan(""), true;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  return !plain.empty() && result.ec == std::errc() && result.ptr == plain.data() + plain.size();
}

bool parse_int(std::string_view text, int base, Int& value) {
  std::string plain = lower(stripped(text, true, true));
  std::erase(plain, '_');
  bool negative = false;
  if (plain.starts_with('-') || plain.starts_with('+')) {
    negative = plain[0] == '-';
    plain.erase(0, 1);
  }
  const std::string prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
  if (!prefix.empty() && plain.starts_with(prefix)) plain.erase(0, 2);
  if (plain.empty() || plain.size() > 37) return false;
  value = 0;
  for (const char c : plain) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
    if (digit >= base) return false;
    if (__builtin_mul_overflow(value, static_cast<Int>(base), &value) ||
        __builtin_add_overflow(value, static_cast<Int>(digit), &value)) {
      return false;
    }
  }
  if (negative) value = -value;
  return true;
}

bool truncated(double value, Int& out) {
  if (!(std::fabs(value) < 1e37)) return false;
  out = static_cast<Int>(value);
  return true;
}

Value int_filter(Interpreter&, const Value& input, Arguments& arguments) {
  const Parameters parameters("int", arguments, {"default", "base"});
  Int value = 0;
  if (input.is_integral()) return input.integer();
  if (input.is_float() && truncated(input.number(), value)) return value;
  if (input.is_string()) {
    const long long base = parameters.integer("base", 10);
    if (base >= 2 && base <= 36 && parse_int(input.string(), static_cast<int>(base), value)) return value;
    double real = 0;
    if (parse_double(input.string(), real) && truncated(real, value)) return value;
  }
  fail_if_undefined(input);
  return parameters.get("default", 0);
}

Value float_filter(Interpreter&, const Value& input, Arguments& arguments) {
  const Parameters parameters("float", arguments, {"default"});
  if (input.is_number()) return input.number();
  double value = 0;
  if (input.is_string() && parse_double(input.string(), value)) return value;
  fail_if_undefined(input);
  return parameters.get("default", 0.0);
}

// Python's round: half to even, of the exact decimal value.
double rounded(double value, long long precision) {
  if (!std::isfinite(value) || precision > 300) return value;
  if (precision >= 0) {
    const std::string digits = real_digits(value, std::chars_format::fixed, static_cast<int>(precision));
    double out = value;
    std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return out;
  }
  if (precision < -300) return 0;
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(value / scale) * scale;
}

Value round_filter(Interpreter&, const Value& input, Arguments& arguments) {
  const Parameters parameters("round", arguments, {"precision", "method"});
  fail_if_undefined(input);
  if (!input.is_number()) raise("TypeError", "type " + type_name(input) + " doesn't define __round__ method");
  const long long precision = parameters.integer("precision", 0);
  const std::string method = parameters.text("method", "common");
  if (method == "common") {
    if (input.is_integral() && precision >= 0) return input.integer();
    return rounded(input.number(), precision);
  }
  if (method != "ceil" && method != "floor") raise("FilterArgumentError", "method must be common, ceil or floor");
  const double scale = std::pow(10.0, static_cast<double>(std::clamp(precision, -300LL, 300LL)));
  const double scaled = input.number() * scale;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

constexpr FilterEntry kFilters[] = {
    {"abs", abs_filter},
    {"float", float_filter},
    {"int", int_filter},
    {"round", round_filter},
};

}  // namespace

std::span<const FilterEntry> number_filters() {
  return kFilters;
}

}  // namespace scalewright::jinja
