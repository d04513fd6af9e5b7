#pragma once
// report.json of a run: the words of `tune --json`.

#include <filesystem>
#include <string>

#include "engine/core/error.h"
#include "engine/tune/trainer.h"

namespace scalewright {

std::string report_to_json(const TuneReport& report);
Result<TuneReport> report_from_json(const std::string& json);
// {ledger: [{name, part, bytes}], device: null or {name, ledger, total_bytes, memory_bytes, available_bytes, limit_bytes},
// total_bytes, machine_bytes, available_bytes, limit_bytes, fits, remedies, steps, ...}: the words of `plan --json`.
std::string plan_to_json(const TunePlan& plan);
const char* to_string(MemoryPart part);  // weights | scales | activations | logits | workspace | program

}  // namespace scalewright
