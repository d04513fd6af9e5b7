#pragma once
// The few words in which kernels are written, so that one source is CUDA for nvcc and C++ for the emulation:
//
//   SW_KERNEL(threads, name)(parameters) { .. }   a kernel for blocks of up to so many threads; its pointers are Global<T>
//   SW_KERNEL_BLOCKS(threads, blocks, name)       the same, where so many blocks should fit a processor
//   SW_LAUNCH(kernel, grid, block, stream, arguments..)
//   SW_LAUNCH_EARLY(..)                   the same of a kernel that may begin while the one before it ends, and passes
//                                         wait_for_previous() in all of its threads
//   SW_SHARED(T, name, count);            shared memory; passed on as Shared<T>
//   SW_LAUNCH_ROOM(bytes, kernel, ..)     a launch with so much more of it, up to 99 KB in all; SW_ROOM(name) are its words
//   ld(p, i), st(p, i, v)                 one element of either; ld4, st4: four of 32 bits, 16-byte aligned; ld2, st2: two, 8
//   ldg_u32(p, byte), ldg_u64, ldg_u128   words of bytes that no kernel writes; stream_u128: that are read once
//   ld_u64(p, byte), ld_u128              words of any bytes, or of shared words: (p, word)
//   copy_later(p, word, q, byte)          16 bytes of q, which no kernel writes, on their way to shared words; close_copies()
//                                         ends a group of a thread's, open_copies<n>() waits until n groups are left;
//                                         copy_or_zero_later(.., there): zeros unless `there`
//   bf16_pair(low, high)                  two floats rounded to bf16 in one word; sub_bf16_pairs(a, b): a - b of each
//   power_of_two(x), quick_quotient(a, b) to 2^-22 of themselves; zero below 2^-126, and where b is above 2^126
//   mma_bf16(c, a, b)                     by a warp: C [16, 8] += A [16, 16] B [16, 8], bf16 in pairs along k, fp32 sums.
//     Lane l has of C rows l / 4 (c[0], c[1]) and l / 4 + 8 (c[2], c[3]), columns l % 4 * 2 and the next; of A the pairs
//     k = l % 4 * 2 (+ 8 in a[2], a[3]) of rows l / 4 (a[0], a[2]) and l / 4 + 8 (a[1], a[3]); of B the pairs
//     k = l % 4 * 2 (b[0]) and + 8 (b[1]) of column l / 4.
//   ld_matrices(p, i, out)                by a warp: four matrices of 8 x 8 bf16; lane l names where row l % 8 of matrix l / 8
//     begins, four words. It gets of matrix m, in out[m], columns l % 4 * 2 and the next of row l / 4;
//     ld_matrices_turned: rows l % 4 * 2 and the next of column l / 4.
//   mma_s8(c, a, b)                       the same of signed bytes, whole numbers: A [16, 32], B [32, 8], words of four bytes
//     along k: k = l % 4 * 4 (+ 16 in a[2], a[3], b[1]).
//   wait_for_previous()                   what earlier kernels wrote is read after it; see SW_LAUNCH_EARLY
//
// All memory is reached through these, so that the emulation can check and count every access.

#include <cstdint>

#include "kernels/cuda/space.h"

#ifdef SCALEWRIGHT_SIMT
#include <math.h>

#include <simt/simt.h>

#define SW_DEVICE inline
#define SW_KERNEL(threads, name) static void name
#define SW_KERNEL_BLOCKS(threads, blocks, name) static void name
#define SW_LAUNCH(kernel, grid, block, stream, ...) simt::launch(stream, kernel, grid, block, __VA_ARGS__)
#define SW_LAUNCH_EARLY SW_LAUNCH
#define SW_LAUNCH_ROOM(bytes, kernel, grid, block, stream, ...) \
  simt::launch_with_room(stream, bytes, kernel, grid, block, __VA_ARGS__)
#define SW_ROOM(name) const auto name = simt::room()
#define SW_SHARED(T, name, count) const auto name = simt::shared<T>(count)
#define SW_UNROLL

