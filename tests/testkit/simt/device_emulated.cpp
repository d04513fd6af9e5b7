// The card that kernels/cuda/device.h describes, emulated: memory whose ends are checked, and streams whose work is
// done at once or, while simt::defer holds, as late as it may be.

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/cuda/device.h"
#include "tests/testkit/simt/simt.h"

namespace scalewright::kernels::cuda_emulated {
namespace {

simt::Stream* of(void* stream) {
  return static_cast<simt::Stream*>(stream);
}
simt::Event* event_of(void* event) {
  return static_cast<simt::Event*>(event);
}

void* take(size_t bytes) {
  const std::lock_guard lock(simt::turn());
  if (bytes > device_memory(simt::entered()).free_bytes) return nullptr;
  simt::Card& c = simt::card(simt::entered());
  c.held_bytes += bytes;
  c.most_held_bytes = std::max(c.most_held_bytes, c.held_bytes);
  return simt::allocate(bytes);
}
void give_back(void* data) {
  const std::lock_guard lock(simt::turn());
  const simt::Allocation* a = data ? simt::find_allocation(data) : nullptr;
  if (a && !a->in_host) simt::card(a->card).held_bytes -= a->end - a->begin;
  simt::release(data);
}

}  // namespace

std::vector<DeviceInfo> find_devices(std::string& why) {
  why.clear();
  std::vector<DeviceInfo> found;
  for (int i = 0; i < simt::cards(); ++i) {
    DeviceInfo& info = found.emplace_back();
    info.number = i;
    info.name = "an emulated card";
    if (simt::cards() > 1) info.name += " (cuda:" + std::to_string(i) + ")";
    info.major = 8;
    info.processors = 4;
    info.driver = "0.0";
    info.total_bytes = device_memory(i).total_bytes;
  }
  return found;
}
std::string enter_device(int number) {
  simt::enter(number);
  return {};
}
void use_device(int) {}
int entered_device() {
  return simt::entered();
}
std::string make_stream(void** stream) {
  *stream = simt::make_stream();
  return {};
}
void release_stream(void* stream) {
  simt::release_stream(of(stream));
}
void* make_event() {
  return simt::make_event();
}
void release_event(void* event) {
  simt::release_event(event_of(event));
}
void record(void* event, void* stream) {
  simt::record(event_of(event), of(stream));
}
void wait_for(void* event, void* stream) {
  simt::wait_for(event_of(event), of(stream));
}
std::string synchronize(void* stream) {
  simt::synchronize(of(stream));
  return {};
}
void begin_recording(void* stream) { simt::begin_recording(of(stream)); }
void* end_recording(void* stream) { return simt::end_recording(of(stream)); }
void replay(void* recording, void* stream) { simt::replay(static_cast<simt::Recording*>(recording), of(stream)); }
void release_recording(void* recording) { simt::release_recording(static_cast<simt::Recording*>(recording)); }
void* device_allocate(void*, size_t bytes) {
  return take(bytes);
}
void device_release(void* stream, void* data) {
  if (data) simt::in_line(of(stream), [data] { give_back(data); });
}
void* card_allocate(size_t bytes, bool) {
  void* data = take(bytes);
  return data ? std::memset(data, 0, bytes) : nullptr;
}
void bring_to_card(void*, const void* data, size_t) {
  if (place_of(data) != Place::Card) throw simt::Error("pages that are not the card's are brought to it");
}
void* pinned_allocate(size_t bytes) {
  void* data = simt::allocate(bytes);
  simt::find_allocation(data)->in_host = true;
  return std::memset(data, 0, bytes);
}
void shared_release(void* data) {
  give_back(data);
}
Place place_of(const void* data) {
  const simt::Allocation* a = simt::find_allocation(data);
  return !a ? Place::Elsewhere : a->in_host ? Place::Host : Place::Card;
}
bool on_device(const void* data) {
  return !data || simt::find_allocation(data) != nullptr;
}
DeviceMemory device_memory(int number) {
  const std::lock_guard lock(simt::turn());
  const simt::Card& c = simt::card(number);
  const uint64_t taken = c.other_bytes + c.held_bytes;
  return {c.total_bytes, c.total_bytes > taken ? c.total_bytes - taken : 0};
}
void copy_rows(void* stream, void* to, const void* from, size_t pitch, size_t width, size_t rows) {
  const auto copy = [to, pitch, width, rows](const void* source) {
    for (size_t r = 0; r < rows; ++r)
      std::memcpy(static_cast<char*>(to) + r * pitch, static_cast<const char*>(source) + r * pitch, width);
  };
  const Place source = place_of(from), target = place_of(to);
  {
    const std::lock_guard lock(simt::turn());
    simt::Card& card = simt::card(simt::entered());
    if (source == Place::Elsewhere || target == Place::Elsewhere) card.staged_bytes += width * rows;
    if (source == Place::Host) card.fetched_bytes += width * rows;
  }
  if (source != Place::Elsewhere) {
    simt::in_line(of(stream), [copy, from] { copy(from); });
    return;
  }
  // What comes from the host's own memory is taken when the call is made.
  const auto* bytes = static_cast<const char*>(from);
  simt::in_line(of(stream),
                [copy, kept = std::vector<char>(bytes, bytes + (rows - 1) * pitch + width)] { copy(kept.data()); });
}

}  // namespace scalewright::kernels::cuda_emulated
