#include "engine/tune/tune_report.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "engine/core/json.h"

namespace scalewright {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> numbers(const nlohmann::json& object, const char* key) {
  std::vector<double> out;
  for (const nlohmann::json& item : json_member(object, key)) {
    out.push_back(item.is_number() ? item.get<double>() : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

const char* to_string(MemoryPart part) {
  switch (part) {
    case MemoryPart::Weights:
      return "weights";
    case MemoryPart::Scales:
      return "scales";
    case MemoryPart::Activations:
      return "activations";
    case MemoryPart::Logits:
      return "logits";
    case MemoryPart::Workspace:
      return "workspace";
    case MemoryPart::Program:
      return "program";
  }
  return "program";
}

std::optional<LossChange> loss_change(const TuneReport& report) {
  if (report.losses.empty()) return {};
  if (report.validation.size() > 1) return LossChange{report.validation.front().loss, report.validation.back().loss};
  const auto all = static_cast<std::ptrdiff_t>(report.losses.size());
  const std::ptrdiff_t part = std::clamp<std::ptrdiff_t>(all / 5, 1, 20);
  const auto mean = [&](auto from) { return std::accumulate(from, from + part, 0.0) / static_cast<double>(part); };
  return LossChange{mean(report.losses.begin()), mean(report.losses.end() - part), part};
}

std::string report_to_json(const TuneReport& r) {
  Json validation = Json::array(), samples = Json::array();
  for (const ValidationRecord& v : r.validation) validation.push_back({{"step", v.step}, {"loss", v.loss}});
  for (const SampleRecord& s : r.samples)
    samples.push_back({{"step", s.step}, {"prompt", s.prompt}, {"answer", s.answer}});
  return text_of({{"outcome", r.outcome == Outcome::Finished ? "finished" : "stopped"},
                  {"steps", r.steps},
                  {"trainable", r.trainable},
                  {"tokens", r.tokens},
                  {"seconds", r.seconds},
                  {"tokens_per_second", r.tokens_per_second},
                  {"reserved_bytes", r.reserved_bytes},
                  {"peak_bytes", r.peak_bytes},
                  {"codes_hash_before", r.codes_hash_before},
                  {"codes_hash_after", r.codes_hash_after},
                  {"losses", r.losses},
                  {"gradient_norms", r.gradient_norms},
                  {"learning_rates", r.learning_rates},
                  {"validation", validation},
                  {"samples", samples}});
}

Result<TuneReport> report_from_json(const std::string& json) {
  SW_ASSIGN(const nlohmann::json object, parse_json(json, "report.json"));
  TuneReport r;
  r.outcome = json_string(object, "outcome") == "finished" ? Outcome::Finished : Outcome::Cancelled;
  r.steps = json_int(object, "steps", 0);
  r.trainable = json_int(object, "trainable", 0);
  r.tokens = json_int(object, "tokens", 0);
  r.seconds = json_number(object, "seconds", 0.0);
  r.tokens_per_second = json_number(object, "tokens_per_second", 0.0);
  r.reserved_bytes = static_cast<uint64_t>(json_int(object, "reserved_bytes", 0));
  r.peak_bytes = static_cast<uint64_t>(json_int(object, "peak_bytes", 0));
  r.codes_hash_before = json_string(object, "codes_hash_before");
  r.codes_hash_after = json_string(object, "codes_hash_after");
  r.losses = numbers(object, "losses");
  r.gradient_norms = numbers(object, "gradient_norms");
  r.learning_rates = numbers(object, "learning_rates");
  for (const nlohmann::json& v : json_member(object, "validation")) {
    r.validation.push_back({json_int(v, "step", 0), json_number(v, "loss", std::numeric_limits<double>::quiet_NaN())});
  }
  for (const nlohmann::json& s : json_member(object, "samples")) {
    r.samples.push_back({json_int(s, "step", 0), json_string(s, "prompt"), json_string(s, "answer")});
  }
  return r;
}

namespace {

Json items_json(const std::vector<MemoryItem>& items) {
  Json all = Json::array();
  for (const MemoryItem& item : items)
    all.push_back({{"name", item.name}, {"part", to_string(item.part)}, {"bytes", item.bytes}});
  return all;
}

Json device_json(const std::optional<DeviceLedger>& device) {
  if (!device) return nullptr;
  return {{"name", device->name},
          {"ledger", items_json(device->items)},
          {"total_bytes", device->total_bytes},
          {"memory_bytes", device->memory_bytes},
          {"available_bytes", device->available_bytes},
          {"limit_bytes", device->limit_bytes}};
}

}  // namespace

std::string plan_to_json(const TunePlan& p) {
  return text_of({{"ledger", items_json(p.ledger.items)},
                  {"device", device_json(p.ledger.device)},
                  {"total_bytes", p.ledger.total_bytes},
                  {"machine_bytes", p.ledger.machine_bytes},
                  {"available_bytes", p.ledger.available_bytes},
                  {"limit_bytes", p.ledger.limit_bytes},
                  {"fits", p.ledger.fits},
                  {"remedies", p.ledger.remedies},
                  {"seconds_per_step", p.seconds_per_step},
                  {"steps", p.steps},
                  {"batches_per_epoch", p.batches_per_epoch},
                  {"trainable", p.trainable},
                  {"kept_layers", p.kept_layers},
                  {"checkpoint_bytes", p.checkpoint_bytes},
                  {"pack_bytes", p.pack_bytes},
                  {"rows", p.rows},
                  {"tokens", p.tokens},
                  {"learned_tokens", p.learned_tokens},
                  {"cut", p.cut},
                  {"dropped", p.dropped},
                  {"validation_rows", p.validation_rows},
                  {"learning_rate", p.learning_rate}});
}

}  // namespace scalewright
