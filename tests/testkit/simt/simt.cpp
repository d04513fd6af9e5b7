#include "tests/testkit/simt/simt.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/testkit/simt/access_log.h"
#include "tests/testkit/simt/faults.h"
#include "tests/testkit/simt/fiber.h"

namespace simt {
namespace {

constexpr int kWarp = 32;
constexpr size_t kSharedLimit = 48 * 1024, kLargeSharedLimit = 99 * 1024;

enum class State : uint8_t { Ready, Waiting, Done };
struct Thread {
  Fiber fiber;
  State state = State::Ready;
  Collective kind = Collective::None;
  const char* file = "";
  unsigned line = 0;
  uint32_t given = 0;
  Factors factors;
  uint32_t warp_epoch = 0;
  struct Copy {
    SharedRegion to;
    int64_t index;
    const void* from;
    Where where;
  };
  std::vector<std::vector<Copy>> copies;  // groups of those under way, the last one open
};

// Who touched an element of shared memory last; an epoch ends at a barrier.
struct Shadow {
  int writer = -1, reader = -1, reader_before = -1;  // threads
  bool many_readers = false;     // of the epoch, of more than one warp
  uint32_t write_epoch = 0, write_warp_epoch = 0, read_epoch = 0, read_warp_epoch = 0;
};

struct Block {
  std::vector<Thread> threads;
  std::vector<uint32_t> exchanged;  // a value a thread: what its lane gave to the last collective
  std::vector<Factors> factors;     // the same of products
  std::vector<uint8_t> shared;
  std::vector<Shadow> shadow;
  struct Site {
    unsigned line;
    std::string file;
    SharedRegion region;
  };
  std::vector<Site> regions;
  int64_t shared_bytes = 0, room = 0;
  uint32_t epoch = 0;
  std::exception_ptr failure;
};

std::map<uintptr_t, std::unique_ptr<Allocation>>& allocations() {
  static std::map<uintptr_t, std::unique_ptr<Allocation>> all;
  return all;
}
std::mt19937_64 random_order(1);
Block block;
int current = -1;
FiberContext scheduler;
void (*body)(void*) = nullptr;
void* body_context = nullptr;
Dim3 block_size;
AccessLog access_log;
bool count_accesses = false;
constexpr size_t kMostCards = 4;
int card_count = 1;
thread_local int entered_card = 0;
int working_card = -1;  // of the stream whose work is done

std::string at(const char* file, unsigned line) {
  const std::string path(file);
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
}
std::string at(const Where& where) { return at(where.file_name(), where.line()); }
std::string thread_name(int index) {
  return "thread " + std::to_string(index) + " of block " + std::to_string(ids.block.x) + "," +
         std::to_string(ids.block.y) + "," + std::to_string(ids.block.z);
}

void thread_main() {
  try {
    body(body_context);
    for (const auto& group : block.threads[static_cast<size_t>(current)].copies)
      if (!group.empty())
        throw Error(thread_name(current) + " returns before its copies of " + at(group[0].where) + " are done");
  } catch (...) {
    if (!block.failure) block.failure = std::current_exception();
  }
  block.threads[static_cast<size_t>(current)].state = State::Done;
  switch_fiber(block.threads[static_cast<size_t>(current)].fiber.context, scheduler);
}

void resume(int index) {
  current = index;
  const auto t = static_cast<unsigned>(index);
  ids.thread = {t % block_size.x, t / block_size.x % block_size.y, t / block_size.x / block_size.y};
  switch_fiber(scheduler, block.threads[t].fiber.context);
}

std::string describe(int index) {
  const Thread& t = block.threads[static_cast<size_t>(index)];
  if (t.state == State::Done) return thread_name(index) + " has returned";
  return thread_name(index) + " waits at " + at(t.file, t.line);
}

bool same_place(const Thread& a, const Thread& b) {
  return a.kind == b.kind && a.line == b.line && std::strcmp(a.file, b.file) == 0;
}

// Lets the threads first .. first + count - 1 go on if all of them wait at one place. Returns whether they did.
bool release_together(int first, int count, bool warp) {
  const Thread& front = block.threads[static_cast<size_t>(first)];
  for (int i = first; i < first + count; ++i) {
    const Thread& t = block.threads[static_cast<size_t>(i)];
    if (t.state != State::Waiting || !same_place(t, front) || (t.kind == Collective::Barrier) == warp) return false;
  }
  for (int i = first; i < first + count; ++i) {
    Thread& t = block.threads[static_cast<size_t>(i)];
    block.exchanged[static_cast<size_t>(i)] = t.given;
    if (t.kind == Collective::Product) block.factors[static_cast<size_t>(i)] = t.factors;
    t.state = State::Ready;
    if (t.kind == Collective::WarpBarrier) ++t.warp_epoch;
  }
  if (!warp) ++block.epoch;
  return true;
}

void run_block() {
  const int count = static_cast<int>(block_size.count());
  if (block.threads.size() < static_cast<size_t>(count)) block.threads.resize(static_cast<size_t>(count));
  block.exchanged.assign(static_cast<size_t>(count), 0);
  block.factors.resize(static_cast<size_t>(count));
  block.regions.clear();
  block.shadow.clear();
  block.shared.assign(block.room > 0 ? kLargeSharedLimit : kSharedLimit, 0xff);
  block.shared_bytes = 0;
  block.epoch = 1;
  block.failure = nullptr;
  for (int i = 0; i < count; ++i) {
    Thread& t = block.threads[static_cast<size_t>(i)];
    t.state = State::Ready;
    t.kind = Collective::None;
    t.warp_epoch = 1;
    t.copies.assign(1, {});
    t.fiber.start(thread_main);
  }
  access_log.begin_block(count_accesses ? count : 0);
  std::vector<int> order(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) order[static_cast<size_t>(i)] = i;
  while (true) {
    std::shuffle(order.begin(), order.end(), random_order);
    bool moved = false;
    for (const int i : order) {
      if (block.threads[static_cast<size_t>(i)].state != State::Ready) continue;
      resume(i);
      moved = true;
      if (block.failure) std::rethrow_exception(block.failure);
    }
    bool done = true;
    for (int i = 0; i < count; ++i) done = done && block.threads[static_cast<size_t>(i)].state == State::Done;
    if (done) break;
    for (int warp = 0; warp < count; warp += kWarp) moved |= release_together(warp, kWarp, true);
    moved |= release_together(0, count, false);
    if (moved) continue;
    // Nobody can go on: some threads wait for others that will not come.
    int waiting = 0;
    while (block.threads[static_cast<size_t>(waiting)].state != State::Waiting) ++waiting;
    int other = 0;
    while (other + 1 < count && (block.threads[static_cast<size_t>(other)].state == State::Waiting &&
                                 same_place(block.threads[static_cast<size_t>(other)],
                                            block.threads[static_cast<size_t>(waiting)])))
      ++other;
    throw Error("divergent barrier: " + describe(waiting) + ", but " + describe(other));
  }
  access_log.end_block();
}

}  // namespace

ThreadIds ids;

void* allocate(size_t bytes) {
  const size_t room = (bytes + 255) / 256 * 256 + 256;
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(256, room));
  if (!data) throw std::bad_alloc();
  std::memset(data, 0xff, room);
  const auto begin = reinterpret_cast<uintptr_t>(data);
  const std::lock_guard lock(turn());
  allocations()[begin] = std::make_unique<Allocation>(Allocation{.begin = begin, .end = begin + bytes, .card = entered()});
  return data;
}
void release(void* data) {
  if (!data) return;
  const std::lock_guard lock(turn());
  if (allocations().erase(reinterpret_cast<uintptr_t>(data)) == 0) throw Error("memory is released that is not the card's");
  std::free(data);
}
Allocation* find_allocation(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  const std::lock_guard lock(turn());
  auto next = allocations().upper_bound(address);
  if (next == allocations().begin()) return nullptr;
  Allocation* found = std::prev(next)->second.get();
  return address < found->end ? found : nullptr;
}

