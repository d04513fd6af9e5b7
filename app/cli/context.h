#pragma once
// What every verb of the command line shares: common options, output, progress, the backend.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/core/observer.h"

namespace scalewright::cli {

using Json = nlohmann::ordered_json;

class Interruption;

struct Context {
  bool json = false;
  int threads = 0;
  std::string device = "auto", isa = "auto";
  uint64_t seed = 1;
  std::stop_token stop;                        // set by Ctrl+C
  Interruption* interruption = nullptr;        // of which a part may be stopped alone
  std::function<Result<int>()> command;        // what the parsed verb will do; returns the exit code
  mutable bool answered = false;               // the JSON object was printed

  Result<std::unique_ptr<Backend>> backend() const;
  // Human text unless --json; the JSON object with --json.
  void print(const std::string& text) const;
  void print_json(const Json& object) const;
};

inline constexpr int kExitInterrupted = 130;

// Which of the common options change what a verb does.
enum class Uses { Nothing, Device, DeviceAndSeed };

// Adds a verb with the options that all verbs take; its help shows those that it uses.
CLI::App* add_verb(CLI::App& app, Context& context, const std::string& name, const std::string& what, Uses uses = Uses::DeviceAndSeed);

// Checks of numbers that say what is allowed in words.
CLI::Validator above_zero();
CLI::Validator at_least_zero();
CLI::Validator between(double low, double high);
CLI::Validator whole(int64_t low, int64_t high);
// "1.5GB", "800 MB", "76MiB" or bytes, in bytes; nothing where the text is no size.
std::optional<double> bytes_from(const std::string& text);
// Makes such a text the number of bytes that the option wants.
CLI::Validator byte_size();

// The model was made for so many tokens: a warning where more are asked for.
void warn_of_context(Observer& observer, int64_t asked, int64_t model_has);

// A bar on a terminal, a line every few seconds otherwise, and "done" behind them; always on stderr.
class ProgressLine {
 public:
  ~ProgressLine() { wipe(); }
  void show(const Progress& progress);
  void message(std::string_view text);  // a line of its own
  void finish();  // what was under way is done

 private:
  void wipe();
  std::chrono::steady_clock::time_point last_{};
  bool unfinished_ = false;  // the last line is left behind, and says less than all
  bool open_ = false;
};

// Forwards progress and warnings to a ProgressLine.
class ProgressObserver : public Observer {
 public:
  void progress(const Progress& p) override { line_.show(p); }
  void warning(std::string_view text) override { line_.message("warning: " + std::string(text)); }
  void finish() { line_.finish(); }

 private:
  ProgressLine line_;
};

std::string format_bytes(uint64_t bytes);           // "98.4 MB"
std::string format_duration(double seconds);        // "3 min 22 s"
std::string format_number(double value, int digits);
// InvalidArgument where something stands at `output` already (an empty folder is nothing) and it is not to be replaced.
Result<void> refuse_existing(const std::string& output, bool force);
std::string shell_word(const std::string& text);    // as a shell takes it for one word: quoted where it has to be

// One function a file of verbs.
void add_inspect(CLI::App& app, Context& context);
void add_quantize(CLI::App& app, Context& context);
void add_tune(CLI::App& app, Context& context);      // tune, plan
void add_evaluate(CLI::App& app, Context& context);  // eval, score
void add_generate(CLI::App& app, Context& context);  // generate, chat
void add_text(CLI::App& app, Context& context);      // tokenize, render
void add_logits(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);    // export, apply
void add_runs(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);     // bench, bench-train
void add_demo(CLI::App& app, Context& context);

}  // namespace scalewright::cli
