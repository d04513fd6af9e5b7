#include "app/cli/loss_words.h"

#include "engine/tune/tune_report.h"

namespace scalewright::cli {

std::string loss_words(const TuneReport& report, int digits) {
  const LossChange change = loss_change(report).value_or(LossChange{});
  const std::string numbers = "loss " + format_number(change.first, digits) + " -> " + format_number(change.last, digits);
  if (change.steps == 0) return "held-out " + numbers;
  if (change.steps == 1 && report.losses.size() == 1) return "training loss " + format_number(change.first, digits) + " (of the only step)";
  if (change.steps == 1) return "training " + numbers + " (the first and the last step, of different rows)";
  return "training " + numbers + " (means of the first and the last " + std::to_string(change.steps) + " steps)";
}

Json loss_change_json(const TuneReport& report) {
  const auto change = loss_change(report);
  if (!change) return nullptr;
  return {{"first", change->first}, {"last", change->last}, {"of", change->steps == 0 ? "validation" : "training"}, {"steps", change->steps}};
}

}  // namespace scalewright::cli
