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

// What makes that the weights are not held exactly.
enum class Loss {
  None,
  Dense,      // a dense matrix in a smaller type
  Quantized,  // quantized weights in the dense type that was asked for
  Zeros,      // zero points in halves
  Order,      // groups of inputs that are no neighbours
  Width,      // rows that are no multiple of a block
  Integers,   // integers that no type holds
};

struct ContainerPlan {
  GgufType type = GgufType::F16;
  Loss loss = Loss::None;
  bool mirrored = false;  // codes counted downwards and scales negated (2 bits with a zero point of 2)
  std::string note;       // the loss in a sentence that names the matrix
  bool exact() const { return loss == Loss::None; }
};
// `wanted` empty: the smallest exact type, F16 where there is none. Unsupported where `wanted` cannot hold the
// integers.
Result<ContainerPlan> plan_container(const Matrix& matrix, const std::string& name, const std::string& wanted);

// Calls `write` with the tensor's bytes, a few strips at a time.
Result<void> write_in_container(const Matrix& matrix, const ContainerPlan& plan,
                                const std::function<Result<void>(std::span<const std::byte>)>& write);

}  // namespace scalewright
