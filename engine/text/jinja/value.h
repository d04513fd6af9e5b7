#pragma once
// Values of the template language: Python's, as far as templates can see them. Lists, tuples and dictionaries never
// change once made (transformers renders in an immutable sandbox); only namespaces do.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace scalewright::jinja {

__extension__ typedef __int128 Int;  // Python's integers are unbounded; these stop at about 1.7e38 with an error

class Value;
class Interpreter;

// Values hold values, as deep as a template likes to nest them. Freed one inside the other they would fill the stack,
// so what a value frees waits until it is gone itself.
void free_flat(void* what, void (*free)(void*));
struct FlatDelete {
  template <class T>
  void operator()(T* what) const {
    free_flat(what, [](void* p) { delete static_cast<T*>(p); });
  }
};
template <class T, class... Arguments>
std::shared_ptr<T> make_flat(Arguments&&... arguments) {
  return std::shared_ptr<T>(new T(std::forward<Arguments>(arguments)...), FlatDelete());
}

// What goes wrong while rendering; caught where the room ends. `kind` is the class that Python would raise.
struct Failure {
  std::string kind, message;
};
[[noreturn]] void raise(std::string kind, std::string message);

struct None {
  friend bool operator==(const None&, const None&) = default;
};

struct Text {
  std::shared_ptr<const std::string> text;
  bool markup = false;  // came from an escaping filter: what is added to it is escaped
};

// A missing name or attribute: prints as nothing, fails when used. `kind` is raised then.
struct Undefined {
  std::string message;
  std::string kind = "UndefinedError";
};

struct Sequence {
  std::vector<Value> items;
  bool tuple = false;
};

class Dict {
 public:
  const std::vector<std::pair<Value, Value>>& items() const { return items_; }
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  const Value* find(const char* key) const { return find(std::string_view(key)); }
  void set(Value key, Value value);  // only while it is being made

 private:
  std::vector<std::pair<Value, Value>> items_;
  std::unordered_map<std::string, size_t> strings_;  // places of the keys that are strings
};

// Named arguments of a call.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Everything that is not plain data: functions, macros, loops, namespaces.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string type_name() const = 0;
  virtual bool callable() const { return false; }
  virtual Value call(Interpreter& interpreter, Arguments& arguments);
  // The attribute, or false where the object has none of that name.
  virtual bool attribute(Interpreter& interpreter, std::string_view name, Value& out);
  virtual std::string repr() const;
};

class Value {
 public:
  using Storage = std::variant<std::shared_ptr<const Undefined>, None, bool, Int, double, Text,
                               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>, std::shared_ptr<Object>>;

  Value() : data_(None{}) {}
  Value(None) : data_(None{}) {}
  Value(bool value) : data_(value) {}
  Value(Int value) : data_(value) {}
  Value(int value) : data_(static_cast<Int>(value)) {}
  Value(size_t value) : data_(static_cast<Int>(value)) {}
  Value(double value) : data_(value) {}
  Value(std::string text, bool markup = false)
      : data_(Text{std::make_shared<const std::string>(std::move(text)), markup}) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(std::shared_ptr<Object> object) : data_(std::move(object)) {}
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value undefined(std::string message, std::string kind = "UndefinedError");

  bool is_undefined() const { return std::holds_alternative<std::shared_ptr<const Undefined>>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<Int>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_bool() || is_int() || is_float(); }
  bool is_string() const { return std::holds_alternative<Text>(data_); }
  bool is_sequence() const { return std::holds_alternative<std::shared_ptr<const Sequence>>(data_); }
  bool is_list() const { return is_sequence() && !sequence().tuple; }
  bool is_tuple() const { return is_sequence() && sequence().tuple; }
  bool is_dict() const { return std::holds_alternative<std::shared_ptr<const Dict>>(data_); }
  bool is_object() const { return std::holds_alternative<std::shared_ptr<Object>>(data_); }
  bool is_integral() const { return is_bool() || is_int(); }  // bool is an int to Python

  const Undefined& undefined() const { return *std::get<std::shared_ptr<const Undefined>>(data_); }
  bool boolean() const { return std::get<bool>(data_); }
  Int integer() const { return is_bool() ? static_cast<Int>(boolean()) : std::get<Int>(data_); }
  double number() const;  // of any number
  const std::string& string() const { return *std::get<Text>(data_).text; }
  bool is_markup() const { return is_string() && std::get<Text>(data_).markup; }
  const Sequence& sequence() const { return *std::get<std::shared_ptr<const Sequence>>(data_); }
  const std::vector<Value>& items() const { return sequence().items; }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  const std::shared_ptr<Object>& object() const { return std::get<std::shared_ptr<Object>>(data_); }
  const void* identity() const;  // for `is sameas`; null for values without one

 private:
  Storage data_;
};

// A new object as a value.
template <class T, class... Parts>
Value object_value(Parts&&... parts) {
  return Value(std::static_pointer_cast<Object>(make_flat<T>(std::forward<Parts>(parts)...)));
}

bool truth(const Value& value);
bool equal(const Value& a, const Value& b, int depth = 0);
// Python's order; raises TypeError where there is none. Negative, zero or positive.
int compare(const Value& a, const Value& b, std::string_view symbol, int depth = 0);
std::string type_name(const Value& value);            // as Python names it: "str", "NoneType"
std::string str(const Value& value);                  // as printed
std::string repr(const Value& value, int depth = 0);  // as printed inside a list
std::string int_text(Int value);
std::string float_text(double value);  // Python's repr: shortest digits, "1e+20", "3.0"
std::string string_repr(std::string_view text);
void fail_if_undefined(const Value& value);  // raises what the undefined value says
std::string html_escaped(std::string_view text);

}  // namespace scalewright::jinja
