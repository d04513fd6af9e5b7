#include "engine/backend/device_times.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>

#include "engine/core/file.h"
#include "engine/core/json.h"
#include "kernels/common/quant_layout.h"

namespace scalewright {
namespace {

constexpr uint64_t kLargestFile = uint64_t{1} << 20;  // bytes of remembered times

class Block {
 public:
  Block(const MemorySource& source, size_t bytes)
      : source_(source), data_(source.allocate(bytes + 64, MemoryUse::Work)) {
    if (!data_) throw std::bad_alloc();
  }
  ~Block() { source_.release(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  float* floats() const { return static_cast<float*>(data_); }
  uint8_t* bytes() const { return static_cast<uint8_t*>(data_); }

 private:
  const MemorySource& source_;
  void* data_;
};

template <class Work>
double fastest(Backend& backend, int repeats, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best = 0.0;
  for (int i = 0; i <= repeats; ++i) {  // the first warms up
    const auto begin = Clock::now();
    {
      DeferredCalls calls(backend);
      work();
      calls.finish();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (i == 1 || (i > 1 && seconds < best)) best = seconds;
  }
  return best;
}

std::string times_words(double factor) {
  char text[32];
  std::snprintf(text, sizeof text, factor < 10.0 ? "%.1f" : "%.0f", factor);
  return text;
}

nlohmann::json to_json(const WorkTimes& t) {
  return {{"chat", t.chat}, {"tuning step", t.tuning}};
}
WorkTimes times_of(const nlohmann::json& object) {
  return {json_number(object, "chat", 0.0), json_number(object, "tuning step", 0.0)};
}
bool plausible(const WorkTimes& t) {
  return std::isfinite(t.chat) && std::isfinite(t.tuning) && t.chat > 0.0 && t.tuning > 0.0;
}

}  // namespace

WorkTimes time_work(Backend& backend, const MemorySource& source, const WorkSize& size) {
  const int64_t D = size.width, T = size.rows;
  const kernels::QuantLayout layout{
      .rows = D, .cols = D, .kind = kernels::BlockKind::Min, .bits = 4, .sub = 32, .block = 32};
  const auto bytes = static_cast<size_t>(layout.bytes());
  const Block records(source, bytes * static_cast<size_t>(size.matrices));
  const auto rows = static_cast<size_t>(T * D) * sizeof(float);
  const Block x(source, rows), y(source, rows), dx(source, rows);
  const Block ds(source, static_cast<size_t>(D * layout.groups()) * sizeof(float));
  const size_t room = backend.workspace_bytes(T, D, D);
  const Block workspace(source, room);
  std::fill_n(x.floats(), T * D, 0.01f);
  std::vector<WeightView> weights(static_cast<size_t>(size.matrices));
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i].quantized = true;
    weights[i].quant.layout = layout;
    weights[i].quant.records = records.bytes() + i * bytes;
  }
  const WorkspaceLoan loan(backend, workspace.bytes(), room);
  WorkTimes times;
  times.chat = fastest(backend, size.repeats, [&] {
    for (const WeightView& w : weights) backend.linear(x.floats(), D, 1, w, nullptr, y.floats(), D, Precision::Exact);
  });
  times.tuning = fastest(backend, size.repeats, [&] {
    const WeightView& w = weights.front();
    const Precision precision = backend.tuning_precision();
    const LinearGradient part{.w = &w, .dy = y.floats(), .dscale = ds.floats()};
    backend.linear(x.floats(), D, T, w, nullptr, y.floats(), D, precision);
    backend.linear_backward(x.floats(), D, T, std::span(&part, 1), D, dx.floats(), D, precision);
  });
  return times;
}

DeviceChoice choose_device(const std::string& name, const DeviceTimes& times) {
  if (!plausible(times.processor) || !plausible(times.card))
    return {false, name + " is not used: its speed could not be measured. Choose the device cuda to use it."};
  const double chat = times.processor.chat / times.card.chat, tuning = times.processor.tuning / times.card.tuning;
  if (chat > 1.0 && tuning > 1.0)
    return {true, name + " is used: measured here, it answers " + times_words(chat) + " times and tunes " +
                      times_words(tuning) + " times as fast as the processor."};
  return {false, name + " is not used: measured here, it answers " + times_words(chat) + " times and tunes " +
                     times_words(tuning) + " times as fast as the processor. Choose the device cuda to use it."};
}

DeviceTimes known_device_times(const std::filesystem::path& file, const std::string& key,
                               const std::function<DeviceTimes()>& measure) {
  nlohmann::json all = nlohmann::json::object();
  if (const auto text = read_text_file(file, kLargestFile)) {
    const auto parsed = parse_json(*text, file.string());
    if (parsed && parsed->is_object()) all = *parsed;
  }
  const nlohmann::json& known = json_member(all, key.c_str());
  DeviceTimes times{times_of(json_member(known, "processor")), times_of(json_member(known, "card"))};
  if (plausible(times.processor) && plausible(times.card)) return times;
  times = measure();
  if (!plausible(times.processor) || !plausible(times.card)) return times;
  all[key] = {{"processor", to_json(times.processor)}, {"card", to_json(times.card)}};
  if (const auto written = write_text_file(file, all.dump(2) + "\n"); !written)
    return times;  // measured anew next time
  return times;
}

bool FirstTrial::begin(const std::filesystem::path& marker, const std::string& key) {
  if (const auto found = read_text_file(marker, kLargestFile); found && *found == key) return false;
  (void)write_text_file(marker, key);  // a folder that cannot be written has no memory of trials
  return true;
}

void FirstTrial::end(const std::filesystem::path& marker) {
  std::error_code ignored;
  std::filesystem::remove(marker, ignored);
}

}  // namespace scalewright
