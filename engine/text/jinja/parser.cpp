// Statements.

#include "engine/text/jinja/parser.h"

#include "engine/text/jinja/parser_impl.h"

namespace scalewright::jinja {
namespace {

using Kind = Expression::Kind;

}  // namespace

Block Parser::parse_block(const std::vector<std::string>& ends) {
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

void Parser::block_end() { expect(TokenKind::BlockEnd, "'%}'"); }

// A body up to one of `ends`; `word` is the one that ended it.
Block Parser::body_until(const std::vector<std::string>& ends, std::string& word) {
  block_end();
  Block body = parse_block(ends);
  word = expect_any_name();
  return body;
}

Block Parser::body_until(const std::string& end) {
  std::string word;
  Block body = body_until(std::vector<std::string>{end}, word);
  return body;
}

void Parser::parse_statement(Statement& out) {
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

void Parser::parse_for(Statement& out) {
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

void Parser::parse_if(Statement& out) {
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

void Parser::parse_set(Statement& out) {
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

void Parser::parse_signature(Macro& macro) {
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

void Parser::parse_macro(Statement& out) {
  advance();
  out.kind = Statement::Kind::Define;
  out.macro = std::make_unique<Macro>();
  out.macro->name = expect_any_name();
  parse_signature(*out.macro);
  out.macro->body = apart("endmacro");
  block_end();
}

// A body that a surrounding loop does not reach into.
Block Parser::apart(const std::string& end) {
  const int loops = loop_depth_;
  loop_depth_ = 0;
  Block body = body_until(end);
  loop_depth_ = loops;
  return body;
}

void Parser::parse_call_block(Statement& out) {
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

void Parser::parse_filter_block(Statement& out) {
  advance();
  out.kind = Statement::Kind::FilterBlock;
  out.filter = parse_filters(nullptr, true);
  out.body = body_until("endfilter");
  block_end();
}

void Parser::parse_with(Statement& out) {
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

Target Parser::parse_one_target(bool with_namespace) {
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

Target Parser::parse_target(const std::vector<std::string>& ends, bool with_namespace) {
  Target first = parse_one_target(with_namespace);
  if (!is_op(",")) return first;
  Target tuple;
  tuple.kind = Target::Kind::Tuple;
  tuple.parts.push_back(std::move(first));
  while (skip_op(",")) {
    const bool ended = is_op("=") || is_op(")") || now().kind == TokenKind::BlockEnd ||
                       (now().kind == TokenKind::Name && std::find(ends.begin(), ends.end(), now().text) != ends.end());
    if (ended) break;
    tuple.parts.push_back(parse_one_target(with_namespace));
  }
  return tuple;
}

Block parse_template(const std::string& source) {
  return Parser(source).run();
}

}  // namespace scalewright::jinja
