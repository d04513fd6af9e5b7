#pragma once
// Devices that compute side by side on equal terms: what a run of tuning needs to share its steps with them.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"

namespace scalewright {

// Adds up numbers that lie in the memories of several devices.
class DeviceSums {
 public:
  virtual ~DeviceSums() = default;
  virtual std::string name() const = 0;  // "NCCL 2.28"
  // numbers[i] [n], of device i, become the sum over all devices, the same bits everywhere. Nobody works on them meanwhile.
  virtual Result<void> add_up(std::span<float* const> numbers, int64_t n) = 0;
};
// By the host, in double precision, in the order of the devices; of numbers that the host reaches.
std::unique_ptr<DeviceSums> make_host_sums();

struct Companions {
  struct Device {
    std::string name;  // "NVIDIA GeForce RTX 4090 (cuda:1)"
    // As Backend::device_memory(), now, from any thread.
    std::function<std::optional<DeviceMemory>()> memory;
    // In the thread that will use it, and that then takes memory_source()'s blocks there.
    std::function<Result<std::unique_ptr<Backend>>()> open;
  };
  std::vector<Device> devices;  // beside the backend's own
  // For up to `most` numbers on the backend's own device and the first `count` of these; null: the host adds them up.
  std::function<std::unique_ptr<DeviceSums>(int count, int64_t most)> make_sums = nullptr;
  uint64_t sum_bytes = 0;  // of each device's memory that this takes a number
};

}  // namespace scalewright
