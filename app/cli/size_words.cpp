#include "app/cli/size_words.h"

#include "app/cli/context.h"
#include "engine/export/output_check.h"
#include "engine/format/gguf_blocks.h"
#include "engine/model/tensor_names.h"

namespace scalewright::cli {
namespace {

// The forecast of a request that the target holds.
Result<QuantizeForecast> holding(const SizeQuestion& question, const QuantizeRequest& request, ExportTarget target) {
  SW_TRY(target == ExportTarget::Gguf ? check_gguf_holds(question.before, request.spec, {}) : check_folder_holds(question.before, request.spec, target));
  return forecast_target(question.before, request, target, {});
}

// Why it takes the type or form it does: of a GGUF the forecast's explanation without the size.
std::string reason(const QuantizeForecast& forecast, ExportTarget target) {
  if (target != ExportTarget::Gguf) return "a folder holds the embedding in 16 bits";
  return forecast.explanation.substr(0, forecast.explanation.rfind(": "));
}

// Of the tables that are not quantized, the embedding and the head: how many bytes they take and as what, where that is much.
std::string tables_words(const SizeQuestion& question, uint64_t file_bytes) {
  constexpr double kMuch = 0.1;  // of the file
  const GgufTypeInfo* wanted = find_gguf_type(question.gguf_type);
  if (wanted != nullptr && is_dense(wanted->type)) return {};
  uint64_t bytes = 0;
  size_t tables = 0;
  std::string type;
  for (const TensorSummary& tensor : question.before.tensors) {
    if (is_in_block(tensor.name) || tensor.shape.size() != 2) continue;
    const bool becomes_f16 = question.target != ExportTarget::Gguf && tensor.bits > 0 && tensor.bits < 16;
    bytes += becomes_f16 ? 2 * static_cast<uint64_t>(tensor.shape[0]) * static_cast<uint64_t>(tensor.shape[1]) : tensor.bytes;
    type = becomes_f16 ? "F16" : tensor.type;
    ++tables;
  }
  if (static_cast<double>(bytes) < kMuch * static_cast<double>(file_bytes)) return {};
  return ", of which the embedding" + std::string(tables > 1 ? " and the head (" : " (") + type + (tables > 1 ? ") take " : ") takes ") + format_bytes(bytes);
}

// Sizes within a percent are one size to a person.
bool smaller(uint64_t bytes, uint64_t than) { return static_cast<double>(bytes) < 0.99 * static_cast<double>(than); }

}  // namespace

std::string smaller_choices(const SizeQuestion& question, uint64_t bytes) {
  std::string text;
  uint64_t least = bytes;
  const auto offer = [&](const std::string& words, const QuantizeRequest& request, ExportTarget target) {
    const auto forecast = holding(question, request, target);
    if (!forecast || !smaller(forecast->file_bytes, least)) return false;
    least = forecast->file_bytes;
    text += (text.empty() ? " Smaller: " : "; ") + words + " (about " + format_bytes(forecast->file_bytes) + (forecast->container.empty() ? ")" : ", " + forecast->container + ")");
    return true;
  };
  QuantizeRequest symmetric = question.request;
  symmetric.spec.symmetric = true;
  if (!question.request.spec.symmetric && question.target == ExportTarget::Gguf) offer("--symmetric", symmetric, question.target);
  const ExportTarget other = question.target == ExportTarget::Gguf ? ExportTarget::Gptq : ExportTarget::Gguf;
  const std::string words = other == ExportTarget::Gguf ? "a .gguf file instead of a folder" : "a folder instead of a .gguf file";
  symmetric.spec.bits = question.request.spec.bits;
  if (!offer(words, question.request, other) && other == ExportTarget::Gguf) offer(words + ", with --symmetric", symmetric, other);
  for (int bits = question.request.spec.bits - 1; bits >= 2; --bits) {
    QuantizeRequest fewer = question.request;
    fewer.spec.bits = symmetric.spec.bits = bits;
    const std::string fewer_bits = "--bits " + std::to_string(bits);
    if (offer(fewer_bits + (fewer.spec.symmetric ? " --symmetric" : ""), fewer, question.target) || (!fewer.spec.symmetric && offer(fewer_bits + " --symmetric", symmetric, question.target))) break;
  }
  return text.empty() ? text : text + ".";
}

std::string stored_words(const std::string& container, int bits) {
  return stored_type_name(container, bits) == container ? container : std::to_string(bits) + " bits stored in " + container;
}

Result<SizeWords> size_words(const SizeQuestion& question) {
  SizeWords words;
  SW_ASSIGN(words.forecast, forecast_target(question.before, question.request, question.target, question.gguf_type));
  const QuantizeForecast& forecast = words.forecast;
  const uint64_t before = question.before.file_bytes;
  words.line = "about " + format_bytes(forecast.file_bytes) + ", " + format_number(forecast.bits_per_weight, 2) + " bits per weight" +
               (forecast.container.empty() || question.request.budget.given() ? std::string() : " as " + stored_words(forecast.container, question.request.spec.bits)) + tables_words(question, forecast.file_bytes) + "; before " + format_bytes(before);
  if (question.request.budget.given()) return words;
  if (forecast.file_bytes > before) {
    words.advice = "The result will be larger than the model it is made from (" + format_bytes(before) + ", " + question.before.type + ")" +
                   (forecast.explanation.empty() ? "." : ": " + reason(forecast, question.target) + ".") + smaller_choices(question, before);
    return words;
  }
  if (!question.gguf_type.empty() || question.target != ExportTarget::Gguf) return words;
  // The most bits that come to the same size, as asked for or with the zero point in the middle.
  for (const int bits : {8, 6, 5, 4, 3}) {
    if (bits <= question.request.spec.bits) break;
    QuantizeRequest more = question.request;
    more.spec.bits = bits;
    const auto same_size = [&] {
      const auto of_more = holding(question, more, question.target);
      return of_more && !smaller(forecast.file_bytes, of_more->file_bytes);
    };
    if (!same_size()) {
      if (more.spec.symmetric) continue;
      more.spec.symmetric = true;
      if (!same_size()) continue;
    }
    const bool middle = more.spec.symmetric && !question.request.spec.symmetric;
    words.advice = std::to_string(question.request.spec.bits) + " bits come to the same size as --bits " + std::to_string(bits) + (middle ? " --symmetric" : "") + ", which is more precise: " +
                   reason(forecast, question.target) + "." + smaller_choices(question, forecast.file_bytes);
    break;
  }
  return words;
}

}  // namespace scalewright::cli
