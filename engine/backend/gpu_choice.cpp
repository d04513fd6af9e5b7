#include "engine/backend/gpu_choice.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "engine/backend/device_times.h"

#ifdef SCALEWRIGHT_HAS_CUDA
#include "engine/backend/backend_check.h"
#include "engine/backend/cpu_backend.h"
#include "engine/backend/cuda_backend.h"
#include "engine/backend/companions.h"
#include "engine/backend/cuda_memory.h"
#include "engine/backend/forwarding_backend.h"
#include "engine/core/memory_source.h"
#include "engine/core/system.h"
#include "kernels/cuda/card_sums.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/products.h"
#endif

namespace scalewright {
namespace {

#ifdef SCALEWRIGHT_HAS_CUDA
using kernels::cuda::DeviceInfo;

// The cards that can be used, looked for once.
struct Cards {
  std::vector<DeviceInfo> all;
  std::string why_none;  // words for "No GPU is used: "
};
const Cards& cards() {
  static const Cards found = [] {
    Cards c;
    c.all = kernels::cuda::find_devices(c.why_none);
    return c;
  }();
  return found;
}

std::unique_ptr<Backend> open_card(int number, std::string& why) {
  if (why = kernels::cuda::enter_device(number); !why.empty()) return nullptr;
  std::string no_library;
  return cuda::make_cuda_backend(kernels::open_cublas(no_library), why, number);
}

// Empty when the card computes what the processor computes.
std::string check_card(const DeviceInfo& info) {
  std::string why;
  const std::unique_ptr<Backend> card = open_card(info.number, why);
  if (!card) return "No GPU is used: " + why + ".";
  const auto processor = make_cpu_backend(1, kernels::cpu::best_isa());
  why = difference_of(*card, *processor);
  if (!why.empty()) return info.name + " is not used, because it failed its check: " + why + ".";
  return {};
}
// The same, found out once a card, in a thread of its own: the calling one stays in its card.
std::string verdict_of(const DeviceInfo& info) {
  static std::mutex mutex;
  static std::map<int, std::string> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(info.number);
  if (found != known.end()) return found->second;
  std::string& words = known[info.number];
  std::thread([&] { words = check_card(info); }).join();
  return words;
}

// The first card that passes its check; null where none does.
const DeviceInfo* first_card() {
  for (const DeviceInfo& info : cards().all)
    if (verdict_of(info).empty()) return &info;
  return nullptr;
}
std::string look_for_card() {
  if (first_card()) return {};
  return cards().all.empty() ? "No GPU is used: " + cards().why_none + "." : verdict_of(cards().all.front());
}

// What `word` names, or none, and `why`.
std::vector<const DeviceInfo*> named_cards(const std::string& word, std::string& why) {
  std::vector<const DeviceInfo*> named;
  if (why = why_no_gpu(); !why.empty()) return {};
  if (word == "cuda") return {first_card()};
  for (const DeviceInfo& info : cards().all)
    if (word == "cuda:all") named.push_back(&info);
  for (const std::string& part : device_parts(word)) {
    if (word == "cuda:all") break;
    const auto found = std::find_if(cards().all.begin(), cards().all.end(), [&](const DeviceInfo& info) {
      return part == "cuda:" + std::to_string(info.number);
    });
    if (found == cards().all.end()) {
      std::string there;
      for (const DeviceInfo& info : cards().all)
        there += (there.empty() ? "cuda:" : ", cuda:") + std::to_string(info.number);
      why = "There is no card " + part + " that can be used; there is " + there + ".";
      return {};
    }
    named.push_back(&*found);
  }
  for (const DeviceInfo* info : named)
    if (why = verdict_of(*info); !why.empty()) return {};
  return named;
}

// The first of several cards, which knows the others.
class FirstCard final : public ForwardingBackend {
 public:
  FirstCard(std::unique_ptr<Backend> card, Companions others)
      : ForwardingBackend(*card), card_(std::move(card)), others_(std::move(others)) {}
  const Companions* companions() const override { return &others_; }

 private:
  std::unique_ptr<Backend> card_;
  Companions others_;
};

class NcclSums final : public DeviceSums {
 public:
  explicit NcclSums(std::unique_ptr<kernels::CardSums> sums) : sums_(std::move(sums)) {}
  std::string name() const override { return sums_->name(); }
  Result<void> add_up(std::span<float* const> numbers, int64_t n) override {
    const std::string error = sums_->add_up(numbers, static_cast<size_t>(n));
    if (!error.empty())
      return fail(ErrorCode::Device, "The cards could not add up their gradients (" + name() + ": " + error +
                                         "). Go on with one card, the device \"cuda\".");
    return {};
  }

