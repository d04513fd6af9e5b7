#pragma once
// Letters, marks and numbers of Unicode 15.1 and 16 for an ICU that is older (Debian 12 has Unicode 15.0):
// pre-tokenizers of the `tokenizers` package know them. Where ICU knows a character itself, this table is not asked.

#include <cstdint>
#include <string>
#include <string_view>

namespace scalewright::text {

// General category ("Lu", "Mn", "Nd", ...) of a character that ICU takes for unassigned; empty: not in the table.
std::string_view newer_category(uint32_t code_point);
// The table's characters of a category ("L", "Lu", "N", ...) that ICU takes for unassigned, as ranges for a set of its
// regular expressions ("\\x{10D4A}-\\x{10D4D}"); empty: none.
std::string newer_characters(std::string_view category);

}  // namespace scalewright::text
