#include "engine/core/system.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace scalewright {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::optional<uint64_t> number_in(const fs::path& path) {
  const std::string text = slurp(path);
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;  // "max", or no such file
  return value;
}

// The value behind "Name:" in the files of /proc, in the file's unit; 0 when it is not there.
uint64_t field(const std::string& text, std::string_view name) {
  size_t at = text.rfind(name, 0) == 0 ? 0 : text.find("\n" + std::string(name));
  if (at == std::string::npos) return 0;
  at = text.find_first_of("0123456789", at + name.size());
  if (at == std::string::npos) return 0;
  uint64_t value = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

// Folders of the control groups that bound this process, from its own up to the root.
std::vector<fs::path> control_groups(const char* controller) {
  std::vector<fs::path> folders;
  std::istringstream lines(slurp("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    fs::path root;
    if (names == ",,")
      root = "/sys/fs/cgroup";
    else if (names.find("," + std::string(controller) + ",") != std::string::npos)
      root = fs::path("/sys/fs/cgroup") / controller;
    else
      continue;
    fs::path below = fs::path(line.substr(second + 1)).relative_path();
    for (;;) {
      folders.push_back(root / below);
      if (below.empty()) break;
      below = below.parent_path();
    }
  }
  return folders;
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

MemoryStatus memory_status() {
  const std::string meminfo = slurp("/proc/meminfo");
  MemoryStatus status;
  status.total_bytes = field(meminfo, "MemTotal:") * 1024;
  status.available_bytes = field(meminfo, "MemAvailable:") * 1024;
  for (const fs::path& group : control_groups("memory")) {
    const bool unified = fs::exists(group / "memory.max");
    const auto limit = number_in(group / (unified ? "memory.max" : "memory.limit_in_bytes"));
    const auto usage = number_in(group / (unified ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || *limit >= status.total_bytes) continue;
    // File pages that nobody uses are given back before anything is refused, so they count as available.
    const std::string stat = slurp(group / "memory.stat");
    uint64_t reclaimable = 0;
    std::istringstream words(stat);
    std::string name;
    for (uint64_t value = 0; words >> name >> value;) {
      if (name == (unified ? "inactive_file" : "total_inactive_file")) reclaimable = value;
    }
    const uint64_t used = usage.value_or(0) > reclaimable ? usage.value_or(0) - reclaimable : 0;
    status.total_bytes = *limit;
    status.available_bytes = std::min(status.available_bytes, *limit > used ? *limit - used : 0);
  }
  return status;
}

uint64_t resident_bytes() {
  return field(slurp("/proc/self/status"), "VmRSS:") * 1024;
}
uint64_t peak_resident_bytes() {
  return field(slurp("/proc/self/status"), "VmHWM:") * 1024;
}

void forget_peak_resident_bytes() {
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets VmHWM
}

std::string cpu_name() {
  std::istringstream lines(slurp("/proc/cpuinfo"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return "unknown processor";
}

int processor_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = 1;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) count = std::max(1, CPU_COUNT(&set));
  for (const fs::path& group : control_groups("cpu")) {
    std::istringstream words(slurp(group / "cpu.max"));
    double quota = 0, period = 0;
    if (words >> quota >> period && quota > 0 && period > 0) {
      count = std::clamp(static_cast<int>(std::ceil(quota / period)), 1, count);
    }
  }
  return count;
}

uint64_t free_disk_bytes(const fs::path& folder) {
  // A folder that is still to be made lies on the disk of the nearest one that exists.
  std::error_code error;
  fs::path at = fs::absolute(folder, error);
  while (!at.empty() && !fs::exists(at, error) && at != at.parent_path()) at = at.parent_path();
  struct statvfs status {};
  if (::statvfs(at.c_str(), &status) != 0) return 0;
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

fs::path data_folder() {
  fs::path base;
  if (const char* data = environment("XDG_DATA_HOME"))
    base = data;
  else if (const char* home = environment("HOME"))
    base = fs::path(home) / ".local/share";
  else
    base = fs::temp_directory_path();
  const fs::path folder = base / "scalewright";
  std::error_code error;  // whoever writes there reports a folder that could not be made
  fs::create_directories(folder, error);
  return folder;
}

fs::path resource_folder() {
  if (const char* given = environment("SCALEWRIGHT_RESOURCES")) return given;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path installed = (program.parent_path() / "../share/scalewright").lexically_normal();
    if (fs::is_directory(installed, error)) return installed;
  }
  return SCALEWRIGHT_SOURCE_RESOURCES;
}

fs::path sample_model_path() {
  if (const char* given = environment("SCALEWRIGHT_SAMPLE_MODEL")) return given;
  return data_folder() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
}

fs::path sample_dataset_path(bool held_out) {
  return resource_folder() / "sample" / (held_out ? "requests-held-out.jsonl" : "requests-train.jsonl");
}

}  // namespace scalewright
