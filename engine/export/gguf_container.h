#pragma once
// Which GGUF type holds a matrix, and its strips in that type. Integers q - z decide, as they really are: a 4-bit code
// with any zero point needs Q5_0 only if its integers leave -8 .. 7.

#include <functional>
#include <span>
#include <string>

#include "engine/core/error.h"
#include "engine/format/gguf_types.h"
#include "engine/model/weights.h"

namespace scalewright {

struct ContainerPlan {
  GgufType type = GgufType::F16;
  bool exact = true;
  bool mirrored = false;  // codes counted downwards and scales negated (2 bits with a zero point of 2)
  std::string note;       // why it is not exact
};
// `wanted` empty: the smallest exact type, F16 where there is none. Unsupported where `wanted` cannot hold the
// integers.
Result<ContainerPlan> plan_container(const Matrix& matrix, const std::string& name, const std::string& wanted);

// Calls `write` with the tensor's bytes, a few strips at a time.
Result<void> write_in_container(const Matrix& matrix, const ContainerPlan& plan,
                                const std::function<Result<void>(std::span<const std::byte>)>& write);

}  // namespace scalewright
