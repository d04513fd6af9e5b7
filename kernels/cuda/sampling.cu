// The largest of many numbers: a warp takes the largest of a slice, one after the other, and passes follow until one warp
// has them all. Nothing but a few candidates leaves the card.

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/portable.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {
namespace {

constexpr int kEach = 8, kSlice = kWarp * kEach, kWarps = 4;
constexpr int32_t kNone = 0x7fffffff;

SW_DEVICE bool better(float a, int32_t a_id, float b, int32_t b_id) { return a > b || (a == b && a_id < b_id); }

// Warp w: the `count` largest of elements 256 w .. 256 w + 255 of n, to w * count .. of the results. ids null: an element's
// own number.
SW_KERNEL(32 * kWarps, largest_kernel)
(Global<const float> values, Global<const int32_t> ids, int64_t n, int count, Global<float> out_values,
 Global<int32_t> out_ids) {
  const int lane = thread_x() % kWarp;
  const int64_t slice = static_cast<int64_t>(block_x()) * kWarps + thread_x() / kWarp;
  if (slice * kSlice >= n) return;
  float value[kEach];
  int32_t id[kEach];
  SW_UNROLL
  for (int i = 0; i < kEach; ++i) {
    const int64_t at = slice * kSlice + i * kWarp + lane;
    value[i] = at < n ? ld(values, at) : -INFINITY;
    if (value[i] != value[i]) value[i] = -INFINITY;
    id[i] = at >= n ? kNone : ids ? ld(ids, at) : static_cast<int32_t>(at);
  }
  for (int c = 0; c < count; ++c) {
    float best = value[0];
    int32_t who = id[0];
    SW_UNROLL
    for (int i = 1; i < kEach; ++i) {
      const bool more = better(value[i], id[i], best, who);
      best = more ? value[i] : best;
      who = more ? id[i] : who;
    }
    SW_UNROLL
    for (int mask = kWarp / 2; mask > 0; mask /= 2) {
      const float other = shuffle_xor(best, mask);
      const auto other_id = static_cast<int32_t>(shuffle(static_cast<uint32_t>(who), lane ^ mask));
      const bool more = better(other, other_id, best, who);
      best = more ? other : best;
      who = more ? other_id : who;
    }
    if (lane == 0) st(out_values, slice * count + c, best);
    if (lane == 0) st(out_ids, slice * count + c, who);
    SW_UNROLL
    for (int i = 0; i < kEach; ++i) {
      if (id[i] != who) continue;
      value[i] = -INFINITY;
      id[i] = kNone;
    }
  }
}

int64_t slices_of(int64_t n) { return (n + kSlice - 1) / kSlice; }

}  // namespace

size_t largest_workspace_bytes(int64_t n, int count) {
  // Results of the first pass and of the second; later ones take turns in them.
  const int64_t first = slices_of(n) * count, second = slices_of(first) * count;
  return static_cast<size_t>(first + second) * (sizeof(float) + sizeof(int32_t));
}

void largest(void* stream, const float* from, int64_t n, int count, float* values, int32_t* ids, void* workspace) {
  const int64_t first = slices_of(n) * count, second = slices_of(first) * count;
  auto* room = static_cast<float*>(workspace);
  float* kept_values[2] = {room, room + first};
  auto* kept_ids = reinterpret_cast<int32_t*>(room + first + second);
  int32_t* kept[2] = {kept_ids, kept_ids + first};
  const int32_t* from_ids = nullptr;
  for (int turn = 0;; turn = 1 - turn) {
    const int64_t slices = slices_of(n);
    float* to = slices == 1 ? values : kept_values[turn];
    int32_t* to_ids = slices == 1 ? ids : kept[turn];
    SW_LAUNCH(largest_kernel, dim3(static_cast<unsigned>((slices + kWarps - 1) / kWarps)), dim3(kWarp * kWarps), stream,
              from, from_ids, n, count, to, to_ids);
    if (slices == 1) return;
    from = to;
    from_ids = to_ids;
    n = slices * count;
  }
}

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
