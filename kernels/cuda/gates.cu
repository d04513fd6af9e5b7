// Gates of feed-forward layers and their gradients.

#include "kernels/cuda/gates_device.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/rounding_device.h"
#include "kernels/cuda/rowwise_device.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

SW_DEVICE float activation_slope(GateKind kind, float x) {
  switch (kind) {
    case GateKind::Silu: {
      const float s = 1.0f / (1.0f + expf(-x));
      return s * (1.0f + x * (1.0f - s));
    }
    case GateKind::GeluTanh: {
      const float h = tanhf(kRoot * (x + 0.044715f * x * x * x));
      return 0.5f * (1.0f + h) + 0.5f * x * (1.0f - h * h) * kRoot * (1.0f + 3.0f * 0.044715f * x * x);
    }
    case GateKind::GeluErf:
      return 0.5f * (1.0f + erff(x * 0.7071067811865476f)) + x * expf(-0.5f * x * x) * 0.3989422804014327f;
  }
  return 0.0f;
}

// kFour: a thread takes four columns; everything is aligned.
template <bool kFour, class Out>
SW_KERNEL(256, gated_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, int64_t F, GateKind kind, Global<Out> out,
 int64_t ldo) {
  const int64_t t = block_x(), f = column() * (kFour ? 4 : 1);
  if (f >= F) return;
  if constexpr (kFour) {
    const float4 g = ld4(gate, t * ldg + f), u = ld4(up, t * ldu + f);
    put4(out, t * ldo + f,
         {activation(kind, g.x) * u.x, activation(kind, g.y) * u.y, activation(kind, g.z) * u.z,
          activation(kind, g.w) * u.w});
  } else {
    put(out, t * ldo + f, activation(kind, ld(gate, t * ldg + f)) * ld(up, t * ldu + f));
  }
}

// Rows of the results are ld_dgate and ld_dup apart.
template <bool kFour, class Out>
SW_KERNEL(256, gated_backward_kernel)
(Global<const float> gate, int64_t ldg, Global<const float> up, int64_t ldu, Global<const float> dout, int64_t lddo,
 int64_t F, GateKind kind, Global<Out> dgate, int64_t ld_dgate, Global<Out> dup, int64_t ld_dup) {
  const int64_t t = block_x(), f = column() * (kFour ? 4 : 1);
  if (f >= F) return;
  if constexpr (kFour) {
    const float4 g = ld4(gate, t * ldg + f), u = ld4(up, t * ldu + f), d = ld4(dout, t * lddo + f);
    put4(dgate, t * ld_dgate + f,
         {d.x * u.x * activation_slope(kind, g.x), d.y * u.y * activation_slope(kind, g.y),
          d.z * u.z * activation_slope(kind, g.z), d.w * u.w * activation_slope(kind, g.w)});
    put4(dup, t * ld_dup + f,
         {d.x * activation(kind, g.x), d.y * activation(kind, g.y), d.z * activation(kind, g.z),
          d.w * activation(kind, g.w)});
  } else {
    const float g = ld(gate, t * ldg + f), u = ld(up, t * ldu + f), d = ld(dout, t * lddo + f);
    put(dgate, t * ld_dgate + f, d * u * activation_slope(kind, g));
    put(dup, t * ld_dup + f, d * activation(kind, g));
  }
}

template <class Out>
void gated_to(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
              GateKind kind, Out* out, int64_t ldo) {
  if (F % 4 == 0 && aligned(gate, ldg) && aligned(up, ldu) && aligned(out, ldo)) {
    SW_LAUNCH((gated_kernel<true, Out>), by_columns(T, F / 4), dim3(256), stream, gate, ldg, up, ldu, F, kind, out,
              ldo);
  } else {
    SW_LAUNCH((gated_kernel<false, Out>), by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, F, kind, out, ldo);
  }
}
template <class Out>
void gated_backward_to(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                       int64_t lddo, int64_t T, int64_t F, GateKind kind, Out* dgate, int64_t ld_dgate, Out* dup,
                       int64_t ld_dup) {
  if (F % 4 == 0 && aligned(gate, ldg) && aligned(up, ldu) && aligned(dout, lddo) && aligned(dgate, ld_dgate) &&
      aligned(dup, ld_dup)) {
    SW_LAUNCH((gated_backward_kernel<true, Out>), by_columns(T, F / 4), dim3(256), stream, gate, ldg, up, ldu, dout,
              lddo, F, kind, dgate, ld_dgate, dup, ld_dup);
  } else {
    SW_LAUNCH((gated_backward_kernel<false, Out>), by_columns(T, F), dim3(256), stream, gate, ldg, up, ldu, dout, lddo,
              F, kind, dgate, ld_dgate, dup, ld_dup);
  }
}

}  // namespace

void gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
           GateKind kind, float* out, int64_t ldo) {
  gated_to(stream, gate, ldg, up, ldu, T, F, kind, out, ldo);
}
void gated_rounded(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
                   GateKind kind, uint16_t* out) {
  gated_to(stream, gate, ldg, up, ldu, T, F, kind, out, F);
}
void gated_backward(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                    int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup) {
  gated_backward_to(stream, gate, ldg, up, ldu, dout, lddo, T, F, kind, dgate, ldg, dup, ldu);
}
void gated_backward_rounded(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu,
                            const float* dout, int64_t lddo, int64_t T, int64_t F, GateKind kind, uint16_t* dgate,
                            uint16_t* dup, int64_t ldd) {
  gated_backward_to(stream, gate, ldg, up, ldu, dout, lddo, T, F, kind, dgate, ldd, dup, ldd);
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
