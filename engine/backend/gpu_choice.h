#pragma once
// Whether this program computes on a card. Found out once: the card is looked for and checked against the processor.

#include <memory>

#include "engine/backend/backend.h"

namespace scalewright {

// Null when there is no card that can be used; why_no_gpu() (backend.h) says why.
std::unique_ptr<Backend> make_gpu_backend();
// Whether "auto" is the card: there is one, it passed its check, and it was measured to be faster than the processor.
bool auto_is_gpu();

}  // namespace scalewright
