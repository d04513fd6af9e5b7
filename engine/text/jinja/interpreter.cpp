#include "engine/text/jinja/interpreter.h"

#include <algorithm>
#include <cmath>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/python_text.h"

namespace scalewright::jinja {
namespace {

constexpr size_t kMostSteps = 5'000'000;
constexpr size_t kMostBytes = size_t{512} << 20;  // made in all, thrown away or not
constexpr size_t kMostOutput = size_t{64} << 20;
constexpr int kDeepest = 500;  // evaluations within evaluations
constexpr int kDeepestMacros = 40;

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

class MacroObject final : public Object {
 public:
  MacroObject(const Macro& macro, std::shared_ptr<Scope> closure) : macro_(macro), closure_(std::move(closure)) {}
  std::string type_name() const override { return "Macro"; }
  std::string repr() const override { return "<Macro '" + macro_.name + "'>"; }
  bool callable() const override { return true; }
  Value call(Interpreter& interpreter, Arguments& arguments) override {
    return interpreter.call_macro(macro_, closure_, arguments);
  }
  bool attribute(Interpreter&, std::string_view name, Value& out) override {
    if (name != "name") return false;
    out = macro_.name;
    return true;
  }

 private:
  const Macro& macro_;  // part of the template, which outlives a rendering
  std::shared_ptr<Scope> closure_;
};

class LoopObject final : public Object, public std::enable_shared_from_this<LoopObject> {
 public:
  std::vector<Value> items;
  size_t index = 0;
  int depth = 0;
  const Statement* statement = nullptr;
  std::weak_ptr<Scope> outer;
  std::vector<Value> last;  // of loop.changed
  bool changed_before = false;

  std::string type_name() const override { return "LoopContext"; }
  std::string repr() const override {
    return "<LoopContext " + std::to_string(index + 1) + "/" + std::to_string(items.size()) + ">";
  }
  bool callable() const override { return true; }
  // loop(items) of a recursive loop: the same body over other items, as text.
  Value call(Interpreter& interpreter, Arguments& arguments) override {
    if (!statement->recursive)
      raise("TypeError", "The loop must have the 'recursive' marker to be called recursively.");
    if (arguments.positional.size() != 1) raise("TypeError", "loop() takes the items to go over");
    const auto scope = outer.lock();
    if (!scope) raise("TypeError", "the loop has ended");
    return interpreter.capture_loop(*statement, interpreter.iterate(arguments.positional[0]), scope, depth + 1);
  }
  bool attribute(Interpreter&, std::string_view name, Value& out) override;
};

class LoopMethod final : public Object {
 public:
  LoopMethod(std::shared_ptr<LoopObject> loop, bool cycle) : loop_(std::move(loop)), cycle_(cycle) {}
  std::string type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Value call(Interpreter&, Arguments& arguments) override {
    if (cycle_) {
      if (arguments.positional.empty()) raise("TypeError", "no items for cycling given");
      return arguments.positional[loop_->index % arguments.positional.size()];
    }
    const bool same = loop_->changed_before && equal(Value::list(loop_->last), Value::list(arguments.positional));
    loop_->changed_before = true;
    loop_->last = arguments.positional;
    return !same;
  }

