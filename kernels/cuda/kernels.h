#pragma once
// The operations on a card, raw pointers of its memory in. Every call goes onto `stream` (a cudaStream_t) and returns at
// once. No atomics: the same call gives the same bits. Letters: T tokens, N output rows, K inputs, G groups, D width, F
// feed-forward width, V vocabulary.

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/common/attention_spec.h"
#include "kernels/common/quant_layout.h"
#include "kernels/cuda/space.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

inline constexpr int64_t kGemvRows = 8;  // rows of x that gemv takes

// split_rows.cu. x [T, K] made ready for gemv, once for all matrices that it meets: split_bytes(T, K) bytes.
size_t split_bytes(int64_t T, int64_t K);
void split_rows(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, void* split);
// The same of gated(gate, up); and of rmsnorm(x) but for the division, which is left to gemv.
void split_normed(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, const float* weight, void* split);
void split_gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
                 GateKind kind, void* split);

// gemv.cu. y [T, N] = (add ? y : 0) + x [T, K] W^T + bias (may be null) of matrices side by side, T up to kGemvRows, W read
// as it lies. As exact as sums in fp32.
struct GemvMatrix {
  QuantView w;
  const float* bias = nullptr;
  float* y = nullptr;
};
// processors: of the card. norm_epsilon: of what split_normed left; negative where another one made the rows ready.
void gemv(void* stream, const void* split, int64_t T, std::span<const GemvMatrix> matrices, int64_t ldy, bool add,
          int processors, float norm_epsilon = -1.0f);

// gemv_dense.cu. The same of one matrix that is not quantized, without a split.
void gemv_dense(void* stream, const float* x, int64_t ldx, int64_t T, const DenseView& w, const float* bias, float* y,
                int64_t ldy);

// unpack.cu. Rows n0 .. n0 + rows - 1 of W to out [rows, K] (n0 a multiple of 16 when quantized).
void unpack(void* stream, const WeightView& w, int64_t n0, int64_t rows, float* out);
// The same, rounded to bf16 (bits, to nearest even); of a quantized W K is a multiple of 8.
void unpack_bf16(void* stream, const WeightView& w, int64_t n0, int64_t rows, uint16_t* out);
// x [T, K] to bf16 out [T, K].
void to_bf16(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, uint16_t* out);
// out [T, K] = factor * rows `ids` of w.
void embed(void* stream, const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo);
// dscale.cu. dscale, dscale_min [N, G] += over the inputs of a group, product [rows, K] times dW/dscale (method.md, "per group"), for
// rows n0 .. n0 + rows - 1, n0 a multiple of 16; product = dY^T X of these rows, K a multiple of 8 where it is in bf16. dscale_min
// may be null.
void reduce_dscale(void* stream, const float* product, int64_t n0, int64_t rows, const QuantView& w, float* dscale,
                   float* dscale_min);
void reduce_dscale(void* stream, const uint16_t* product, int64_t n0, int64_t rows, const QuantView& w, float* dscale,
                   float* dscale_min);

// gemm.cu. C [M, N] = (accumulate ? C : 0) + A B in fp32, for where cuBLAS is not. Element (m, k) of A lies at
// a[m * a_row + k * a_col], (k, n) of B at b[k * b_row + n * b_col]; rows of C are ldc apart.
struct Strided {
  const float* data = nullptr;
  int64_t row = 0, col = 1;
};
void gemm(void* stream, int64_t M, int64_t N, int64_t K, Strided a, Strided b, float* c, int64_t ldc, bool accumulate);
// y [T, N] = bias [N], row after row; a null bias gives zeros.
void fill_rows(void* stream, const float* bias, int64_t T, int64_t N, float* y, int64_t ldy);

// rowwise.cu, gates.cu. As Backend's functions of these names.
void rmsnorm(void* stream, const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight,
             float epsilon, float* y, int64_t ldy, float* inv_rms);
void rmsnorm_dx(void* stream, const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups,
                int64_t D, const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate);
void rope(void* stream, float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cosine,
          const float* sine, bool adjacent, bool inverse);
// Turns the first `heads` + `kv_heads` heads of rows of x [T, (heads + 2 kv_heads) * head_dim], as rope; those from `heads` on,
// keys and values, are stored as well, as store_kv.
void rope_store(void* stream, float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary,
                const float* cosine, const float* sine, bool adjacent, void* dst, int64_t ldd, bool half,
                const int32_t* first_row);
void gated(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
           GateKind kind, float* out, int64_t ldo);
void gated_backward(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                    int64_t lddo, int64_t T, int64_t F, GateKind kind, float* dgate, float* dup);
// The same as factors of products, rounded to bf16, rows side by side but for those of dgate and dup, ldd apart.
void rmsnorm_rounded(void* stream, const float* x, int64_t ldx, int64_t T, int64_t D, const float* weight, float epsilon,
                     uint16_t* y, float* inv_rms);
void gated_rounded(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F,
                   GateKind kind, uint16_t* out);
void gated_backward_rounded(void* stream, const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout,
                            int64_t lddo, int64_t T, int64_t F, GateKind kind, uint16_t* dgate, uint16_t* dup,
                            int64_t ldd);
