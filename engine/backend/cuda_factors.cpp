#include "engine/backend/cuda_factors.h"

#include <array>

#include "engine/backend/backend_convert.h"
#include "kernels/cuda/kernels.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

void make_rounded(void* stream, StagedCall& call, const BackwardInput& x, int64_t T, int64_t K, uint16_t* to) {
  const float* in = call.in(x.x, T, K, x.ldx);
  switch (x.of) {
    case BackwardInput::Of::Rows:
      return device::to_bf16(stream, in, x.ldx, T, K, to);
    case BackwardInput::Of::Norm:
      return device::rmsnorm_rounded(stream, in, x.ldx, T, K, call.in(x.weight, K), x.epsilon, to,
                                     call.out(x.inv_rms, T));
    case BackwardInput::Of::Gate:
      return device::gated_rounded(stream, in, x.ldx, call.in(x.up, T, K, x.ldx), x.ldx, T, K, to_kind(x.act), to);
  }
}

void make_rounded(void* stream, StagedCall& call, const BackwardGradient& dy, int64_t T,
                  std::span<const LinearGradient> parts, int64_t lddy, uint16_t* to) {
  if (dy.of == BackwardGradient::Of::Gate) {
    const int64_t F = dy.width, ld = parts[0].w->rows();  // one matrix may have both
    return device::gated_backward_rounded(stream, call.in(dy.gate, T, F, dy.ldg), dy.ldg, call.in(dy.up, T, F, dy.ldg),
                                          dy.ldg, call.in(dy.dout, T, F, F), F, T, F, to_kind(dy.act), to,
                                          ld > F ? to + F : to + T * F, ld);
  }
  std::array<int64_t, device::kMostSplit> widths{};
  int64_t width = 0;
  for (size_t i = 0; i < parts.size(); ++i) width += widths[i] = parts[i].w->rows();
  const device::TurnedHeads heads{static_cast<int>(width / dy.head_dim), dy.heads, dy.head_dim, dy.rotary};
  const int64_t angles = T * (dy.rotary / 2);
  device::turn_rounded(stream, call.in(dy.rows, T, width, lddy), lddy, T, heads,
                       angles ? call.in(dy.cos, angles) : nullptr, angles ? call.in(dy.sin, angles) : nullptr,
                       dy.style == RopeStyle::Adjacent, true, std::span(widths).first(parts.size()), to);
}

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