namespace scalewright::kernels::cuda_emulated {

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(8) uint2 {
  uint32_t x, y;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
using dim3 = simt::Dim3;
template <class T>
using Global = simt::Global<T>;
template <class T>
using Shared = simt::Shared<T>;

#define SW_WHERE const simt::Where& where = simt::Where::current()
template <class T>
std::remove_const_t<T> ld(const Global<T>& p, int64_t i, SW_WHERE) {
  return simt::load<std::remove_const_t<T>>(p, i, where);
}
template <class T>
void st(const Global<T>& p, int64_t i, std::type_identity_t<T> v, SW_WHERE) {
  simt::store<T>(p, i, v, where);
}
template <class T>
T ld(const Shared<T>& p, int64_t i, SW_WHERE) {
  return simt::load<T>(p, i, where);
}
template <class T>
void st(const Shared<T>& p, int64_t i, std::type_identity_t<T> v, SW_WHERE) {
  simt::store<T>(p, i, v, where);
}
inline float4 ld4(const Global<const float>& p, int64_t i, SW_WHERE) { return simt::load<float4>(p, i, where); }
inline float4 ld4(const Shared<float>& p, int64_t i, SW_WHERE) { return simt::load<float4>(p, i, where); }
inline void st4(const Global<float>& p, int64_t i, float4 v, SW_WHERE) { simt::store<float4>(p, i, v, where); }
inline void st4(const Shared<float>& p, int64_t i, float4 v, SW_WHERE) { simt::store<float4>(p, i, v, where); }
inline float2 ld2(const Global<const float>& p, int64_t i, SW_WHERE) { return simt::load<float2>(p, i, where); }
inline float2 ld2(const Shared<float>& p, int64_t i, SW_WHERE) { return simt::load<float2>(p, i, where); }
inline void st2(const Global<float>& p, int64_t i, float2 v, SW_WHERE) { simt::store<float2>(p, i, v, where); }
inline void st2(const Shared<uint32_t>& p, int64_t i, uint2 v, SW_WHERE) { simt::store<uint2>(p, i, v, where); }
inline void st4(const Shared<uint32_t>& p, int64_t i, uint4 v, SW_WHERE) { simt::store<uint4>(p, i, v, where); }
inline uint32_t ldg_u32(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint32_t>(p, byte, where);
}
inline uint2 ldg_u64(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint2>(p, byte, where);
}
inline uint4 ldg_u128(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint4>(p, byte, where);
}
inline uint4 stream_u128(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint4>(p, byte, where);
}
inline uint2 ld_u64(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint2>(p, byte, where);
}
inline uint4 ld_u128(const Global<const uint8_t>& p, int64_t byte, SW_WHERE) {
  return simt::load<uint4>(p, byte, where);
}
inline uint2 ld_u64(const Shared<uint32_t>& p, int64_t word, SW_WHERE) { return simt::load<uint2>(p, word, where); }
inline uint4 ld_u128(const Shared<uint32_t>& p, int64_t word, SW_WHERE) { return simt::load<uint4>(p, word, where); }
inline void copy_later(const Shared<uint32_t>& p, int64_t word, const Global<const uint8_t>& q, int64_t byte, SW_WHERE) {
  simt::copy_later(p, word, q, byte, where);
}
inline void copy_or_zero_later(const Shared<uint32_t>& p, int64_t word, const Global<const uint8_t>& q, int64_t byte,
                               bool there, SW_WHERE) {
  simt::copy_later(p, word, there ? q : nullptr, byte, where);
}
inline void close_copies() { simt::close_copies(); }
template <int kLeft>
void open_copies() {
  simt::open_copies(kLeft);
}
inline void wait_for_previous() {}
template <class U, class T>
Global<U> as(const Global<T>& p) {
  return p.template as<U>();
}

inline int thread_x() { return static_cast<int>(simt::ids.thread.x); }
inline int thread_y() { return static_cast<int>(simt::ids.thread.y); }
inline int block_x() { return static_cast<int>(simt::ids.block.x); }
inline int block_y() { return static_cast<int>(simt::ids.block.y); }
inline int block_z() { return static_cast<int>(simt::ids.block.z); }
inline int block_dim_x() { return static_cast<int>(simt::ids.block_dim.x); }
inline int grid_dim_x() { return static_cast<int>(simt::ids.grid_dim.x); }
inline int grid_dim_z() { return static_cast<int>(simt::ids.grid_dim.z); }

inline void sync_block(SW_WHERE) { simt::wait(simt::Collective::Barrier, where); }
inline void sync_warp(SW_WHERE) { simt::wait(simt::Collective::WarpBarrier, where); }
inline float shuffle_xor(float v, int mask, SW_WHERE) {
  return std::bit_cast<float>(
      simt::exchange(simt::Collective::ShuffleXor, std::bit_cast<uint32_t>(v), simt::lane() ^ mask, where));
}
inline float shuffle(float v, int source, SW_WHERE) {
  return std::bit_cast<float>(simt::exchange(simt::Collective::Shuffle, std::bit_cast<uint32_t>(v), source, where));
}
inline uint32_t shuffle(uint32_t v, int source, SW_WHERE) {
  return simt::exchange(simt::Collective::Shuffle, v, source, where);
}
inline uint32_t ballot(bool value, SW_WHERE) { return simt::ballot(value, where); }
inline void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SW_WHERE) {
  const simt::Factors* all = simt::share({{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, where);
  const auto half = [](uint32_t pair, int k) {
    return std::bit_cast<float>(k % 2 == 0 ? pair << 16 : pair & 0xffff0000u);
  };
  for (int i = 0; i < 4; ++i) {
    const int row = simt::lane() / 4, column = simt::lane() % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) {
      const uint32_t left = all[row * 4 + k % 8 / 2].a[i / 2 + k / 8 * 2], right = all[column * 4 + k % 8 / 2].b[k / 8];
      c[i] = std::fma(half(left, k), half(right, k), c[i]);
    }
  }
}
inline void ld_matrices(const Shared<uint32_t>& p, int64_t i, uint32_t (&out)[4], SW_WHERE) {
  const uint4 row = simt::load<uint4>(p, i, where);
  const simt::Factors* all = simt::share({{row.x, row.y, row.z, row.w}, {0, 0}}, where);
  for (int m = 0; m < 4; ++m) out[m] = all[m * 8 + simt::lane() / 4].a[simt::lane() % 4];
}
inline void ld_matrices_turned(const Shared<uint32_t>& p, int64_t i, uint32_t (&out)[4], SW_WHERE) {
  const uint4 row = simt::load<uint4>(p, i, where);
  const simt::Factors* all = simt::share({{row.x, row.y, row.z, row.w}, {0, 0}}, where);
  const int column = simt::lane() / 4, shift = column % 2 * 16;
  for (int m = 0; m < 4; ++m) {
    const simt::Factors* rows = all + m * 8 + simt::lane() % 4 * 2;
    out[m] = (rows[0].a[column / 2] >> shift & 0xffffu) | (rows[1].a[column / 2] >> shift & 0xffffu) << 16;
  }
}
inline void mma_s8(int32_t (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], SW_WHERE) {
  const simt::Factors* all = simt::share({{a[0], a[1], a[2], a[3]}, {b[0], b[1]}}, where);
  const auto byte = [](uint32_t word, int k) { return static_cast<int32_t>(static_cast<int8_t>(word >> (8 * (k % 4)))); };
  for (int i = 0; i < 4; ++i) {
    const int row = simt::lane() / 4, column = simt::lane() % 4 * 2 + i % 2;
    for (int k = 0; k < 32; ++k)
      c[i] += byte(all[row * 4 + k % 16 / 4].a[i / 2 + k / 16 * 2], k) * byte(all[column * 4 + k % 16 / 4].b[k / 16], k);
  }
}

inline float half_to_float(uint32_t half) {
  const uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}
inline uint16_t float_to_half(float value) {  // round to nearest even
  const uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7fffu);  // as cvt.rn.f16.f32 does
  if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude >= 0x38800000u)
    return static_cast<uint16_t>(sign | (magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u) >> 13);
  return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u));
}
inline float bits_to_float(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t float_to_bits(float value) { return std::bit_cast<uint32_t>(value); }
inline uint32_t bf16_bits(float v) {
  const uint32_t bits = std::bit_cast<uint32_t>(v);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;  // as cvt.rn.bf16.f32 does
  return (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}
inline uint32_t bf16_pair(float low, float high) { return bf16_bits(low) | bf16_bits(high) << 16; }
inline uint32_t sub_bf16_pairs(uint32_t a, uint32_t b) {
  return bf16_pair(std::bit_cast<float>(a << 16) - std::bit_cast<float>(b << 16),
                   std::bit_cast<float>(a & 0xffff0000u) - std::bit_cast<float>(b & 0xffff0000u));
}
inline float power_of_two(float x) { return std::exp2(x); }
inline float quick_quotient(float a, float b) { return a / b; }
inline float reciprocal_root(float x) { return 1.0f / std::sqrt(x); }

}  // namespace scalewright::kernels::cuda_emulated

#else
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define SW_DEVICE __device__ __forceinline__
#define SW_KERNEL(threads, name) static __global__ void __launch_bounds__(threads) name
#define SW_KERNEL_BLOCKS(threads, blocks, name) static __global__ void __launch_bounds__(threads, blocks) name
#define SW_LAUNCH(kernel, grid, block, stream, ...) \
  ((kernel)<<<(grid), (block), 0, static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__))
