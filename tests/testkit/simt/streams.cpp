// Streams and events of the emulated card: queues whose heads are done in an order drawn from the seed, as far as
// events leave a choice.

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "tests/testkit/simt/simt.h"

namespace simt {

struct Event {
  uint64_t recorded = 0, done = 0;  // how many record() were put on a stream, and which of them was reached
};
struct Stream {
  struct Item {
    std::function<void()> work;
    Event* event = nullptr;  // to wait for until `mark` is done, or, without `waits`, that becomes done
    uint64_t mark = 0;
    bool waits = false;
  };
  std::deque<Item> items;
  int card = -1;  // -1: of any
  Recording* recording = nullptr;  // that takes what comes
  bool ready() const {
    return !items.empty() && !(items.front().waits && items.front().event->done < items.front().mark);
  }
};

struct Recording {
  std::vector<std::function<void()>> work;
};

namespace {

bool deferring = false;
Stream default_stream;
std::vector<Stream*>& streams() {
  static std::vector<Stream*> all{&default_stream};
  return all;
}

Stream& of(Stream* stream) {
  return stream ? *stream : default_stream;
}

void do_first(Stream& stream) {
  const Stream::Item item = std::move(stream.items.front());
  stream.items.pop_front();
  use_card(stream.card);
  if (item.work) item.work();
  use_card(-1);
  if (item.event && !item.waits) item.event->done = std::max(item.event->done, item.mark);
}

void put(Stream* stream, Stream::Item item) {
  const std::lock_guard lock(turn());
  if (Recording* recording = of(stream).recording) {
    if (item.event) throw Error("an event is recorded or waited for in work that is to be repeated");
    recording->work.push_back(std::move(item.work));
    return;
  }
  of(stream).items.push_back(std::move(item));
  if (!deferring) synchronize(stream);
}

}  // namespace

Stream* make_stream() {
  const std::lock_guard lock(turn());
  streams().push_back(new Stream);
  streams().back()->card = entered();
  return streams().back();
}
void release_stream(Stream* stream) {
  if (!stream) return;
  const std::lock_guard lock(turn());
  synchronize(stream);
  std::erase(streams(), stream);
  delete stream;
}
Event* make_event() {
  return new Event;
}
void release_event(Event* event) {
  delete event;
}
void record(Event* event, Stream* stream) {
  const std::lock_guard lock(turn());
  put(stream, {{}, event, ++event->recorded, false});
}
void wait_for(Event* event, Stream* stream) {
  const std::lock_guard lock(turn());
  put(stream, {{}, event, event->recorded, true});
}
void in_line(Stream* stream, std::function<void()> work) {
  put(stream, {std::move(work)});
}

void begin_recording(Stream* stream) { of(stream).recording = new Recording; }
Recording* end_recording(Stream* stream) { return std::exchange(of(stream).recording, nullptr); }
void replay(const Recording* recording, Stream* stream) {
  ++card(entered()).replays;
  for (const auto& work : recording->work) in_line(stream, work);
}
void release_recording(Recording* recording) { delete recording; }

void defer(bool on) {
  const std::lock_guard lock(turn());
  for (Stream* stream : streams()) synchronize(stream);
  deferring = on;
}

void synchronize(Stream* stream) {
  const std::lock_guard lock(turn());
  if (of(stream).recording) throw Error("the host waits for work that is only written down");
  while (!of(stream).items.empty()) {
    std::vector<Stream*> able;
    for (Stream* s : streams())
      if (s->ready()) able.push_back(s);
    if (able.empty()) throw Error("the streams of the card wait for each other");
    try {
      do_first(*able[random_number() % able.size()]);
    } catch (...) {
      for (Stream* s : streams()) s->items.clear();  // what comes after an error is not done
      throw;
    }
  }
}

}  // namespace simt
