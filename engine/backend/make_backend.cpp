#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "engine/backend/cpu_backend.h"
#include "engine/backend/gpu_choice.h"
#include "engine/core/system.h"

namespace scalewright {
namespace {

using kernels::cpu::cpu_features;

// Physical processors among those that this process may use: two threads of one processor share its arithmetic.
int physical_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return processor_count();
  std::set<std::pair<int, int>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    int package = 0, core = 0;
    std::ifstream package_file(folder + "physical_package_id"), core_file(folder + "core_id");
    if (!(package_file >> package) || !(core_file >> core)) return processor_count();
    cores.emplace(package, core);
  }
  return std::clamp(static_cast<int>(cores.size()), 1, processor_count());  // a container may have fewer
}

std::string offered_here() {
  return cpu_features().avx2
             ? "This build has kernels for AVX2 and plain C++, and this processor runs both."
             : "This build has kernels for AVX2 and plain C++; this processor has no AVX2 with FMA and F16C, "
               "so only plain C++ runs here.";
}

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options) {
  const bool gpu = options.device == "cuda" || (options.device == "auto" && options.isa == Isa::Auto);
  if (gpu) {
    if (std::unique_ptr<Backend> backend = make_gpu_backend()) return backend;
    if (options.device == "cuda") {
      return fail(ErrorCode::Unsupported,
                  why_no_gpu() + " Choose the device \"cpu\" or \"auto\" to compute on the processor.");
    }
  }
  if (options.device != "auto" && options.device != "cpu" && options.device != "cuda") {
    return fail(ErrorCode::InvalidArgument, "There is no device \"" + options.device + "\". Choose auto, cpu or cuda.");
  }
  if (options.threads < 0 || options.threads > 1024) {
    return fail(ErrorCode::InvalidArgument,
                std::to_string(options.threads) +
                    " threads were asked for. Choose 1 to 1024, or 0 for one a physical processor.");
  }
  kernels::cpu::Isa isa = kernels::cpu::best_isa();
  switch (options.isa) {
    case Isa::Auto:
      break;
    case Isa::Scalar:
      isa = kernels::cpu::Isa::Scalar;
      break;
    case Isa::Avx2:
      if (!kernels::cpu::supported(kernels::cpu::Isa::Avx2))
        return fail(ErrorCode::Unsupported, "AVX2 was asked for. " + offered_here());
      isa = kernels::cpu::Isa::Avx2;
      break;
    case Isa::Avx512:
      return fail(ErrorCode::Unsupported, "AVX-512 was asked for. " + offered_here());
  }
  const int threads = options.threads > 0 ? options.threads : physical_processors();
  return make_cpu_backend(threads, isa);
}

}  // namespace scalewright