#define SW_LAUNCH_EARLY(kernel, grid, block, stream, ...) launch_early((kernel), (grid), (block), (stream), __VA_ARGS__)
#define SW_LAUNCH_ROOM(bytes, kernel, grid, block, stream, ...) \
  launch_with_room((bytes), (kernel), (grid), (block), (stream), __VA_ARGS__)
#define SW_ROOM(name) extern __shared__ __align__(16) uint32_t name[]
#define SW_SHARED(T, name, count) __shared__ __align__(16) T name[count]
#define SW_UNROLL _Pragma("unroll")

namespace scalewright::kernels::cuda {

bool overlaps_kernels();  // whether this card begins a kernel before the one before it has ended (device.cu)
template <class... P, class... A>
void launch_early(void (*kernel)(P...), dim3 grid, dim3 block, void* stream, A... arguments) {
  cudaLaunchAttribute early{};
  early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  early.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = static_cast<cudaStream_t>(stream);
  config.attrs = &early;
  config.numAttrs = overlaps_kernels() ? 1 : 0;
  cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...);
}

template <class... P, class... A>
void launch_with_room(int64_t bytes, void (*kernel)(P...), dim3 grid, dim3 block, void* stream, A... arguments) {
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  kernel<<<grid, block, static_cast<size_t>(bytes), static_cast<cudaStream_t>(stream)>>>(static_cast<P>(arguments)...);
}

