#pragma once
// Tokens into a tree.

#include "engine/text/jinja/ast.h"
#include "engine/text/jinja/lexer.h"

namespace scalewright::jinja {

// Throws SyntaxFailure.
Block parse_template(const std::string& source);

}  // namespace scalewright::jinja
