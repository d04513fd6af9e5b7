#pragma once
// The clock behind strftime_now.

#include <ctime>
#include <optional>

namespace scalewright::jinja {

// Tests stop it; nothing starts it again.
void set_clock(std::optional<std::tm> local_time);
std::tm local_time_now();

}  // namespace scalewright::jinja
