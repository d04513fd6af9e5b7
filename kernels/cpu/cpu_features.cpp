#include "kernels/cpu/cpu_features.h"

#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace scalewright::kernels::cpu {
namespace {

#if defined(__x86_64__)
// Leaf 7, part 1, EAX bit 4 (Intel's Software Developer's Manual, CPUID).
bool has_avx_vnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) != 0;
}
#endif

CpuFeatures detect() {
  CpuFeatures found;
#if defined(__x86_64__)
  // These also ask whether the system saves the wide registers.
  __builtin_cpu_init();
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  found.avx_vnni = found.avx2 && has_avx_vnni();
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
  switch (isa) {
    case Isa::Scalar:
      return true;
    case Isa::Avx2:
      return cpu_features().avx2;
    case Isa::AvxVnni:
      return cpu_features().avx_vnni;
    case Isa::Avx512:
      return cpu_features().avx512 && cpu_features().avx512_vnni;
  }
  return false;
}

Isa best_isa() {
  for (const Isa isa : {Isa::Avx512, Isa::AvxVnni, Isa::Avx2}) {
    if (supported(isa)) return isa;
  }
  return Isa::Scalar;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::Scalar:
      return "scalar";
    case Isa::Avx2:
      return "AVX2";
    case Isa::AvxVnni:
      return "AVX-VNNI";
    case Isa::Avx512:
      return "AVX-512";
  }
  return "";
}

}  // namespace scalewright::kernels::cpu
