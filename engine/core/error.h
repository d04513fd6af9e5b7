#pragma once
// Failures a person can meet are values: a Result with a message that says what went wrong, where, and what to do.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace scalewright {

// Incomplete: a file that ends before what it says it holds.
enum class ErrorCode { InvalidArgument, Io, Format, Incomplete, OutOfMemory, Unsupported, Device };

struct Error {
  ErrorCode code = ErrorCode::Io;
  std::string message;  // what, where, what to do; complete sentences for a person
};

template <class T>
using Result = tl::expected<T, Error>;

// Cancelling is not a failure: a job that was asked to stop returns Cancelled with everything saved.
enum class Outcome { Finished, Cancelled };

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace scalewright

// Evaluates an expression of type Result<...>; on failure returns its error from the enclosing function.
#define SW_TRY(expression)                                                          \
  do {                                                                              \
    auto sw_try_result = (expression);                                              \
    if (!sw_try_result) return tl::unexpected<scalewright::Error>(std::move(sw_try_result).error()); \
  } while (false)

#define SW_CONCAT_INNER(a, b) a##b
#define SW_CONCAT(a, b) SW_CONCAT_INNER(a, b)
// SW_ASSIGN(auto file, InputFile::open(path)): the value, or return the error.
#define SW_ASSIGN(declaration, expression) SW_ASSIGN_IMPL(SW_CONCAT(sw_result_, __LINE__), declaration, expression)
#define SW_ASSIGN_IMPL(name, declaration, expression)                                 \
  auto name = (expression);                                                           \
  if (!name) return tl::unexpected<scalewright::Error>(std::move(name).error());      \
  declaration = std::move(*name)
