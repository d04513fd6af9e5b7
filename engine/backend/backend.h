#pragma once
// The operations of a transformer, forward and backward, on one device. Everything a model computes goes through here, so
// that training, chat and evaluation cannot disagree. Pointers are the device's; the caller owns every buffer and `ld` is a
// row stride in elements. T counts rows (tokens of all sequences, flattened). Calls of one backend come from one thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "kernels/common/quant_layout.h"

namespace scalewright {

using kernels::DenseView;
using kernels::QuantView;
using kernels::WeightView;

// Exact: fp32 activations; evaluation, training and self-checks. Fast: activations of a product rounded to 8 bits by
// blocks of 32 (as llama.cpp does); chat and generate, where asked.
enum class Precision { Exact, Fast };
enum class RopeStyle { Halves, Adjacent };  // Hugging Face rows | GGUF "llama" rows
enum class Activation { Silu, GeluTanh, GeluErf };
enum class KvType { F32, F16 };

struct AttentionShape {
  int64_t queries = 0;     // T, rows of q
  int64_t keys = 0;        // rows of k and v
  int64_t query_offset = 0;  // query t is key number query_offset + t; it sees keys first[t] .. query_offset + t
  int heads = 0, kv_heads = 0, head_dim = 0;
  int64_t ldq = 0, ldk = 0, ldv = 0, ldo = 0;  // row strides in elements; head h starts at h * head_dim
  float scale = 0.0f;      // of q.k
  float softcap = 0.0f;    // 0: none; else cap * tanh(score / cap)
  int64_t window = 0;      // 0: none; else only the last `window` keys, itself included
  KvType kv = KvType::F32;
  Precision precision = Precision::Exact;
  // In a recorded call: where query_offset is read each time it is repeated; keys is then the most there can be.
  const int32_t* position = nullptr;
};

// Of one token: its heads, which are not turned yet, and the cache that they go to.
struct TokenAttention {
  AttentionShape shape;  // of the cache's rows [2 kv_heads * head_dim], which begin with its keys; queries: 1
  int rotary = 0;
  RopeStyle style = RopeStyle::Halves;
  const float *cos = nullptr, *sin = nullptr;  // [rotary/2]
  float* heads = nullptr;                      // [(heads + 2 kv_heads) * head_dim]: queries, keys, values; left as it may be
  void* cache = nullptr;                       // its first row; the token's is shape.query_offset or *shape.position
  const int32_t* first = nullptr;              // [1]: lowest key that it sees
};

struct AdamStep {
  float learning_rate = 1e-3f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f, weight_decay = 0.0f;
  int64_t step = 1;        // 1 for the first
  float gradient_scale = 1.0f;  // clip coefficient, applied first
};

// What a model computes with, named once to a device that has memory of its own.
struct WeightList {
  std::vector<std::span<const std::byte>> vectors;            // norms, biases, orders of inputs: never change
  std::vector<std::vector<std::span<const uint8_t>>> layers;  // matrices of each block, blocks in the order of their use
  std::vector<std::span<const uint8_t>> outside;              // matrices of no block: embedding, head
};

// Memory of a device that is not the host's, bytes.
struct DeviceMemory {
  std::string name;              // "NVIDIA GeForce RTX 4090"
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  // what other programs leave; what this program holds included
  uint64_t held_bytes = 0;       // by weights, caches and arenas of this program
  uint64_t offloaded_bytes = 0;  // weights of this program that found no room there and stay in the host's memory
  uint64_t left_bytes() const { return available_bytes > held_bytes ? available_bytes - held_bytes : 0; }
};

// One of several matrices that are multiplied with the same rows.
struct LinearPart {
  const WeightView* w = nullptr;
  const float* bias = nullptr;  // [N] or null
  float* y = nullptr;           // [T, N]
};

// One of several matrices that were multiplied with the same rows, backwards.
struct LinearGradient {
  const WeightView* w = nullptr;
  const float* dy = nullptr;    // [T, N]
  float* dscale = nullptr;      // [N, G] or null: nothing is learned
  float* dscale_min = nullptr;  // [N, G], KMin; else null
};

// x [T, K] of products backwards: rows as they are, or what a norm or a gate makes of others, so that a device can make
// them in the form that it multiplies.
struct BackwardInput {
  enum class Of { Rows, Norm, Gate };
  Of of = Of::Rows;
  const float* x = nullptr;       // the rows, the norm's input, or the gate's
  int64_t ldx = 0;
  const float* weight = nullptr;  // Norm: as rmsnorm's, inv_rms too
  float epsilon = 0.0f;
  float* inv_rms = nullptr;
  const float* up = nullptr;      // Gate: act(x) * up, rows of up ldx apart
  Activation act = Activation::Silu;
  float* room = nullptr;          // [T, K], Norm and Gate: where rows may be made; may be dx
};

// Their dy: as it lies in the parts, or what is still to be done to it.
struct BackwardGradient {
  enum class Of { Rows, Gate, Turn };
  Of of = Of::Rows;
  float* rows = nullptr;          // Gate and Turn: where dy of the first part lies, the others beside it
  const float *gate = nullptr, *up = nullptr, *dout = nullptr;  // Gate: as gated_backward's, dout [T, F]; dgate, then dup
  int64_t ldg = 0, width = 0;     // of gate and up; F
  Activation act = Activation::Silu;
  int heads = 0, head_dim = 0, rotary = 0;  // Turn: the first heads of dy are to be turned back, as rope's
  const float *cos = nullptr, *sin = nullptr;
  RopeStyle style = RopeStyle::Halves;
};

// Where a move reads and writes: numbers of rows and columns; null: as they are.
struct MoveLists {
  const int32_t *from_rows = nullptr, *from_columns = nullptr, *to_rows = nullptr, *to_columns = nullptr;
};

// What a device can do at most.
struct Ceilings {
  double read_bandwidth = 0.0;  // bytes a second
  double product_rate = 0.0;    // operations a second of a plain product with the factors that tuning has there
};

struct Companions;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string description() const = 0;  // "CPU, 2 threads, AVX2"
  virtual int threads() const = 0;
  virtual std::string device() const { return "cpu"; }  // BackendOptions::device that means this one: "cpu", "cuda:1"
  // More devices that a run of tuning may share its steps with (companions.h); null: none.
  virtual const Companions* companions() const { return nullptr; }
  // Asked when a model is opened; empty when everything it needs is there, else the reason in words.
  virtual std::string unsupported(const WeightView& w) const = 0;

