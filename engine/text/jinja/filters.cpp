// Filters: value | name(arguments).

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

using FilterFunction = Value (*)(Interpreter&, const Value&, Arguments&);

Value made(Interpreter& interpreter, std::string text, bool markup = false) {
  interpreter.count_bytes(text.size());
  return Value(std::move(text), markup);
}

// The attribute path of map(attribute='a.b'), sort(attribute=...): names and numbers between dots.
Value path_of(Interpreter& interpreter, Value value, const Value& path, const Value& otherwise) {
  if (path.is_none()) return value;
  if (path.is_integral()) {
    value = interpreter.item(value, path);
  } else {
    if (!path.is_string()) raise("TypeError", "an attribute is a string or an integer");
    for (const std::string& part : split(path.string(), ".", -1, false)) {
      const bool number =
          !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (number && part.size() < 10) {
        value = interpreter.item(value, Value(static_cast<size_t>(std::stoul(part))));
      } else {
        value = interpreter.item(value, Value(part));
      }
      if (value.is_undefined() && !otherwise.is_undefined()) return otherwise;
    }
  }
  return value.is_undefined() && !otherwise.is_undefined() ? otherwise : value;
}
const Value kNoDefault = Value::undefined("");

// Case does not count unless asked.
Value folded(const Value& value, bool case_sensitive) {
  return value.is_string() && !case_sensitive ? Value(lower(value.string())) : value;
}

std::string attribute_text(const Value& value) {
  return str(value);
}

// ---- text

template <std::string (*kFunction)(std::string_view)>
Value case_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("case", arguments, {});
  const std::string text = str(input);
  // Escaped text stays escaped text.
  return made(interpreter, kFunction(text), input.is_markup());
}

std::string jinja_title(std::string_view text) {
  // Words begin behind spaces, hyphens and opening brackets.
  std::string out, word;
  const auto flush = [&] {
    if (word.empty()) return;
    const std::u32string points = code_points(word);
    out += upper(utf8({points.data(), 1})) + lower(utf8(std::u32string_view(points).substr(1)));
    word.clear();
  };
  for (size_t i = 0; i < text.size();) {
    const size_t space = space_length(text, i);
    const size_t length = space ? space : std::string_view("-({[<").find(text[i]) != std::string_view::npos ? 1 : 0;
    if (length == 0) {
      word += text[i++];
      continue;
    }
    flush();
    out += text.substr(i, length);
    i += length;
  }
  flush();
  return out;
}

Value trim_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("trim", arguments, {"chars"});
  const std::string text = str(input);
  if (parameters.get("chars", None{}).is_none())
    return made(interpreter, stripped(text, true, true), input.is_markup());
  return made(interpreter, stripped(text, parameters.text("chars", ""), true, true), input.is_markup());
}

Value replace_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"});
  const std::string from = str(parameters.at("old")), to = str(parameters.at("new"));
  const long long most = parameters.get("count", None{}).is_none() ? -1 : parameters.integer("count", -1);
  return Value(replaced_text(interpreter, str(input), from, to, most), input.is_markup());
}

Value escape_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  if (input.is_markup()) return input;
  const std::string text = str(input);
  interpreter.count_bytes(text.size() * 5);
  return Value(html_escaped(text), true);
}
Value force_escape_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  const std::string text = str(input);
  interpreter.count_bytes(text.size() * 5);
  return Value(html_escaped(text), true);
}
Value safe_filter(Interpreter&, const Value& input, Arguments&) {
  return Value(str(input), true);
}
Value string_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  return input.is_string() ? input : made(interpreter, str(input));
}

Value indent_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("indent", arguments, {"width", "first", "blank"});
  const Value width = parameters.get("width", 4);
  std::string margin;
  if (width.is_string()) {
    margin = width.string();
  } else {
    const long long spaces = std::max(0LL, parameters.integer("width", 4));
    interpreter.count_bytes(static_cast<size_t>(spaces));
    margin.assign(static_cast<size_t>(spaces), ' ');
  }
  const bool first = parameters.flag("first", false), blank = parameters.flag("blank", false);
  fail_if_undefined(input);
  if (!input.is_string()) raise("TypeError", "indent needs a string, not " + type_name(input));
  // A line break is added, so that one at the end counts as Python's splitlines does not.
  const std::vector<std::string> lines = split_lines(str(input) + "\n", false);
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    const bool wanted = i == 0 ? first : blank || !lines[i].empty();
    interpreter.count_bytes(lines[i].size() + 1 + (wanted ? margin.size() : 0));
    if (wanted) out += margin;
    out += lines[i];
  }
  return Value(std::move(out), input.is_markup());
}

