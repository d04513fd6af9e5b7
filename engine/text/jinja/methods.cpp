// Methods of strings, lists and dictionaries.

#include <unicode/uchar.h>

#include <algorithm>
#include <functional>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/python_text.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

using MethodFunction = Value (*)(Interpreter&, const Value&, Arguments&);

class BoundMethod final : public Object {
 public:
  BoundMethod(Value self, MethodFunction function) : self_(std::move(self)), function_(function) {}
  std::string type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments& arguments) override {
    return function_(interpreter, self_, arguments);
  }

 private:
  Value self_;
  MethodFunction function_;
};

Value list_of(std::vector<std::string> texts) {
  std::vector<Value> items;
  items.reserve(texts.size());
  for (std::string& text : texts) items.emplace_back(std::move(text));
  return Value::list(std::move(items));
}

Value made(Interpreter& interpreter, std::string text) {
  interpreter.count_bytes(text.size());
  return text;
}

template <bool kLeft, bool kRight>
Value strip_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("strip", arguments, {"chars"});
  const Value characters = parameters.get("chars", None{});
  if (characters.is_none()) return made(interpreter, stripped(self.string(), kLeft, kRight));
  return made(interpreter, stripped(self.string(), parameters.text("chars", ""), kLeft, kRight));
}

template <bool kFromRight>
Value split_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("split", arguments, {"sep", "maxsplit"});
  const long long most = parameters.integer("maxsplit", -1);
  interpreter.count_bytes(self.string().size());
  if (parameters.get("sep", None{}).is_none()) return list_of(split_space(self.string(), most, kFromRight));
  const std::string by = parameters.text("sep", "");
  if (by.empty()) raise("ValueError", "empty separator");
  std::vector<std::string> parts = split(self.string(), by, most, kFromRight);
  interpreter.count_steps(parts.size());
  return list_of(std::move(parts));
}

// startswith and endswith take one text or a tuple of them, and bounds in characters.
template <bool kStart>
Value affix_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters(kStart ? "startswith" : "endswith", arguments, {"prefix", "start", "end"});
  std::string text = self.string();
  if (parameters.has("start") || parameters.has("end")) {
    const std::u32string points = code_points(text);
    const auto count = static_cast<long long>(points.size());
    long long begin = parameters.integer("start", 0), end = parameters.integer("end", count);
    if (begin < 0) begin = std::max(0LL, begin + count);
    if (end < 0) end = std::max(0LL, end + count);
    end = std::min(end, count);
    if (begin > end) return false;
    text = utf8(std::u32string_view(points).substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
  }
  const Value& wanted = parameters.at("prefix");
  const auto holds = [&](const Value& affix) {
    fail_if_undefined(affix);
    if (!affix.is_string())
      raise("TypeError", "startswith first arg must be str or a tuple of str, not " + type_name(affix));
    return kStart ? text.starts_with(affix.string()) : text.ends_with(affix.string());
  };
  interpreter.count_steps(1);
  if (!wanted.is_tuple()) return holds(wanted);
  return std::any_of(wanted.items().begin(), wanted.items().end(), holds);
}

// find, rfind, index, rindex: places count characters.
template <bool kFromRight, bool kMust>
Value find_text(Interpreter&, const Value& self, Arguments& arguments) {
  const Parameters parameters("find", arguments, {"sub", "start", "end"});
  const std::u32string text = code_points(self.string()), wanted = code_points(parameters.text("sub", ""));
  const auto count = static_cast<long long>(text.size());
  long long begin = parameters.integer("start", 0), end = std::min(parameters.integer("end", count), count);
  if (begin < 0) begin = std::max(0LL, begin + count);
  if (end < 0) end = std::max(0LL, end + count);
  size_t at = std::u32string::npos;
  if (begin <= end) {
    const std::u32string_view part =
        std::u32string_view(text).substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    at = kFromRight ? part.rfind(wanted) : part.find(wanted);
  }
  if (at == std::u32string::npos) {
    if (kMust) raise("ValueError", "substring not found");
    return -1;
  }
  return static_cast<Int>(at) + begin;
}

Value replace_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"});
  const std::string from = parameters.text("old", ""), to = parameters.text("new", "");
  parameters.at("new");
  return replaced_text(interpreter, self.string(), from, to, parameters.integer("count", -1));
}

Value count_method(Interpreter&, const Value& self, Arguments& arguments) {
  const Parameters parameters("count", arguments, {"sub"});
  const std::string wanted = parameters.text("sub", "");
  if (wanted.empty()) return length(self.string()) + 1;
  size_t found = 0;
  for (size_t at = self.string().find(wanted); at != std::string::npos;
       at = self.string().find(wanted, at + wanted.size()))
    ++found;
  return found;
}

Value join_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("join", arguments, {"iterable"});
  std::string joined;
  bool first = true;
  size_t place = 0;
  for (const Value& item : interpreter.iterate(parameters.at("iterable"))) {
    if (!item.is_string()) {
      raise("TypeError",
            "sequence item " + std::to_string(place) + ": expected str instance, " + type_name(item) + " found");
    }
    interpreter.count_bytes(item.string().size() + self.string().size());
    if (!first) joined += self.string();
    first = false;
    joined += item.string();
    ++place;
  }
  return joined;
}

