#pragma once
// Until it is whole, an output has another name: "model.gguf.part-4711-0" beside "model.gguf". Its writer holds a lock on it
// (flock, which ends with the process), so that an unlocked part is one that a killed process left behind. The process's
// number would not tell: in a container it is the same at every start.

#include <filesystem>
#include <string_view>

namespace scalewright {

// Another name at each call. Who finds it taken calls again, at most kPartNames times.
std::filesystem::path next_part(const std::filesystem::path& target);
constexpr int kPartNames = 1000;
// Whether a file or folder of this name is a part of some target: not yet what it will be, or never.
bool is_part(std::string_view name);

// Locks an opened part for as long as it stays open. False: another process found it unlocked and removes it.
bool hold_part(int descriptor);

// Removes the parts of `target` that nobody holds.
void remove_abandoned_parts(const std::filesystem::path& target);

// A rename survives a power cut only when the folder itself has been written out. Some file systems refuse to sync a
// folder; the data is safe then as far as they allow.
void sync_folder(const std::filesystem::path& folder);

}  // namespace scalewright
