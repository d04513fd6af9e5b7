#pragma once
// The parsed template: expressions and statements as plain trees.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/jinja/value.h"

namespace scalewright::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// Arguments of a call, filter or test.
struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread, spread_named;  // *args, **kwargs
};

struct Expression {
  enum class Kind {
    Constant,     // value
    Name,         // text
    List,         // children
    Tuple,        // children
    Dict,         // children: key, value, key, value...
    Conditional,  // children: value, condition, other (may be null)
    And,          // children: two
    Or,
    Not,
    Negative,
    Positive,
    Binary,     // text: + - * / // % **; children: two
    Concat,     // children, joined as strings
    Compare,    // children: operands; operators between them
    Attribute,  // children[0].text
    Item,       // children[0][children[1]]
    Slice,      // children: start, stop, step (each may be null); only below Item
    Call,       // children[0](arguments)
    Filter,     // children[0] (null inside a filter block) | text(arguments)
    Test,       // children[0] is text(arguments)
  };
  Kind kind = Kind::Constant;
  int line = 1;
  int depth = 1;  // of the tree below, to bound recursion
  std::string text;
  Value value;
  std::vector<ExpressionPtr> children;
  std::vector<std::string> operators;
  CallArguments arguments;
};

// What an assignment or a loop writes to.
struct Target {
  enum class Kind { Name, Attribute, Tuple };
  Kind kind = Kind::Name;
  std::string name, attribute;  // Attribute: a namespace's
  std::vector<Target> parts;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

struct Macro {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  Block body;
};

struct Statement {
  enum class Kind {
    Data,         // text
    Output,       // expression
    If,           // branches; otherwise
    For,          // target, expression, condition; body; otherwise
    Set,          // target = expression
    SetBlock,     // target = body, through filter
    Define,       // macro
    CallBlock,    // expression is the call; macro is its body
    FilterBlock,  // filter over body
    With,         // assignments; body
    Generation,   // body: what the assistant says
    Scope,        // body on its own ({% block %})
    Break,
    Continue,
  };
  Kind kind = Kind::Data;
  int line = 1;
  std::string text;
  ExpressionPtr expression, condition, filter;
  Target target;
  bool recursive = false;
  std::vector<std::pair<ExpressionPtr, Block>> branches;
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Block body, otherwise;
  std::unique_ptr<Macro> macro;
};

}  // namespace scalewright::jinja
