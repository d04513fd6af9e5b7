#include "engine/text/jinja/parser.h"

#include <algorithm>

#include "engine/text/jinja/builtins.h"

namespace scalewright::jinja {
namespace {

using Kind = Expression::Kind;

constexpr int kDeepestTree = 200;       // of one expression
constexpr int kDeepestStatements = 60;  // blocks within blocks

class Parser {
 public:
  explicit Parser(const std::string& source) : tokens_(tokenize(source)) {}

  Block run() {
    Block block = parse_block({});
    return block;
  }

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
  ExpressionPtr make(Kind kind) const {
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
  ExpressionPtr node(Kind kind, Children... children) const {
    ExpressionPtr made = make(kind);
    (made->children.push_back(std::move(children)), ...);
    return finish(std::move(made));
  }
  ExpressionPtr constant(Value value) const {
    ExpressionPtr made = make(Kind::Constant);
    made->value = std::move(value);
    return made;
  }

  // ---- statements
  Block parse_block(const std::vector<std::string>& ends) {
    const Depth depth(*this, statement_depth_, kDeepestStatements);
    Block block;
    while (true) {
      const Token& token = now();
      if (token.kind == TokenKind::End) {
        if (!ends.empty()) {
          std::string wanted;
          for (const std::string& end : ends) wanted += (wanted.empty() ? "'" : " or '") + end + "'";
          error("the template ends too early; it should have the tag " + wanted);
        }
        return block;
      }
      auto statement = std::make_unique<Statement>();
      statement->line = token.line;
      if (token.kind == TokenKind::Data) {
        statement->kind = Statement::Kind::Data;
        statement->text = token.text;
        advance();
        block.push_back(std::move(statement));
      } else if (token.kind == TokenKind::VariableBegin) {
        advance();
        statement->kind = Statement::Kind::Output;
        statement->expression = parse_tuple(true);
        expect(TokenKind::VariableEnd, "'}}'");
        block.push_back(std::move(statement));
      } else if (token.kind == TokenKind::BlockBegin) {
        if (ahead().kind == TokenKind::Name && std::find(ends.begin(), ends.end(), ahead().text) != ends.end()) {
          advance();
          return block;  // the caller reads the word
        }
        advance();
        parse_statement(*statement);
        block.push_back(std::move(statement));
      } else {
        error("unexpected " + shown(token));
      }
    }
  }
  void block_end() { expect(TokenKind::BlockEnd, "'%}'"); }
  // A body up to one of `ends`; the word that ended it.
  Block body_until(const std::vector<std::string>& ends, std::string& word) {
    block_end();
    Block body = parse_block(ends);
    word = expect_any_name();
    return body;
  }
  Block body_until(const std::string& end) {
    std::string word;
    Block body = body_until(std::vector<std::string>{end}, word);
    return body;
  }

  void parse_statement(Statement& out) {
    const std::string word = now().kind == TokenKind::Name ? now().text : std::string();
    if (word.empty()) error("expected the name of a tag, got " + shown(now()));
    if (word == "for") return parse_for(out);
    if (word == "if") return parse_if(out);
    if (word == "set") return parse_set(out);
    if (word == "macro") return parse_macro(out);
    if (word == "call") return parse_call_block(out);
    if (word == "filter") return parse_filter_block(out);
    if (word == "with") return parse_with(out);
    if (word == "generation") {
      advance();
      out.kind = Statement::Kind::Generation;
      out.body = body_until("endgeneration");
      return block_end();
    }
    if (word == "block") {
      advance();
      const std::string name = expect_any_name();
      skip_name("scoped");
      skip_name("required");
      out.kind = Statement::Kind::Scope;
      out.body = body_until("endblock");
      skip_name(name);
      return block_end();
    }
    if (word == "break" || word == "continue") {
      if (loop_depth_ == 0) error("'" + word + "' stands outside of a loop");
      advance();
      out.kind = word == "break" ? Statement::Kind::Break : Statement::Kind::Continue;
      return block_end();
    }
    if (word == "include" || word == "import" || word == "from" || word == "extends") {
      error("the tag '" + word + "' loads other files, which chat templates may not do");
    }
    error("the tag '" + word + "' is unknown");
  }

  void parse_for(Statement& out) {
    advance();
    out.kind = Statement::Kind::For;
    out.target = parse_target({"in"});
    if (!skip_name("in")) error("expected 'in', got " + shown(now()));
    out.expression = parse_tuple(false, {"recursive"});
    if (skip_name("if")) out.condition = parse_expression();
    out.recursive = skip_name("recursive");
    std::string word;
    ++loop_depth_;
    out.body = body_until({"endfor", "else"}, word);
    --loop_depth_;
    if (word == "else") out.otherwise = body_until("endfor");
    block_end();
  }

  void parse_if(Statement& out) {
    out.kind = Statement::Kind::If;
    std::string word = "if";
    advance();
    ++optional_depth_;
    while (word == "if" || word == "elif") {
      ExpressionPtr condition = parse_tuple(false);
      Block body = body_until({"elif", "else", "endif"}, word);
      out.branches.emplace_back(std::move(condition), std::move(body));
    }
    if (word == "else") out.otherwise = body_until("endif");
    --optional_depth_;
    block_end();
  }

  void parse_set(Statement& out) {
    advance();
    out.target = parse_target({}, true);
    if (skip_op("=")) {
      out.kind = Statement::Kind::Set;
      out.expression = parse_tuple(true);
      return block_end();
    }
    out.kind = Statement::Kind::SetBlock;
    if (is_op("|")) out.filter = parse_filters(nullptr);
    out.body = body_until("endset");
    block_end();
  }

  void parse_signature(Macro& macro) {
    expect_op("(");
    while (!is_op(")")) {
      if (!macro.parameters.empty()) expect_op(",");
      if (is_op(")")) break;
      macro.parameters.push_back(expect_any_name());
      if (skip_op("=")) {
        macro.defaults.push_back(parse_expression());
      } else if (!macro.defaults.empty()) {
        error("a parameter without a default follows one with a default");
      }
    }
    expect_op(")");
  }

  void parse_macro(Statement& out) {
    advance();
    out.kind = Statement::Kind::Define;
    out.macro = std::make_unique<Macro>();
    out.macro->name = expect_any_name();
    parse_signature(*out.macro);
    out.macro->body = apart("endmacro");
    block_end();
  }

  // A body that a surrounding loop does not reach into.
  Block apart(const std::string& end) {
    const int loops = loop_depth_;
    loop_depth_ = 0;
    Block body = body_until(end);
    loop_depth_ = loops;
    return body;
  }

  void parse_call_block(Statement& out) {
    advance();
    out.kind = Statement::Kind::CallBlock;
    out.macro = std::make_unique<Macro>();
    out.macro->name = "caller";
    if (is_op("(")) parse_signature(*out.macro);
    out.expression = parse_expression();
    if (out.expression->kind != Kind::Call) error("expected a call");
    out.macro->body = apart("endcall");
    block_end();
  }

  void parse_filter_block(Statement& out) {
    advance();
    out.kind = Statement::Kind::FilterBlock;
    out.filter = parse_filters(nullptr, true);
    out.body = body_until("endfilter");
    block_end();
  }

  void parse_with(Statement& out) {
    advance();
    out.kind = Statement::Kind::With;
    while (now().kind != TokenKind::BlockEnd) {
      if (!out.assignments.empty()) expect_op(",");
      Target target = parse_target({});
      expect_op("=");
      out.assignments.emplace_back(std::move(target), parse_expression());
    }
    out.body = body_until("endwith");
    block_end();
  }

  // ---- targets
  Target parse_one_target(bool with_namespace) {
    const Depth depth(*this, expression_depth_, kDeepestTree);
    if (skip_op("(")) {
      Target inner = parse_target({});
      expect_op(")");
      return inner;
    }
    Target target;
    target.name = expect_any_name();
    for (const char* word : {"true", "false", "none", "True", "False", "None"}) {
      if (target.name == word) error("'" + target.name + "' cannot be assigned");
    }
    if (with_namespace && skip_op(".")) {
      target.kind = Target::Kind::Attribute;
      target.attribute = expect_any_name();
    }
    return target;
  }
  Target parse_target(const std::vector<std::string>& ends, bool with_namespace = false) {
    Target first = parse_one_target(with_namespace);
    if (!is_op(",")) return first;
    Target tuple;
    tuple.kind = Target::Kind::Tuple;
    tuple.parts.push_back(std::move(first));
    while (skip_op(",")) {
      const bool ended =
          is_op("=") || is_op(")") || now().kind == TokenKind::BlockEnd ||
          (now().kind == TokenKind::Name && std::find(ends.begin(), ends.end(), now().text) != ends.end());
      if (ended) break;
      tuple.parts.push_back(parse_one_target(with_namespace));
    }
    return tuple;
  }

  // ---- expressions
  ExpressionPtr parse_tuple(bool with_condition, const std::vector<std::string>& ends = {},
                            bool parenthesized = false) {
    const auto ended = [&] {
      const Token& token = now();
      if (token.kind == TokenKind::VariableEnd || token.kind == TokenKind::BlockEnd || token.kind == TokenKind::End)
        return true;
      if (token.kind == TokenKind::Operator) return token.text == ")";
      return token.kind == TokenKind::Name && std::find(ends.begin(), ends.end(), token.text) != ends.end();
    };
    ExpressionPtr tuple = make(Kind::Tuple);
    bool comma = false;
    while (!ended()) {
      if (!tuple->children.empty()) {
        if (!skip_op(",")) break;
        comma = true;
        if (ended()) break;
      }
      tuple->children.push_back(with_condition ? parse_expression() : parse_or());
    }
    if (!comma) {
      if (tuple->children.size() == 1) return std::move(tuple->children.front());
      if (!parenthesized) error("expected an expression, got " + shown(now()));
    }
    return finish(std::move(tuple));
  }

  ExpressionPtr parse_expression() {
    const Depth depth(*this, expression_depth_, kDeepestTree);
    ExpressionPtr value = parse_or();
    while (is_name("if")) {
      advance();
      ++optional_depth_;
      ExpressionPtr condition = parse_or();
      ExpressionPtr other;
      if (skip_name("else")) other = parse_expression();
      --optional_depth_;
      value = node(Kind::Conditional, std::move(value), std::move(condition), std::move(other));
    }
    return value;
  }
  ExpressionPtr parse_or() {
    ExpressionPtr left = parse_and();
    while (skip_name("or")) left = node(Kind::Or, std::move(left), parse_and());
    return left;
  }
  ExpressionPtr parse_and() {
    ExpressionPtr left = parse_not();
    while (skip_name("and")) left = node(Kind::And, std::move(left), parse_not());
    return left;
  }
  ExpressionPtr parse_not() {
    const Depth depth(*this, expression_depth_, kDeepestTree);
    if (skip_name("not")) return node(Kind::Not, parse_not());
    return parse_compare();
  }
  ExpressionPtr parse_compare() {
    ExpressionPtr first = parse_sum();
    ExpressionPtr chain;
    while (true) {
      std::string op;
      if (now().kind == TokenKind::Operator) {
        for (const char* known : {"==", "!=", "<", "<=", ">", ">="}) {
          if (now().text == known) op = known;
        }
        if (op.empty()) break;
        advance();
      } else if (skip_name("in")) {
        op = "in";
      } else if (is_name("not") && ahead().kind == TokenKind::Name && ahead().text == "in") {
        advance();
        advance();
        op = "not in";
      } else {
        break;
      }
      if (!chain) {
        chain = make(Kind::Compare);
        chain->children.push_back(std::move(first));
      }
      chain->operators.push_back(op);
      chain->children.push_back(parse_sum());
    }
    return chain ? finish(std::move(chain)) : std::move(first);
  }
  ExpressionPtr binary(ExpressionPtr left, std::string op, ExpressionPtr right) const {
    ExpressionPtr made = node(Kind::Binary, std::move(left), std::move(right));
    made->text = std::move(op);
    return made;
  }
  ExpressionPtr parse_sum() {
    ExpressionPtr left = parse_concat();
    while (is_op("+") || is_op("-")) {
      std::string op = now().text;
      advance();
      left = binary(std::move(left), std::move(op), parse_concat());
    }
    return left;
  }
  ExpressionPtr parse_concat() {
    ExpressionPtr first = parse_product();
    if (!is_op("~")) return first;
    ExpressionPtr joined = make(Kind::Concat);
    joined->children.push_back(std::move(first));
    while (skip_op("~")) joined->children.push_back(parse_product());
    return finish(std::move(joined));
  }
  ExpressionPtr parse_product() {
    ExpressionPtr left = parse_power();
    while (is_op("*") || is_op("/") || is_op("//") || is_op("%")) {
      std::string op = now().text;
      advance();
      left = binary(std::move(left), std::move(op), parse_power());
    }
    return left;
  }
  ExpressionPtr parse_power() {
    ExpressionPtr left = parse_unary(true);
    while (skip_op("**")) left = binary(std::move(left), "**", parse_unary(true));
    return left;
  }
  ExpressionPtr parse_unary(bool with_filter) {
    const Depth depth(*this, expression_depth_, kDeepestTree);
    ExpressionPtr value;
    if (skip_op("-")) {
      value = node(Kind::Negative, parse_unary(false));
    } else if (skip_op("+")) {
      value = node(Kind::Positive, parse_unary(false));
    } else {
      value = parse_primary();
    }
    value = parse_postfix(std::move(value));
    return with_filter ? parse_filters(std::move(value)) : std::move(value);
  }

  ExpressionPtr parse_primary() {
    const Token& token = now();
    switch (token.kind) {
      case TokenKind::Name: {
        ExpressionPtr made;
        if (token.text == "true" || token.text == "True") {
          made = constant(true);
        } else if (token.text == "false" || token.text == "False") {
          made = constant(false);
        } else if (token.text == "none" || token.text == "None") {
          made = constant(None{});
        } else {
          made = make(Kind::Name);
          made->text = token.text;
        }
        advance();
        return made;
      }
      case TokenKind::String: {
        std::string text;
        for (; now().kind == TokenKind::String; advance()) text += now().text;
        return constant(std::move(text));
      }
      case TokenKind::Integer: {
        ExpressionPtr made = constant(token.integer);
        advance();
        return made;
      }
      case TokenKind::Float: {
        ExpressionPtr made = constant(token.number);
        advance();
        return made;
      }
      case TokenKind::Operator:
        if (skip_op("(")) {
          ExpressionPtr inner = parse_tuple(true, {}, true);
          expect_op(")");
          return inner;
        }
        if (skip_op("[")) return parse_list();
        if (skip_op("{")) return parse_dict();
        break;
      default:
        break;
    }
    error("expected an expression, got " + shown(token));
  }
  ExpressionPtr parse_list() {
    ExpressionPtr list = make(Kind::List);
    while (!is_op("]")) {
      if (!list->children.empty()) expect_op(",");
      if (is_op("]")) break;
      list->children.push_back(parse_expression());
    }
    expect_op("]");
    return finish(std::move(list));
  }
  ExpressionPtr parse_dict() {
    ExpressionPtr dict = make(Kind::Dict);
    while (!is_op("}")) {
      if (!dict->children.empty()) expect_op(",");
      if (is_op("}")) break;
      dict->children.push_back(parse_expression());
      expect_op(":");
      dict->children.push_back(parse_expression());
    }
    expect_op("}");
    return finish(std::move(dict));
  }

  ExpressionPtr parse_postfix(ExpressionPtr value) {
    while (true) {
      if (skip_op(".")) {
        if (now().kind == TokenKind::Integer) {
          ExpressionPtr index = constant(now().integer);
          advance();
          value = node(Kind::Item, std::move(value), std::move(index));
          continue;
        }
        ExpressionPtr attribute = node(Kind::Attribute, std::move(value));
        attribute->text = expect_any_name();
        value = std::move(attribute);
      } else if (skip_op("[")) {
        value = node(Kind::Item, std::move(value), parse_subscript());
        expect_op("]");
      } else if (is_op("(")) {
        value = parse_call(std::move(value));
      } else {
        return value;
      }
    }
  }
  ExpressionPtr parse_subscript() {
    ExpressionPtr first = parse_one_subscript();
    if (!is_op(",")) return first;
    ExpressionPtr tuple = make(Kind::Tuple);
    tuple->children.push_back(std::move(first));
    while (skip_op(",")) tuple->children.push_back(parse_expression());
    return finish(std::move(tuple));
  }
  ExpressionPtr parse_one_subscript() {
    ExpressionPtr start;
    if (!is_op(":")) {
      start = parse_expression();
      if (!is_op(":")) return start;
    }
    expect_op(":");
    ExpressionPtr stop, step;
    if (!is_op("]") && !is_op(":") && !is_op(",")) stop = parse_expression();
    if (skip_op(":") && !is_op("]") && !is_op(",")) step = parse_expression();
    return node(Kind::Slice, std::move(start), std::move(stop), std::move(step));
  }

  void parse_arguments(CallArguments& arguments) {
    expect_op("(");
    bool first = true;
    while (!is_op(")")) {
      if (!first) expect_op(",");
      if (is_op(")")) break;
      first = false;
      if (skip_op("*")) {
        if (arguments.spread || arguments.spread_named) error("these arguments are not in order");
        arguments.spread = parse_expression();
      } else if (skip_op("**")) {
        if (arguments.spread_named) error("these arguments are not in order");
        arguments.spread_named = parse_expression();
      } else if (now().kind == TokenKind::Name && ahead().kind == TokenKind::Operator && ahead().text == "=") {
        std::string name = expect_any_name();
        advance();
        arguments.named.emplace_back(std::move(name), parse_expression());
      } else {
        if (!arguments.named.empty() || arguments.spread || arguments.spread_named)
          error("these arguments are not in order");
        arguments.positional.push_back(parse_expression());
      }
    }
    expect_op(")");
  }
  ExpressionPtr parse_call(ExpressionPtr callee) {
    ExpressionPtr call = make(Kind::Call);
    call->children.push_back(std::move(callee));
    parse_arguments(call->arguments);
    return finish(std::move(call));
  }

  std::string dotted_name() {
    std::string name = expect_any_name();
    while (skip_op(".")) name += "." + expect_any_name();
    return name;
  }
  // Inside of branches a name is looked up only when it is reached, as Jinja does.
  void check_known(bool known, const char* what, const std::string& name) const {
    if (!known && optional_depth_ == 0) error(std::string("No ") + what + " named '" + name + "'.");
  }

  // Filters, tests and calls behind a value. `start_inline`: a filter block, whose first filter has no bar.
  ExpressionPtr parse_filters(ExpressionPtr value, bool start_inline = false) {
    while (true) {
      if (start_inline || is_op("|")) {
        if (!start_inline) advance();
        start_inline = false;
        ExpressionPtr filter = make(Kind::Filter);
        filter->text = dotted_name();
        check_known(is_filter(filter->text), "filter", filter->text);
        filter->children.push_back(std::move(value));
        if (is_op("(")) parse_arguments(filter->arguments);
        value = finish(std::move(filter));
      } else if (value && is_name("is")) {
        value = parse_test(std::move(value));
      } else if (value && is_op("(")) {
        value = parse_call(std::move(value));
      } else {
        return value;
      }
    }
  }
  ExpressionPtr parse_test(ExpressionPtr value) {
    advance();
    const bool negated = skip_name("not");
    ExpressionPtr test = make(Kind::Test);
    test->text = dotted_name();
    check_known(is_test(test->text), "test", test->text);
    test->children.push_back(std::move(value));
    const Token& next = now();
    const bool word = next.kind == TokenKind::Name && next.text != "else" && next.text != "or" && next.text != "and" &&
                      next.text != "if";
    if (is_op("(")) {
      parse_arguments(test->arguments);
    } else if ((word && next.text != "is") || next.kind == TokenKind::String || next.kind == TokenKind::Integer ||
               next.kind == TokenKind::Float || is_op("[") || is_op("{")) {
      test->arguments.positional.push_back(parse_postfix(parse_primary()));
    }
    ExpressionPtr made = finish(std::move(test));
    return negated ? node(Kind::Not, std::move(made)) : std::move(made);
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int statement_depth_ = 0, expression_depth_ = 0, loop_depth_ = 0, optional_depth_ = 0;
};

}  // namespace

Block parse_template(const std::string& source) {
  return Parser(source).run();
}

}  // namespace scalewright::jinja
