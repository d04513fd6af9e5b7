#include <cublas_v2.h>
#include <dlfcn.h>

#include <string>

#include "kernels/cuda/products.h"

namespace scalewright::kernels {
namespace {

// The few functions that are used, under their names in the library.
struct Library {
  void* handle = nullptr;
  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasGetVersion_v2) version = nullptr;
  // cublasGemmEx, which the header overloads.
  cublasStatus_t (*gemm)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*, const void*,
                         cudaDataType, int, const void*, cudaDataType, int, const void*, void*, cudaDataType, int,
                         cublasComputeType_t, cublasGemmAlgo_t) = nullptr;

  bool open() {
    const std::string name = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
    // As the system finds it, or where NVIDIA's installer puts it.
    handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) handle = ::dlopen(("/usr/local/cuda/lib64/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
    const auto find = [&](auto& function, const char* symbol) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, symbol));
      return function != nullptr;
    };
    return find(create, "cublasCreate_v2") && find(destroy, "cublasDestroy_v2") &&
           find(set_stream, "cublasSetStream_v2") && find(version, "cublasGetVersion_v2") && find(gemm, "cublasGemmEx");
  }
};

class Cublas final : public CardProducts {
 public:
  Cublas(const Library& library, cublasHandle_t handle) : library_(library), handle_(handle) {}
  ~Cublas() override { library_.destroy(handle_); }  // the library itself stays loaded

  std::string name() const override {
    int version = 0;
    library_.version(handle_, &version);
    return "cuBLAS " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100);
  }
  bool gemm(void* stream, int64_t M, int64_t N, int64_t K, const float* a, int64_t a_row, int64_t a_col, const float* b,
            int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, CUDA_R_32F, c, CUDA_R_32F, ldc, accumulate);
  }
  bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                 const uint16_t* b, int64_t b_row, int64_t b_col, float* c, int64_t ldc, bool accumulate) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, CUDA_R_16BF, c, CUDA_R_32F, ldc, accumulate);
  }
  bool gemm_bf16(void* stream, int64_t M, int64_t N, int64_t K, const uint16_t* a, int64_t a_row, int64_t a_col,
                 const uint16_t* b, int64_t b_row, int64_t b_col, uint16_t* c, int64_t ldc) override {
    return multiply(stream, M, N, K, a, a_row, a_col, b, b_row, b_col, CUDA_R_16BF, c, CUDA_R_16BF, ldc, false);
  }

 private:
  // Row-major C = A B is column-major C^T = B^T A^T. A factor whose elements lie side by side along k is, read by columns,
  // the transpose of what is wanted there.
  bool multiply(void* stream, int64_t M, int64_t N, int64_t K, const void* a, int64_t a_row, int64_t a_col,
                const void* b, int64_t b_row, int64_t b_col, cudaDataType_t type, void* c, cudaDataType_t to,
                int64_t ldc, bool accumulate) {
    const cublasOperation_t op_b = b_col == 1 ? CUBLAS_OP_N : CUBLAS_OP_T;
    const cublasOperation_t op_a = a_col == 1 ? CUBLAS_OP_N : CUBLAS_OP_T;
    const int64_t ldb = b_col == 1 ? b_row : b_col, lda = a_col == 1 ? a_row : a_col;
    const float one = 1.0f, beta = accumulate ? 1.0f : 0.0f;
    if (library_.set_stream(handle_, static_cast<cudaStream_t>(stream)) != CUBLAS_STATUS_SUCCESS) return false;
    return library_.gemm(handle_, op_b, op_a, static_cast<int>(N), static_cast<int>(M), static_cast<int>(K), &one, b,
                         type, static_cast<int>(ldb), a, type, static_cast<int>(lda), &beta, c, to,
                         static_cast<int>(ldc), CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS;
  }

  Library library_;
  cublasHandle_t handle_;
};

}  // namespace

std::unique_ptr<CardProducts> open_cublas(std::string& why) {
  Library library;
  if (!library.open()) {
    why = "cuBLAS " + std::to_string(CUBLAS_VER_MAJOR) + " is not installed";
    return nullptr;
  }
  cublasHandle_t handle = nullptr;
  if (library.create(&handle) != CUBLAS_STATUS_SUCCESS) {
    why = "cuBLAS does not start";
    return nullptr;
  }
  return std::make_unique<Cublas>(library, handle);
}

}  // namespace scalewright::kernels
