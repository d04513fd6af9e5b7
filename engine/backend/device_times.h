#pragma once
// What "auto" stands for on this machine: processor or card, by a few milliseconds of work that are timed on both the
// first time a card is seen, and remembered for that card, its driver, this processor and this version of the program.

#include <filesystem>
#include <functional>
#include <string>

#include "engine/backend/backend.h"
#include "engine/core/memory_source.h"

namespace scalewright {

// Seconds of one pass over a few quantized matrices: one row through them (chat), and many rows forward, backward and
// to the gradients of their scales in the precision that tuning has there (tuning).
struct WorkTimes {
  double chat = 0.0, tuning = 0.0;
};
struct WorkSize {
  int64_t width = 2048;  // of the matrices: 2048 x 2048 in 4 bits are 2.6 MB
  int matrices = 8;
  int64_t rows = 256;
  int repeats = 5;  // the fastest counts
};
// The memory comes from `source`, where the backend's device reads it.
WorkTimes time_work(Backend& backend, const MemorySource& source, const WorkSize& size = {});

struct DeviceTimes {
  WorkTimes processor, card;
};
struct DeviceChoice {
  bool card = false;
  std::string why;  // a sentence or two for a person
};
// The card when it was faster at both. `name`: of the card.
DeviceChoice choose_device(const std::string& name, const DeviceTimes& times);

// The times that `file` remembers for `key`, else measured now and remembered there. A file that cannot be read is
// begun anew; one that cannot be written is done without.
DeviceTimes known_device_times(const std::filesystem::path& file, const std::string& key,
                               const std::function<DeviceTimes()>& measure);

// A card is tried for the first time behind a marker, which is taken away when it answered, well or not. A marker that
// is still there says that the program did not survive the trial or was ended in it: the card is not tried again.
class FirstTrial {
 public:
  // False where the trial of `key` was begun before and never ended.
  static bool begin(const std::filesystem::path& marker, const std::string& key);
  static void end(const std::filesystem::path& marker);
};

}  // namespace scalewright
