// scalewright-cli: everything the window does, from a terminal. The contract of its words is in README.md, "Command line".

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <new>
#include <thread>

#include "app/cli/context.h"

namespace {

using scalewright::ErrorCode;
using scalewright::Result;
using scalewright::cli::Context;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// Ctrl+C asks the job to stop cleanly; a second one ends the program at once. Signals are taken by a thread of their own,
// since hardly anything may be done in a handler.
void watch_signals(std::stop_source& source) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  std::thread([set, &source] {
    bool asked = false;
    for (;;) {
      int number = 0;
      if (sigwait(&set, &number) != 0) continue;
      if (asked) _exit(scalewright::cli::kExitInterrupted);
      asked = true;
      source.request_stop();
      constexpr char kText[] = "\nStopping cleanly; once more to stop at once.\n";
      if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) continue;
    }
  }).detach();
}

Result<int> run_guarded(const Context& context) {
  try {
    return context.command();
  } catch (const std::bad_alloc&) {
    return scalewright::fail(ErrorCode::OutOfMemory, "This machine has too little free memory for that. Close other programs or choose smaller settings.");
  } catch (const std::exception& error) {
    return scalewright::fail(ErrorCode::InvalidArgument, std::string("Internal error: ") + error.what() + ". Please report it with the command you ran.");
  }
}

}  // namespace

int main(int argc, char** argv) {
  static std::stop_source stop;
  watch_signals(stop);

  Context context;
  context.stop = stop.get_token();
  CLI::App app{"Scalewright: quantize a language model, tune only its scales, talk to it, take it anywhere.\n"
               "MODEL is a .gguf file or a folder of safetensors; RUN is the folder of a tuning run.", "scalewright-cli"};
  app.set_version_flag("--version", std::string("scalewright-cli ") + SCALEWRIGHT_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  using namespace scalewright::cli;
  add_inspect(app, context);
  add_quantize(app, context);
  add_tune(app, context);
  add_evaluate(app, context);
  add_generate(app, context);
  add_logits(app, context);
  add_text(app, context);
  add_export(app, context);
  add_runs(app, context);
  add_bench(app, context);
  add_demo(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }

  const Result<int> result = run_guarded(context);
  if (!result) {
    std::cerr << "scalewright-cli: " << result.error().message << '\n';
    if (context.json) context.print_json(Json{{"error", result.error().message}});
    return kExitFailed;
  }
  return *result;
}
