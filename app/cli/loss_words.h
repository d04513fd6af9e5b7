#pragma once
// What tuning did to the loss, in the words of the command line.

#include "app/cli/context.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {

// "held-out loss 3.1021 -> 1.9418", or "training loss 3.1 -> 1.9 (means of the first and the last 20 steps)". The report has steps.
std::string loss_words(const TuneReport& report, int digits);
// {first, last, of: "validation" | "training", steps: of each mean}; null without steps.
Json loss_change_json(const TuneReport& report);

}  // namespace scalewright::cli