void seed(uint64_t value) { random_order.seed(value); }
uint64_t random_number() { return random_order(); }
std::recursive_mutex& turn() {
  static std::recursive_mutex mutex;
  return mutex;
}
Card& card(int number) {
  static std::array<Card, kMostCards> all;
  return all.at(static_cast<size_t>(number));
}
void set_cards(int count) { card_count = count; }
int cards() { return card_count; }
void enter(int number) { entered_card = number; }
int entered() { return entered_card; }
void use_card(int number) { working_card = number; }
void counting(bool on) {
  count_accesses = on;
  access_log.clear();
  if (!on) return;
  for (auto& [begin, allocation] : allocations()) allocation->read_sectors = allocation->written_sectors = 0;
}
Counters counters() { return access_log.counters(); }
int lane() { return current % kWarp; }

void wait(Collective kind, const Where& where) {
  if (faults_wanted && (kind == Collective::Barrier || kind == Collective::WarpBarrier) && left_out(where)) return;
  Thread& t = block.threads[static_cast<size_t>(current)];
  t.kind = kind;
  t.file = where.file_name();
  t.line = where.line();
  t.state = State::Waiting;
  switch_fiber(t.fiber.context, scheduler);
}
uint32_t exchange(Collective kind, uint32_t value, int source, const Where& where) {
  const int me = current;
  block.threads[static_cast<size_t>(me)].given = value;
  wait(kind, where);
  // As on a card: a source outside the warp gives the lane's own value.
  if (source < 0 || source >= kWarp) source = me % kWarp;
  return block.exchanged[static_cast<size_t>(me / kWarp * kWarp + source)];
}
uint32_t ballot(bool value, const Where& where) {
  const int me = current;
  block.threads[static_cast<size_t>(me)].given = value ? 1u : 0u;
  wait(Collective::Ballot, where);
  uint32_t bits = 0;
  for (int i = 0; i < kWarp; ++i) bits |= block.exchanged[static_cast<size_t>(me / kWarp * kWarp + i)] << i;
  return bits;
}

