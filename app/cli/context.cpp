#include "app/cli/context.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <map>

#include "engine/core/ascii.h"

namespace scalewright::cli {

Result<std::unique_ptr<Backend>> Context::backend() const {
  BackendOptions options;
  options.threads = threads;
  options.device = device;
  if (isa == "scalar") options.isa = Isa::Scalar;
  if (isa == "avx2") options.isa = Isa::Avx2;
  if (isa == "avxvnni") options.isa = Isa::AvxVnni;
  if (isa == "avx512") options.isa = Isa::Avx512;
  return make_backend(options);
}

void Context::print(const std::string& text) const {
  if (json) return;
  std::cout << text << '\n' << std::flush;
}

void Context::print_json(const Json& object) const {
  if (!json) return;
  answered = true;
  std::cout << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

namespace {

CLI::Validator number_check(std::string what, std::function<bool(double)> good, const char* help) {
  return CLI::Validator(
      [what = std::move(what), good = std::move(good)](std::string& text) -> std::string {
        double value = 0.0;
        size_t used = 0;
        try {
          value = std::stod(text, &used);
        } catch (const std::exception&) {
          used = 0;
        }
        if (used == text.size() && used > 0 && std::isfinite(value) && good(value)) return {};
        return "\"" + text + "\" is no number " + what;
      },
      help);
}

// Digits alone, and not more of them than the number has room for.
template <class T>
CLI::Validator whole_number(T low, T high) {
  const std::string range = std::to_string(low) + " to " + std::to_string(high);
  return CLI::Validator(
      [low, high, range](std::string& text) -> std::string {
        T value{};
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (problem == std::errc() && end == text.data() + text.size() && value >= low && value <= high) return {};
        return "\"" + text + "\" is no whole number from " + range;
      },
      "");
}

}  // namespace

CLI::App* add_verb(CLI::App& app, Context& context, const std::string& name, const std::string& what, Uses uses) {
  CLI::App* verb = app.add_subcommand(name, what);
  verb->add_flag("--json", context.json, "Print one JSON object on stdout and nothing else");
  // Scripts give the same options to every verb: what does nothing is taken, but not shown.
  const char* of_device = uses == Uses::Nothing ? "" : "Options";
  verb->add_option("--threads", context.threads, "Threads to compute with (0: one a physical processor)")
      ->group(of_device)
      ->check(whole(0, 1024));
  verb->add_option("--device", context.device,
                   "Where to compute: auto, cpu, cuda, a card as cuda:1; tune takes several: cuda:0,cuda:1 or cuda:all")
      ->group(of_device)
      ->check(CLI::Validator(
          [](std::string& word) {
            return is_device_word(word) ? std::string() : "\"" + word + "\" is not auto, cpu, cuda, cuda:all or cards as cuda:0,cuda:1";
          },
          "auto|cpu|cuda"));
  verb->add_option("--seed", context.seed, "Seed of everything random")
      ->group(uses == Uses::DeviceAndSeed ? "Options" : "")
      ->check(whole_number<uint64_t>(0, std::numeric_limits<uint64_t>::max()));
  verb->add_option("--isa", context.isa, "Instruction set of the CPU path, for tests")
      ->group(of_device)
      ->check(CLI::IsMember({"auto", "scalar", "avx2", "avxvnni", "avx512"}));
  return verb;
}

CLI::Validator above_zero() {
  return number_check("above 0", [](double value) { return value > 0.0; }, "above 0");
}

CLI::Validator at_least_zero() {
  return number_check("of 0 or more", [](double value) { return value >= 0.0; }, "0 or more");
}

CLI::Validator between(double low, double high) {
  const std::string range = short_number(low) + " to " + short_number(high);
  return number_check("from " + range, [low, high](double value) { return value >= low && value <= high; }, "");
}

CLI::Validator whole(int64_t low, int64_t high) {
  return whole_number(low, high);
}

std::optional<double> bytes_from(const std::string& text) {
  static const std::map<std::string, double> units = {{"", 1.0}, {"b", 1.0}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12}, {"kib", 1024.0}, {"mib", 1048576.0}, {"gib", 1073741824.0}, {"tib", 1099511627776.0}};
  constexpr double kMost = 1e18;
  double value = 0.0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return std::nullopt;
  std::string unit = lower(std::string(end, text.data() + text.size()));
  unit.erase(0, unit.find_first_not_of(' '));
  const auto found = units.find(unit);
  if (found == units.end() || !(value >= 0.0) || value * found->second > kMost) return std::nullopt;
  return value * found->second;
}

CLI::Validator byte_size() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const std::optional<double> bytes = bytes_from(text);
        if (!bytes) return "\"" + text + "\" is no size; write bytes, or a number with its unit, as 800MB or 1.5GB";
        text = std::to_string(static_cast<uint64_t>(*bytes));
        return {};
      },
      "");
}

void warn_of_context(Observer& observer, int64_t asked, int64_t model_has) {
  if (model_has <= 0 || asked <= model_has) return;
  observer.warning("A context of " + std::to_string(asked) + " tokens is more than the " + std::to_string(model_has) +
                   " that the model was made for; beyond them its answers get worse.");
}

namespace {

std::string progress_text(const Progress& progress, bool terminal) {
  std::string text;
  if (progress.fraction >= 0.0) {
    const double fraction = std::clamp(progress.fraction, 0.0, 1.0);
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3d %%", static_cast<int>(std::floor(fraction * 100.0)));
    if (terminal) {
      constexpr int kWidth = 28;
      const int filled = static_cast<int>(fraction * kWidth);
      text += "[" + std::string(filled, '=') + std::string(kWidth - filled, ' ') + "] ";
    }
    text += percent;
    text += "  ";
  }
  text += progress.step;
  if (progress.seconds_left >= 0.0) text += "  " + format_duration(progress.seconds_left) + " left";
  return text;
}

}  // namespace

void ProgressLine::show(const Progress& progress) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto now = std::chrono::steady_clock::now();
  const auto pause = terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(3000);
  if (last_.time_since_epoch().count() != 0 && now - last_ < pause) return;
  last_ = now;
  if (terminal) {
    std::cerr << "\r\033[K" << progress_text(progress, true) << std::flush;
    open_ = true;
  } else {
    std::cerr << progress_text(progress, false) << '\n';
    unfinished_ = progress.fraction < 1.0;
  }
}

void ProgressLine::message(std::string_view text) {
  wipe();
  std::cerr << text << '\n';
}

void ProgressLine::finish() {
  wipe();
  if (unfinished_) std::cerr << "done\n";
  unfinished_ = false;
}

void ProgressLine::wipe() {
  if (open_) std::cerr << "\r\033[K" << std::flush;
  open_ = false;
}

std::string format_bytes(uint64_t bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 999.5 && unit < 4) {
    value /= 1000.0;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : value < 10 ? "%.2f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string format_duration(double seconds) {
  const auto total = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min " + std::to_string(total % 60) + " s";
  return std::to_string(total / 3600) + " h " + std::to_string(total % 3600 / 60) + " min";
}

Result<void> refuse_existing(const std::string& output, bool force) {
  std::error_code error;
  const std::filesystem::path path = output;
  if (force || !std::filesystem::exists(path, error)) return {};
  const bool folder = std::filesystem::is_directory(path, error);
  if (folder && std::filesystem::is_empty(path, error)) return {};
  return fail(ErrorCode::InvalidArgument, output + (folder ? ": the folder is" : ": the file is") + " there already; nothing was written. Choose another name, or replace it with --force.");
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/:,@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}
std::string format_number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace scalewright::cli