Value center_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("center", arguments, {"width"});
  Value method;
  find_method(interpreter, Value(str(input)), "center", method);
  Arguments inner;
  inner.positional.push_back(parameters.get("width", 80));
  return interpreter.call(method, inner);
}

Value truncate_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const std::u32string text = code_points(str(input)), end = code_points(parameters.text("end", "..."));
  const long long wanted = parameters.integer("length", 255);
  const long long leeway = parameters.get("leeway", None{}).is_none() ? 5 : parameters.integer("leeway", 5);
  if (wanted < static_cast<long long>(end.size()) || leeway < 0)
    raise("ValueError", "truncate: the length or leeway is too small");
  if (static_cast<long long>(text.size()) <= wanted + leeway) return Value(str(input));
  std::u32string cut = text.substr(0, static_cast<size_t>(wanted) - end.size());
  if (!parameters.flag("killwords", false)) {
    const size_t space = cut.rfind(U' ');
    if (space != std::u32string::npos) cut.resize(space);
  }
  return made(interpreter, utf8(cut + end));
}

Value wordcount_filter(Interpreter&, const Value& input, Arguments&) {
  size_t words = 0;
  bool inside = false;
  for (const char32_t c : code_points(str(input))) {
    const bool word = (text::char_class_slow(c) & (text::kLetter | text::kNumber)) || c == U'_';
    words += word && !inside;
    inside = word;
  }
  return words;
}

Value urlencode_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  // In a query a space is a plus and a slash is escaped.
  const auto quoted = [&](const std::string& text, bool query) {
    std::string out;
    for (const char c : text) {
      if (query && c == ' ') {
        out += '+';
        continue;
      }
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         std::string_view("_.-~").find(c) != std::string_view::npos || (!query && c == '/');
      if (plain) {
        out += c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += "0123456789ABCDEF"[byte >> 4];
        out += "0123456789ABCDEF"[byte & 15];
      }
    }
    interpreter.count_bytes(out.size());
    return out;
  };
  if (!input.is_dict()) return Value(quoted(str(input), true));
  std::string out;
  for (const auto& [key, value] : input.dict().items()) {
    if (!out.empty()) out += '&';
    out += quoted(str(key), true) + "=" + quoted(str(value), true);
  }
  return Value(std::move(out));
}

Value format_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  if (!arguments.named.empty()) {
    if (!arguments.positional.empty())
      raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time");
    auto dict = std::make_shared<Dict>();
    for (const auto& [name, value] : arguments.named) dict->set(name, value);
    return Value(percent_format(interpreter, str(input), Value(std::shared_ptr<const Dict>(dict))));
  }
  return Value(percent_format(interpreter, str(input), Value::tuple(arguments.positional)));
}

Value tojson_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = parameters.flag("ensure_ascii", false);
  style.sort_keys = parameters.flag("sort_keys", false);
  const Value indent = parameters.get("indent", None{});
  if (!indent.is_none()) {
    style.lines = true;
    style.item_separator = ",";
    if (indent.is_string()) {
      style.indent = indent.string();
    } else {
      const long long spaces = std::max(0LL, parameters.integer("indent", 0));
      interpreter.count_bytes(static_cast<size_t>(spaces));
      style.indent.assign(static_cast<size_t>(spaces), ' ');
    }
  }
  const Value separators = parameters.get("separators", None{});
  if (!separators.is_none()) {
    const std::vector<Value> both = interpreter.iterate(separators);
    if (both.size() != 2 || !both[0].is_string() || !both[1].is_string())
      raise("TypeError", "separators are two strings");
    style.item_separator = both[0].string();
    style.key_separator = both[1].string();
  }
  return Value(to_json(interpreter, input, style));
}

