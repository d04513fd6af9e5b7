#pragma once
// A recursive descent, one function a rule: statements in parser.cpp, expressions in expression_parser.cpp.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/jinja/ast.h"
#include "engine/text/jinja/lexer.h"

namespace scalewright::jinja {

inline constexpr int kDeepestTree = 200;       // of one expression
inline constexpr int kDeepestStatements = 60;  // blocks within blocks

class Parser {
 public:
  explicit Parser(const std::string& source) : tokens_(tokenize(source)) {}

  Block run() { return parse_block({}); }

 private:
  // ---- tokens
  const Token& now() const { return tokens_[at_]; }
  const Token& ahead(size_t n = 1) const { return tokens_[std::min(at_ + n, tokens_.size() - 1)]; }
  void advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  [[noreturn]] void error(const std::string& message) const { throw SyntaxFailure{message, now().line, now().column}; }
  static std::string shown(const Token& token) {
    switch (token.kind) {
      case TokenKind::Data:
        return "template data";
      case TokenKind::VariableBegin:
        return "'{{'";
      case TokenKind::VariableEnd:
        return "'}}'";
      case TokenKind::BlockBegin:
        return "'{%'";
      case TokenKind::BlockEnd:
        return "'%}'";
      case TokenKind::String:
        return "a string";
      case TokenKind::End:
        return "the end of the template";
      default:
        return "'" + token.text + "'";
    }
  }
  bool is_op(std::string_view op) const { return now().kind == TokenKind::Operator && now().text == op; }
  bool is_name(std::string_view name) const { return now().kind == TokenKind::Name && now().text == name; }
  bool skip_op(std::string_view op) {
    if (!is_op(op)) return false;
    advance();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    advance();
    return true;
  }
  void expect_op(std::string_view op) {
    if (!skip_op(op)) error("expected '" + std::string(op) + "', got " + shown(now()));
  }
  void expect(TokenKind kind, const char* what) {
    if (now().kind != kind) error(std::string("expected ") + what + ", got " + shown(now()));
    advance();
  }
  std::string expect_any_name() {
    if (now().kind != TokenKind::Name) error("expected a name, got " + shown(now()));
    std::string name = now().text;
    advance();
    return name;
  }

  struct Depth {
    Depth(Parser& parser, int& depth, int deepest) : depth_(depth) {
      if (++depth_ > deepest) parser.error("the template is nested too deeply");
    }
    ~Depth() { --depth_; }
    int& depth_;
  };

  // ---- tree building
  ExpressionPtr make(Expression::Kind kind) const {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = now().line;
    return node;
  }
  // Long chains make deep trees without deep parsing; both are bounded.
  ExpressionPtr finish(ExpressionPtr node) const {
    int depth = 0;
    const auto look = [&](const ExpressionPtr& child) {
      if (child) depth = std::max(depth, child->depth);
    };
    for (const auto& child : node->children) look(child);
    for (const auto& child : node->arguments.positional) look(child);
    for (const auto& [name, child] : node->arguments.named) look(child);
    look(node->arguments.spread);
    look(node->arguments.spread_named);
    node->depth = depth + 1;
    if (node->depth > kDeepestTree) error("an expression is nested too deeply");
    return node;
  }
  template <class... Children>
  ExpressionPtr node(Expression::Kind kind, Children... children) const {
    ExpressionPtr made = make(kind);
    (made->children.push_back(std::move(children)), ...);
    return finish(std::move(made));
  }
  ExpressionPtr constant(Value value) const {
    ExpressionPtr made = make(Expression::Kind::Constant);
    made->value = std::move(value);
    return made;
  }

  // ---- statements
  Block parse_block(const std::vector<std::string>& ends);
  void block_end();
  // A body up to one of `ends`; `word` is the one that ended it.
  Block body_until(const std::vector<std::string>& ends, std::string& word);
  Block body_until(const std::string& end);
  void parse_statement(Statement& out);
  void parse_for(Statement& out);
  void parse_if(Statement& out);
  void parse_set(Statement& out);
  void parse_signature(Macro& macro);
  void parse_macro(Statement& out);
  Block apart(const std::string& end);
  void parse_call_block(Statement& out);
  void parse_filter_block(Statement& out);
  void parse_with(Statement& out);
  Target parse_one_target(bool with_namespace);
  Target parse_target(const std::vector<std::string>& ends, bool with_namespace = false);

  // ---- expressions
  ExpressionPtr parse_tuple(bool with_condition, const std::vector<std::string>& ends = {}, bool parenthesized = false);
  ExpressionPtr parse_expression();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr binary(ExpressionPtr left, std::string op, ExpressionPtr right) const;
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concat();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filter);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr value);
  ExpressionPtr parse_subscript();
  ExpressionPtr parse_one_subscript();
  void parse_arguments(CallArguments& arguments);
  ExpressionPtr parse_call(ExpressionPtr callee);
  std::string dotted_name();
  void check_known(bool known, const char* what, const std::string& name) const;
  ExpressionPtr parse_filters(ExpressionPtr value, bool start_inline = false);
  ExpressionPtr parse_test(ExpressionPtr value);

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int statement_depth_ = 0, expression_depth_ = 0, loop_depth_ = 0, optional_depth_ = 0;
};

}  // namespace scalewright::jinja
