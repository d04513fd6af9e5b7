#include "engine/text/jinja/interpreter.h"

#include <algorithm>

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/runtime_objects.h"

namespace scalewright::jinja {

Interpreter::Interpreter(std::vector<std::pair<std::string, Value>> context) : root_(make_flat<Scope>(nullptr)) {
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
  const auto inner = [&scope] { return make_flat<Scope>(scope); };
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
      scope->set(statement.macro->name, object_value<MacroObject>(*statement.macro, scope));
      return Flow::Next;
    case Kind::CallBlock: {
      captured_.push_back(scope);
      const Expression& call = *statement.expression;
      const Value callee = evaluate(*call.children[0], scope);
      Arguments arguments = evaluate_arguments(call.arguments, scope);
      arguments.named.emplace_back("caller", object_value<MacroObject>(*statement.macro, scope));
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
      const auto scope = make_flat<Scope>(outer);
      assign(statement.target, item, scope);
      if (truth(evaluate(*statement.condition, scope))) kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  if (items.empty()) return execute(statement.otherwise, make_flat<Scope>(outer));
  const auto loop = make_flat<LoopObject>();
  loop->items = std::move(items);
  loop->depth = depth;
  loop->statement = &statement;
  loop->outer = outer;
  const Value loop_value(std::static_pointer_cast<Object>(loop));
  for (loop->index = 0; loop->index < loop->items.size(); ++loop->index) {
    count_steps(1);
    const auto scope = make_flat<Scope>(outer);
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
  const auto scope = make_flat<Scope>(closure);
  const size_t count = macro.parameters.size();
  auto rest = make_flat<Dict>();
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
