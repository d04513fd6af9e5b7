#pragma once
// How many bits each matrix of a model gets under a budget: sensitivities from calibration text, what each choice would
// cost in the container, and the integer program of bit_allocation.h over both.

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/model/model_reader.h"
#include "engine/quant/calibration.h"
#include "engine/quant/quantize_job.h"

namespace scalewright::quant {

// InvalidArgument where the budget is below what the smallest settings take, from the headers alone; says what they take.
Result<void> check_budget(const ModelSummary& model, const QuantizeRequest& request);

// `stage`: see CalibrationRun. Gives the setting of each block linear in file order; empty where stopped.
// InvalidArgument where the budget is too small for the smallest settings.
Result<std::vector<QuantSpec>> choose_bits(const ModelReader& reader, std::shared_ptr<Model> stage,
                                           const CalibrationText& text, const QuantizeRequest& request,
                                           Backend& backend, std::stop_token stop,
                                           const std::function<void(const std::string& step, double share)>& progress);

}  // namespace scalewright::quant