template <std::string (*kFunction)(std::string_view)>
Value case_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("case", arguments, {});
  return made(interpreter, kFunction(self.string()));
}

template <bool (*kHolds)(uint32_t)>
Value is_method(Interpreter&, const Value& self, Arguments& arguments) {
  const Parameters parameters("is", arguments, {});
  const std::u32string points = code_points(self.string());
  return !points.empty() && std::all_of(points.begin(), points.end(), kHolds);
}
bool is_digit(uint32_t c) {
  const auto type = static_cast<UNumericType>(u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE));
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_decimal(uint32_t c) {
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE) == U_NT_DECIMAL;
}
bool is_numeric(uint32_t c) {
  return u_getIntPropertyValue(static_cast<UChar32>(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}
bool is_letter(uint32_t c) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0;
}
bool is_letter_or_number(uint32_t c) {
  return is_letter(c) || is_numeric(c);
}
bool is_ascii(uint32_t c) {
  return c < 0x80;
}

template <bool kUpper>
Value is_case(Interpreter&, const Value& self, Arguments&) {
  bool cased = false;
  for (const char32_t c : code_points(self.string())) {
    const auto point = static_cast<UChar32>(c);
    if (kUpper ? u_isULowercase(point) : u_isUUppercase(point)) return false;
    if (u_istitle(point)) return false;
    cased = cased || (kUpper ? u_isUUppercase(point) : u_isULowercase(point));
  }
  return cased;
}
Value is_title(Interpreter&, const Value& self, Arguments&) {
  return title(self.string()) == self.string() && upper(self.string()) != lower(self.string());
}

// ljust, rjust, center, zfill
enum class Side { Left, Right, Center };
template <Side kSide>
Value justify_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("ljust", arguments, {"width", "fillchar"});
  const std::string fill = parameters.text("fillchar", " ");
  if (length(fill) != 1) raise("TypeError", "The fill character must be exactly one character long");
  parameters.at("width");
  const long long gap = parameters.integer("width", 0) - static_cast<long long>(length(self.string()));
  if (gap <= 0) return self;
  interpreter.count_bytes(static_cast<size_t>(gap));
  interpreter.count_bytes(static_cast<size_t>(gap) * fill.size() + self.string().size());
  long long left = kSide == Side::Right ? gap : 0;
  // Python puts the odd space on the left of odd widths.
  if (kSide == Side::Center) left = gap / 2 + (gap & parameters.integer("width", 0) & 1);
  std::string out;
  for (long long i = 0; i < left; ++i) out += fill;
  out += self.string();
  for (long long i = left; i < gap; ++i) out += fill;
  return out;
}
Value zfill_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("zfill", arguments, {"width"});
  parameters.at("width");
  const std::string& text = self.string();
  const long long gap = parameters.integer("width", 0) - static_cast<long long>(length(text));
  if (gap <= 0) return self;
  interpreter.count_bytes(static_cast<size_t>(gap));
  interpreter.count_bytes(static_cast<size_t>(gap) + text.size());
  const size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  return text.substr(0, sign) + std::string(static_cast<size_t>(gap), '0') + text.substr(sign);
}

template <bool kFromRight>
Value partition_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("partition", arguments, {"sep"});
  const std::string by = parameters.text("sep", "");
  if (by.empty()) raise("ValueError", "empty separator");
  const std::string& text = self.string();
  interpreter.count_bytes(text.size());
  const size_t at = kFromRight ? text.rfind(by) : text.find(by);
  if (at == std::string::npos) {
    return kFromRight ? Value::tuple({"", "", self}) : Value::tuple({self, "", ""});
  }
  return Value::tuple({text.substr(0, at), by, text.substr(at + by.size())});
}

template <bool kPrefix>
Value remove_affix(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("removeprefix", arguments, {"affix"});
  const std::string affix = parameters.text("affix", "");
  const std::string& text = self.string();
  if (kPrefix ? !text.starts_with(affix) : !text.ends_with(affix)) return self;
  return made(interpreter, kPrefix ? text.substr(affix.size()) : text.substr(0, text.size() - affix.size()));
}

Value splitlines_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("splitlines", arguments, {"keepends"});
  interpreter.count_bytes(self.string().size());
  return list_of(split_lines(self.string(), parameters.flag("keepends", false)));
}

Value format_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  return brace_format(interpreter, self.string(), arguments);
}

// ---- dictionaries and lists

