#pragma once
// CUDA kernels as plain C++: what kernels/cuda/portable.h includes instead of the CUDA headers when a kernel is compiled for
// a test. A thread of a block is a fiber; barriers and warp collectives are where it yields, and between two of them the
// threads of a block run one after the other in an order drawn from a seed. What would be undefined on a card is an
// error here, thrown out of launch() with the line of the kernel:
//   - a read or write outside the allocation that a pointer was made from, not aligned to its type, or of another card's;
//   - a barrier or a warp collective that some threads of the block (of the warp) do not reach, or reach at another line;
//   - shared memory that is read before it was written, or written and read by two threads with no barrier between;
//   - a thread that returns while copies of its own are under way;
//   - more than 48 KB of shared memory (99 where a launch asks for room of its own), a block that is no multiple of a warp, or a grid beyond CUDA's limits.
// While counting, it also tells how many bytes were moved and how well the lanes of a warp shared sectors and banks.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <mutex>
#include <source_location>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace simt {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr Dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr uint64_t count() const { return uint64_t{x} * y * z; }
};
using Where = std::source_location;

// Any thread may use the card; its work is done by one at a time.
std::recursive_mutex& turn();

// Memory of the emulated card that the thread has entered. Fresh memory holds the byte 0xff: NaN as a float.
void* allocate(size_t bytes);
void release(void* data);
struct Allocation {
  uintptr_t begin = 0, end = 0;
  int card = 0;
  bool in_host = false;  // its pages lie in the host's memory (device_emulated.cpp)
  uint64_t read_sectors = 0, written_sectors = 0;  // 32 bytes each; while counting
};
// The allocation that holds the address, or null.
Allocation* find_allocation(const void* data);

// A card as a whole, for tests to set and to read.
struct Card {
  uint64_t total_bytes = uint64_t{1} << 32, other_bytes = 0;  // of its memory; held by other programs
  uint64_t held_bytes = 0, most_held_bytes = 0;               // by this one, now and at the most
  uint64_t staged_bytes = 0;   // copied to or from memory of the host that the card cannot reach
  uint64_t fetched_bytes = 0;  // copied to the card from memory of the host that it can reach
  uint64_t replays = 0;        // of recordings
  uint64_t in_place_bytes = 0; // of such memory, read and written by kernels themselves
};
// Of the cards that there are; one, unless a test asks for more.
Card& card(int number = 0);
void set_cards(int count);
int cards();
void enter(int card);  // this thread
int entered();

// Counters of one allocation or launch, filled while counting(true).
struct Counters {
  uint64_t global_sectors = 0;        // 32-byte sectors that the warps' accesses touched
  uint64_t global_least = 0;          // what the same bytes need when packed side by side
  uint64_t shared_wavefronts = 0;     // passes over the banks that the accesses took
  uint64_t shared_least = 0;          // without any conflict
};
void counting(bool on);  // on: from zero
Counters counters();
void seed(uint64_t value);  // of the order of threads, blocks and streams
uint64_t random_number();

// Kernels made wrong on purpose, to see that a test notices: at one place of their source a barrier is left out, or the
// index of an access is one too large.
enum class Fault : uint8_t { None, NoBarrier, ShiftedIndex };
struct FaultPlace {
  std::string file;  // without folders
  unsigned line = 0, column = 0;
  bool operator<(const FaultPlace& o) const { return std::tie(file, line, column) < std::tie(o.file, o.line, o.column); }
};
void break_at(Fault fault, const FaultPlace& place = {});
// The places that launches have passed since watch(true): barriers, or accesses of memory.
void watch(bool on);
std::vector<FaultPlace> places_seen(Fault fault);
inline bool faults_wanted = false;  // of any kind, or watched for
int64_t index_shift(const Where& where);

