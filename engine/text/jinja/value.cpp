#include "engine/text/jinja/value.h"

#include <unicode/uchar.h>

#include <charconv>
#include <cmath>

#include "engine/text/utf8.h"

namespace scalewright::jinja {
namespace {

constexpr int kDeepest = 100;  // nesting that comparison and printing follow

void check_depth(int depth) {
  if (depth > kDeepest) raise("RecursionError", "a value is nested too deeply");
}

template <class T>
int sign_of(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

void free_flat(void* what, void (*free)(void*)) {
  using Waiting = std::vector<std::pair<void*, void (*)(void*)>>;
  thread_local Waiting* waiting = nullptr;  // of the outermost call of this thread
  if (waiting != nullptr) {
    waiting->emplace_back(what, free);
    return;
  }
  Waiting mine;
  waiting = &mine;
  free(what);
  while (!mine.empty()) {
    const auto [next, free_next] = mine.back();
    mine.pop_back();
    free_next(next);
  }
  waiting = nullptr;
}

void raise(std::string kind, std::string message) {
  throw Failure{std::move(kind), std::move(message)};
}

Value Object::call(Interpreter&, Arguments&) {
  raise("TypeError", "'" + type_name() + "' object is not callable");
}
bool Object::attribute(Interpreter&, std::string_view, Value&) {
  return false;
}
std::string Object::repr() const {
  return "<" + type_name() + ">";
}

Value Value::list(std::vector<Value> items) {
  Value value;
  value.data_ = make_flat<Sequence>(Sequence{std::move(items), false});
  return value;
}
Value Value::tuple(std::vector<Value> items) {
  Value value;
  value.data_ = make_flat<Sequence>(Sequence{std::move(items), true});
  return value;
}
Value Value::undefined(std::string message, std::string kind) {
  Value value;
  value.data_ = std::make_shared<const Undefined>(Undefined{std::move(message), std::move(kind)});
  return value;
}

double Value::number() const {
  if (is_float()) return std::get<double>(data_);
  return static_cast<double>(integer());
}

const void* Value::identity() const {
  if (is_sequence()) return std::get<std::shared_ptr<const Sequence>>(data_).get();
  if (is_dict()) return std::get<std::shared_ptr<const Dict>>(data_).get();
  if (is_object()) return object().get();
  return nullptr;
}

const Value* Dict::find(std::string_view key) const {
  const auto at = strings_.find(std::string(key));
  return at == strings_.end() ? nullptr : &items_[at->second].second;
}

const Value* Dict::find(const Value& key) const {
  if (key.is_string()) return find(std::string_view(key.string()));
  for (const auto& [other, value] : items_) {
    if (!other.is_string() && equal(other, key)) return &value;
  }
  return nullptr;
}

void Dict::set(Value key, Value value) {
  if (key.is_list() || key.is_dict()) raise("TypeError", "unhashable type: '" + type_name(key) + "'");
  if (key.is_string()) {
    const auto [at, fresh] = strings_.try_emplace(key.string(), items_.size());
    if (!fresh) {
      items_[at->second].second = std::move(value);
      return;
    }
  } else {
    for (auto& [other, old] : items_) {
      if (!other.is_string() && equal(other, key)) {
        old = std::move(value);
        return;
      }
    }
  }
  items_.emplace_back(std::move(key), std::move(value));
}

bool truth(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (value.is_integral()) return value.integer() != 0;
  if (value.is_float()) return value.number() != 0;
  if (value.is_string()) return !value.string().empty();
  if (value.is_sequence()) return !value.items().empty();
  if (value.is_dict()) return !value.dict().items().empty();
  return true;
}

bool equal(const Value& a, const Value& b, int depth) {
  check_depth(depth);
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return a.number() == b.number();
    return a.integer() == b.integer();
  }
  if (a.is_string() && b.is_string()) return a.string() == b.string();
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.is_sequence() && b.is_sequence()) {
    if (a.is_tuple() != b.is_tuple() || a.items().size() != b.items().size()) return false;
    for (size_t i = 0; i < a.items().size(); ++i) {
      if (!equal(a.items()[i], b.items()[i], depth + 1)) return false;
    }
    return true;
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().items().size() != b.dict().items().size()) return false;
    for (const auto& [key, value] : a.dict().items()) {
      const Value* other = b.dict().find(key);
      if (other == nullptr || !equal(value, *other, depth + 1)) return false;
    }
    return true;
  }
  return a.is_object() && b.is_object() && a.identity() == b.identity();
}