Value get_method(Interpreter&, const Value& self, Arguments& arguments) {
  const Parameters parameters("get", arguments, {"key", "default"});
  const Value* found = self.dict().find(parameters.at("key"));
  return found ? *found : parameters.get("default", None{});
}
Value items_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("items", arguments, {});
  interpreter.count_steps(self.dict().items().size());
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().items()) items.push_back(Value::tuple({key, value}));
  return Value::list(std::move(items));
}
Value keys_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("keys", arguments, {});
  return Value::list(interpreter.iterate(self));
}
Value values_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("values", arguments, {});
  interpreter.count_steps(self.dict().items().size());
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().items()) items.push_back(value);
  return Value::list(std::move(items));
}
Value copy_method(Interpreter&, const Value& self, Arguments&) {
  return self;
}  // neither copy can change
Value index_method(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("index", arguments, {"value"});
  const auto& items = self.items();
  interpreter.count_steps(items.size());
  const auto at =
      std::find_if(items.begin(), items.end(), [&](const Value& v) { return equal(v, parameters.at("value")); });
  if (at == items.end()) raise("ValueError", repr(parameters.at("value")) + " is not in list");
  return static_cast<size_t>(at - items.begin());
}
Value count_items(Interpreter& interpreter, const Value& self, Arguments& arguments) {
  const Parameters parameters("count", arguments, {"value"});
  interpreter.count_steps(self.items().size());
  return static_cast<size_t>(std::count_if(self.items().begin(), self.items().end(),
                                           [&](const Value& v) { return equal(v, parameters.at("value")); }));
}

constexpr std::pair<std::string_view, MethodFunction> kStringMethods[] = {
    {"strip", strip_method<true, true>},
    {"lstrip", strip_method<true, false>},
    {"rstrip", strip_method<false, true>},
    {"split", split_method<false>},
    {"rsplit", split_method<true>},
    {"splitlines", splitlines_method},
    {"startswith", affix_method<true>},
    {"endswith", affix_method<false>},
    {"upper", case_method<upper>},
    {"lower", case_method<lower>},
    {"casefold", case_method<lower>},
    {"title", case_method<title>},
    {"capitalize", case_method<capitalized>},
    {"swapcase", case_method<swapped_case>},
    {"find", find_text<false, false>},
    {"rfind", find_text<true, false>},
    {"index", find_text<false, true>},
    {"rindex", find_text<true, true>},
    {"replace", replace_method},
    {"count", count_method},
    {"join", join_method},
    {"isdigit", is_method<is_digit>},
    {"isdecimal", is_method<is_decimal>},
    {"isnumeric", is_method<is_numeric>},
    {"isalpha", is_method<is_letter>},
    {"isalnum", is_method<is_letter_or_number>},
    {"isspace", is_method<is_space>},
    {"isascii", is_method<is_ascii>},
    {"isupper", is_case<true>},
    {"islower", is_case<false>},
    {"istitle", is_title},
    {"ljust", justify_method<Side::Left>},
    {"rjust", justify_method<Side::Right>},
    {"center", justify_method<Side::Center>},
    {"zfill", zfill_method},
    {"partition", partition_method<false>},
    {"rpartition", partition_method<true>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"format", format_method},
};
constexpr std::pair<std::string_view, MethodFunction> kDictMethods[] = {
    {"get", get_method},       {"items", items_method}, {"keys", keys_method},
    {"values", values_method}, {"copy", copy_method},
};
constexpr std::pair<std::string_view, MethodFunction> kListMethods[] = {
    {"index", index_method},
    {"count", count_items},
    {"copy", copy_method},
};
constexpr std::string_view kChangingLists[] = {"append", "clear",  "extend",  "insert",
                                               "pop",    "remove", "reverse", "sort"};
constexpr std::string_view kChangingDicts[] = {"clear", "pop", "popitem", "setdefault", "update"};

}  // namespace

std::string replaced_text(Interpreter& interpreter, std::string_view text, std::string_view from, std::string_view to,
                          long long most) {
  // Bounded before it is made: every byte of the text could become `to`.
  size_t count = 0;
  if (from.empty()) {
    count = text.size() + 1;
  } else {
    for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, at + from.size())) ++count;
  }
  if (most >= 0) count = std::min(count, static_cast<size_t>(most));
  interpreter.count_steps(count / 16);
  interpreter.count_bytes(text.size());
  if (count != 0 && to.size() > (size_t{1} << 40) / count) interpreter.count_bytes(size_t{1} << 40);
  interpreter.count_bytes(count * to.size());
  return replaced(text, from, to, most);
}

bool find_method(Interpreter&, const Value& object, std::string_view name, Value& out) {
  const auto look = [&](const auto& methods) {
    for (const auto& [known, function] : methods) {
      if (known != name) continue;
      out = object_value<BoundMethod>(object, function);
      return true;
    }
    return false;
  };
  const auto refuse = [&](const auto& names) {
    if (std::find(std::begin(names), std::end(names), name) == std::end(names)) return false;
    out = Value::undefined(
        "access to attribute " + string_repr(name) + " of '" + type_name(object) + "' object is unsafe.",
        "SecurityError");
    return true;
  };
  if (object.is_string()) return look(kStringMethods);
  if (object.is_dict()) return look(kDictMethods) || refuse(kChangingDicts);
  if (object.is_tuple()) return look(kListMethods);
  if (object.is_sequence()) return look(kListMethods) || refuse(kChangingLists);
  return false;
}

}  // namespace scalewright::jinja
