#include "kernels/cuda/device.h"

#include <cuda_runtime.h>

#include <cstring>
#include <map>
#include <mutex>

namespace scalewright::kernels::cuda {
namespace {

constexpr int kOldest = 8;  // compute capability: what the build makes code for (kernels/CMakeLists.txt)

std::string words(cudaError_t error) { return std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error); }

// Ranges from shared_allocate, so that on_device needs no call of the driver.
struct Ranges {
  std::mutex mutex;
  std::map<uintptr_t, size_t> bytes;
};
Ranges& ranges() {
  static Ranges all;
  return all;
}
int chosen = 0;                 // number of the card (set by find_device)
bool reads_all_memory = false;  // the card reaches the host's pages through the system (set by find_device)

}  // namespace

std::string find_device(DeviceInfo& info) {
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted == cudaErrorInsufficientDriver) {
    int driver = 0;
    cudaDriverGetVersion(&driver);
    cudaGetLastError();
    if (driver == 0) return "no NVIDIA driver is installed";
    return "the NVIDIA driver is too old for this program (it offers CUDA " + std::to_string(driver / 1000) + "." +
           std::to_string(driver % 1000 / 10) + ", needed is " + std::to_string(CUDART_VERSION / 1000) + "." +
           std::to_string(CUDART_VERSION % 1000 / 10) + ")";
  }
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && count == 0)) {
    cudaGetLastError();
    return "the NVIDIA driver finds no card";
  }
  if (counted != cudaSuccess) {
    cudaGetLastError();
    return "the NVIDIA driver does not answer (" + words(counted) + ")";
  }
  std::string why;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    if (properties.major < kOldest) {
      why = std::string(properties.name) + " is of compute capability " + std::to_string(properties.major) + "." +
            std::to_string(properties.minor) + "; " + std::to_string(kOldest) + ".0 and later can be used";
      continue;
    }
    int pools = 0;
    cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, i);
    if (!properties.managedMemory || !properties.concurrentManagedAccess || !pools) {
      why = std::string(properties.name) + " does not share memory with the processor on this system";
      continue;
    }
    if (const cudaError_t error = cudaSetDevice(i); error != cudaSuccess) {
      why = std::string(properties.name) + " cannot be used (" + words(error) + ")";
      continue;
    }
    chosen = i;
    info.name = properties.name;
    info.major = properties.major;
    info.minor = properties.minor;
    info.processors = properties.multiProcessorCount;
    size_t free_bytes = 0, total_bytes = 0;
    if (const cudaError_t error = cudaMemGetInfo(&free_bytes, &total_bytes); error != cudaSuccess) {
      why = info.name + " cannot be used (" + words(error) + ")";
      continue;
    }
    info.free_bytes = free_bytes;
    info.total_bytes = total_bytes;
    reads_all_memory = properties.pageableMemoryAccess != 0;
    // Scratch that is released stays with the program until it ends.
    cudaMemPool_t pool;
    if (cudaDeviceGetDefaultMemPool(&pool, i) == cudaSuccess) {
      uint64_t keep = UINT64_MAX;
      cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep);
    }
    return {};
  }
  cudaGetLastError();
  return why.empty() ? "no card could be asked for its properties" : why;
}

void enter_device() {
  thread_local bool entered = false;
  if (!entered) entered = cudaSetDevice(chosen) == cudaSuccess;
}

std::string make_stream(void** stream) {
  enter_device();
  cudaStream_t made = nullptr;
  const cudaError_t error = cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
  *stream = made;
  return error == cudaSuccess ? std::string() : words(error);
}
void release_stream(void* stream) {
  if (stream) cudaStreamDestroy(static_cast<cudaStream_t>(stream));
}
std::string synchronize(void* stream) {
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t error = cudaStreamSynchronize(static_cast<cudaStream_t>(stream));
  if (error != cudaSuccess) return words(error);
  return launched == cudaSuccess ? std::string() : words(launched);
}

void* device_allocate(void* stream, size_t bytes) {
  void* data = nullptr;
  if (cudaMallocAsync(&data, bytes ? bytes : 1, static_cast<cudaStream_t>(stream)) == cudaSuccess) return data;
  cudaGetLastError();
  return nullptr;
}
void device_release(void* stream, void* data) {
  if (data) cudaFreeAsync(data, static_cast<cudaStream_t>(stream));
}

void* shared_allocate(size_t bytes) {
  enter_device();
  void* data = nullptr;
  if (cudaMallocManaged(&data, bytes ? bytes : 1) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  std::memset(data, 0, bytes);
  Ranges& all = ranges();
  const std::lock_guard lock(all.mutex);
  all.bytes[reinterpret_cast<uintptr_t>(data)] = bytes;
  return data;
}
void shared_release(void* data) {
  if (!data) return;
  {
    Ranges& all = ranges();
    const std::lock_guard lock(all.mutex);
    all.bytes.erase(reinterpret_cast<uintptr_t>(data));
  }
  cudaFree(data);
}
bool on_device(const void* data) {
  if (reads_all_memory || !data) return true;
  Ranges& all = ranges();
  const std::lock_guard lock(all.mutex);
  const auto address = reinterpret_cast<uintptr_t>(data);
  auto next = all.bytes.upper_bound(address);
  if (next == all.bytes.begin()) return false;
  --next;
  return address < next->first + next->second;
}

void copy_rows(void* stream, void* to, const void* from, size_t pitch, size_t width, size_t rows) {
  if (width == 0 || rows == 0) return;
  if (rows == 1 || pitch == width) {
    cudaMemcpyAsync(to, from, width * rows, cudaMemcpyDefault, static_cast<cudaStream_t>(stream));
    return;
  }
  cudaMemcpy2DAsync(to, pitch, from, pitch, width, rows, cudaMemcpyDefault, static_cast<cudaStream_t>(stream));
}

}  // namespace scalewright::kernels::cuda
