#pragma once
// Runs a parsed template. Steps, nesting and bytes are counted: a template that never ends, or whose text grows without
// end, fails instead.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/text/jinja/ast.h"
#include "engine/text/jinja/value.h"

namespace scalewright::jinja {

inline constexpr size_t kMostSteps = 5'000'000;
inline constexpr size_t kMostBytes = size_t{512} << 20;  // made in all, thrown away or not
inline constexpr size_t kMostOutput = size_t{64} << 20;
inline constexpr int kDeepest = 500;  // evaluations within evaluations
inline constexpr int kDeepestMacros = 40;

class Scope {
 public:
  explicit Scope(std::shared_ptr<Scope> parent) : parent_(std::move(parent)) {}
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
  void clear() { values_.clear(); }

 private:
  std::shared_ptr<Scope> parent_;
  std::vector<std::pair<std::string, Value>> values_;
};

class Interpreter {
 public:
  explicit Interpreter(std::vector<std::pair<std::string, Value>> context);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string run(const Block& block);  // throws Failure
  const std::vector<std::pair<size_t, size_t>>& generated() const {
    return generated_;
  }                                   // bytes of {% generation %} blocks
  int line() const { return line_; }  // where it is, for messages

  // For builtins.
  void count_steps(size_t steps);
  void count_bytes(size_t bytes);  // of a text about to be made
  Value call(const Value& callee, Arguments& arguments);
  Value attribute(const Value& object, std::string_view name);  // object.name
  Value item(const Value& object, const Value& key);            // object[key]
  std::vector<Value> iterate(const Value& value);               // raises TypeError where it cannot
  bool contains(const Value& container, const Value& item);
  Value binary(std::string_view op, const Value& left, const Value& right);
  void remember(std::weak_ptr<Object> object) { objects_.push_back(std::move(object)); }
  // Calls a macro's body with its own scope.
  Value call_macro(const Macro& macro, const std::shared_ptr<Scope>& closure, Arguments& arguments);
  // What one loop over `items` writes; `depth` counts loops within recursive loops.
  Value capture_loop(const Statement& statement, std::vector<Value> items, const std::shared_ptr<Scope>& outer,
                     int depth);

 private:
  enum class Flow { Next, Break, Continue };
  // Counts the depth of evaluation.
  struct Nested {
    explicit Nested(Interpreter& interpreter) : owner(interpreter) {
      if (++owner.depth_ > kDeepest) {
        --owner.depth_;
        raise("RecursionError", "the template is nested too deeply");
      }
    }
    ~Nested() { --owner.depth_; }
    Interpreter& owner;
  };

  std::string capture(const Block& block, const std::shared_ptr<Scope>& scope);
  Flow execute(const Block& block, const std::shared_ptr<Scope>& scope);
  Flow execute(const Statement& statement, const std::shared_ptr<Scope>& scope);
  Flow run_loop(const Statement& statement, std::vector<Value> items, const std::shared_ptr<Scope>& outer, int depth);
  void assign(const Target& target, const Value& value, const std::shared_ptr<Scope>& scope);
  Value evaluate(const Expression& expression, const std::shared_ptr<Scope>& scope);
  Value lookup(const std::string& name, const std::shared_ptr<Scope>& scope);
  Value evaluate_compare(const Expression& expression, const std::shared_ptr<Scope>& scope);
  Value evaluate_filter(const Expression& expression, const std::shared_ptr<Scope>& scope, const Value* block_text);
  Value slice(const Value& object, const Expression& range, const std::shared_ptr<Scope>& scope);
  Arguments evaluate_arguments(const CallArguments& arguments, const std::shared_ptr<Scope>& scope);
  void write(std::string_view text);

  std::shared_ptr<Scope> root_;
  std::string output_;
  std::string* out_ = &output_;
  std::vector<std::pair<size_t, size_t>> generated_;
  std::vector<std::weak_ptr<Object>> objects_;  // that could hold each other: emptied at the end
  std::vector<std::weak_ptr<Scope>> captured_;  // scopes that macros hold
  size_t steps_ = 0, bytes_ = 0;
  int depth_ = 0, macro_depth_ = 0, line_ = 1;
};

// {% set ns = namespace() %}: the one thing that changes.
class Namespace final : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  bool attribute(Interpreter&, std::string_view name, Value& out) override;
  std::string repr() const override { return "<Namespace>"; }
  void set(std::string_view name, Value value);
  void clear() { values_.clear(); }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace scalewright::jinja
