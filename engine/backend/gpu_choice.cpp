#include "engine/backend/gpu_choice.h"

#include <exception>
#include <string>

#include "engine/backend/device_times.h"

#ifdef SCALEWRIGHT_HAS_CUDA
#include "engine/backend/backend_check.h"
#include "engine/backend/cpu_backend.h"
#include "engine/backend/cuda_backend.h"
#include "engine/backend/cuda_memory.h"
#include "engine/core/memory_source.h"
#include "engine/core/system.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/products.h"
#endif

namespace scalewright {
namespace {

#ifdef SCALEWRIGHT_HAS_CUDA
std::unique_ptr<Backend> open_card(std::string& why) {
  kernels::cuda::enter_device();
  std::string no_library;
  return cuda::make_cuda_backend(kernels::open_cublas(no_library), why);
}

// Empty when a card is there and computes what the processor computes.
std::string look_for_card() {
  kernels::cuda::DeviceInfo info;
  std::string why = kernels::cuda::find_device(info);
  if (!why.empty()) return "No GPU is used: " + why + ".";
  const std::unique_ptr<Backend> card = open_card(why);
  if (!card) return "No GPU is used: " + why + ".";
  const auto processor = make_cpu_backend(1, kernels::cpu::best_isa());
  why = difference_of(*card, *processor);
  if (!why.empty()) return info.name + " is not used, because it failed its check: " + why + ".";
  return {};
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
  kernels::cuda::DeviceInfo info;
  std::string why = kernels::cuda::find_device(info);
  if (!why.empty()) return {false, verdict()};
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
  try {
    const auto processor = make_cpu_backend(processor_count(), kernels::cpu::best_isa());
    const std::string key = info.name + ", CUDA " + info.driver + ", " + cpu_name() + ", " + processor->description() +
                            ", Scalewright " SCALEWRIGHT_VERSION;
    const DeviceTimes times = known_device_times(data_folder() / "devices.json", key, [&] {
      const std::unique_ptr<Backend> card = open_card(why);
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

std::unique_ptr<Backend> make_gpu_backend() {
#ifdef SCALEWRIGHT_HAS_CUDA
  if (!verdict().empty()) return nullptr;
  std::string why;
  std::unique_ptr<Backend> card = open_card(why);
  if (card) use_memory_source(&cuda::card_memory());
  return card;
#else
  return nullptr;
#endif
}

}  // namespace scalewright