// ---- numbers

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
    std::string digits(static_cast<size_t>(precision) + 400, '\0');
    digits.resize(
        static_cast<size_t>(std::snprintf(digits.data(), digits.size(), "%.*f", static_cast<int>(precision), value)));
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

// ---- lists

Value length_filter(Interpreter&, const Value& input, Arguments&) {
  if (input.is_string()) return length(input.string());
  if (input.is_sequence()) return input.items().size();
  if (input.is_dict()) return input.dict().items().size();
  if (input.is_undefined()) {
    if (input.undefined().kind != "UndefinedError") fail_if_undefined(input);
    return 0;
  }
  raise("TypeError", "object of type '" + type_name(input) + "' has no len()");
}

Value first_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  const std::vector<Value> items = interpreter.iterate(input);
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}
Value last_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  const std::vector<Value> items = interpreter.iterate(input);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}
Value list_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  return Value::list(interpreter.iterate(input));
}

Value reverse_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  if (input.is_string()) {
    std::u32string points = code_points(input.string());
    std::reverse(points.begin(), points.end());
    return made(interpreter, utf8(points));
  }
  std::vector<Value> items = interpreter.iterate(input);
  std::reverse(items.begin(), items.end());
  return Value::list(std::move(items));
}

Value join_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  const std::string between = str(parameters.get("d", Value("")));
  const Value path = parameters.get("attribute", None{});
  std::string out;
  bool first = true;
  for (const Value& item : interpreter.iterate(input)) {
    const std::string part = attribute_text(path_of(interpreter, item, path, kNoDefault));
    interpreter.count_bytes(part.size() + between.size());
    if (!first) out += between;
    first = false;
    out += part;
  }
  return Value(std::move(out));
}

Value sort_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool reverse = parameters.flag("reverse", false), case_sensitive = parameters.flag("case_sensitive", false);
  const Value path = parameters.get("attribute", None{});
  struct Entry {
    std::vector<Value> keys;
    Value item;
  };
  std::vector<Entry> entries;
  for (Value& item : interpreter.iterate(input)) {
    Entry entry;
    if (path.is_string()) {
      for (const std::string& one : split(path.string(), ",", -1, false)) {
        entry.keys.push_back(folded(path_of(interpreter, item, Value(one), kNoDefault), case_sensitive));
      }
    } else {
      entry.keys.push_back(folded(path_of(interpreter, item, path, kNoDefault), case_sensitive));
    }
    entry.item = std::move(item);
    entries.push_back(std::move(entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    interpreter.count_steps(1);
    for (size_t i = 0; i < a.keys.size(); ++i) {
      const int order = equal(a.keys[i], b.keys[i]) ? 0 : compare(a.keys[i], b.keys[i], "<");
      if (order != 0) return reverse ? order > 0 : order < 0;
    }
    return false;
  });
  std::vector<Value> items;
  for (Entry& entry : entries) items.push_back(std::move(entry.item));
  return Value::list(std::move(items));
}

Value unique_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  const Value path = parameters.get("attribute", None{});
  std::vector<Value> items, keys;
  for (Value& item : interpreter.iterate(input)) {
    Value key = folded(path_of(interpreter, item, path, kNoDefault), parameters.flag("case_sensitive", false));
    interpreter.count_steps(keys.size());
    if (std::any_of(keys.begin(), keys.end(), [&](const Value& other) { return equal(other, key); })) continue;
    keys.push_back(std::move(key));
    items.push_back(std::move(item));
  }
  return Value::list(std::move(items));
}

template <bool kLargest>
Value extreme_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters(kLargest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const bool case_sensitive = parameters.flag("case_sensitive", false);
  const Value path = parameters.get("attribute", None{});
  const std::vector<Value> items = interpreter.iterate(input);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  const auto key = [&](const Value& item) {
    return folded(path_of(interpreter, item, path, kNoDefault), case_sensitive);
  };
  const Value* best = &items[0];
  for (const Value& item : items) {
    const int order = compare(key(item), key(*best), kLargest ? ">" : "<");
    if (kLargest ? order > 0 : order < 0) best = &item;
  }
  return *best;
}

