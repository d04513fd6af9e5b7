#pragma once
// What engine jobs share: the backend and the models that are open, one copy each, so that chat and training use the same
// weights. Every call that opens or computes is made on the engine thread.

#include <QString>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/model/model.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"
#include "ui/jobs/job.h"

namespace scalewright::ui {

// A model in memory with the scales it had in its file, so that packs can be switched and undone exactly.
struct OpenModel {
  std::shared_ptr<Model> model;
  TrainableLayout layout;                            // by group; empty when nothing is quantized
  std::vector<std::vector<uint16_t>> baseScales;     // as in the file
  std::filesystem::path pack;                        // the pack that its records hold now; empty: the base
};

class EngineHost {
 public:
  // Snapshot of the settings; takes effect with the next backend.
  void configure(const BackendOptions& options);

  // Engine thread: made on first use, and anew after configure().
  Result<Backend*> backend();
  // Engine thread. `path`: a model file or folder, or a run folder (its base model with its tuned scales applied).
  // An open model is handed out again while its file is unchanged; the last one used stays open.
  Result<std::shared_ptr<OpenModel>> open(const std::filesystem::path& path, JobContext& context);
  // The model of `path` if it is open now, as it is; InvalidArgument when it is not. Any thread.
  Result<std::shared_ptr<OpenModel>> opened(const std::filesystem::path& path) const;
  // Engine thread: the base without a pack, or with the pack applied (empty path: back to the base).
  Result<void> applyPack(OpenModel& model, const std::filesystem::path& pack);
  void closeAll();  // lets go of what no job uses

  // Any thread.
  QString deviceText() const;       // "CPU, 2 threads, AVX2"; before the backend exists what it will be
  QString deviceReason() const;     // why this one, in words
  uint64_t heldBytes() const;       // of open models

  // The tune that runs now, so that chat can be answered inside it. Set and cleared by the tune job; any thread.
  struct ActiveTune {
    std::filesystem::path model, run;
    std::shared_ptr<TuneControl> control;
  };
  void setActiveTune(ActiveTune tune);
  void clearActiveTune();
  ActiveTune activeTune() const;    // control is null: none

 private:
  struct Entry {
    std::filesystem::path path;
    std::filesystem::file_time_type changed;
    uint64_t bytes = 0;
    std::weak_ptr<OpenModel> model;
  };
  Result<std::shared_ptr<OpenModel>> openBase(const std::filesystem::path& path, JobContext& context);

  mutable std::mutex m_mutex;  // options, description, entries, tune
  BackendOptions m_options;
  bool m_stale = true;
  std::unique_ptr<Backend> m_backend;
  std::string m_description;
  std::vector<Entry> m_entries;
  std::shared_ptr<OpenModel> m_last;
  ActiveTune m_tune;
};

}  // namespace scalewright::ui
