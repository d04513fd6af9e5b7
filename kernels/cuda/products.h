#pragma once
// Products of plain matrices on the card: cuBLAS where it is installed, found at run time so that the program starts
// without it, else the kernel of kernels/cuda/gemm.cu.

#include <cstdint>
#include <memory>
#include <string>

namespace scalewright::kernels {

class CardProducts {
 public:
  virtual ~CardProducts() = default;
  virtual std::string name() const = 0;  // "cuBLAS 13.0"
  // As kernels::cuda::gemm, of factors that have one stride of 1. False: not done, and nothing was written.
  virtual bool gemm(void* stream, int64_t M, int64_t N, int64_t K, const float* a, int64_t a_row, int64_t a_col,
                    const float* b, int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) = 0;
  // The same of bf16 factors (bits), sums and result in fp32.
  virtual bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                         const uint16_t* b, int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) = 0;
  // The same with the result rounded to bf16.
  virtual bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                         const uint16_t* b, int64_t b_row, int64_t b_col, uint16_t* c, int64_t ldc) = 0;
};

// Null when the library is not installed or does not start; `why` then says so.
std::unique_ptr<CardProducts> open_cublas(std::string& why);

}  // namespace scalewright::kernels
