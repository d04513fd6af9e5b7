#include "kernels/cpu/cpu_features.h"

namespace scalewright::kernels::cpu {
namespace {

CpuFeatures detect() {
  CpuFeatures found;
#if defined(__x86_64__)
  // These also ask whether the system saves the wide registers.
  __builtin_cpu_init();
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  found.avx512 = found.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  found.avx512_vnni = found.avx512 && __builtin_cpu_supports("avx512vnni");
  found.avx512_bf16 = found.avx512 && __builtin_cpu_supports("avx512bf16");
#endif
  return found;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

bool supported(Isa isa) {
  return isa == Isa::Scalar || cpu_features().avx2;
}

Isa best_isa() {
  return cpu_features().avx2 ? Isa::Avx2 : Isa::Scalar;
}

const char* isa_name(Isa isa) {
  return isa == Isa::Avx2 ? "AVX2" : "scalar";
}

}  // namespace scalewright::kernels::cpu