int compare(const Value& a, const Value& b, std::string_view symbol, int depth) {
  check_depth(depth);
  fail_if_undefined(a);
  fail_if_undefined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return sign_of(a.number(), b.number());
    return sign_of(a.integer(), b.integer());
  }
  if (a.is_string() && b.is_string()) return a.string().compare(b.string());  // UTF-8 sorts as its code points do
  if (a.is_sequence() && b.is_sequence() && a.is_tuple() == b.is_tuple()) {
    for (size_t i = 0; i < std::min(a.items().size(), b.items().size()); ++i) {
      if (!equal(a.items()[i], b.items()[i])) return compare(a.items()[i], b.items()[i], symbol, depth + 1);
    }
    return sign_of(a.items().size(), b.items().size());
  }
  raise("TypeError", "'" + std::string(symbol) + "' not supported between instances of '" + type_name(a) + "' and '" +
                         type_name(b) + "'");
}

std::string type_name(const Value& value) {
  if (value.is_undefined()) return "Undefined";
  if (value.is_none()) return "NoneType";
  if (value.is_bool()) return "bool";
  if (value.is_int()) return "int";
  if (value.is_float()) return "float";
  if (value.is_string()) return value.is_markup() ? "Markup" : "str";
  if (value.is_sequence()) return value.is_tuple() ? "tuple" : "list";
  if (value.is_dict()) return "dict";
  return value.object()->type_name();
}

std::string int_text(Int value) {
  if (value == 0) return "0";
  std::string digits;
  const bool negative = value < 0;
  while (value != 0) {
    const int digit = static_cast<int>(value % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    value /= 10;
  }
  if (negative) digits.push_back('-');
  return {digits.rbegin(), digits.rend()};
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (text.starts_with('-')) {
    out = "-";
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t first = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + first, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (digits.size() > 1) out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    const int size = std::abs(exponent);
    if (size < 10) out += "0";
    return out + std::to_string(size);
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string string_repr(std::string_view text) {
  const char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
  const auto hex = [](uint32_t value, int digits) {
    std::string out;
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out.push_back("0123456789abcdef"[value >> shift & 15]);
    return out;
  };
  std::string out(1, quote);
  for (const char* p = text.data(); p != text.data() + text.size();) {
    const uint32_t c = text::next_code_point(p);
    if (c == static_cast<uint32_t>(quote) || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\x" + hex(c, 2);
    } else if (c < 0x7F) {
      out.push_back(static_cast<char>(c));
    } else {
      const uint32_t mask = U_GET_GC_MASK(static_cast<UChar32>(c));
      if (mask & (U_GC_C_MASK | U_GC_Z_MASK)) {  // not printable to Python
        out += c < 0x100 ? "\\x" + hex(c, 2) : c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
      } else {
        text::append_utf8(out, c);
      }
    }
  }
  out.push_back(quote);
  return out;
}

std::string str(const Value& value) {
  if (value.is_undefined()) return {};
  if (value.is_string()) return value.string();
  return repr(value);
}

std::string repr(const Value& value, int depth) {
  check_depth(depth);
  if (value.is_undefined()) return "Undefined";
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.boolean() ? "True" : "False";
  if (value.is_int()) return int_text(value.integer());
  if (value.is_float()) return float_text(value.number());
  if (value.is_string()) {
    const std::string quoted = string_repr(value.string());
    return value.is_markup() ? "Markup(" + quoted + ")" : quoted;
  }
  std::string out;
  if (value.is_sequence()) {
    out = value.is_tuple() ? "(" : "[";
    for (const Value& item : value.items()) {
      if (out.size() > 1) out += ", ";
      out += repr(item, depth + 1);
    }
    if (value.is_tuple() && value.items().size() == 1) out += ",";
    return out + (value.is_tuple() ? ")" : "]");
  }
  if (value.is_dict()) {
    out = "{";
    for (const auto& [key, item] : value.dict().items()) {
      if (out.size() > 1) out += ", ";
      out += repr(key, depth + 1) + ": " + repr(item, depth + 1);
    }
    return out + "}";
  }
  return value.object()->repr();
}

void fail_if_undefined(const Value& value) {
  if (value.is_undefined()) raise(value.undefined().kind, value.undefined().message);
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace scalewright::jinja
