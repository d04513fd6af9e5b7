#pragma once
// The name of a model whose scales were learned, as an export writes it (general.name, _name_or_path): "SmolLM2, tuned:
// orders". Nothing else in a file tells it from its base.

#include <string>
#include <string_view>

namespace scalewright {

inline constexpr std::string_view kTunedMark = ", tuned: ";

inline std::string tuned_name(const std::string& base, const std::string& by) {
  return std::string(base).append(kTunedMark).append(by);
}
inline bool says_tuned(std::string_view name) {
  return name.find(kTunedMark) != std::string_view::npos;
}

}  // namespace scalewright
