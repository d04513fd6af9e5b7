#include "ui/jobs/export_work.h"

#include <QCoreApplication>
#include <cmath>
#include <cstdio>

#include "engine/core/file.h"
#include "engine/export/output_check.h"
#include "engine/tune/run_store.h"
#include "ui/settings/format.h"

namespace scalewright::ui {
namespace {

namespace fs = std::filesystem;

QString tr(const char* text) { return QCoreApplication::translate("ExportWork", text); }
std::string words(const char* text) { return tr(text).toStdString(); }

std::string number(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string shortHash(const std::string& hash) { return hashText(QString::fromStdString(hash)).toStdString(); }

// Of a run: what its validations say. Absence of the history is no failure here.
void readValidation(const fs::path& run, ExportChoices& choices) {
  std::error_code error;
  if (!fs::exists(RunStore::default_file(), error)) return;
  const auto store = RunStore::open(RunStore::default_file());
  if (!store) return;
  const auto rows = (*store)->runs();
  if (!rows) return;
  for (const RunRow& row : *rows) {
    if (!fs::equivalent(row.folder, run, error)) continue;
    const auto validations = (*store)->validations(row.id);
    if (!validations || validations->size() < 2) return;
    choices.validationFirst = std::exp(validations->front().loss);
    choices.validationLast = std::exp(validations->back().loss);  // what is written are the scales of the last step
    return;
  }
}

}  // namespace

Result<ExportChoices> checkExports(EngineHost& engine, const fs::path& path, JobContext& context) {
  context.progress({words("opening the model"), -1.0, -1.0});
  SW_ASSIGN(const auto open, engine.open(path, context));
  ExportChoices choices;
  choices.tuned = !open->pack.empty();
  for (ExportTarget target : kExportTargets) {
    if (context.stopRequested()) return choices;
    TargetCheck entry{.target = target};
    if (target == ExportTarget::Pack && !choices.tuned) {
      entry.refusal = words("A scale pack holds what a tune learned, and this model was not tuned here. Fine-tune it first.");
    } else {
      auto check = check_export(*open->model, target, {});
      if (check)
        entry.check = std::move(*check);
      else
        entry.refusal = check.error().message;
    }
    choices.targets.push_back(std::move(entry));
  }
  if (is_run_folder(path)) readValidation(path, choices);
  return choices;
}

std::string ollamaModelfile(const Model& model, const fs::path& gguf) {
  std::string text = "FROM ./" + gguf.filename().string() + "\n";
  if (!model.tokenizer) return text;
  for (int32_t id : model.stop_ids) {
    std::string stop = model.tokenizer->token_text(id);
    if (stop.empty() || stop.find('"') != std::string::npos || stop.find('\n') != std::string::npos) continue;
    text += "PARAMETER stop \"" + stop + "\"\n";
  }
  return text;
}

Result<void> checkOutput(const ExportOrder& order) {
  SW_TRY(check_output(order.output, {{order.model, "the model being read"}, {order.base, "the model that was tuned"}}));
  return try_output(order.output, writes_folder(order.target));
}

fs::path ollamaModelfileOf(fs::path gguf) { return gguf.replace_extension(".Modelfile"); }

Result<ExportOutcome> runExport(EngineHost& engine, const ExportOrder& order, JobContext& context) {
  SW_ASSIGN(const std::shared_ptr<Backend> backend, engine.backend());
  SW_ASSIGN(const auto open, engine.open(order.model, context));
  const Model& model = *open->model;
  ExportOutcome outcome;
  SW_ASSIGN(outcome.report, export_model(model, order.target, order.output, order.ggufType, *backend, context, context.stop()));
  const ExportReport& report = outcome.report;

  if (order.target != ExportTarget::Pack) {
    // What the header of the written file says, against what is in memory.
    SW_ASSIGN(const ModelSummary written, summarize_model(order.output));
    const int64_t parameters = model.parameters();
    outcome.rows.push_back({words("Parameters"), countText(parameters).toStdString(), countText(written.parameters).toStdString(),
                            parameters == written.parameters ? words("identical") : std::to_string(written.parameters - parameters), parameters == written.parameters});
    outcome.rows.push_back({words("Layers and width"), std::to_string(model.config.layers) + " × " + std::to_string(model.config.width),
                            std::to_string(written.layers) + " × " + std::to_string(written.width),
                            model.config.layers == written.layers && model.config.width == written.width ? words("identical") : words("differ"),
                            model.config.layers == written.layers && model.config.width == written.width});
    const bool hadTemplate = model.chat_template != nullptr;
    outcome.rows.push_back({words("Chat template"), hadTemplate ? words("yes") : words("none"), written.has_chat_template ? words("yes") : words("none"),
                            hadTemplate == written.has_chat_template ? words("identical") : words("differ"), hadTemplate == written.has_chat_template});
    const std::string hash = model.codes_hash();
    if (!hash.empty() && written.quantized) {
      // Equal hashes prove equal codes; another container lays them out differently, then the logits below are the proof.
      auto reopened = load_model(order.output, context, context.stop());
      if (reopened) {
        const std::string there = (*reopened)->codes_hash();
        outcome.rows.insert(outcome.rows.begin(), {words("Codes and zero-points"), shortHash(hash), shortHash(there), there == hash ? words("identical") : words("other layout"), true});
      }
    }
  }
  outcome.rows.push_back({words("Largest logit difference"), "–", "–", number(report.largest_logit_difference, 4), report.largest_logit_difference < 1e-3 || !report.exact});
  outcome.rows.push_back({words("Perplexity, built-in text"), number(report.perplexity_memory, 3), number(report.perplexity_file, 3), number(report.perplexity_difference, 3),
                          std::abs(report.perplexity_difference) < 0.01 * std::max(1.0, report.perplexity_memory)});

  if (order.modelfile && order.target == ExportTarget::Gguf) {
    const fs::path file = ollamaModelfileOf(order.output);
    SW_TRY(write_text_file(file, ollamaModelfile(model, order.output)));
    outcome.modelfile = file;
  }
  return outcome;
}

}  // namespace scalewright::ui