template <class T>
using Global = T*;
template <class T>
using Shared = T*;

template <class T>
SW_DEVICE T ld(const T* p, int64_t i) {
  return p[i];
}
template <class T, class V>
SW_DEVICE void st(T* p, int64_t i, V v) {
  p[i] = v;
}
SW_DEVICE float4 ld4(const float* p, int64_t i) { return *reinterpret_cast<const float4*>(p + i); }
SW_DEVICE void st4(float* p, int64_t i, float4 v) { *reinterpret_cast<float4*>(p + i) = v; }
SW_DEVICE float2 ld2(const float* p, int64_t i) { return *reinterpret_cast<const float2*>(p + i); }
SW_DEVICE void st2(float* p, int64_t i, float2 v) { *reinterpret_cast<float2*>(p + i) = v; }
SW_DEVICE void st2(uint32_t* p, int64_t i, uint2 v) { *reinterpret_cast<uint2*>(p + i) = v; }
SW_DEVICE void st4(uint32_t* p, int64_t i, uint4 v) { *reinterpret_cast<uint4*>(p + i) = v; }
SW_DEVICE uint32_t ldg_u32(const uint8_t* p, int64_t byte) {
  return __ldg(reinterpret_cast<const unsigned int*>(p + byte));
}
SW_DEVICE uint2 ldg_u64(const uint8_t* p, int64_t byte) { return __ldg(reinterpret_cast<const uint2*>(p + byte)); }
SW_DEVICE uint4 ldg_u128(const uint8_t* p, int64_t byte) { return __ldg(reinterpret_cast<const uint4*>(p + byte)); }
SW_DEVICE uint4 stream_u128(const uint8_t* p, int64_t byte) {
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(p + byte));
  return v;
}
SW_DEVICE uint2 ld_u64(const uint8_t* p, int64_t byte) { return *reinterpret_cast<const uint2*>(p + byte); }
SW_DEVICE uint4 ld_u128(const uint8_t* p, int64_t byte) { return *reinterpret_cast<const uint4*>(p + byte); }
SW_DEVICE uint2 ld_u64(const uint32_t* p, int64_t word) { return *reinterpret_cast<const uint2*>(p + word); }
SW_DEVICE uint4 ld_u128(const uint32_t* p, int64_t word) { return *reinterpret_cast<const uint4*>(p + word); }
SW_DEVICE void copy_later(uint32_t* p, int64_t word, const uint8_t* q, int64_t byte) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(p + word))),
               "l"(q + byte)
               : "memory");
}
SW_DEVICE void copy_or_zero_later(uint32_t* p, int64_t word, const uint8_t* q, int64_t byte, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(p + word))),
               "l"(q + byte), "r"(there ? 16 : 0)
               : "memory");
}
SW_DEVICE void close_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kLeft>
SW_DEVICE void open_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}
// Lets the kernel after this one take its place on the processors that become free, where it prepares and waits in turn.
SW_DEVICE void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
template <class U, class T>
SW_DEVICE U* as(T* p) {
  return reinterpret_cast<U*>(p);
}

