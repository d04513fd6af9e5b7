#pragma once
// Macros and loops as values.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/jinja/interpreter.h"

namespace scalewright::jinja {

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

}  // namespace scalewright::jinja
