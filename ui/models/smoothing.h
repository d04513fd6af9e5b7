#pragma once
// The thick line through a noisy curve: an exponential mean that starts at its first value without leaning on it.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace scalewright::ui {

class Smoother {
 public:
  // Looks back over about a twenty-fifth of the whole curve, so that short runs are not flattened and long ones are calm.
  explicit Smoother(int64_t steps = 250) : m_keep(std::exp(-1.0 / std::clamp(static_cast<double>(steps) / 25.0, 2.0, 20.0))) {}
  double add(double value) {
    if (!std::isfinite(value)) return m_weight > 0 ? m_sum / m_weight : value;
    m_sum = m_keep * m_sum + (1.0 - m_keep) * value;
    m_weight = m_keep * m_weight + (1.0 - m_keep);
    return m_sum / m_weight;
  }

 private:
  double m_keep, m_sum = 0.0, m_weight = 0.0;
};

}  // namespace scalewright::ui