// What the fibers share with the scheduler (simt.cpp).
enum class Collective : uint8_t { None, Barrier, WarpBarrier, ShuffleXor, ShuffleDown, Shuffle, Ballot, Product };
struct ThreadIds {
  Dim3 thread{0, 0, 0}, block{0, 0, 0}, block_dim, grid_dim;
};
extern ThreadIds ids;
void wait(Collective kind, const Where& where);
// Gives `value` to the warp and takes the one of lane `source`.
uint32_t exchange(Collective kind, uint32_t value, int source, const Where& where);
uint32_t ballot(bool value, const Where& where);
// What each lane of a warp gives to a product of matrices; all of the warp's are there until its next collective.
struct Factors {
  uint32_t a[4], b[2];
};
const Factors* share(const Factors& mine, const Where& where);
int lane();
void check_global(const Allocation* allocation, uintptr_t at, size_t bytes, size_t align, bool write, const Where& where);
struct SharedRegion {
  uint8_t* data = nullptr;
  int64_t count = 0;
  size_t size = 0;         // of an element, bytes
  int64_t first = 0;       // number of its first element among all of the block
  int64_t offset = 0;      // bytes from the start of the block's shared memory
};
SharedRegion shared_region(size_t element, int64_t count, const Where& where);
void check_shared(const SharedRegion& region, int64_t index, int64_t elements, bool write, const Where& where);
void run(Dim3 grid, Dim3 block, void (*body)(void*), void* context, int64_t room = 0);
int64_t room_bytes();  // that the launch under way asks for
void use_card(int card);  // that of the stream whose work is done now; -1: any

// Streams: queues of work, null being one of them. While deferring, launches and what is put in line with them wait for
// synchronize(), so that a host that touches their buffers too early sees old numbers, always; and what two streams may do
// in any order is done in an order drawn from the seed. Not deferring, everything is done at once.
struct Stream;
struct Event;
Stream* make_stream();
void release_stream(Stream* stream);  // with nothing left in it
Event* make_event();
void release_event(Event* event);
void record(Event* event, Stream* stream);
void wait_for(Event* event, Stream* stream);
void defer(bool on);
void in_line(Stream* stream, std::function<void()> work);
void synchronize(Stream* stream);
// Work put on a stream between the two is kept instead of done, and can be put on it again and again.
struct Recording;
void begin_recording(Stream* stream);
Recording* end_recording(Stream* stream);
void replay(const Recording* recording, Stream* stream);
void release_recording(Recording* recording);

// A pointer of the card: it knows its allocation, and is read and written by ld and st only.
template <class T>
class Global {
 public:
  Global() = default;
  Global(std::nullptr_t) {}
  Global(T* data) : data_(data) {
    if (!data) return;
    allocation_ = find_allocation(data);
    // One past the end is a pointer too, if nothing is read there.
    if (!allocation_) allocation_ = find_allocation(reinterpret_cast<const char*>(data) - 1);
    if (!allocation_) throw Error("a kernel was given a pointer that is not of the card");
  }
  template <class U>
    requires std::is_convertible_v<U*, T*>
  Global(const Global<U>& other) : data_(other.data()), allocation_(other.allocation()) {}
  explicit operator bool() const { return data_ != nullptr; }
  Global operator+(int64_t n) const {
    Global moved = *this;
    moved.data_ = reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(data_) + static_cast<uintptr_t>(n) * sizeof(T));
    return moved;
  }
  Global& operator+=(int64_t n) { return *this = *this + n; }
  T* data() const { return data_; }
  Allocation* allocation() const { return allocation_; }
  template <class U>
  Global<U> as() const {
    Global<U> cast;
    cast.data_ = reinterpret_cast<U*>(data_);
    cast.allocation_ = allocation_;
    return cast;
  }

 private:
  template <class U>
  friend class Global;
  T* data_ = nullptr;
  Allocation* allocation_ = nullptr;
};

template <class T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(const SharedRegion& region) : region_(region) {}
  Shared operator+(int64_t n) const {
    Shared moved = *this;
    moved.at_ += n;
    return moved;
  }
  const SharedRegion& region() const { return region_; }
  int64_t at() const { return at_; }

 private:
  SharedRegion region_;
  int64_t at_ = 0;
};

