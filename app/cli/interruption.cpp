#include "app/cli/interruption.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "app/cli/context.h"

namespace scalewright::cli {

void Interruption::watch() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  std::thread([set, this] {
    for (;;) {
      int number = 0;
      if (sigwait(&set, &number) == 0) take(number);
    }
  }).detach();
}

void Interruption::take(int number) {
  const std::lock_guard lock(mutex_);
  if (whole_.stop_requested()) _exit(kExitInterrupted);
  if (part_ != nullptr && part_->source_.request_stop() && number == SIGINT) return;
  whole_.request_stop();
  constexpr char kText[] = "\nStopping cleanly; once more to stop at once.\n";
  if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) return;  // who would hear it
}

Interruption::Part::Part(Interruption& of) : of_(of) {
  const std::lock_guard lock(of_.mutex_);
  of_.part_ = this;
  if (of_.whole_.stop_requested()) source_.request_stop();
}

Interruption::Part::~Part() {
  const std::lock_guard lock(of_.mutex_);
  of_.part_ = nullptr;
}

}  // namespace scalewright::cli
