#pragma once
// One line of the table of models: a file, a folder, or a tuned run, with what its header says.

#include <QString>
#include <memory>

#include "engine/model/model.h"

namespace scalewright::ui {

enum class ModelState { Reading, FullPrecision, Quantized, Tuned, Incomplete, Unusable };

struct ModelEntry {
  QString path;                  // what the engine opens: file, folder, or run folder
  QString name, detail;          // first and second line
  QString family, type;          // "llama", "Q4_1"
  ModelState state = ModelState::Reading;
  qint64 parameters = 0, context = 0;
  double bits = 0.0;
  quint64 bytes = 0;
  QString problem;               // why it cannot be used, what to do; empty: it can
  bool learned = false;          // a file whose name inside says that it was tuned: shown as such, and quantized otherwise
  QString basePath;              // of a run: the model it was tuned on; else path
  std::shared_ptr<const ModelSummary> summary;  // null while reading and where reading failed

  bool usable() const { return state == ModelState::FullPrecision || state == ModelState::Quantized || state == ModelState::Tuned; }
  bool run() const { return state == ModelState::Tuned; }
  ModelState shownState() const { return learned && usable() ? ModelState::Tuned : state; }
};

QString stateText(ModelState state);
int stateTone(ModelState state);  // as CellRole::ChipRole
QString familyText(const QString& family);
QString containerText(Container container);

}  // namespace scalewright::ui
