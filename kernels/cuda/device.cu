#include "kernels/cuda/device.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <atomic>
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
// What find_devices() saw of each card.
constexpr int kMostCards = 64;
struct CardFacts {
  std::atomic<bool> overlaps = false;          // of compute capability 9.0 and later
  std::atomic<bool> reads_all_memory = false;  // the card reaches the host's pages through the system
};
std::array<CardFacts, kMostCards> facts;
std::atomic<int> usual = 0;     // see use_device
thread_local int entered = -1;  // -1: none yet

const CardFacts& facts_here() { return facts[static_cast<size_t>(entered_device())]; }
void enter() {
  if (entered < 0) enter_device(usual);
}
#if CUDART_VERSION >= 13000
cudaMemLocation card_location() { return {.type = cudaMemLocationTypeDevice, .id = entered_device()}; }
#else
int card_location() { return entered_device(); }
#endif

// Empty when these kernels run on it.
std::string why_unusable(int number, const cudaDeviceProp& properties) {
  if (properties.major < kOldest)
    return std::string(properties.name) + " is of compute capability " + std::to_string(properties.major) + "." +
           std::to_string(properties.minor) + "; " + std::to_string(kOldest) + ".0 and later can be used";
  int pools = 0;
  cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, number);
  if (!properties.managedMemory || !properties.concurrentManagedAccess || !pools)
    return std::string(properties.name) + " does not share memory with the processor on this system";
  return {};
}

}  // namespace

std::vector<DeviceInfo> find_devices(std::string& why) {
  int count = 0, driver = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  cudaDriverGetVersion(&driver);
  if (counted != cudaSuccess) cudaGetLastError();
  if (counted == cudaErrorInsufficientDriver && driver == 0) {
    why = "no NVIDIA driver is installed";
  } else if (counted == cudaErrorInsufficientDriver) {
    why = "the NVIDIA driver is too old for this program (it offers CUDA " + version_words(driver) + ", needed is " +
          version_words(CUDART_VERSION) + ")";
  } else if (counted == cudaErrorNoDevice || (counted == cudaSuccess && count == 0)) {
    why = "the NVIDIA driver finds no card";
  } else if (counted != cudaSuccess) {
    why = "the NVIDIA driver does not answer (" + words(counted) + ")";
  } else {
    why = "no card could be asked for its properties";
  }
  std::vector<DeviceInfo> found;
  for (int i = 0; counted == cudaSuccess && i < std::min(count, kMostCards); ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) {
      cudaGetLastError();
      continue;
    }
    if (std::string unusable = why_unusable(i, properties); !unusable.empty()) {
      why = std::move(unusable);
      continue;
    }
    DeviceInfo info;
    info.number = i;
    info.name = properties.name;
    if (count > 1) info.name += " (cuda:" + std::to_string(i) + ")";
    info.major = properties.major;
    info.minor = properties.minor;
    info.processors = properties.multiProcessorCount;
    info.total_bytes = properties.totalGlobalMem;
    info.driver = version_words(driver);
    CardFacts& seen = facts[static_cast<size_t>(i)];
    seen.overlaps = properties.major >= 9;
    seen.reads_all_memory = properties.pageableMemoryAccess != 0;
    found.push_back(std::move(info));
  }
  if (!found.empty()) why.clear();
  return found;
}

bool overlaps_kernels() { return facts_here().overlaps; }

std::string enter_device(int number) {
  if (entered == number) return {};
  if (const cudaError_t error = cudaSetDevice(number); error != cudaSuccess) {
    cudaGetLastError();
    return words(error);
  }
  entered = number;
  // Scratch that is released stays with the program until it ends.
  cudaMemPool_t pool;
  if (cudaDeviceGetDefaultMemPool(&pool, number) == cudaSuccess) {
    uint64_t keep = UINT64_MAX;
    cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep);
  }
  return {};
}
void use_device(int number) { usual = number; }
int entered_device() { return entered < 0 ? usual.load() : entered; }

std::string make_stream(void** stream) {
  enter();
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
  enter();
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
  enter();
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
bool on_device(const void* data) { return facts_here().reads_all_memory || !data || place_of(data) != Place::Elsewhere; }
DeviceMemory device_memory(int number) {
  size_t free_bytes = 0, total_bytes = 0;
  int before = 0;
  const bool away = entered_device() != number && cudaGetDevice(&before) == cudaSuccess;
  if (cudaSetDevice(number) != cudaSuccess || cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess) cudaGetLastError();
  if (away) cudaSetDevice(before);
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
