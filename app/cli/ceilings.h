#pragma once
// What this machine can do at most, measured in the same run as the figure that is set beside it.

#include "engine/backend/backend.h"

namespace scalewright::cli {

// The backend's own where it measures them, a card's; else of this machine: a read of memory by all threads, and a dense fp32
// product of 512 x 2048 x 2048.
Ceilings measure_ceilings(Backend& backend);

}  // namespace scalewright::cli