 private:
  std::shared_ptr<LoopObject> loop_;
  bool cycle_;
};

bool LoopObject::attribute(Interpreter&, std::string_view name, Value& out) {
  const size_t count = items.size();
  if (name == "index") {
    out = index + 1;
  } else if (name == "index0") {
    out = index;
  } else if (name == "revindex") {
    out = count - index;
  } else if (name == "revindex0") {
    out = count - index - 1;
  } else if (name == "first") {
    out = index == 0;
  } else if (name == "last") {
    out = index + 1 == count;
  } else if (name == "length") {
    out = count;
  } else if (name == "depth") {
    out = depth + 1;
  } else if (name == "depth0") {
    out = depth;
  } else if (name == "previtem") {
    out = index > 0 ? items[index - 1] : Value::undefined("there is no previous item");
  } else if (name == "nextitem") {
    out = index + 1 < count ? items[index + 1] : Value::undefined("there is no next item");
  } else if (name == "cycle" || name == "changed") {
    out = Value(std::static_pointer_cast<Object>(std::make_shared<LoopMethod>(shared_from_this(), name == "cycle")));
  } else {
    return false;
  }
  return true;
}

std::string undefined_attribute(const Value& object, std::string_view name) {
  const std::string shown = object.is_none() ? "None" : type_name(object) + " object";
  return "'" + shown + "' has no attribute " + string_repr(name);
}
std::string undefined_item(const Value& object, const Value& key) {
  if (key.is_string()) return undefined_attribute(object, key.string());
  return (object.is_none() ? "None" : type_name(object) + " object") + " has no element " + repr(key);
}

// The sandbox shows nothing whose name begins with an underscore.
Value hidden(const Value& object, std::string_view name) {
  return Value::undefined(
      "access to attribute " + string_repr(name) + " of '" + type_name(object) + "' object is unsafe.",
      "SecurityError");
}

}  // namespace

// ---- scopes and namespaces

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get()) {
    for (const auto& [other, value] : scope->values_) {
      if (other == name) return &value;
    }
  }
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  for (auto& [other, old] : values_) {
    if (other == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(name, std::move(value));
}

bool Namespace::attribute(Interpreter&, std::string_view name, Value& out) {
  for (const auto& [other, value] : values_) {
    if (other == name) {
      out = value;
      return true;
    }
  }
  return false;
}

void Namespace::set(std::string_view name, Value value) {
  for (auto& [other, old] : values_) {
    if (other == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(name, std::move(value));
}

// ---- the run

struct Interpreter::Nested {
  explicit Nested(Interpreter& interpreter) : owner(interpreter) {
    if (++owner.depth_ > kDeepest) {
      --owner.depth_;
      raise("RecursionError", "the template is nested too deeply");
    }
  }
  ~Nested() { --owner.depth_; }
  Interpreter& owner;
};

Interpreter::Interpreter(std::vector<std::pair<std::string, Value>> context) : root_(std::make_shared<Scope>(nullptr)) {
  for (auto& [name, value] : context) root_->set(name, std::move(value));
}

Interpreter::~Interpreter() {
  // Macros hold scopes that hold macros, and namespaces can hold each other.
  for (const auto& scope : captured_) {
    if (const auto alive = scope.lock()) alive->clear();
  }
  for (const auto& object : objects_) {
    if (const auto alive = std::dynamic_pointer_cast<Namespace>(object.lock())) alive->clear();
  }
  root_->clear();
}

std::string Interpreter::run(const Block& block) {
  execute(block, root_);
  return std::move(output_);
}

void Interpreter::count_steps(size_t steps) {
  steps_ += steps;
  if (steps_ > kMostSteps)
    raise("OverflowError", "the template does not come to an end (stopped after 5 million steps)");
}

void Interpreter::count_bytes(size_t bytes) {
  if (bytes > kMostBytes || (bytes_ += bytes) > kMostBytes) {
    raise("OverflowError", "the template makes more than 512 MiB of text");
  }
}

void Interpreter::write(std::string_view text) {
  count_bytes(text.size());
  if (out_->size() + text.size() > kMostOutput) raise("OverflowError", "the template writes more than 64 MiB");
  *out_ += text;
}

std::string Interpreter::capture(const Block& block, const std::shared_ptr<Scope>& scope) {
  std::string captured;
  std::string* const before = std::exchange(out_, &captured);
  try {
    execute(block, scope);
  } catch (...) {
    out_ = before;
    throw;
  }
  out_ = before;
  return captured;
}

Interpreter::Flow Interpreter::execute(const Block& block, const std::shared_ptr<Scope>& scope) {
  for (const auto& statement : block) {
    const Flow flow = execute(*statement, scope);
    if (flow != Flow::Next) return flow;
  }
  return Flow::Next;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  count_steps(1);
  line_ = statement.line;
  using Kind = Statement::Kind;
  const auto inner = [&scope] { return std::make_shared<Scope>(scope); };
  switch (statement.kind) {
    case Kind::Data:
      write(statement.text);
      return Flow::Next;
    case Kind::Output: {
      const Value value = evaluate(*statement.expression, scope);
      if (value.is_string()) {
        write(value.string());
      } else {
        write(str(value));
      }
      return Flow::Next;
    }
    case Kind::If:
      for (const auto& [condition, body] : statement.branches) {
        const Value value = evaluate(*condition, scope);
        if (value.is_undefined() && value.undefined().kind != "UndefinedError") fail_if_undefined(value);
        if (truth(value)) return execute(body, scope);
      }
      return execute(statement.otherwise, scope);
    case Kind::For:
      return run_loop(statement, iterate(evaluate(*statement.expression, scope)), scope, 0);
    case Kind::Set:
      assign(statement.target, evaluate(*statement.expression, scope), scope);
      return Flow::Next;
    case Kind::SetBlock: {
      Value text(capture(statement.body, inner()));
      if (statement.filter) text = evaluate_filter(*statement.filter, scope, &text);
      assign(statement.target, text, scope);
      return Flow::Next;
    }
    case Kind::Define:
      captured_.push_back(scope);
      scope->set(statement.macro->name,
                 Value(std::static_pointer_cast<Object>(std::make_shared<MacroObject>(*statement.macro, scope))));
      return Flow::Next;
    case Kind::CallBlock: {
      captured_.push_back(scope);
      const Expression& call = *statement.expression;
      const Value callee = evaluate(*call.children[0], scope);
      Arguments arguments = evaluate_arguments(call.arguments, scope);
      arguments.named.emplace_back(
          "caller", Value(std::static_pointer_cast<Object>(std::make_shared<MacroObject>(*statement.macro, scope))));
      write(str(this->call(callee, arguments)));
      return Flow::Next;
    }
    case Kind::FilterBlock: {
      const Value text(capture(statement.body, inner()));
      write(str(evaluate_filter(*statement.filter, scope, &text)));
      return Flow::Next;
    }
    case Kind::With: {
      const auto within = inner();
      for (const auto& [target, expression] : statement.assignments)
        assign(target, evaluate(*expression, scope), within);
      return execute(statement.body, within);
    }
    case Kind::Generation: {
      const size_t begin = output_.size();
      const Flow flow = execute(statement.body, inner());
      // Inside a macro or a captured block the place in the output is not known yet.
      if (out_ == &output_) generated_.emplace_back(begin, output_.size());
      return flow;
    }
    case Kind::Scope:
      return execute(statement.body, inner());
    case Kind::Break:
      return Flow::Break;
    case Kind::Continue:
      return Flow::Continue;
  }
  return Flow::Next;
}

Value Interpreter::capture_loop(const Statement& statement, std::vector<Value> items,
                                const std::shared_ptr<Scope>& outer, int depth) {
  if (depth > kDeepestMacros) raise("RecursionError", "a loop calls itself too often");
  std::string captured;
  std::string* const before = std::exchange(out_, &captured);
  try {
    run_loop(statement, std::move(items), outer, depth);
  } catch (...) {
    out_ = before;
    throw;
  }
  out_ = before;
  return captured;
}

Interpreter::Flow Interpreter::run_loop(const Statement& statement, std::vector<Value> items,
                                        const std::shared_ptr<Scope>& outer, int depth) {
  if (statement.condition) {
    std::vector<Value> kept;
    for (Value& item : items) {
      const auto scope = std::make_shared<Scope>(outer);
      assign(statement.target, item, scope);
      if (truth(evaluate(*statement.condition, scope))) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  if (items.empty()) return execute(statement.otherwise, std::make_shared<Scope>(outer));
  const auto loop = std::make_shared<LoopObject>();
  loop->items = std::move(items);
  loop->depth = depth;
  loop->statement = &statement;
  loop->outer = outer;
  const Value loop_value(std::static_pointer_cast<Object>(loop));
  for (loop->index = 0; loop->index < loop->items.size(); ++loop->index) {
    count_steps(1);
    const auto scope = std::make_shared<Scope>(outer);
    scope->set("loop", loop_value);
    assign(statement.target, loop->items[loop->index], scope);
    if (execute(statement.body, scope) == Flow::Break) break;
  }
  return Flow::Next;
}

void Interpreter::assign(const Target& target, const Value& value, const std::shared_ptr<Scope>& scope) {
  switch (target.kind) {
    case Target::Kind::Name:
      scope->set(target.name, value);
      return;
    case Target::Kind::Attribute: {
      const Value object = lookup(target.name, scope);
      auto* space = object.is_object() ? dynamic_cast<Namespace*>(object.object().get()) : nullptr;
      if (space == nullptr) raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object");
      space->set(target.attribute, value);
      return;
    }
    case Target::Kind::Tuple: {
      const std::vector<Value> items = iterate(value);
      if (items.size() != target.parts.size()) {
        raise("ValueError", items.size() > target.parts.size()
                                ? "too many values to unpack (expected " + std::to_string(target.parts.size()) + ")"
                                : "not enough values to unpack (expected " + std::to_string(target.parts.size()) +
                                      ", got " + std::to_string(items.size()) + ")");
      }
      for (size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i], scope);
      return;
    }
  }
}

// ---- expressions

Value Interpreter::lookup(const std::string& name, const std::shared_ptr<Scope>& scope) {
  if (const Value* found = scope->find(name)) return *found;
  Value global;
  if (find_global(*this, name, global)) return global;
  return Value::undefined(string_repr(name) + " is undefined");
}

Value Interpreter::evaluate(const Expression& expression, const std::shared_ptr<Scope>& scope) {
  const Nested nested(*this);
  count_steps(1);
  line_ = expression.line;
  using Kind = Expression::Kind;
  const auto& children = expression.children;
  const auto child = [&](size_t i) { return evaluate(*children[i], scope); };
  switch (expression.kind) {
    case Kind::Constant:
      return expression.value;
    case Kind::Name:
      return lookup(expression.text, scope);
    case Kind::List:
    case Kind::Tuple: {
      std::vector<Value> items;
      items.reserve(children.size());
      for (size_t i = 0; i < children.size(); ++i) items.push_back(child(i));
      return expression.kind == Kind::List ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
    case Kind::Dict: {
      auto dict = std::make_shared<Dict>();
      for (size_t i = 0; i + 1 < children.size(); i += 2) {
        count_steps(dict->items().size() / 16);
        dict->set(child(i), child(i + 1));
      }
      return Value(std::shared_ptr<const Dict>(std::move(dict)));
    }
    case Kind::Conditional:
      if (truth(child(1))) return child(0);
      if (children[2]) return child(2);
      return Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
    case Kind::And: {
      Value left = child(0);
      return truth(left) ? child(1) : left;
    }
    case Kind::Or: {
      Value left = child(0);
      return truth(left) ? left : child(1);
    }
    case Kind::Not:
      return !truth(child(0));
    case Kind::Negative:
    case Kind::Positive: {
      const Value value = child(0);
      fail_if_undefined(value);
      const bool negative = expression.kind == Kind::Negative;
      if (!value.is_number()) {
        raise("TypeError",
              std::string("bad operand type for unary ") + (negative ? "-" : "+") + ": '" + type_name(value) + "'");
      }
      if (value.is_float()) return negative ? -value.number() : value.number();
      return negative ? -value.integer() : value.integer();
    }
    case Kind::Binary: {
      const Value left = child(0);
      return binary(expression.text, left, child(1));
    }
    case Kind::Concat: {
      std::string joined;
      for (size_t i = 0; i < children.size(); ++i) {
        const std::string part = str(child(i));
        count_bytes(joined.size() + part.size());
        joined += part;
      }
      return joined;
    }
    case Kind::Compare:
      return evaluate_compare(expression, scope);
    case Kind::Attribute:
      return attribute(child(0), expression.text);
    case Kind::Item: {
      const Value object = child(0);
      if (children[1]->kind == Kind::Slice) return slice(object, *children[1], scope);
      return item(object, child(1));
    }
    case Kind::Slice:
      raise("TypeError", "a slice stands alone");
    case Kind::Call: {
      const Value callee = child(0);
      Arguments arguments = evaluate_arguments(expression.arguments, scope);
      return call(callee, arguments);
    }
    case Kind::Filter:
      return evaluate_filter(expression, scope, nullptr);
    case Kind::Test: {
      const Value value = child(0);
      Arguments arguments = evaluate_arguments(expression.arguments, scope);
      return call_test(*this, expression.text, value, arguments);
    }
  }
  return None{};
}

Arguments Interpreter::evaluate_arguments(const CallArguments& written, const std::shared_ptr<Scope>& scope) {
  Arguments arguments;
  for (const auto& argument : written.positional) arguments.positional.push_back(evaluate(*argument, scope));
  for (const auto& [name, argument] : written.named) arguments.named.emplace_back(name, evaluate(*argument, scope));
  if (written.spread) {
    for (Value& value : iterate(evaluate(*written.spread, scope))) arguments.positional.push_back(std::move(value));
  }
  if (written.spread_named) {
    const Value values = evaluate(*written.spread_named, scope);
    if (!values.is_dict()) raise("TypeError", "argument after ** must be a mapping, not " + type_name(values));
    for (const auto& [name, value] : values.dict().items()) {
      if (!name.is_string()) raise("TypeError", "keywords must be strings");
      arguments.named.emplace_back(name.string(), value);
    }
  }
  return arguments;
}

// In a filter block the innermost filter works on the block's text.
Value Interpreter::evaluate_filter(const Expression& expression, const std::shared_ptr<Scope>& scope,
                                   const Value* block_text) {
  const Nested nested(*this);
  Value input;
  if (!expression.children[0]) {
    input = block_text ? *block_text : Value("");
  } else if (block_text && expression.children[0]->kind == Expression::Kind::Filter) {
    input = evaluate_filter(*expression.children[0], scope, block_text);
  } else {
    input = evaluate(*expression.children[0], scope);
  }
  Arguments arguments = evaluate_arguments(expression.arguments, scope);
  line_ = expression.line;
  return call_filter(*this, expression.text, input, arguments);
}

Value Interpreter::evaluate_compare(const Expression& expression, const std::shared_ptr<Scope>& scope) {
  Value left = evaluate(*expression.children[0], scope);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.children[i + 1], scope);
    const std::string& op = expression.operators[i];
    bool holds = false;
    if (op == "==") {
      holds = equal(left, right);
    } else if (op == "!=") {
      holds = !equal(left, right);
    } else if (op == "in") {
      holds = contains(right, left);
    } else if (op == "not in") {
      holds = !contains(right, left);
    } else {
      const int order = compare(left, right, op);
      const bool unordered =
          (left.is_float() && std::isnan(left.number())) || (right.is_float() && std::isnan(right.number()));
      holds = !unordered && (op == "<" ? order < 0 : op == "<=" ? order <= 0 : op == ">" ? order > 0 : order >= 0);
    }
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

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

Value Interpreter::attribute(const Value& object, std::string_view name) {
  fail_if_undefined(object);
  if (name.starts_with("__")) return hidden(object, name);
  Value found;
  if (object.is_object()) {
    if (object.object()->attribute(*this, name, found)) return found;
  } else if (find_method(*this, object, name, found)) {
    return found;
  }
  if (object.is_dict()) {
    if (const Value* member = object.dict().find(name)) return *member;
  }
  return Value::undefined(undefined_attribute(object, name));
}

Value Interpreter::item(const Value& object, const Value& key) {
  fail_if_undefined(object);
  if (object.is_dict()) {
    if (!key.is_list() && !key.is_dict()) {
      if (const Value* member = object.dict().find(key)) return *member;
    }
  } else if ((object.is_sequence() || object.is_string()) && key.is_integral()) {
    Int index = key.integer();
    if (object.is_sequence()) {
      const auto count = static_cast<Int>(object.items().size());
      if (index < 0) index += count;
      if (index >= 0 && index < count) return object.items()[static_cast<size_t>(index)];
    } else {
      count_steps(object.string().size() / 64);
      const std::u32string points = code_points(object.string());
      const auto count = static_cast<Int>(points.size());
      if (index < 0) index += count;
      if (index >= 0 && index < count) return utf8({&points[static_cast<size_t>(index)], 1});
    }
  }
  if (key.is_string()) {
    if (key.string().starts_with("__")) return hidden(object, key.string());
    Value found;
    if (object.is_object() ? object.object()->attribute(*this, key.string(), found)
                           : find_method(*this, object, key.string(), found)) {
      return found;
    }
  }
  return Value::undefined(undefined_item(object, key));
}

Value Interpreter::slice(const Value& object, const Expression& range, const std::shared_ptr<Scope>& scope) {
  fail_if_undefined(object);
  if (object.is_dict()) raise("TypeError", "unhashable type: 'slice'");
  if (!object.is_sequence() && !object.is_string())
    raise("TypeError", "'" + type_name(object) + "' object is not subscriptable");
  std::u32string points;
  if (object.is_string()) {
    count_steps(object.string().size() / 16);
    points = code_points(object.string());
  }
  const auto count = static_cast<Int>(object.is_string() ? points.size() : object.items().size());
  const auto bound = [&](size_t i, Int otherwise) -> Int {
    if (!range.children[i]) return otherwise;
    const Value value = evaluate(*range.children[i], scope);
    if (value.is_none()) return otherwise;
    fail_if_undefined(value);
    if (!value.is_integral()) raise("TypeError", "slice indices must be integers or None or have an __index__ method");
    return value.integer();
  };
  const Int step = bound(2, 1);
  if (step == 0) raise("ValueError", "slice step cannot be zero");
  // Python's rules: negative places count from the end, all are cut to the text.
  const Int low = step < 0 ? -1 : 0, high = step < 0 ? count - 1 : count;
  const auto place = [&](size_t i, Int otherwise) {
    if (!range.children[i]) return otherwise;
    Int at = bound(i, otherwise);
    if (at == otherwise) return at;
    if (at < 0) at = at < -count ? low : at + count;
    return std::clamp(at, low, std::max(low, high));
  };
  constexpr Int kUnset = static_cast<Int>(1) << 100;  // not a place that anyone writes
  Int start = place(0, kUnset), stop = place(1, kUnset);
  if (start == kUnset) start = step < 0 ? count - 1 : 0;
  if (stop == kUnset) stop = step < 0 ? -1 : count;
  std::u32string part;
  std::vector<Value> items;
  for (Int at = start; step > 0 ? at < stop : at > stop; at += step) {
    count_steps(1);
    if (object.is_string()) {
      part.push_back(points[static_cast<size_t>(at)]);
    } else {
      items.push_back(object.items()[static_cast<size_t>(at)]);
    }
    if (step > count || step < -count) break;
  }
  if (object.is_string()) {
    count_bytes(part.size());
    return Value(utf8(part), object.is_markup());
  }
  return object.is_tuple() ? Value::tuple(std::move(items)) : Value::list(std::move(items));
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
  fail_if_undefined(callee);
  if (!callee.is_object() || !callee.object()->callable()) {
    raise("TypeError", "'" + type_name(callee) + "' object is not callable");
  }
  const auto held = callee.object();
  return held->call(*this, arguments);
}

Value Interpreter::call_macro(const Macro& macro, const std::shared_ptr<Scope>& closure, Arguments& arguments) {
  if (++macro_depth_ > kDeepestMacros) {
    --macro_depth_;
    raise("RecursionError", "macros call each other too deeply");
  }
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{macro_depth_};
  const auto scope = std::make_shared<Scope>(closure);
  const size_t count = macro.parameters.size();
  auto rest = std::make_shared<Dict>();
  std::vector<Value> bound(count), more;
  std::vector<bool> given(count);
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < count) {
      bound[i] = arguments.positional[i];
      given[i] = true;
    } else {
      more.push_back(arguments.positional[i]);
    }
  }
  Value caller = Value::undefined("No caller defined");
  for (auto& [name, value] : arguments.named) {
    const auto at = std::find(macro.parameters.begin(), macro.parameters.end(), name);
    if (at != macro.parameters.end()) {
      bound[static_cast<size_t>(at - macro.parameters.begin())] = value;
      given[static_cast<size_t>(at - macro.parameters.begin())] = true;
    } else if (name == "caller") {
      caller = value;
    } else {
      rest->set(name, value);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (!given[i]) {
      const size_t first = count - macro.defaults.size();
      bound[i] = i >= first ? evaluate(*macro.defaults[i - first], scope)
                            : Value::undefined("parameter " + string_repr(macro.parameters[i]) + " was not provided");
    }
    scope->set(macro.parameters[i], bound[i]);
  }
  scope->set("varargs", Value::tuple(std::move(more)));
  scope->set("kwargs", Value(std::shared_ptr<const Dict>(std::move(rest))));
  if (macro.name != "caller") scope->set("caller", caller);
  return capture(macro.body, scope);
}

}  // namespace scalewright::jinja
