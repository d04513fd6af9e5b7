#include "kernels/cuda/device.h"

#include <cuda_runtime.h>

#include <cstring>
#include <map>
#include <mutex>

namespace scalewright::kernels::cuda {
namespace {

constexpr int kOldest = 8;  // compute capability: what the build makes code for (kernels/CMakeLists.txt)

std::string words(cudaError_t error) { return std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error); }

// What card_allocate and pinned_allocate gave, so that place_of needs no call of the driver.
struct Range {
  size_t bytes;
  Place place;
};
struct Ranges {
  std::mutex mutex;
  std::map<uintptr_t, Range> all;
};
Ranges& ranges() {
  static Ranges known;
  return known;
}
void remember(void* data, size_t bytes, Place place) {
  Ranges& known = ranges();
  const std::lock_guard lock(known.mutex);
  known.all[reinterpret_cast<uintptr_t>(data)] = {bytes, place};
}
std::string version_words(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }
int chosen = 0;                 // number of the card (set by find_device)
#if CUDART_VERSION >= 13000
cudaMemLocation card_location() { return {.type = cudaMemLocationTypeDevice, .id = chosen}; }
#else
int card_location() { return chosen; }
#endif
bool overlaps = false;          // of compute capability 9.0 and later (set by find_device)
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
    return "the NVIDIA driver is too old for this program (it offers CUDA " + version_words(driver) + ", needed is " +
           version_words(CUDART_VERSION) + ")";
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
    int driver = 0;
    cudaDriverGetVersion(&driver);
    info.driver = version_words(driver);
    overlaps = properties.major >= 9;
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

bool overlaps_kernels() { return overlaps; }

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
void* make_event() {
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  return event;
}
void release_event(void* event) {
  if (event) cudaEventDestroy(static_cast<cudaEvent_t>(event));
}
void record(void* event, void* stream) {
  cudaEventRecord(static_cast<cudaEvent_t>(event), static_cast<cudaStream_t>(stream));
}
void wait_for(void* event, void* stream) {
  cudaStreamWaitEvent(static_cast<cudaStream_t>(stream), static_cast<cudaEvent_t>(event));
}
std::string synchronize(void* stream) {
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t error = cudaStreamSynchronize(static_cast<cudaStream_t>(stream));
  if (error != cudaSuccess) return words(error);
  return launched == cudaSuccess ? std::string() : words(launched);
}

void begin_recording(void* stream) {
  cudaStreamBeginCapture(static_cast<cudaStream_t>(stream), cudaStreamCaptureModeThreadLocal);
}
void* end_recording(void* stream) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  const bool captured = cudaStreamEndCapture(static_cast<cudaStream_t>(stream), &graph) == cudaSuccess && graph;
  const bool made = captured && cudaGraphInstantiate(&ready, graph, 0) == cudaSuccess;
  if (graph) cudaGraphDestroy(graph);
  if (!made) cudaGetLastError();
  return made ? ready : nullptr;
}
void replay(void* recording, void* stream) {
  cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording), static_cast<cudaStream_t>(stream));
}
void release_recording(void* recording) {
  if (recording) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording));
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

void* card_allocate(size_t bytes, bool fresh) {
  enter_device();
  void* data = nullptr;
  if (cudaMallocManaged(&data, bytes ? bytes : 1) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  cudaMemAdvise(data, bytes, cudaMemAdviseSetPreferredLocation, card_location());
  if (!fresh) {
    std::memset(data, 0, bytes);
  } else if (cudaMemset(data, 0, bytes) != cudaSuccess || cudaDeviceSynchronize() != cudaSuccess) {
    cudaGetLastError();
    cudaFree(data);
    return nullptr;
  }
  remember(data, bytes, Place::Card);
  return data;
}
void bring_to_card(void* stream, const void* data, size_t bytes) {
  if (cudaMemPrefetchAsync(data, bytes, card_location(),
#if CUDART_VERSION >= 13000
                           0,
#endif
                           static_cast<cudaStream_t>(stream)) != cudaSuccess)
    cudaGetLastError();  // then page by page, as they are read
}
void* pinned_allocate(size_t bytes) {
  enter_device();
  void* data = nullptr;
  if (cudaHostAlloc(&data, bytes ? bytes : 1, cudaHostAllocPortable | cudaHostAllocMapped) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  std::memset(data, 0, bytes);
  remember(data, bytes, Place::Host);
  return data;
}
void shared_release(void* data) {
  if (!data) return;
  Place place;
  {
    Ranges& known = ranges();
    const std::lock_guard lock(known.mutex);
    const auto found = known.all.find(reinterpret_cast<uintptr_t>(data));
    place = found->second.place;
    known.all.erase(found);
  }
  if (place == Place::Host) {
    cudaFreeHost(data);
  } else {
    cudaFree(data);
  }
}
Place place_of(const void* data) {
  Ranges& known = ranges();
  const std::lock_guard lock(known.mutex);
  const auto address = reinterpret_cast<uintptr_t>(data);
  auto next = known.all.upper_bound(address);
  if (next == known.all.begin()) return Place::Elsewhere;
  --next;
  return address < next->first + next->second.bytes ? next->second.place : Place::Elsewhere;
}
bool on_device(const void* data) { return reads_all_memory || !data || place_of(data) != Place::Elsewhere; }
DeviceMemory device_memory() {
  enter_device();
  size_t free_bytes = 0, total_bytes = 0;
  if (cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess) cudaGetLastError();
  return {total_bytes, free_bytes};
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
