#pragma once
// Template text into tokens, with Jinja's rules for white space around tags (trim_blocks and lstrip_blocks are on, as
// in transformers).

#include <string>
#include <vector>

#include "engine/text/jinja/value.h"

namespace scalewright::jinja {

enum class TokenKind {
  Data,
  VariableBegin,
  VariableEnd,
  BlockBegin,
  BlockEnd,
  Name,
  String,
  Integer,
  Float,
  Operator,
  End
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;  // data, a name, the value of a string, an operator
  Int integer = 0;
  double number = 0;
  int line = 1, column = 1;
};

// A template that does not read; message, line and column.
struct SyntaxFailure {
  std::string message;
  int line = 1, column = 1;
};

std::vector<Token> tokenize(const std::string& source);

}  // namespace scalewright::jinja