const Factors* share(const Factors& mine, const Where& where) {
  const int me = current;
  block.threads[static_cast<size_t>(me)].factors = mine;
  wait(Collective::Product, where);
  return block.factors.data() + me / kWarp * kWarp;
}

void check_global(const Allocation* allocation, uintptr_t address, size_t bytes, size_t align, bool write,
                  const Where& where) {
  const char* verb = write ? "writes" : "reads";
  if (!allocation) throw Error(thread_name(current) + " " + verb + " through a null pointer at " + at(where));
  if (address < allocation->begin || address + bytes > allocation->end)
    throw Error(thread_name(current) + " " + verb + " outside its buffer at " + at(where) + ": bytes " +
                std::to_string(static_cast<int64_t>(address - allocation->begin)) + " to " +
                std::to_string(static_cast<int64_t>(address + bytes - allocation->begin)) + " of " +
                std::to_string(allocation->end - allocation->begin));
  if (address % align != 0)
    throw Error(thread_name(current) + " " + verb + " " + std::to_string(bytes) + " bytes at " + at(where) +
                " from an address that is no multiple of them");
  if (allocation->in_host) card(allocation->card).in_place_bytes += bytes;
  if (!allocation->in_host && working_card >= 0 && allocation->card != working_card)
    throw Error(thread_name(current) + " of card " + std::to_string(working_card) + " " + verb + " memory of card " +
                std::to_string(allocation->card) + " at " + at(where));
  if (count_accesses)
    access_log.global(current, where, address, static_cast<uint32_t>(bytes), const_cast<Allocation*>(allocation), write);
}

SharedRegion shared_region(size_t element, int64_t count, const Where& where) {
  for (const auto& site : block.regions)
    if (site.line == where.line() && site.file == where.file_name()) return site.region;
  SharedRegion region;
  block.shared_bytes = (block.shared_bytes + 15) / 16 * 16;
  region.size = element;
  region.count = count;
  region.offset = block.shared_bytes;
  region.first = static_cast<int64_t>(block.shadow.size());
  region.data = block.shared.data() + region.offset;
  block.shared_bytes += static_cast<int64_t>(element) * count;
  if (static_cast<size_t>(block.shared_bytes) > block.shared.size())
    throw Error("a block asks for " + std::to_string(block.shared_bytes) + " bytes of shared memory at " + at(where));
  block.shadow.resize(block.shadow.size() + static_cast<size_t>(count));
  block.regions.push_back({where.line(), where.file_name(), region});
  return region;
}

