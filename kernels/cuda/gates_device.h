#pragma once
// Activations of gated feed-forward layers.

#include "kernels/common/attention_spec.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr float kRoot = 0.7978845608028654f;  // sqrt(2 / pi)

SW_DEVICE float activation(GateKind kind, float x) {
  switch (kind) {
    case GateKind::Silu:
      return x / (1.0f + expf(-x));
    case GateKind::GeluTanh:
      return 0.5f * x * (1.0f + tanhf(kRoot * (x + 0.044715f * x * x * x)));
    case GateKind::GeluErf:
      return 0.5f * x * (1.0f + erff(x * 0.7071067811865476f));
  }
  return 0.0f;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
