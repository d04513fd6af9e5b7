// The card that kernels/cuda/device.h describes, emulated: memory whose ends are checked, and a stream whose work is done at
// once or, while simt::defer holds, as late as it may be.

#include <cstring>
#include <vector>

#include "kernels/cuda/device.h"
#include "tests/testkit/simt/simt.h"

namespace scalewright::kernels::cuda_emulated {

std::string find_device(DeviceInfo& info) {
  info.name = "an emulated card";
  info.major = 8;
  info.processors = 4;
  info.total_bytes = info.free_bytes = uint64_t{1} << 32;
  return {};
}
void enter_device() {}
std::string make_stream(void** stream) {
  *stream = nullptr;
  return {};
}
void release_stream(void*) {}
std::string synchronize(void*) {
  simt::synchronize();
  return {};
}
void* device_allocate(void*, size_t bytes) { return simt::allocate(bytes); }
void device_release(void*, void* data) {
  simt::in_line([data] { simt::release(data); });
}
void* shared_allocate(size_t bytes) {
  void* data = simt::allocate(bytes);
  std::memset(data, 0, bytes);
  return data;
}
void shared_release(void* data) { simt::release(data); }
bool on_device(const void* data) { return !data || simt::find_allocation(data) != nullptr; }
void copy_rows(void*, void* to, const void* from, size_t pitch, size_t width, size_t rows) {
  const auto copy = [to, pitch, width, rows](const void* source) {
    for (size_t r = 0; r < rows; ++r)
      std::memcpy(static_cast<char*>(to) + r * pitch, static_cast<const char*>(source) + r * pitch, width);
  };
  if (on_device(from)) {
    simt::in_line([copy, from] { copy(from); });
    return;
  }
  // What comes from the host's own memory is taken when the call is made.
  const auto* bytes = static_cast<const char*>(from);
  simt::in_line([copy, kept = std::vector<char>(bytes, bytes + (rows - 1) * pitch + width)] { copy(kept.data()); });
}

}  // namespace scalewright::kernels::cuda_emulated
