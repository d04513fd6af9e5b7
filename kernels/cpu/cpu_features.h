#pragma once
// Which instruction sets this processor and this operating system offer. Asked once, at run time: one program runs on
// all.

namespace scalewright::kernels::cpu {

// The kernels that are written, from the plainest on; what runs one runs those before it too, but AvxVnni, which many
// processors with AVX-512 lack. Avx2 means AVX2 with FMA and F16C (every such processor since 2013 has all three).
// AvxVnni adds the 256-bit products of bytes that Intel's processors for desktops and laptops have since 2021 (the 12th
// generation) and AMD's since Zen 5; it serves fast precision, the rest of it is Avx2. Avx512 means F, BW, VL, DQ and
// VNNI, which servers since 2019 and AMD's processors since Zen 4 have. BF16 comes on top where the processor has it,
// for the products of calibration (pair_kernels.h): codes are exact in it, activations are not.
enum class Isa { Scalar, Avx2, AvxVnni, Avx512 };
inline constexpr Isa kAllIsas[] = {Isa::Scalar, Isa::Avx2, Isa::AvxVnni, Isa::Avx512};

struct CpuFeatures {
  bool avx2 = false;  // AVX2, FMA and F16C
  bool avx_vnni = false;
  bool avx512 = false;  // AVX-512 F, BW, VL, DQ
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
};
const CpuFeatures& cpu_features();

bool supported(Isa isa);
Isa best_isa();  // the fastest of the kernels that run here
const char* isa_name(Isa isa);

}  // namespace scalewright::kernels::cpu
