#pragma once
// Models to files that other programs open. Integers are written exactly or not at all without saying so: check_export
// says beforehand what a target can hold, export_model reopens what it wrote and compares.

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/core/observer.h"
#include "engine/model/model.h"

namespace scalewright {

enum class ExportTarget { Gguf, Gptq, Awq, CompressedTensors, Safetensors, Pack };
// Whether the target is a folder of files.
constexpr bool writes_folder(ExportTarget target) {
  return target != ExportTarget::Gguf && target != ExportTarget::Pack;
}

struct ExportCheck {
  bool exact = false;                 // every weight of the model comes back as it is
  std::string explanation;            // why not, or what to know; complete sentences
  std::vector<std::string> opens_in;  // programs that read the result
  uint64_t bytes = 0;                 // of the file, or of all files of the folder within 0.5 %
  std::string container;              // "Q4_1", "Q5_0", "GPTQ v2, 4 bits, groups of 128"
  int bits = 0;                       // of the integers, where a GGUF type has room for more: 3 in Q4_0; else 0
};

struct ExportReport {
  uint64_t bytes = 0;  // of the file or of all files of the folder
  bool exact = false;
  double largest_logit_difference = 0.0;  // over the built-in text
  double perplexity_memory = 0.0, perplexity_file = 0.0, perplexity_difference = 0.0;
  std::string explanation;
  double seconds = 0.0;
};

// Writes nothing. Unsupported, with the reason, where the target cannot hold the model at all. `gguf_type`: "Q4_1",
// ...; empty: the smallest type that holds each matrix exactly.
Result<ExportCheck> check_export(const Model& model, ExportTarget target, const std::string& gguf_type);

// Writes to `path`, whole or not at all (StagedOutput); does not verify. Refuses a path that is the model's own
// (output_check.h).
Result<ExportCheck> write_model(const Model& model, ExportTarget target, const std::filesystem::path& path,
                                const std::string& gguf_type, Observer& observer, std::stop_token stop);

// write_model that opens the result and compares logits and perplexity with the model in memory, on a built-in text of a
// few hundred tokens, before it replaces anything. What cannot be opened again is not kept; where only the memory for the
// comparison is missing it is, and OutOfMemory says so.
Result<ExportReport> export_model(const Model& model, ExportTarget target, const std::filesystem::path& path,
                                  const std::string& gguf_type, Backend& backend, Observer& observer,
                                  std::stop_token stop);

}  // namespace scalewright
