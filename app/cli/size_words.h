#pragma once
// How large a quantized model will be, in the words of the command line: said before the work.

#include <string>

#include "engine/export/exporter.h"
#include "engine/quant/quantize_job.h"

namespace scalewright::cli {

struct SizeQuestion {
  const ModelSummary& before;
  QuantizeRequest request;
  ExportTarget target = ExportTarget::Gguf;
  std::string gguf_type;  // empty: what fits
};
struct SizeWords {
  QuantizeForecast forecast;
  std::string line;    // "about 105.0 MB, 6.14 bits per weight as Q5_0, of which the embedding (Q8_0) takes 30.1 MB; before 98.4 MB"
  std::string advice;  // the result is larger than the input, or no smaller than with more bits, and what would be; empty: neither
};
Result<SizeWords> size_words(const SizeQuestion& question);
// "Q4_0"; "3 bits stored in Q4_0" where the type has room for more.
std::string stored_words(const std::string& container, int bits);

// Options that make it smaller than `bytes`, with the sizes they come to: " Smaller: --symmetric (about 91.7 MB, Q4_0)."
std::string smaller_choices(const SizeQuestion& question, uint64_t bytes);

}  // namespace scalewright::cli
