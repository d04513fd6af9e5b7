#pragma once
// The cards themselves: finding them, their memory, and moving rows to and from it. Compiled for cards (device.cu) and for the
// emulation (tests/testkit/simt/device_emulated.cpp). Failures are words; empty means success.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/space.h"

namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE {

struct DeviceInfo {
  int number = 0;                           // of the card, as the driver counts from 0
  std::string name;                         // "NVIDIA GeForce RTX 4090"; where there are several, with "(cuda:1)"
  int major = 0, minor = 0;                 // compute capability
  int processors = 0;                       // streaming multiprocessors
  uint64_t total_bytes = 0;                 // of its memory
  std::string driver;                       // "13.0", the CUDA that the driver offers
};

// All cards that these kernels run on, in the driver's order. Where there is none `why` says so: no driver, an old driver,
// no card, an old card.
std::vector<DeviceInfo> find_devices(std::string& why);

// Makes a card the one of the calling thread; before anything else of a call. Streams and memory that are made then are
// that card's. Empty, or why it cannot be used.
std::string enter_device(int number);
// The card of threads that entered none: the first, unless another is named.
void use_device(int number);
int entered_device();

// A queue of work on the card. Two queues run side by side, except where one waits for the other.
std::string make_stream(void** stream);
void release_stream(void* stream);
// A mark on a stream: what is put on `stream` after wait_for() begins when everything before the last record() is done.
// An event that was never recorded holds nobody up.
void* make_event();
void release_event(void* event);
void record(void* event, void* stream);
void wait_for(void* event, void* stream);
// Waits until everything on the stream is done; an error of any of it comes out here.
std::string synchronize(void* stream);

// What is put on the stream between the two is not done but kept, to be put on it as one thing any number of times while
// the memory that it names is there. Null when it cannot be repeated.
void begin_recording(void* stream);
void* end_recording(void* stream);
void replay(void* recording, void* stream);
void release_recording(void* recording);

// Memory of the card alone, in the order of the stream. Null when there is not enough.
void* device_allocate(void* stream, size_t bytes);
void device_release(void* stream, void* data);

// Memory that both the card and the host read and write. Null when there is not enough. The host may touch it while no
// work on it is under way.
enum class Place {
  Elsewhere,  // the host's own memory
  Card,       // pages lie where they were used last, and belong on the card
  Host        // pages stay in the host's memory; copies from there run beside kernels
};
// Zeroed. `fresh`: nobody writes to it first, so its pages are made on the card at once.
void* card_allocate(size_t bytes, bool fresh);
// Brings the pages of a block of card_allocate that the host wrote to the card, in the order of the stream.
void bring_to_card(void* stream, const void* data, size_t bytes);
void* pinned_allocate(size_t bytes);
void shared_release(void* data);  // of either kind
Place place_of(const void* data);
// Whether kernels may be given this pointer as it is.
bool on_device(const void* data);
// Of a card's memory now: what it has and what nobody holds, bytes. The thread stays in the card it is in.
struct DeviceMemory {
  uint64_t total_bytes = 0, free_bytes = 0;
};
DeviceMemory device_memory(int number);

// `rows` rows of `width` bytes, `pitch` bytes apart in both places, in the order of the stream; the direction is found from
// the pointers.
void copy_rows(void* stream, void* to, const void* from, size_t pitch, size_t width, size_t rows);

}  // namespace scalewright::kernels::SCALEWRIGHT_CUDA_SPACE