 private:
  std::unique_ptr<kernels::CardSums> sums_;
};

Companions companions_of(const std::vector<const DeviceInfo*>& named) {
  Companions companions;
  std::vector<int> numbers{named.front()->number};
  for (const DeviceInfo* info : std::span(named).subspan(1)) {
    const int number = info->number;
    numbers.push_back(number);
    companions.devices.push_back(
        {info->name,
         [number, name = info->name] {
           const cuda::CardUse use = cuda::card_use(number);
           return DeviceMemory{name, use.total_bytes, use.available_bytes, use.held_bytes, use.pinned_bytes};
         },
         [number]() -> Result<std::unique_ptr<Backend>> {
           std::string why;
           if (auto card = open_card(number, why)) return card;
           return fail(ErrorCode::Device, why);
         }});
  }
  companions.sum_bytes = kernels::kCardSumBytes;
  companions.make_sums = [numbers](int count, int64_t most) -> std::unique_ptr<DeviceSums> {
    std::string why;
    auto sums = kernels::open_nccl(std::span(numbers).first(static_cast<size_t>(count) + 1),
                                   static_cast<size_t>(most), why);
    return sums ? std::make_unique<NcclSums>(std::move(sums)) : nullptr;
  };
  return companions;
}
#else
std::string look_for_card() {
  return "No GPU is used: this program was built without CUDA.";
}
#endif

// The answer of the first look, kept for the life of the program.
const std::string& verdict() {
  static const std::string words = look_for_card();
  return words;
}

DeviceChoice compare_devices() {
#ifdef SCALEWRIGHT_HAS_CUDA
  if (cards().all.empty()) return {false, verdict()};
  const DeviceInfo& info = cards().all.front();
  const std::filesystem::path marker = data_folder() / "card-on-trial";
  if (!FirstTrial::begin(marker, info.name + ", CUDA " + info.driver + ", Scalewright " SCALEWRIGHT_VERSION)) {
    return {false, info.name +
                       " is not used: the program ended while it tried this card the last time. Choose the device "
                       "cuda to use it, or remove " +
                       marker.string() + " to have it tried again."};
  }
  const struct EndTrial {
    const std::filesystem::path& marker;
    ~EndTrial() { FirstTrial::end(marker); }
  } end_trial{marker};
  if (!verdict().empty()) return {false, verdict()};
  if (first_card() != &info) return {false, verdict_of(info)};
  try {
    const auto processor = make_cpu_backend(processor_count(), kernels::cpu::best_isa());
    const std::string key = info.name + ", CUDA " + info.driver + ", " + cpu_name() + ", " + processor->description() +
                            ", Scalewright " SCALEWRIGHT_VERSION;
    const DeviceTimes times = known_device_times(data_folder() / "devices.json", key, [&] {
      std::string why;
      const std::unique_ptr<Backend> card = open_card(info.number, why);
      if (!card) return DeviceTimes{};
      return DeviceTimes{time_work(*processor, host_memory()), time_work(*card, cuda::card_memory())};
    });
    return choose_device(info.name, times);
  } catch (const std::exception& e) {
    return {false, info.name + " is not used: it failed while its speed was measured (" + e.what() + ")."};
  }
#else
  return {false, verdict()};
#endif
}
const DeviceChoice& choice() {
  static const DeviceChoice made = compare_devices();
  return made;
}

}  // namespace

std::string why_no_gpu() {
  return verdict();
}
std::string why_this_device() {
  return choice().why;
}
bool auto_is_gpu() {
  return choice().card;
}

std::vector<std::string> device_parts(const std::string& word) {
  std::vector<std::string> parts;
  std::istringstream in(word);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  if (word.ends_with(',')) parts.emplace_back();
  return parts;
}

bool is_device_word(const std::string& word) {
  if (word == "auto" || word == "cpu" || word == "cuda" || word == "cuda:all") return true;
  const std::vector<std::string> parts = device_parts(word);
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const std::string number = part.starts_with("cuda:") ? part.substr(5) : "";
    if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != std::string::npos) return false;
    if (std::find(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i), part) !=
        parts.begin() + static_cast<std::ptrdiff_t>(i))
      return false;
  }
  return !parts.empty();
}

const std::vector<std::string>& card_names() {
#ifdef SCALEWRIGHT_HAS_CUDA
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const DeviceInfo& info : cards().all) all.push_back(info.name);
    return all;
  }();
#else
  static const std::vector<std::string> names;
#endif
  return names;
}

std::unique_ptr<Backend> make_gpu_backend(const std::string& word, std::string& why) {
#ifdef SCALEWRIGHT_HAS_CUDA
  const std::vector<const DeviceInfo*> named = named_cards(word, why);
  if (named.empty()) return nullptr;
  std::unique_ptr<Backend> card = open_card(named.front()->number, why);
  if (!card) {
    why = "No GPU is used: " + why + ".";
    return nullptr;
  }
  kernels::cuda::use_device(named.front()->number);
  use_memory_source(&cuda::card_memory());
  if (named.size() == 1) return card;
  return std::make_unique<FirstCard>(std::move(card), companions_of(named));
#else
  (void)word;
  why = verdict();
  return nullptr;
#endif
}

}  // namespace scalewright