Value sum_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  const Value path = parameters.get("attribute", None{});
  Value total = parameters.get("start", 0);
  for (const Value& item : interpreter.iterate(input)) {
    total = interpreter.binary("+", total, path_of(interpreter, item, path, kNoDefault));
  }
  return total;
}

// Groups of `linecount`, the last filled up; slice: that many groups.
Value batch_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"});
  parameters.at("linecount");
  const long long count = parameters.integer("linecount", 1);
  if (count < 1) raise("ValueError", "batch needs groups of at least 1");
  const Value fill = parameters.get("fill_with", None{});
  std::vector<Value> groups, group;
  for (Value& item : interpreter.iterate(input)) {
    if (static_cast<long long>(group.size()) == count) groups.push_back(Value::list(std::exchange(group, {})));
    group.push_back(std::move(item));
  }
  if (!group.empty()) {
    if (!fill.is_none()) {
      interpreter.count_steps(static_cast<size_t>(count));
      while (static_cast<long long>(group.size()) < count) group.push_back(fill);
    }
    groups.push_back(Value::list(std::move(group)));
  }
  return Value::list(std::move(groups));
}
Value slice_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"});
  parameters.at("slices");
  const long long slices = parameters.integer("slices", 1);
  if (slices < 1) raise("ZeroDivisionError", "slice needs at least 1 group");
  interpreter.count_steps(static_cast<size_t>(slices));
  const Value fill = parameters.get("fill_with", None{});
  const std::vector<Value> items = interpreter.iterate(input);
  const auto total = static_cast<long long>(items.size());
  const long long each = total / slices, longer = total % slices;
  std::vector<Value> groups;
  size_t at = 0;
  for (long long i = 0; i < slices; ++i) {
    const auto size = static_cast<size_t>(each + (i < longer ? 1 : 0));
    std::vector<Value> group(items.begin() + static_cast<ptrdiff_t>(at),
                             items.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
    if (!fill.is_none() && i >= longer) group.push_back(fill);
    groups.push_back(Value::list(std::move(group)));
  }
  return Value::list(std::move(groups));
}

Value groupby_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("groupby", arguments, {"attribute", "default", "case_sensitive"});
  const Value path = parameters.at("attribute"), otherwise = parameters.get("default", kNoDefault);
  const bool case_sensitive = parameters.flag("case_sensitive", false);
  std::vector<std::pair<Value, Value>> entries;  // key, item
  for (const Value& item : interpreter.iterate(input)) {
    entries.emplace_back(path_of(interpreter, item, path, otherwise), item);
  }
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    interpreter.count_steps(1);
    return compare(folded(a.first, case_sensitive), folded(b.first, case_sensitive), "<") < 0;
  });
  std::vector<Value> groups, group;
  for (size_t i = 0; i < entries.size(); ++i) {
    group.push_back(entries[i].second);
    if (i + 1 < entries.size() &&
        equal(folded(entries[i].first, case_sensitive), folded(entries[i + 1].first, case_sensitive)))
      continue;
    groups.push_back(Value::tuple({entries[i + 1 - group.size()].first, Value::list(group)}));
    group.clear();
  }
  return Value::list(std::move(groups));
}

Value dictsort_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  fail_if_undefined(input);
  if (!input.is_dict()) raise("TypeError", "dictsort needs a dictionary, not " + type_name(input));
  const std::string by = parameters.text("by", "key");
  if (by != "key" && by != "value") raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
  const bool reverse = parameters.flag("reverse", false), case_sensitive = parameters.flag("case_sensitive", false);
  std::vector<std::pair<Value, Value>> entries = input.dict().items();
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    interpreter.count_steps(1);
    const int order = by == "key" ? compare(folded(a.first, case_sensitive), folded(b.first, case_sensitive), "<")
                                  : compare(folded(a.second, case_sensitive), folded(b.second, case_sensitive), "<");
    return reverse ? order > 0 : order < 0;
  });
  std::vector<Value> items;
  for (auto& [key, value] : entries) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

