#pragma once
// What this machine has: memory, processors, and the folders of the product.

#include <cstdint>
#include <filesystem>
#include <string>

namespace scalewright {

struct MemoryStatus {
  uint64_t total_bytes = 0;      // physical, or the cgroup's limit where that is lower
  uint64_t available_bytes = 0;  // what can be taken without swapping
};
MemoryStatus memory_status();
uint64_t resident_bytes();       // of this process, now
uint64_t peak_resident_bytes();  // of this process, its highest since it began or since the call below
void forget_peak_resident_bytes();  // counts the highest anew from here; no effect where the system does not allow it
std::string cpu_name();          // as the system reports it
int processor_count();           // that this process may use
uint64_t free_disk_bytes(const std::filesystem::path& folder);
std::filesystem::path data_folder();   // $XDG_DATA_HOME/scalewright: history, sample model; created on demand
std::filesystem::path resource_folder();  // installed or source resources: the sample dataset, help
std::filesystem::path sample_model_path();  // where the set-up puts SmolLM2-135M-Instruct.Q4_1.gguf (may be absent)
std::filesystem::path sample_dataset_path(bool held_out);

}  // namespace scalewright