  // A device may go on with a call after it returned, but only while defer(true) holds; then the host touches a buffer only
  // after synchronize(). See DeferredCalls. A processor needs neither.
  virtual void defer(bool) {}
  virtual void synchronize() {}

  // Keeps the vectors on the device, and sees to it that a block's matrices which lie in the host's memory are on their way
  // while the block before computes; until the last copy of the result is gone. The weights must live as long.
  virtual std::shared_ptr<void> hold(const WeightList&) { return nullptr; }
  virtual uint64_t hold_bytes(const WeightList&) const { return 0; }  // of its memory that hold() takes
  // None: the device computes in the host's memory.
  virtual std::optional<DeviceMemory> device_memory() const { return std::nullopt; }
  // Whether these numbers lie in that memory.
  virtual bool in_device_memory(const void*) const { return false; }

  // Calls that are repeated with the same addresses and sizes, a token's for example: those between begin_recording(), inside
  // of a DeferredCalls, and end_recording() are not done but kept, and replay() does them. False or null: the device does
  // not, or one of the calls does not allow it. What they name must live as long.
  virtual bool begin_recording() { return false; }
  virtual std::shared_ptr<void> end_recording() { return nullptr; }
  virtual void replay(const void* /*recording*/) {}

  // Bytes of workspace that calls with up to T rows and these sizes need; see WorkspaceLoan. Without it a backend
  // takes memory of its own.
  virtual size_t workspace_bytes(int64_t T, int64_t largest_n, int64_t largest_k) const = 0;
  virtual void set_workspace(void* data, size_t bytes) = 0;

