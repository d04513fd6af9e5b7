#pragma once
// MODEL and RUN of the command line: what is none is refused by every verb in the same words, before anything else.

#include <string>

#include "engine/core/error.h"

namespace scalewright::cli {

enum class Takes { Model, ModelOrRun };

// Looks at the beginning of the file, or at the names in the folder; what is wrong further in, the readers say.
// InvalidArgument where a run is given that is not taken, Format where it is neither.
Result<void> check_model_argument(const std::string& path, Takes takes);

// InvalidArgument where the folder of a run is given, with the pack in it.
Result<void> check_pack_argument(const std::string& path);

}  // namespace scalewright::cli
