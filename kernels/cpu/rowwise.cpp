#include "kernels/cpu/rowwise.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace scalewright::kernels::cpu {
namespace {

constexpr int64_t kWorthAThread = 8192;  // elements; less is done sooner than a thread wakes

// Rows a thread must have at least, so that its part is worth waking it.
int64_t grain(int64_t elements_a_row) {
  return std::max<int64_t>(1, kWorthAThread / std::max<int64_t>(1, elements_a_row));
}

// fn(row, first column, columns): pieces of rows, so that one long row also uses all threads.
template <class Function>
void for_pieces(const CpuContext& context, int64_t T, int64_t width, Function&& fn) {
  constexpr int64_t kPiece = 2048;
  const int64_t pieces = (width + kPiece - 1) / kPiece;
  context.pool->parallel_ranges(T * pieces, grain(std::min(width, kPiece)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t column = i % pieces * kPiece;
      fn(i / pieces, column, std::min(kPiece, width - column));
    }
  });
}

}  // namespace

void rmsnorm(const CpuContext& context, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
             const float* weight, float epsilon, float* y, int64_t ldy, float* inv_rms) {
  const RowKernels& rows = row_kernels(context.isa);
  context.pool->parallel_ranges(T, grain(groups * D), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int g = 0; g < groups; ++g) {
        const float inverse = rows.norm(x + t * ldx + g * D, D, weight, epsilon, y + t * ldy + g * D);
        if (inv_rms) inv_rms[t * groups + g] = inverse;
      }
  });
}

void rmsnorm_dx(const CpuContext& context, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T,
                int groups, int64_t D, const float* weight, const float* inv_rms, float* dx, int64_t lddx,
                bool accumulate) {
  const RowKernels& rows = row_kernels(context.isa);
  context.pool->parallel_ranges(T, grain(groups * D), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int g = 0; g < groups; ++g)
        rows.norm_gradient(dy + t * lddy + g * D, x + t * ldx + g * D, D, weight, inv_rms[t * groups + g],
                           dx + t * lddx + g * D, accumulate);
  });
}

void rope(const CpuContext& context, float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary,
          const float* cosine, const float* sine, bool adjacent, bool inverse) {
  const RowKernels& rows = row_kernels(context.isa);
  const auto turn = adjacent ? rows.rope_adjacent : rows.rope_halves;
  const int64_t pairs = rotary / 2;
  context.pool->parallel_ranges(T, grain(static_cast<int64_t>(heads) * rotary), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t)
      for (int h = 0; h < heads; ++h)
        turn(x + t * ldx + static_cast<int64_t>(h) * head_dim, pairs, cosine + t * pairs, sine + t * pairs,
             inverse ? -1.0f : 1.0f);
  });
}

void gated(const CpuContext& context, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T,
           int64_t F, GateKind kind, float* out, int64_t ldo) {
  const RowKernels& rows = row_kernels(context.isa);
  for_pieces(context, T, F, [&](int64_t t, int64_t f, int64_t n) {
    rows.gated(gate + t * ldg + f, up + t * ldu + f, n, kind, out + t * ldo + f);
  });
}

void gated_backward(const CpuContext& context, const float* gate, int64_t ldg, const float* up, int64_t ldu,
                    const float* dout, int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup) {
  const RowKernels& rows = row_kernels(context.isa);
  for_pieces(context, T, F, [&](int64_t t, int64_t f, int64_t n) {
    rows.gated_gradient(gate + t * ldg + f, up + t * ldu + f, dout + t * lddo + f, n, kind, dgate + t * ldg + f,
                        dup + t * ldu + f);
  });
}

void store_kv(const CpuContext& context, const float* src, int64_t lds, int64_t T, int64_t width, void* dst,
              int64_t ldd, bool half) {
  const RowKernels& rows = row_kernels(context.isa);
  context.pool->parallel_ranges(T, grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      if (half) {
        rows.to_half(src + t * lds, width, static_cast<uint16_t*>(dst) + t * ldd);
      } else {
        std::memcpy(static_cast<float*>(dst) + t * ldd, src + t * lds, static_cast<size_t>(width) * sizeof(float));
      }
    }
  });
}

void add(const CpuContext& context, const float* x, float* y, int64_t n) {
  context.pool->parallel_ranges(n, kWorthAThread, [&](int64_t begin, int64_t end) {
    row_kernels(context.isa).add(x + begin, end - begin, y + begin);
  });
}

void softcap(const CpuContext& context, float* x, int64_t n, float cap) {
  context.pool->parallel_ranges(n, kWorthAThread, [&](int64_t begin, int64_t end) {
    row_kernels(context.isa).softcap(x + begin, end - begin, cap);
  });
}

void cross_entropy(const CpuContext& context, float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets,
                   float cap, float gradient_scale, double* nll, bool want_gradient) {
  const RowKernels& rows = row_kernels(context.isa);
  context.pool->parallel_ranges(T, grain(V), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = logits + t * ldl;
      const int32_t target = targets[t];
      if (target < 0) {
        nll[t] = 0.0;
        if (want_gradient) std::fill(row, row + V, 0.0f);
        continue;
      }
      const float chosen = row[target];
      float largest = 0.0f;
      // A soft cap's slope needs the logits once more; without one the terms may replace them.
      const bool store = want_gradient && !(cap > 0.0f);
      const double sum = rows.exp_sum(row, V, &largest, store ? row : nullptr);
      nll[t] = static_cast<double>(largest) + std::log(sum) - static_cast<double>(chosen);
      if (!want_gradient) continue;
      const float factor = static_cast<float>(gradient_scale / sum);
      if (store) {
        rows.scale(row, V, factor);
      } else {
        rows.softmax_gradient(row, V, largest, factor, cap);
      }
      const float slope = cap > 0.0f ? 1.0f - (chosen / cap) * (chosen / cap) : 1.0f;
      row[target] -= gradient_scale * slope;
    }
  });
}

void adamw(const CpuContext& context, const AdamWTerms& terms, const float* gradient, float* parameter, float* m,
           float* v, int64_t n) {
  context.pool->parallel_ranges(n, kWorthAThread, [&](int64_t begin, int64_t end) {
    row_kernels(context.isa).adamw(terms, gradient + begin, end - begin, parameter + begin, m + begin, v + begin);
  });
}

}  // namespace scalewright::kernels::cpu