  // y [T, N] = x [T, K] W^T, plus bias [N] unless null.
  virtual void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
                      Precision precision) = 0;
  // The same for matrices side by side (q, k and v; gate and up), to the same numbers: x is prepared once.
  virtual void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                          Precision precision) {
    for (const LinearPart& part : parts) linear(x, ldx, T, *part.w, part.bias, part.y, ldy, precision);
  }

  // What a block of a transformer does in one go, where a device gains by it. Each gives what its parts give one after the
  // other; `normed` [T, K], `activated` [T, F] and `room` [T, N] are for them to use, and are left as they may be.
  //
  // rmsnorm of rows of x [T, K] into normed, then the set of it. With inv_rms, which is [T] or null, normed is kept where
  // the precision is Exact.
  virtual void linear_normed(const float* x, int64_t ldx, int64_t T, const float* weight, float epsilon, float* normed,
                             float* inv_rms, std::span<const LinearPart> parts, int64_t ldy, Precision precision);
  // y [T, N] = act(gate) * up, [T, K], W^T + bias.
  virtual void linear_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                            float* activated, const WeightView& w, const float* bias, float* y, int64_t ldy,
                            Precision precision);
  // y [T, N] += x [T, K] W^T + bias, rows of y side by side.
  virtual void linear_add(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y,
                          float* room, Precision precision);
  // The same with act(gate) * up, [T, F], as x.
  virtual void linear_add_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                                float* activated, const WeightView& w, const float* bias, float* y, float* room,
                                Precision precision);
  // Heads of x [T, (heads + 2 kv_heads) * head_dim], queries, keys and values side by side: rope of queries and keys, then
  // keys and values stored to dst, from its first row on or, unless that is null, from row *row on, read when the call is
  // done.
  virtual void rope_store(float* x, int64_t ldx, int64_t T, int heads, int kv_heads, int head_dim, int rotary,
                          const float* cos, const float* sin, RopeStyle style, void* dst, int64_t ldd, KvType type,
                          const int32_t* row);
  // rope_store of a token's heads, attention over the cache into `attended` [heads * head_dim], for it to use, and linear_add of
  // that.
  virtual void attend_add(const TokenAttention& token, float* attended, const WeightView& w, const float* bias, float* y,
                          float* room, Precision precision);

  // The precision that products of a tuning step have here: Fast where everybody tunes so, on cards.
  virtual Precision tuning_precision() const { return Precision::Exact; }
  // Gradients of the scales of all parts, as linear_dscale, then dx [T, K] = sum of dy W; dx may be null, or x itself. x may
  // be null where nothing is learned.
  virtual void linear_backward(const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts, int64_t lddy,
                               float* dx, int64_t lddx, Precision precision);
  // The same of rows that are still to be made. What of x and dy is left in their rooms is not said.
  virtual void linear_backward_made(const BackwardInput& x, const BackwardGradient& dy, int64_t T,
                                    std::span<const LinearGradient> parts, int64_t lddy, float* dx, int64_t lddx,
                                    Precision precision);
  // Makes them as rows of floats. Of x: where they are.
  const float* make_rows(const BackwardInput& x, int64_t T, int64_t K);
  void make_rows(const BackwardGradient& dy, int64_t T, int64_t lddy);
  // dx [T, K] = (accumulate ? dx : 0) + dy [T, N] W.
  virtual void linear_dx(const float* dy, int64_t lddy, int64_t T, const WeightView& w, float* dx, int64_t lddx,
                         bool accumulate) = 0;
  // Gradients of the scales of a quantized W at its current masters, row_scale included as a constant factor:
  // dscale [N, G] += ..., dscale_min [N, G] += ... (KMin; may be null otherwise). method.md, "per group".
  virtual void linear_dscale(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, const QuantView& w,
                             float* dscale, float* dscale_min) = 0;
  // drow [N] += sum_t dy[t, n] * y[t, n] / row_scale[n], y the product with row_scale but without bias. method.md, "per row".
  virtual void linear_drow(const float* dy, int64_t lddy, const float* y, int64_t ldy, int64_t T, int64_t N,
                           const float* row_scale, float* drow) = 0;

  // out [T, D] = factor * rows `ids` of w.
  virtual void embed(const int32_t* ids, int64_t T, const WeightView& w, float factor, float* out, int64_t ldo) = 0;
  // y = x / rms(x) * weight, rows of D; also for heads of q and k (rows = T * heads through `rows_per_token` groups at
  // stride ldx: token t, group h starts at x + t * ldx + h * D). inv_rms [T * groups] may be null. In place allowed.
  virtual void rmsnorm(const float* x, int64_t ldx, int64_t T, int groups, int64_t D, const float* weight, float epsilon,
                       float* y, int64_t ldy, float* inv_rms) = 0;
  // dx = (accumulate ? dx : 0) + gradient through rmsnorm; x is its input, inv_rms what the forward stored.
  virtual void rmsnorm_dx(const float* dy, int64_t lddy, const float* x, int64_t ldx, int64_t T, int groups, int64_t D,
                          const float* weight, const float* inv_rms, float* dx, int64_t lddx, bool accumulate) = 0;
  // Rotates in place heads of x [T, heads * head_dim]: cos, sin [T, rotary/2] (attention factor included); only the first
  // `rotary` elements of a head turn. inverse: multiply by the transpose, for gradients.
  virtual void rope(float* x, int64_t ldx, int64_t T, int heads, int head_dim, int rotary, const float* cos, const float* sin,
                    RopeStyle style, bool inverse) = 0;
  // out [T, heads * head_dim]; logsumexp [T, heads] may be null (needed by the gradient). first [T]: lowest key a query sees.
  virtual void attention(const AttentionShape& s, const float* q, const void* k, const void* v, const int32_t* first,
                         float* out, float* logsumexp) = 0;
  // Recomputes the probabilities from logsumexp; writes dq, dk, dv (strides ldq, ldk, ldv; fp32 k and v, query_offset 0).
  virtual void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const int32_t* first,
                                  const float* out, const float* logsumexp, const float* dout, float* dq, float* dk, float* dv) = 0;
  // Stores rows as halves or floats: the KV cache. dst row stride ldd elements of its type.
  virtual void store_kv(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type) = 0;

  // The same from row *row of dst on, read when the call is done: for recorded calls.
  virtual void store_kv_at(const float* src, int64_t lds, int64_t T, int64_t width, void* dst, int64_t ldd, KvType type,
                           const int32_t* row) {
    const int64_t bytes = *row * ldd * (type == KvType::F16 ? 2 : 4);
    store_kv(src, lds, T, width, static_cast<uint8_t*>(dst) + bytes, ldd, type);
  }

  // out = act(gate) * up, [T, F].
  virtual void gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, int64_t F, Activation act,
                     float* out, int64_t ldo) = 0;
  // dgate, dup from dout; may be written over gate and up (same strides).
  virtual void gated_backward(const float* gate, int64_t ldg, const float* up, int64_t ldu, const float* dout, int64_t lddo,
                              int64_t T, int64_t F, Activation act, float* dgate, float* dup) = 0;
  // y[to_row(t), to_column(k)] = or += x[from_row(t), from_column(k)], t < T, k < K. No place is written twice.
  virtual void move(const float* x, int64_t ldx, int64_t T, int64_t K, float* y, int64_t ldy, const MoveLists& lists,
                    bool accumulate);
  virtual void subtract(const float* a, const float* b, float* out, int64_t n);  // out = a - b
  virtual void zero(float* y, int64_t n);
  // y += x, n elements of contiguous rows.
  virtual void add(const float* x, float* y, int64_t n) = 0;
  virtual void softcap(float* x, int64_t n, float cap) = 0;  // cap * tanh(x / cap), in place
  // The largest of logits [V], `count` of them: values and ids [count], larger first and of equal ones the lower id; NaN
  // counts as minus infinity. False: not done here, the host looks through the logits itself.
  virtual bool largest(const float* /*logits*/, int64_t /*V*/, int /*count*/, float* /*values*/, int32_t* /*ids*/) {
    return false;
  }
  // The largest products of one row with a matrix of many rows, without reading all of it, where a device can tell from a
  // sketch of the matrix which rows cannot be among them. sketch_bytes: of memory for one, 64-byte aligned, which
  // make_sketch fills once and the searches use; 0: not here, or not worth it.
  virtual uint64_t sketch_bytes(const WeightView&) const { return 0; }
  virtual void make_sketch(const WeightView& /*w*/, void* /*sketch*/) {}
  // The largest of x [K] W^T in Precision::Fast, to the numbers of linear and in the order of largest(); they are those of
  // all of them but for the chance that kernels/cpu/gemv_largest.h works out, 1e-9 a row. Gives the bytes of W and sketch
  // that were read; 0: too many are wanted, nothing was done.
  virtual uint64_t largest_products(const float* /*x*/, const WeightView& /*w*/, void* /*sketch*/, int /*count*/,
                                    float* /*values*/, int32_t* /*ids*/) {
    return 0;
  }
  // logits [T, V] (soft cap already applied; cap > 0 says with what) become d(sum of nll * gradient_scale)/d(raw logits) in place;
  // nll [T] = -log p(target), 0 and a zero row where target < 0. want_gradient false: logits stay.
  virtual void cross_entropy(float* logits, int64_t ldl, int64_t T, int64_t V, const int32_t* targets, float cap,
                             float gradient_scale, double* nll, bool want_gradient) = 0;
  // AdamW on n parameters, fp32 masters and moments (formula in shared golden recipe: bias-corrected, decoupled decay).
  virtual void adamw(const AdamStep& step, const float* gradient, float* parameter, float* m, float* v, int64_t n) = 0;
  // gradient [n] *= factor [n] (null: as it is); the sum of its squares, in an order that is always the same.
  virtual double scaled_squares(float* gradient, const float* factor, int64_t n);
  virtual double largest_magnitude(const float* values, int64_t n);  // infinity where one is no number
  virtual void relative_values(const float* start, const float* change, float* values, int64_t n);  // start * (1 + change)

  // Measured now; none: the device is the processor, whose ceilings the host measures.
  virtual std::optional<Ceilings> ceilings() { return std::nullopt; }
};

