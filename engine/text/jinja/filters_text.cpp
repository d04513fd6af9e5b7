// Filters of texts.

#include <algorithm>

#include "engine/text/jinja/filters.h"
#include "engine/text/jinja/python_text.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

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
    auto dict = make_flat<Dict>();
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

constexpr FilterEntry kFilters[] = {
    {"capitalize", case_filter<capitalized>},
    {"center", center_filter},
    {"e", escape_filter},
    {"escape", escape_filter},
    {"forceescape", force_escape_filter},
    {"format", format_filter},
    {"indent", indent_filter},
    {"lower", case_filter<lower>},
    {"replace", replace_filter},
    {"safe", safe_filter},
    {"string", string_filter},
    {"title", case_filter<jinja_title>},
    {"tojson", tojson_filter},
    {"trim", trim_filter},
    {"truncate", truncate_filter},
    {"upper", case_filter<upper>},
    {"urlencode", urlencode_filter},
    {"wordcount", wordcount_filter},
};

}  // namespace

std::span<const FilterEntry> text_filters() {
  return kFilters;
}

}  // namespace scalewright::jinja
