#include <algorithm>

#include "engine/text/jinja/builtins.h"

namespace scalewright::jinja {

Parameters::Parameters(std::string_view function, Arguments& arguments, std::initializer_list<std::string_view> names)
    : function_(function) {
  if (arguments.positional.size() > names.size()) {
    raise("TypeError", function_ + "() takes at most " + std::to_string(names.size()) + " arguments, " +
                           std::to_string(arguments.positional.size()) + " given");
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i)
    values_.emplace_back(names.begin()[i], arguments.positional[i]);
  for (const auto& [name, value] : arguments.named) {
    const auto known = std::find(names.begin(), names.end(), name);
    if (known == names.end()) raise("TypeError", function_ + "() got an unexpected keyword argument '" + name + "'");
    if (has(*known)) raise("TypeError", function_ + "() got multiple values for argument '" + name + "'");
    values_.emplace_back(*known, value);
  }
}

bool Parameters::has(std::string_view name) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& entry) { return entry.first == name; });
}

const Value& Parameters::at(std::string_view name) const {
  for (const auto& [other, value] : values_) {
    if (other == name) return value;
  }
  raise("TypeError", function_ + "() missing a required argument: '" + std::string(name) + "'");
}

Value Parameters::get(std::string_view name, Value otherwise) const {
  return has(name) ? at(name) : otherwise;
}

std::string Parameters::text(std::string_view name, std::string otherwise) const {
  if (!has(name)) return otherwise;
  const Value& value = at(name);
  fail_if_undefined(value);
  if (!value.is_string())
    raise("TypeError", function_ + "() needs a string for '" + std::string(name) + "', not " + type_name(value));
  return value.string();
}

long long Parameters::integer(std::string_view name, long long otherwise) const {
  if (!has(name)) return otherwise;
  const Value& value = at(name);
  fail_if_undefined(value);
  if (!value.is_integral()) {
    raise("TypeError", function_ + "() needs an integer for '" + std::string(name) + "', not " + type_name(value));
  }
  constexpr Int limit = static_cast<Int>(1) << 62;
  return static_cast<long long>(std::clamp(value.integer(), -limit, limit));
}

bool Parameters::flag(std::string_view name, bool otherwise) const {
  return has(name) ? truth(at(name)) : otherwise;
}

namespace {

class Function final : public Object {
 public:
  Function(std::string name, Value (*function)(Interpreter&, Arguments&))
      : name_(std::move(name)), function_(function) {}
  std::string type_name() const override { return "function"; }
  std::string repr() const override { return "<function " + name_ + ">"; }
  bool callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments& arguments) override { return function_(interpreter, arguments); }

 private:
  std::string name_;
  Value (*function_)(Interpreter&, Arguments&);
};

}  // namespace

Value function_value(std::string name, Value (*function)(Interpreter&, Arguments&)) {
  return object_value<Function>(std::move(name), function);
}

}  // namespace scalewright::jinja
