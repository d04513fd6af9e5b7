#pragma once
// What the wizard's steps fill in together: a run that is not started yet.

#include <QString>
#include <memory>

#include "engine/data/dataset.h"
#include "engine/model/model.h"
#include "engine/tune/trainer.h"
#include "ui/jobs/engine_host.h"

namespace scalewright::ui {

// Passes over the data of the three presets, and the preset that a recipe is: 3, its own, where it is none of them.
inline constexpr double kPresetEpochs[] = {1.0, 3.0, 6.0};
inline int presetOf(const TuneRecipe& recipe) {
  for (int i = 0; i < 3; ++i)
    if (recipe.steps == 0 && recipe.epochs == kPresetEpochs[i]) return i;
  return 3;
}

struct TuneDraft {
  ModelSummary summary;                       // of the chosen model; path empty: none
  std::shared_ptr<OpenModel> open;            // once the data step has opened it
  std::shared_ptr<const Dataset> dataset;     // as imported
  std::shared_ptr<const EncodedDataset> encoded;
  std::shared_ptr<const Dataset> validation;  // of the file that is validated on; null: rows of the data are held back, or none
  TuneRecipe recipe;                          // model, data and all settings
  int preset = 1;                             // 0 quick, 1 balanced, 2 thorough, 3 own
  QString name;                               // of the run
  bool fromSample = false;

  bool hasModel() const { return !summary.path.empty(); }
  bool hasData() const { return encoded && !encoded->examples.empty(); }
};

}  // namespace scalewright::ui