template <class T>
Shared<T> shared(int64_t count, const Where& where = Where::current()) {
  return Shared<T>(shared_region(sizeof(T), count, where));
}
inline Shared<uint32_t> room(const Where& where = Where::current()) {
  return shared<uint32_t>(room_bytes() / 4, where);
}

// One element; or a vector of elements of the pointer's type, aligned to its own size.
template <class V, class T>
V load(const Global<T>& p, int64_t i, const Where& where) {
  if (faults_wanted) i += index_shift(where);
  const auto at = reinterpret_cast<uintptr_t>(p.data()) + static_cast<uintptr_t>(i) * sizeof(T);
  check_global(p.allocation(), at, sizeof(V), sizeof(V), false, where);
  V value;
  std::memcpy(&value, reinterpret_cast<const void*>(at), sizeof value);
  return value;
}
template <class V, class T>
void store(const Global<T>& p, int64_t i, const V& value, const Where& where) {
  if (faults_wanted) i += index_shift(where);
  const auto at = reinterpret_cast<uintptr_t>(p.data()) + static_cast<uintptr_t>(i) * sizeof(T);
  check_global(p.allocation(), at, sizeof(V), sizeof(V), true, where);
  std::memcpy(reinterpret_cast<void*>(at), &value, sizeof value);
}
template <class V, class T>
V load(const Shared<T>& p, int64_t i, const Where& where) {
  if (faults_wanted) i += index_shift(where);
  check_shared(p.region(), p.at() + i, sizeof(V) / sizeof(T), false, where);
  V value;
  std::memcpy(&value, p.region().data + (p.at() + i) * static_cast<int64_t>(sizeof(T)), sizeof value);
  return value;
}
template <class V, class T>
void store(const Shared<T>& p, int64_t i, const V& value, const Where& where) {
  if (faults_wanted) i += index_shift(where);
  check_shared(p.region(), p.at() + i, sizeof(V) / sizeof(T), true, where);
  std::memcpy(p.region().data + (p.at() + i) * static_cast<int64_t>(sizeof(T)), &value, sizeof value);
}

// Copies to shared memory that go on while the thread does (cp.async): what they bring is there when the thread waits for
// their group, and not before. Sixteen bytes each, zeros from null.
void close_copies();
void open_copies(int left);
void begin_copy(const SharedRegion& to, int64_t index, const void* from, const Where& where);
inline void copy_later(const Shared<uint32_t>& to, int64_t word, const Global<const uint8_t>& from, int64_t byte,
                       const Where& where) {
  if (faults_wanted) word += index_shift(where);
  if (!from) return begin_copy(to.region(), to.at() + word, nullptr, where);
  const auto at = reinterpret_cast<uintptr_t>(from.data()) + static_cast<uintptr_t>(byte);
  check_global(from.allocation(), at, 16, 16, false, where);
  begin_copy(to.region(), to.at() + word, reinterpret_cast<const void*>(at), where);
}

// room: bytes of shared memory that the kernel takes by room().
template <class... P, class... A>
void launch_with_room(void* stream, int64_t room, void (*kernel)(P...), Dim3 grid, Dim3 block, A... arguments) {
  struct Call {
    void (*kernel)(P...);
    std::tuple<P...> parameters;
  } call{kernel, std::tuple<P...>(static_cast<P>(arguments)...)};
  in_line(static_cast<Stream*>(stream), [call, grid, block, room]() mutable {
    run(
        grid, block, [](void* c) { std::apply(static_cast<Call*>(c)->kernel, static_cast<Call*>(c)->parameters); },
        &call, room);
  });
}
template <class... P, class... A>
void launch(void* stream, void (*kernel)(P...), Dim3 grid, Dim3 block, A... arguments) {
  launch_with_room(stream, 0, kernel, grid, block, arguments...);
}

}  // namespace simt
