#pragma once
// The same measurement of a model and of another one beside it: what --compare of eval and score means.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/cli/context.h"
#include "engine/model/model.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {

// The word for a run's model with the scales from before it.
inline constexpr const char* kOriginal = "original";

CLI::Option* add_compare_option(CLI::App& verb, std::string& other);

// Before anything is measured: the other model is there, and "original" is asked for of a run.
Result<void> check_compared(const std::string& model, const std::string& other);

// Their names, as short as tells them apart.
std::pair<std::string, std::string> compared_titles(const std::string& model, const std::string& other);

// What was measured of both; `other` is empty where there is none to compare with, or it was not come to.
template <class Report>
struct Compared {
  Report model;
  std::optional<Report> other;
};

// One model is in memory at a time. `measure`: (std::shared_ptr<Model>) -> Result<Report>.
template <class Report, class Measure>
Result<Compared<Report>> measure_compared(const std::string& path, const std::string& other, Observer& observer, std::stop_token stop, const Measure& measure) {
  Compared<Report> compared;
  OpenRun open;
  if (is_run_folder(path)) {
    SW_ASSIGN(open, open_run(path, observer, stop));
  } else {
    SW_ASSIGN(open.model, load_model(path, observer, stop));
  }
  SW_ASSIGN(compared.model, measure(open.model));
  if (other.empty() || stop.stop_requested()) return compared;
  if (other == kOriginal) {
    restore_scales(*open.model, trainable_layout(*open.model, open.recipe.granularity), open.base_scales);
  } else {
    open = {};
    SW_ASSIGN(open.model, open_model_or_run(other, observer, stop));
  }
  SW_ASSIGN(compared.other, measure(open.model));
  return compared;
}

// Lines of a table: a name and two figures, under the titles.
struct ComparedLine {
  std::string name, model, other;
};
void print_compared(const Context& context, const std::pair<std::string, std::string>& titles, const std::vector<ComparedLine>& lines);

}  // namespace scalewright::cli
