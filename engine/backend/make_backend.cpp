#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "engine/backend/cpu_backend.h"
#include "engine/backend/gpu_choice.h"
#include "engine/core/memory_source.h"
#include "engine/core/system.h"

namespace scalewright {
namespace {

using kernels::cpu::supported;
using CpuIsa = kernels::cpu::Isa;

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
  std::string here;
  for (const CpuIsa isa : {CpuIsa::Avx512, CpuIsa::AvxVnni, CpuIsa::Avx2}) {
    if (supported(isa)) here += std::string(kernels::cpu::isa_name(isa)) + ", ";
  }
  return "This build has kernels for AVX-512 with VNNI, AVX-VNNI, AVX2 and plain C++; this processor runs " +
         (here.empty() ? "only plain C++, as it has no AVX2 with FMA and F16C." : here + "and plain C++.");
}

Result<std::unique_ptr<Backend>> on(CpuIsa isa, const char* asked, int threads) {
  if (!supported(isa)) return fail(ErrorCode::Unsupported, std::string(asked) + " was asked for. " + offered_here());
  return make_cpu_backend(threads, isa);
}

Result<std::unique_ptr<Backend>> on_processor(Isa isa, int threads) {
  switch (isa) {
    case Isa::Auto:
      break;
    case Isa::Scalar:
      return on(CpuIsa::Scalar, "Plain C++", threads);
    case Isa::Avx2:
      return on(CpuIsa::Avx2, "AVX2", threads);
    case Isa::AvxVnni:
      return on(CpuIsa::AvxVnni, "AVX-VNNI", threads);
    case Isa::Avx512:
      return on(CpuIsa::Avx512, "AVX-512", threads);
  }
  return make_cpu_backend(threads, kernels::cpu::best_isa());
}

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(const BackendOptions& options) {
  if (!is_device_word(options.device)) {
    return fail(ErrorCode::InvalidArgument, "There is no device \"" + options.device +
                                                "\". Choose auto, cpu, cuda, cuda:all, or cards by their numbers, as "
                                                "cuda:1 or cuda:0,cuda:1.");
  }
  if (options.device.starts_with("cuda")) {
    std::string why;
    if (std::unique_ptr<Backend> backend = make_gpu_backend(options.device, why)) return backend;
    return fail(ErrorCode::Unsupported, why + " Choose the device \"cpu\" or \"auto\" to compute on the processor.");
  }
  if (options.threads < 0 || options.threads > 1024) {
    return fail(ErrorCode::InvalidArgument,
                std::to_string(options.threads) +
                    " threads were asked for. Choose 1 to 1024, or 0 for one a physical processor.");
  }
  // An instruction set is of the processor, so whoever asks for one asks for it.
  if (options.device == "auto" && options.isa == Isa::Auto && auto_is_gpu()) {
    std::string why;
    if (std::unique_ptr<Backend> backend = make_gpu_backend("cuda", why)) return backend;
  }
  SW_ASSIGN(auto processor, on_processor(options.isa, options.threads > 0 ? options.threads : physical_processors()));
  // Where a card computed before, what is taken from now on lies in the host's memory again.
  use_memory_source(nullptr);
  return processor;
}

}  // namespace scalewright
