#pragma once
// What engine jobs share: the backend and the models that are open, one copy each, so that chat and training use the same
// weights. Every call that opens or computes is made on the engine thread.

#include <QString>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/core/memory_source.h"
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

// Where the host has its backend from, and why; others in tests.
struct DeviceSource {
  std::function<Result<std::unique_ptr<Backend>>(const BackendOptions&)> make = make_backend;
  std::function<std::string()> why = why_this_device;
  std::function<std::string()> whyNoGpu = why_no_gpu;
  std::function<size_t()> cards = [] { return card_names().size(); };
};

class EngineHost {
 public:
  explicit EngineHost(DeviceSource source = {}) : m_source(std::move(source)) {}
  // Snapshot of the settings; takes effect with the next backend.
  void configure(const BackendOptions& options);

  // Engine thread: made on first use, and anew after configure(). Who computes holds it, so that the one before lives until nobody does.
  Result<std::shared_ptr<Backend>> backend();
  // Engine thread. `path`: a model file or folder, or a run folder (its base model with its tuned scales applied).
  // An open model is handed out again while its file is unchanged and its weights lie where the device wants them; the last one used stays
  // open.
  Result<std::shared_ptr<OpenModel>> open(const std::filesystem::path& path, JobContext& context);
  // The model of `path` if it is open now, as it is; InvalidArgument when it is not. Any thread.
  Result<std::shared_ptr<OpenModel>> opened(const std::filesystem::path& path) const;
  // Engine thread: the base without a pack, or with the pack applied (empty path: back to the base).
  Result<void> applyPack(OpenModel& model, const std::filesystem::path& pack);
  void closeAll();  // lets go of what no job uses
  // The thread that computes: looks again at the memory of a card, at most once a second. Done by backend() and open() too.
  void noteDevice();
  // Any thread: asks the machine what "auto" is and whether there is a card, which can take a second the first time. A card is let
  // alone where the settings name the device.
  void askDevice();

  // Any thread.
  QString deviceText() const;       // "CPU, 2 threads, AVX2"; before the backend exists what it will be
  QString deviceReason() const;     // why this one, in words
  QString noGpu() const;            // why a card cannot be chosen; empty: it can, or nobody asked yet
  size_t cards() const;             // that can be used; 0: none, or nobody asked yet
  std::optional<DeviceMemory> deviceMemory() const;  // of the card that is used, as it was last looked at; none: the processor
  uint64_t heldBytes() const;       // of open models

  // The tune that runs now, so that chat can be answered inside it, on its backend. Set and cleared by the tune job; any thread.
  struct ActiveTune {
    std::filesystem::path model, run;
    std::shared_ptr<TuneControl> control;
    std::shared_ptr<Backend> backend;
  };
  void setActiveTune(ActiveTune tune);
  void clearActiveTune();
  ActiveTune activeTune() const;    // control is null: none

 private:
  struct Entry {
    std::filesystem::path path;
    std::filesystem::file_time_type changed;
    uint64_t bytes = 0;
    const MemorySource* source = nullptr;  // of its weights
    std::weak_ptr<OpenModel> model;
  };
  Result<std::shared_ptr<OpenModel>> openBase(const std::filesystem::path& path, JobContext& context);

  DeviceSource m_source;
  mutable std::mutex m_mutex;  // options, description, entries, tune
  BackendOptions m_options;
  bool m_stale = true;
  std::shared_ptr<Backend> m_backend;
  std::string m_description, m_reason, m_noGpu;
  size_t m_cards = 0;
  std::optional<DeviceMemory> m_deviceMemory;
  std::chrono::steady_clock::time_point m_looked;
  std::vector<Entry> m_entries;
  std::shared_ptr<OpenModel> m_last;
  ActiveTune m_tune;
};

}  // namespace scalewright::ui
