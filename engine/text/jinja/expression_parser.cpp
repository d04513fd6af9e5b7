// Expressions, from the loosest binding operator to the tightest.

#include "engine/text/jinja/builtins.h"
#include "engine/text/jinja/parser_impl.h"

namespace scalewright::jinja {
namespace {

using Kind = Expression::Kind;

}  // namespace

ExpressionPtr Parser::parse_tuple(bool with_condition, const std::vector<std::string>& ends, bool parenthesized) {
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

ExpressionPtr Parser::parse_expression() {
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

ExpressionPtr Parser::parse_or() {
  ExpressionPtr left = parse_and();
  while (skip_name("or")) left = node(Kind::Or, std::move(left), parse_and());
  return left;
}

ExpressionPtr Parser::parse_and() {
  ExpressionPtr left = parse_not();
  while (skip_name("and")) left = node(Kind::And, std::move(left), parse_not());
  return left;
}

ExpressionPtr Parser::parse_not() {
  const Depth depth(*this, expression_depth_, kDeepestTree);
  if (skip_name("not")) return node(Kind::Not, parse_not());
  return parse_compare();
}

ExpressionPtr Parser::parse_compare() {
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

ExpressionPtr Parser::binary(ExpressionPtr left, std::string op, ExpressionPtr right) const {
  ExpressionPtr made = node(Kind::Binary, std::move(left), std::move(right));
  made->text = std::move(op);
  return made;
}

ExpressionPtr Parser::parse_sum() {
  ExpressionPtr left = parse_concat();
  while (is_op("+") || is_op("-")) {
    std::string op = now().text;
    advance();
    left = binary(std::move(left), std::move(op), parse_concat());
  }
  return left;
}

ExpressionPtr Parser::parse_concat() {
  ExpressionPtr first = parse_product();
  if (!is_op("~")) return first;
  ExpressionPtr joined = make(Kind::Concat);
  joined->children.push_back(std::move(first));
  while (skip_op("~")) joined->children.push_back(parse_product());
  return finish(std::move(joined));
}

ExpressionPtr Parser::parse_product() {
  ExpressionPtr left = parse_power();
  while (is_op("*") || is_op("/") || is_op("//") || is_op("%")) {
    std::string op = now().text;
    advance();
    left = binary(std::move(left), std::move(op), parse_power());
  }
  return left;
}

ExpressionPtr Parser::parse_power() {
  ExpressionPtr left = parse_unary(true);
  while (skip_op("**")) left = binary(std::move(left), "**", parse_unary(true));
  return left;
}

ExpressionPtr Parser::parse_unary(bool with_filter) {
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

ExpressionPtr Parser::parse_primary() {
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

ExpressionPtr Parser::parse_list() {
  ExpressionPtr list = make(Kind::List);
  while (!is_op("]")) {
    if (!list->children.empty()) expect_op(",");
    if (is_op("]")) break;
    list->children.push_back(parse_expression());
  }
  expect_op("]");
  return finish(std::move(list));
}

ExpressionPtr Parser::parse_dict() {
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

ExpressionPtr Parser::parse_postfix(ExpressionPtr value) {
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

ExpressionPtr Parser::parse_subscript() {
  ExpressionPtr first = parse_one_subscript();
  if (!is_op(",")) return first;
  ExpressionPtr tuple = make(Kind::Tuple);
  tuple->children.push_back(std::move(first));
  while (skip_op(",")) tuple->children.push_back(parse_expression());
  return finish(std::move(tuple));
}

ExpressionPtr Parser::parse_one_subscript() {
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

void Parser::parse_arguments(CallArguments& arguments) {
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

ExpressionPtr Parser::parse_call(ExpressionPtr callee) {
  ExpressionPtr call = make(Kind::Call);
  call->children.push_back(std::move(callee));
  parse_arguments(call->arguments);
  return finish(std::move(call));
}

std::string Parser::dotted_name() {
  std::string name = expect_any_name();
  while (skip_op(".")) name += "." + expect_any_name();
  return name;
}

// Inside of branches a name is looked up only when it is reached, as Jinja does.
void Parser::check_known(bool known, const char* what, const std::string& name) const {
  if (!known && optional_depth_ == 0) error(std::string("No ") + what + " named '" + name + "'.");
}

// Filters, tests and calls behind a value. `start_inline`: a filter block, whose first filter has no bar.
ExpressionPtr Parser::parse_filters(ExpressionPtr value, bool start_inline) {
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

ExpressionPtr Parser::parse_test(ExpressionPtr value) {
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

}  // namespace scalewright::jinja
