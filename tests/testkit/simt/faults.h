#pragma once
// For the scheduler: whether this barrier is left out.

#include "tests/testkit/simt/simt.h"

namespace simt {

bool left_out(const Where& barrier);

}  // namespace simt
