#pragma once
// report.json of a run: the words of `tune --json`.

#include <filesystem>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/tune/trainer.h"

namespace scalewright {

// What tuning did to the loss, of like with like: the same held-out rows before the first step and after the last, else
// means of as many steps at both ends, since each step saw other rows.
struct LossChange {
  double first = 0.0, last = 0.0;
  int64_t steps = 0;  // that each mean is of; 0: held-out rows
};
std::optional<LossChange> loss_change(const TuneReport& report);  // none: no steps

std::string report_to_json(const TuneReport& report);
Result<TuneReport> report_from_json(const std::string& json);
// {ledger: [{name, part, bytes}], device: null or {name, ledger, total_bytes, memory_bytes, available_bytes, limit_bytes},
// total_bytes, machine_bytes, available_bytes, limit_bytes, fits, remedies, steps, ...}: the words of `plan --json`.
std::string plan_to_json(const TunePlan& plan);
const char* to_string(MemoryPart part);  // weights | scales | activations | logits | workspace | program

}  // namespace scalewright
