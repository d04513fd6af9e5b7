#pragma once
// What a running job tells whoever watches it. Calls come on the job's thread and must not block.

#include <cstdint>
#include <string>
#include <string_view>

namespace scalewright {

struct Progress {
  std::string step;        // what is being done now: "blk.3.ffn_down", "window 12 of 40"
  double fraction = 0.0;   // 0..1 of the whole job; negative when unknown
  double seconds_left = -1.0;  // negative when unknown
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void progress(const Progress&) {}
  virtual void warning(std::string_view) {}
};

}  // namespace scalewright
