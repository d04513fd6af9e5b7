// The tojson filter as transformers defines it: Python's json.dumps without escapes for HTML.

#include <algorithm>
#include <cmath>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

constexpr int kDeepest = 100;

class JsonWriter {
 public:
  JsonWriter(Interpreter& interpreter, const JsonStyle& style) : interpreter_(interpreter), style_(style) {}

  void write(const Value& value, int depth) {
    if (depth > kDeepest) raise("RecursionError", "a value is nested too deeply for JSON");
    interpreter_.count_steps(1);
    if (value.is_none()) {
      out += "null";
    } else if (value.is_bool()) {
      out += value.boolean() ? "true" : "false";
    } else if (value.is_int()) {
      out += int_text(value.integer());
    } else if (value.is_float()) {
      out += number(value.number());
    } else if (value.is_string()) {
      string(value.string());
    } else if (value.is_sequence()) {
      list(value.items(), depth);
    } else if (value.is_dict()) {
      dict(value.dict(), depth);
    } else {
      raise("TypeError", "Object of type " + type_name(value) + " is not JSON serializable");
    }
  }
  std::string out;

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return float_text(value);
  }

  void unit(uint32_t value) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[value >> shift & 15]);
  }

  void string(std::string_view text) {
    interpreter_.count_bytes(text.size() + 2);
    out += '"';
    for (const char* p = text.data(); p != text.data() + text.size();) {
      const char* const start = p;
      const uint32_t c = text::next_code_point(p);
      switch (c) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        case '\f':
          out += "\\f";
          break;
        case '\b':
          out += "\\b";
          break;
        default:
          if (c < 0x20 || (style_.ascii && c > 0x7E && c < 0x10000)) {
            unit(c);
          } else if (style_.ascii && c >= 0x10000) {
            unit(0xD800 + ((c - 0x10000) >> 10));
            unit(0xDC00 + ((c - 0x10000) & 0x3FF));
          } else {
            out.append(start, p);
          }
      }
    }
    out += '"';
  }

  void new_line(int depth) {
    if (!style_.lines) return;
    out += '\n';
    interpreter_.count_bytes(style_.indent.size() * static_cast<size_t>(depth) + 1);
    for (int i = 0; i < depth; ++i) out += style_.indent;
  }

  void list(const std::vector<Value>& items, int depth) {
    if (items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(depth + 1);
      write(items[i], depth + 1);
    }
    new_line(depth);
    out += ']';
  }

  static std::string key_text(const Value& key) {
    if (key.is_string()) return key.string();
    if (key.is_bool()) return key.boolean() ? "true" : "false";
    if (key.is_none()) return "null";
    if (key.is_int()) return int_text(key.integer());
    if (key.is_float()) return number(key.number());
    raise("TypeError", "keys must be str, int, float, bool or None, not " + type_name(key));
  }

  void dict(const Dict& values, int depth) {
    if (values.items().empty()) {
      out += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& item : values.items()) items.push_back(&item);
    if (style_.sort_keys) {
      std::stable_sort(items.begin(), items.end(),
                       [](const auto* a, const auto* b) { return compare(a->first, b->first, "<") < 0; });
    }
    out += '{';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(depth + 1);
      string(key_text(items[i]->first));
      out += style_.key_separator;
      write(items[i]->second, depth + 1);
    }
    new_line(depth);
    out += '}';
  }

  Interpreter& interpreter_;
  const JsonStyle& style_;
};

}  // namespace

std::string to_json(Interpreter& interpreter, const Value& value, const JsonStyle& style) {
  JsonWriter writer(interpreter, style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace scalewright::jinja