// x [T, heads * head_dim], its first `turning` heads as rope leaves them, x itself left alone. Its columns are those of up to
// kMostSplit matrices side by side, `widths` of each, and out has [T, width] of one after the other.
struct TurnedHeads {
  int heads, turning, head_dim, rotary;
};
inline constexpr int kMostSplit = 3;
void turn_rounded(void* stream, const float* x, int64_t ldx, int64_t T, const TurnedHeads& h, const float* cosine,
                  const float* sine, bool adjacent, bool inverse, std::span<const int64_t> widths, uint16_t* out);
// first_row: null, or where the row of dst to begin at is read.
void store_kv(void* stream, const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, bool half,
              const int32_t* first_row = nullptr);
void add(void* stream, const float* x, float* y, int64_t n);
void softcap(void* stream, float* x, int64_t n, float cap);

// loss.cu
void cross_entropy(void* stream, float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                   float gradient_scale, double* nll, bool want_gradient);
// drow [N] += sum_t dy * y / row_scale.
void linear_drow(void* stream, const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                 const float* row_scale, float* drow);

// moves.cu. y[to_row(t), to_column(k)] = or += x[from_row(t), from_column(k)] for t < T, k < K; a list that is null leaves
// rows or columns where they are. No place is written twice.
struct MoveLists {
  const int32_t *from_rows = nullptr, *from_columns = nullptr, *to_rows = nullptr, *to_columns = nullptr;
};
void move(void* stream, const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy, const MoveLists& lists,
          bool accumulate);
void subtract(void* stream, const float* a, const float* b, float* out, int64_t n);
void zero(void* stream, float* y, int64_t n);

// optimizer.cu
struct AdamWTerms {
  float beta1, rest1, beta2, rest2;  // rest = 1 - beta
  float gradient_scale;
  float decay;      // 1 - learning rate * weight decay
  float step_size;  // learning rate / (1 - beta1^step)
  float root;       // 1 / sqrt(1 - beta2^step)
  float epsilon;
};
void adamw(void* stream, const AdamWTerms& terms, const float* gradient, float* parameter, float* m, float* v,
           int64_t n);
// parts [kSumParts] is scratch; the result one number.
inline constexpr int kSumParts = 1024;
// gradient [n] *= factor (null: as it is); result: the sum of its squares.
void scaled_squares(void* stream, float* gradient, const float* factor, int64_t n, double* parts, double* result);
// The largest magnitude of values [n], infinity where one is no number.
void largest_magnitude(void* stream, const float* values, int64_t n, double* parts, double* result);
// values [n] = start * (1 + change).
void relative_values(void* stream, const float* start, const float* change, float* values, int64_t n);

// sampling.cu. The `count` largest of n numbers, up to kMostLargest and n of them, larger first and of equal ones the lower
// number; NaN counts as minus infinity.
inline constexpr int kMostLargest = 64;
size_t largest_workspace_bytes(int64_t n, int count);
void largest(void* stream, const float* from, int64_t n, int count, float* values, int32_t* ids, void* workspace);

// ceiling.cu. Reads `bytes` bytes once, 16-byte aligned; seen [1] is scratch.
void read_all(void* stream, const uint8_t* data, int64_t bytes, int processors, uint32_t* seen);

// attention.cu, attention_backward.cu; of fast specs attention_fast.cu, attention_fast_backward.cu. Heads of up to 256
// elements. With few queries the keys are split over several blocks, which leave their parts in `workspace`:
// attention_workspace_bytes(spec, processors) bytes of it.
inline constexpr int kLargestHead = 256;
size_t attention_workspace_bytes(const AttentionSpec& s, int processors);
size_t most_attention_workspace_bytes(int processors);  // of any spec
void attention(void* stream, const AttentionSpec& s, int processors, const float* q, const void* k, const void* v,
               float* out, float* logsumexp, void* workspace);
// fp32 keys and values, query_offset 0. workspace: attention_backward_workspace_bytes(spec) bytes.
size_t attention_backward_workspace_bytes(const AttentionSpec& s);
void attention_backward(void* stream, const AttentionSpec& s, const float* q, const float* k, const float* v,
                        const float* out, const float* logsumexp, const float* dout, float* dq, float* dk, float* dv,
                        void* workspace);

// attention_token.cu. Of one token, query_offset or *position being its number: qkv [heads + 2 kv_heads, head_dim] its queries,
// keys and values before rope; keys, values: the cache, in halves, which gets its own. out: as split_rows makes the
// attention's output ready for gemv. workspace: as attention's.
struct TokenRope {
  const float *cosine = nullptr, *sine = nullptr;  // [pairs]
  int pairs = 0;                                   // of a head that turn
  bool adjacent = false;                           // element 2 i with 2 i + 1, else i with i + pairs
};
bool attention_token_takes(const AttentionSpec& s, const TokenRope& rope, const float* qkv, const void* keys,
                           const void* values);
void attention_token(void* stream, const AttentionSpec& s, int processors, const float* qkv, const TokenRope& rope,
                     uint16_t* keys, uint16_t* values, void* split, void* workspace);

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
