#pragma once
// What the Export page runs on the engine thread: what a model can be written as, and writing with the self-check.

#include <QString>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/export/exporter.h"
#include "ui/jobs/engine_host.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

inline constexpr ExportTarget kExportTargets[] = {ExportTarget::Gguf, ExportTarget::Pack, ExportTarget::Safetensors,
                                                  ExportTarget::Gptq, ExportTarget::Awq,  ExportTarget::CompressedTensors};

struct TargetCheck {
  ExportTarget target = ExportTarget::Gguf;
  std::optional<ExportCheck> check;   // empty: it cannot be written so
  std::string refusal;                // then why
};
struct ExportChoices {
  std::vector<TargetCheck> targets;
  bool tuned = false;
  // Of a run: perplexity on its validation rows before (first validation) and best; 0: not known.
  double validationFirst = 0.0, validationLast = 0.0;
};
Result<ExportChoices> checkExports(EngineHost& engine, const std::filesystem::path& model, JobContext& context);

struct ExportOrder {
  std::filesystem::path model, output;
  std::filesystem::path base;         // of a run: the model it was tuned on; empty: none
  ExportTarget target = ExportTarget::Gguf;
  std::string ggufType;
  bool modelfile = false;             // an Ollama Modelfile beside a GGUF
};
struct CheckRow {
  std::string what, memory, file, difference;
  bool good = true;
};
struct ExportOutcome {
  ExportReport report;
  std::vector<CheckRow> rows;         // the self-check as a table
  std::filesystem::path modelfile;    // written; empty: none
};
// What is known of the output before any work, as `scalewright-cli export` knows it.
Result<void> checkOutput(const ExportOrder& order);
Result<ExportOutcome> runExport(EngineHost& engine, const ExportOrder& order, JobContext& context);

// The Modelfile beside a GGUF.
std::filesystem::path ollamaModelfileOf(std::filesystem::path gguf);
// What Ollama needs beside a GGUF: the file and the words that end an answer.
std::string ollamaModelfile(const Model& model, const std::filesystem::path& gguf);

}  // namespace scalewright::ui
