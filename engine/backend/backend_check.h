#pragma once
// A backend against another that is trusted, before anything is computed with it: a few small operations of each kind.

#include <string>

#include "engine/backend/backend.h"

namespace scalewright {

// Empty when every result of `tested` agrees with that of `trusted` to what fp32 allows, else which does not. What
// `tested` throws comes back as words too.
std::string difference_of(Backend& tested, Backend& trusted);

}  // namespace scalewright