SW_DEVICE int thread_x() { return static_cast<int>(threadIdx.x); }
SW_DEVICE int thread_y() { return static_cast<int>(threadIdx.y); }
SW_DEVICE int block_x() { return static_cast<int>(blockIdx.x); }
SW_DEVICE int block_y() { return static_cast<int>(blockIdx.y); }
SW_DEVICE int block_z() { return static_cast<int>(blockIdx.z); }
SW_DEVICE int block_dim_x() { return static_cast<int>(blockDim.x); }
SW_DEVICE int grid_dim_x() { return static_cast<int>(gridDim.x); }
SW_DEVICE int grid_dim_z() { return static_cast<int>(gridDim.z); }

SW_DEVICE void sync_block() { __syncthreads(); }
SW_DEVICE void sync_warp() { __syncwarp(); }
SW_DEVICE float shuffle_xor(float v, int mask) { return __shfl_xor_sync(0xffffffffu, v, mask); }
SW_DEVICE float shuffle(float v, int source) { return __shfl_sync(0xffffffffu, v, source); }
SW_DEVICE uint32_t shuffle(uint32_t v, int source) { return __shfl_sync(0xffffffffu, v, source); }
SW_DEVICE uint32_t ballot(bool value) { return __ballot_sync(0xffffffffu, value); }

SW_DEVICE void mma_bf16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
SW_DEVICE void ld_matrices(const uint32_t* p, int64_t i, uint32_t (&out)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(p + i))));
}
SW_DEVICE void ld_matrices_turned(const uint32_t* p, int64_t i, uint32_t (&out)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(p + i))));
}
SW_DEVICE void mma_s8(int32_t (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

SW_DEVICE float half_to_float(uint32_t half) { return __half2float(__ushort_as_half(static_cast<unsigned short>(half))); }
SW_DEVICE uint16_t float_to_half(float value) { return __half_as_ushort(__float2half_rn(value)); }
SW_DEVICE float bits_to_float(uint32_t bits) { return __uint_as_float(bits); }
SW_DEVICE uint32_t float_to_bits(float value) { return __float_as_uint(value); }
SW_DEVICE uint32_t bf16_bits(float v) { return __bfloat16_as_ushort(__float2bfloat16_rn(v)); }
SW_DEVICE uint32_t bf16_pair(float low, float high) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}
SW_DEVICE uint32_t sub_bf16_pairs(uint32_t a, uint32_t b) {
  uint32_t difference;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(difference) : "r"(b), "r"(0xbf80bf80u), "r"(a));
  return difference;
}
SW_DEVICE float quick_quotient(float a, float b) { return __fdividef(a, b); }
SW_DEVICE float power_of_two(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}
SW_DEVICE float reciprocal_root(float x) { return 1.0f / sqrtf(x); }

}  // namespace scalewright::kernels::cuda
#endif

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int kWarp = 32;

SW_DEVICE float warp_sum(float v) {
  SW_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) v += shuffle_xor(v, mask);
  return v;
}
SW_DEVICE float warp_max(float v) {
  SW_UNROLL
  for (int mask = kWarp / 2; mask > 0; mask /= 2) v = fmaxf(v, shuffle_xor(v, mask));
  return v;
}
// The sum over all threads of a block, in all of them. `room` holds a float a warp; two barriers.
SW_DEVICE float block_sum(float v, Shared<float> room, int thread, int threads) {
  v = warp_sum(v);
  if (threads <= kWarp) return v;
  if (thread % kWarp == 0) st(room, thread / kWarp, v);
  sync_block();
  float total = 0.0f;
  for (int w = 0; w < threads / kWarp; ++w) total += ld(room, w);
  sync_block();
  return total;
}
SW_DEVICE float block_max(float v, Shared<float> room, int thread, int threads) {
  v = warp_max(v);
  if (threads <= kWarp) return v;
  if (thread % kWarp == 0) st(room, thread / kWarp, v);
  sync_block();
  float most = ld(room, 0);
  for (int w = 1; w < threads / kWarp; ++w) most = fmaxf(most, ld(room, w));
  sync_block();
  return most;
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