Value items_filter(Interpreter& interpreter, const Value& input, Arguments&) {
  if (input.is_undefined()) return Value::list({});
  if (!input.is_dict()) raise("TypeError", "Can only get item pairs from a mapping.");
  interpreter.count_steps(input.dict().items().size());
  std::vector<Value> items;
  for (const auto& [key, value] : input.dict().items()) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}

Value map_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  std::vector<Value> out;
  if (!truth(input)) return Value::list({});  // nothing is empty here, even none
  if (arguments.positional.empty()) {
    const Parameters parameters("map", arguments, {"attribute", "default"});
    const Value path = parameters.at("attribute"), otherwise = parameters.get("default", kNoDefault);
    for (const Value& item : interpreter.iterate(input)) out.push_back(path_of(interpreter, item, path, otherwise));
    return Value::list(std::move(out));
  }
  const Value& name = arguments.positional[0];
  if (!name.is_string()) raise("FilterArgumentError", "map requires a filter argument");
  for (const Value& item : interpreter.iterate(input)) {
    Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
    out.push_back(call_filter(interpreter, name.string(), item, rest));
  }
  return Value::list(std::move(out));
}

// select(test, ...), reject, and with an attribute first selectattr, rejectattr.
template <bool kAttribute, bool kKeep>
Value select_filter(Interpreter& interpreter, const Value& input, Arguments& arguments) {
  const size_t first = kAttribute ? 1 : 0;
  if (kAttribute && arguments.positional.empty()) raise("FilterArgumentError", "Missing parameter for attribute name");
  std::vector<Value> out;
  if (!truth(input)) return Value::list({});
  for (Value& item : interpreter.iterate(input)) {
    const Value value = kAttribute ? path_of(interpreter, item, arguments.positional[0], kNoDefault) : item;
    bool holds;
    if (arguments.positional.size() <= first) {
      holds = truth(value);
    } else {
      const Value& name = arguments.positional[first];
      if (!name.is_string()) raise("TypeError", "the name of a test is a string");
      Arguments rest{{arguments.positional.begin() + static_cast<ptrdiff_t>(first) + 1, arguments.positional.end()},
                     arguments.named};
      holds = call_test(interpreter, name.string(), value, rest);
    }
    if (holds == kKeep) out.push_back(std::move(item));
  }
  return Value::list(std::move(out));
}

// ---- values

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

constexpr std::pair<std::string_view, FilterFunction> kFilters[] = {
    {"abs", abs_filter},
    {"attr", attr_filter},
    {"batch", batch_filter},
    {"capitalize", case_filter<capitalized>},
    {"center", center_filter},
    {"count", length_filter},
    {"d", default_filter},
    {"default", default_filter},
    {"dictsort", dictsort_filter},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"first", first_filter},
    {"float", float_filter},
    {"forceescape", force_escape_filter},
    {"format", format_filter},
    {"groupby", groupby_filter},
    {"indent", indent_filter},
    {"int", int_filter},
    {"items", items_filter},
    {"join", join_filter},
    {"last", last_filter},
    {"length", length_filter},
    {"list", list_filter},
    {"lower", case_filter<lower>},
    {"map", map_filter},
    {"max", extreme_filter<true>},
    {"min", extreme_filter<false>},
    {"reject", select_filter<false, false>},
    {"rejectattr", select_filter<true, false>},
    {"replace", replace_filter},
    {"reverse", reverse_filter},
    {"round", round_filter},
    {"safe", safe_filter},
    {"select", select_filter<false, true>},
    {"selectattr", select_filter<true, true>},
    {"slice", slice_filter},
    {"sort", sort_filter},
    {"string", string_filter},
    {"sum", sum_filter},
    {"title", case_filter<jinja_title>},
    {"tojson", tojson_filter},
    {"trim", trim_filter},
    {"truncate", truncate_filter},
    {"unique", unique_filter},
    {"upper", case_filter<upper>},
    {"urlencode", urlencode_filter},
    {"wordcount", wordcount_filter},
};

const FilterFunction* find_filter(std::string_view name) {
  for (const auto& [known, function] : kFilters) {
    if (known == name) return &function;
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
