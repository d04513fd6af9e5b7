#pragma once
// What this machine can do at most, measured in the same run as the figure that is set beside it.

#include "engine/backend/backend.h"

namespace scalewright::cli {

double measure_read_bandwidth(int threads);          // bytes a second, from memory, all threads
double measure_product_rate(Backend& backend);       // floating-point operations a second of a dense fp32 product, 512 x 2048 x 2048

}  // namespace scalewright::cli