// Working memory lent to the backend for as long as this lives: nobody leaves it memory that is gone later.
class WorkspaceLoan {
 public:
  WorkspaceLoan(Backend& backend, void* data, size_t bytes) : backend_(backend) { backend_.set_workspace(data, bytes); }
  ~WorkspaceLoan() { backend_.set_workspace(nullptr, 0); }
  WorkspaceLoan(const WorkspaceLoan&) = delete;
  WorkspaceLoan& operator=(const WorkspaceLoan&) = delete;

 private:
  Backend& backend_;
};

// Lets the calls of a scope queue up on the device; finish() waits for them, and so does the end of the scope.
class DeferredCalls {
 public:
  explicit DeferredCalls(Backend& backend) : backend_(backend) { backend_.defer(true); }
  ~DeferredCalls() { backend_.defer(false); }
  DeferredCalls(const DeferredCalls&) = delete;
  DeferredCalls& operator=(const DeferredCalls&) = delete;
  void finish() { backend_.synchronize(); }

 private:
  Backend& backend_;
};

enum class Isa { Auto, Scalar, Avx2, AvxVnni, Avx512 };
struct BackendOptions {
  int threads = 0;  // 0: one a physical processor that this process may use
  Isa isa = Isa::Auto;
  // auto | cpu | cuda | cuda:1 | cuda:0,cuda:1 | cuda:all; cards are numbered as their driver does. Of several the first
  // does everything alone but tuning.
  std::string device = "auto";
};
bool is_device_word(const std::string& word);
// Unsupported when the ISA or device is not on this machine; says which are. "auto" is a card only where one passed its
// check against the processor and was measured to be faster, once for this machine (device_times.h); else the processor.
// With a card memory_source() is from then on memory that both read.
Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options);
// Why "cuda" is refused, a sentence for a person: no driver, no card, a build without CUDA, a card that failed its check.
// Empty when a card can be used. Asks the machine once.
std::string why_no_gpu();
// Cards of this machine that can be used, their names. Asks the machine once.
const std::vector<std::string>& card_names();
// Why "auto" computes where it does, in words for a person. Where there is a card, measures it the first time: a second.
std::string why_this_device();
// Naive, double accumulation: the reference that every other is tested against.
std::unique_ptr<Backend> make_reference_backend();

}  // namespace scalewright
