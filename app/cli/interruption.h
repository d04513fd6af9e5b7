#pragma once
// Ctrl+C and SIGTERM: what they ask to stop.

#include <mutex>
#include <stop_token>

namespace scalewright::cli {

// The first signal asks the verb to stop cleanly, the next one ends the program at once.
class Interruption {
 public:
  // Takes the signals from here on, on a thread of its own, since hardly anything may be done in a handler. Once a
  // process, before it has other threads.
  void watch();
  std::stop_token stop() const { return whole_.get_token(); }

  // A part of the verb, as an answer in a chat: while it lives, a first Ctrl+C asks it alone to stop.
  class Part {
   public:
    explicit Part(Interruption& of);
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part();
    std::stop_token stop() const { return source_.get_token(); }

   private:
    friend class Interruption;
    Interruption& of_;
    std::stop_source source_;
  };

 private:
  void take(int number);
  std::mutex mutex_;
  std::stop_source whole_;
  Part* part_ = nullptr;
};

}  // namespace scalewright::cli