namespace {
void claim_shared(const SharedRegion& region, int64_t index, int64_t elements, bool write, const Where& where) {
  const char* verb = write ? "writes" : "reads";
  if (index < 0 || index + elements > region.count)
    throw Error(thread_name(current) + " " + verb + " element " + std::to_string(index) + " of " +
                std::to_string(region.count) + " of shared memory at " + at(where));
  if (index % elements != 0)
    throw Error(thread_name(current) + " " + verb + " a vector of shared memory that is not aligned at " + at(where));
  const Thread& me = block.threads[static_cast<size_t>(current)];
  const int warp = current / kWarp;
  // Two accesses of different threads are ordered by a block barrier, or within a warp by a warp barrier.
  const auto unordered = [&](int other, uint32_t epoch, uint32_t warp_epoch) {
    return other >= 0 && other != current && epoch == block.epoch &&
           (other / kWarp != warp || warp_epoch == me.warp_epoch);
  };
  for (int64_t i = index; i < index + elements; ++i) {
    Shadow& s = block.shadow[static_cast<size_t>(region.first + i)];
    if (unordered(s.writer, s.write_epoch, s.write_warp_epoch))
      throw Error("race: " + thread_name(current) + " " + verb + " element " + std::to_string(i) +
                  " of shared memory at " + at(where) + " that thread " + std::to_string(s.writer) +
                  " wrote with no barrier between");
    if (write) {
      if (unordered(s.reader, s.read_epoch, s.read_warp_epoch) ||
          unordered(s.reader_before, s.read_epoch, s.read_warp_epoch) ||
          (s.many_readers && s.read_epoch == block.epoch))
        throw Error("race: " + thread_name(current) + " writes element " + std::to_string(i) +
                    " of shared memory at " + at(where) + " that thread " + std::to_string(s.reader) +
                    " reads with no barrier between");
      s.writer = current;
      s.write_epoch = block.epoch;
      s.write_warp_epoch = me.warp_epoch;
      continue;
    }
    if (s.writer < 0)
      throw Error(thread_name(current) + " reads element " + std::to_string(i) +
                  " of shared memory that nobody wrote, at " + at(where));
    const bool same_epoch = s.read_epoch == block.epoch && s.reader >= 0;
    s.many_readers = same_epoch && (s.many_readers || s.reader / kWarp != warp);
    // Another reader than this one is kept too: a thread that writes what it read itself may race with that one.
    if (!same_epoch || s.read_warp_epoch != me.warp_epoch) s.reader_before = -1;
    if (same_epoch && s.reader != current) s.reader_before = s.reader;
    s.reader = current;
    s.read_epoch = block.epoch;
    s.read_warp_epoch = me.warp_epoch;
  }
}
}  // namespace

void check_shared(const SharedRegion& region, int64_t index, int64_t elements, bool write, const Where& where) {
  claim_shared(region, index, elements, write, where);
  if (count_accesses)
    access_log.shared(current, where, static_cast<uint32_t>(region.offset + index * static_cast<int64_t>(region.size)),
                      static_cast<uint32_t>(elements * static_cast<int64_t>(region.size)));
}

// A copy under way may write at any time until it is waited for: its place counts as written at both ends, and holds no
// number in between.
void begin_copy(const SharedRegion& to, int64_t index, const void* from, const Where& where) {
  check_shared(to, index, static_cast<int64_t>(16 / to.size), true, where);
  std::memset(to.data + index * static_cast<int64_t>(to.size), 0xff, 16);
  block.threads[static_cast<size_t>(current)].copies.back().push_back({to, index, from, where});
}
void close_copies() { block.threads[static_cast<size_t>(current)].copies.emplace_back(); }
void open_copies(int left) {
  auto& copies = block.threads[static_cast<size_t>(current)].copies;
  while (static_cast<int>(copies.size()) - 1 > left) {
    for (const Thread::Copy& c : copies.front()) {
      claim_shared(c.to, c.index, static_cast<int64_t>(16 / c.to.size), true, c.where);
      uint8_t* to = c.to.data + c.index * static_cast<int64_t>(c.to.size);
      if (c.from) {
        std::memcpy(to, c.from, 16);
      } else {
        std::memset(to, 0, 16);
      }
    }
    copies.erase(copies.begin());
  }
}

int64_t room_bytes() {
  return block.room;
}

void run(Dim3 grid, Dim3 size, void (*kernel)(void*), void* context, int64_t room) {
  const uint64_t threads = size.count();
  if (threads == 0 || threads > 1024 || threads % kWarp != 0)
    throw Error("a block of " + std::to_string(threads) + " threads; whole warps up to 1024 can be run");
  if (grid.count() == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
    throw Error("a grid of " + std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
                std::to_string(grid.z) + " blocks; none can be empty, and y and z end at 65535");
  body = kernel;
  body_context = context;
  block_size = size;
  block.room = room;
  ids.block_dim = size;
  ids.grid_dim = grid;
  std::vector<uint64_t> order(grid.count());
  for (uint64_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random_order);
  for (const uint64_t i : order) {
    ids.block = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                 static_cast<unsigned>(i / grid.x / grid.y)};
    run_block();
  }
}

}  // namespace simt
