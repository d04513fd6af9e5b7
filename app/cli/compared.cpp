#include "app/cli/compared.h"

#include <algorithm>

#include "app/cli/model_argument.h"
#include "engine/core/file.h"
#include "engine/text/utf8.h"

namespace scalewright::cli {

CLI::Option* add_compare_option(CLI::App& verb, std::string& other) {
  return verb.add_option("--compare", other, "Measure another model or run beside it; the word original: the model of a run without what it learned");
}

Result<void> check_compared(const std::string& model, const std::string& other) {
  if (other.empty()) return {};
  if (other != kOriginal) {
    SW_TRY(check_model_argument(other, Takes::ModelOrRun));
    if (!is_run_folder(other)) SW_TRY(summarize_model(other));
    return {};
  }
  if (is_run_folder(model)) return {};
  return fail(ErrorCode::InvalidArgument, "--compare original means the model of a run without what it learned, and " + model +
                                              " is no run. Give the folder of a run, or after --compare the model to compare with.");
}

std::pair<std::string, std::string> compared_titles(const std::string& model, const std::string& other) {
  std::pair<std::string, std::string> titles = {own_name(model), own_name(other)};
  if (titles.first == titles.second) titles = {model, other};
  return titles;
}

void print_compared(const Context& context, const std::pair<std::string, std::string>& titles, const std::vector<ComparedLine>& lines) {
  std::vector<ComparedLine> all = {{"", titles.first, titles.second}};
  all.insert(all.end(), lines.begin(), lines.end());
  const auto width = [&](auto member) {
    size_t most = 0;
    for (const ComparedLine& line : all) most = std::max(most, text::count_characters(line.*member));
    return most;
  };
  const auto padded = [](const std::string& word, size_t to) { return word + std::string(to - text::count_characters(word), ' '); };
  const size_t names = width(&ComparedLine::name), figures = width(&ComparedLine::model);
  for (const ComparedLine& line : all) context.print(padded(line.name, names) + "  " + padded(line.model, figures) + "  " + line.other);
}

}  // namespace scalewright::cli
