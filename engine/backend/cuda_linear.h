#pragma once
// Products with quantized and plain matrices on a card: few rows by kernels that read the weights as they lie, more by
// a library, over slices of weights that are unpacked first. Compiled twice, see kernels/cuda/space.h.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/backend/backend.h"
#include "engine/backend/cuda_staging.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/products.h"

namespace scalewright::SCALEWRIGHT_CUDA_SPACE {

class CudaLinear {
 public:
  // `card`: its name, for messages. Null products: kernels of our own, in fp32.
  CudaLinear(void* stream, std::unique_ptr<kernels::CardProducts> products, const device::DeviceInfo& card)
      : stream_(stream), products_(std::move(products)), card_(card.name), processors_(card.processors) {}

  const kernels::CardProducts* products() const { return products_.get(); }
  // Of one call: a slice of unpacked weights or of a product, and the two factors of fast products in bf16; or few rows made
  // ready for their product.
  static size_t scratch_bytes(int64_t T, int64_t largest_n, int64_t largest_k);

  // As Backend's functions of these names. Fast: factors rounded to bf16, sums in fp32. `add`: to y, where adds() holds.
  void linear(StagedCall& call, const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
              Precision precision, bool add = false);
  // Many rows and no bias: the product itself adds.
  static bool adds(int64_t T, const LinearPart& part);
  // The same of a factor that is made rounded; rounds() holds.
  using Make = std::function<void(uint16_t* to)>;  // rows side by side
  bool rounds(int64_t T, std::span<const LinearPart> parts, Precision precision) const;
  void linear_rounded(StagedCall& call, const Make& x, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                      bool add = false);
  // Products of few rows with quantized matrices, `split` being what makes the rows ready for them (kernels.h). `add`: to y.
  // norm_epsilon: as gemv's.
  static bool few_rows(int64_t T, std::span<const LinearPart> parts);
  void few_rows(StagedCall& call, int64_t T, std::span<const LinearPart> parts, int64_t ldy, bool add,
                const std::function<void(void* room)>& split, float norm_epsilon = -1.0f);
  void backward(StagedCall& call, const float* x, int64_t ldx, int64_t T, std::span<const LinearGradient> parts,
                int64_t lddy, float* dx, int64_t lddx, bool accumulate, Precision precision);

  // The same of factors that are made rounded; rounds() holds. dy: [T, rows] of one part after the other; empty: made of
  // the parts' own.
  bool rounds(std::span<const LinearGradient> parts, Precision precision) const;
  void backward_rounded(StagedCall& call, const Make& x, const Make& dy, int64_t T, std::span<const LinearGradient> parts,
                        int64_t lddy, float* dx, int64_t lddx, bool accumulate);
  // Whether all gradients find room side by side.
  static bool together(StagedCall& call, int64_t T, std::span<const LinearGradient> parts);

  // Operations a second of a plain product in bf16, of the size of a tuning step; 0 without a library.
  double measure_product_rate();

 private:
  bool fast(Precision precision, int64_t K) const;
  void multiply(int64_t M, int64_t N, int64_t K, device::Strided a, device::Strided b, float* c, int64_t ldc,
                bool accumulate);
  struct Rounded {  // as device::Strided
    const uint16_t* data;
    int64_t row, col;
  };
  void multiply(int64_t M, int64_t N, int64_t K, Rounded a, Rounded b, float* c, int64_t ldc, bool accumulate);
  void multiply(int64_t M, int64_t N, int64_t K, Rounded a, Rounded b, uint16_t* c);  // rounded, rows side by side

  // Its y, filled with the bias if there is one, or as it was where the product is to be added.
  float* started(StagedCall& call, const LinearPart& part, int64_t T, int64_t ldy, bool add);
  struct ScaleGradients {
    float *scale, *minimum;
  };
  static ScaleGradients scale_gradients(StagedCall& call, const LinearGradient& part, const WeightView& w);

  void* stream_;
  std::unique_ptr<kernels::CardProducts> products_;
  std::string card_;
  int processors_;
};

}  // namespace scalewright::SCALEWRIGHT_CUDA_SPACE
