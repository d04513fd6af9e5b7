#include "ui/jobs/engine_host.h"

#include <QCoreApplication>

#include "engine/core/file.h"
#include "engine/core/system.h"
#include "ui/jobs/engine_words.h"

namespace scalewright::ui {
namespace {

namespace fs = std::filesystem;
QString tr(const char* text) { return QCoreApplication::translate("EngineHost", text); }

// When and how large the thing at `path` is; for a folder, of its weight files.
void stamp(const fs::path& path, fs::file_time_type* changed, uint64_t* bytes) {
  std::error_code error;
  *bytes = 0;
  *changed = fs::last_write_time(path, error);
  if (!fs::is_directory(path, error)) {
    *bytes = fs::file_size(path, error);
    return;
  }
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (!entry.is_regular_file(error)) continue;
    *bytes += entry.file_size(error);
    *changed = std::max(*changed, entry.last_write_time(error));
  }
}

}  // namespace

void EngineHost::configure(const BackendOptions& options) {
  const std::lock_guard lock(m_mutex);
  m_options = options;
  m_stale = true;
}

Result<std::shared_ptr<Backend>> EngineHost::backend() {
  BackendOptions options;
  {
    const std::lock_guard lock(m_mutex);
    if (m_backend && !m_stale) return m_backend;
    options = m_options;
  }
  const MemorySource& before = memory_source();
  SW_ASSIGN(auto made, m_source.make(options));
  askDevice();
  const std::lock_guard lock(m_mutex);
  if (&memory_source() != &before) m_last.reset();  // nobody is handed it again
  m_backend = std::move(made);
  m_description = m_backend->description();
  m_deviceMemory = m_backend->device_memory();
  m_stale = false;
  return m_backend;
}

void EngineHost::noteDevice() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(m_mutex);
  if (!m_backend || now - m_looked < std::chrono::seconds(1)) return;
  m_looked = now;
  m_deviceMemory = m_backend->device_memory();
}

void EngineHost::askDevice() {
  bool named = false;
  {
    const std::lock_guard lock(m_mutex);
    if (m_options.device == "cpu") return;
    named = m_options.device != "auto";
  }
  const size_t cards = m_source.cards();
  if (named) {
    const std::lock_guard lock(m_mutex);
    m_cards = cards;
    return;
  }
  std::string why = m_source.why(), noGpu = m_source.whyNoGpu();
  const std::lock_guard lock(m_mutex);
  m_cards = cards;
  m_reason = std::move(why);
  m_noGpu = std::move(noGpu);
}

Result<std::shared_ptr<OpenModel>> EngineHost::openBase(const fs::path& path, JobContext& context) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  fs::file_time_type changed;
  uint64_t bytes = 0;
  stamp(real, &changed, &bytes);
  {
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_entries, [](const Entry& entry) { return entry.model.expired(); });
    for (const Entry& entry : m_entries)
      if (entry.path == real && entry.changed == changed && entry.bytes == bytes && entry.source == &memory_source())
        if (auto open = entry.model.lock()) {
          m_last = open;
          return open;
        }
    m_last.reset();  // the one before goes first, so that two are never held without need
  }
  SW_ASSIGN(auto model, load_model(real, context, context.stop()));
  auto open = std::make_shared<OpenModel>();
  open->model = std::move(model);
  open->layout = trainable_layout(*open->model, Granularity::Group);
  open->baseScales = snapshot_scales(*open->model, open->layout);
  {
    const std::lock_guard lock(m_mutex);
    m_entries.push_back({real, changed, bytes, &memory_source(), open});
    m_last = open;
    m_looked = {};  // a model on a card took some of its memory
  }
  noteDevice();
  return open;
}

Result<std::shared_ptr<OpenModel>> EngineHost::open(const fs::path& path, JobContext& context) {
  if (!is_run_folder(path)) {
    SW_ASSIGN(auto open, openBase(path, context));
    SW_TRY(applyPack(*open, {}));
    return open;
  }
  SW_ASSIGN(auto text, read_text_file(path / "recipe.json"));
  SW_ASSIGN(auto recipe, recipe_from_json(text));
  SW_ASSIGN(auto open, openBase(recipe.model, context));
  SW_TRY(applyPack(*open, path / "tuned.safetensors"));
  return open;
}

Result<std::shared_ptr<OpenModel>> EngineHost::opened(const fs::path& path) const {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  const std::lock_guard lock(m_mutex);
  for (const Entry& entry : m_entries)
    if (entry.path == real && entry.source == &memory_source())
      if (auto open = entry.model.lock()) return open;
  return fail(ErrorCode::InvalidArgument, tr("%1 is not open now.").arg(QString::fromStdString(path.string())).toStdString());
}

Result<void> EngineHost::applyPack(OpenModel& open, const fs::path& pack) {
  if (open.pack == pack) return {};
  if (pack.empty()) {
    restore_scales(*open.model, open.layout, open.baseScales);
  } else {
    SW_ASSIGN(auto loaded, ScalePack::load(pack, *open.model));
    loaded.apply(*open.model, open.baseScales);
  }
  open.pack = pack;
  return {};
}

void EngineHost::closeAll() {
  const std::lock_guard lock(m_mutex);
  m_last.reset();
}

QString EngineHost::deviceText() const {
  const std::lock_guard lock(m_mutex);
  if (!m_description.empty() && !m_stale) return inWords(m_description);
  const int threads = m_options.threads > 0 ? m_options.threads : processor_count();
  return tr("CPU, %1 threads").arg(threads);
}

QString EngineHost::deviceReason() const {
  const std::lock_guard lock(m_mutex);
  if (m_options.device == "cpu") return tr("The CPU, because the settings ask for it.");
  if (m_options.device == "cuda") return tr("A GPU, because the settings ask for it.");
  if (m_options.device == "cuda:all") return tr("All GPUs share the steps of a tuning run, because the settings ask for it; the first does everything else.");
  return m_reason.empty() ? tr("The CPU always works; no GPU is needed.") : inWords(m_reason);
}

QString EngineHost::noGpu() const {
  const std::lock_guard lock(m_mutex);
  return inWords(m_noGpu);
}

size_t EngineHost::cards() const {
  const std::lock_guard lock(m_mutex);
  return m_cards;
}

std::optional<DeviceMemory> EngineHost::deviceMemory() const {
  const std::lock_guard lock(m_mutex);
  return m_stale ? std::nullopt : m_deviceMemory;
}

uint64_t EngineHost::heldBytes() const {
  const std::lock_guard lock(m_mutex);
  uint64_t sum = 0;
  for (const Entry& entry : m_entries)
    if (!entry.model.expired()) sum += entry.bytes;
  return sum;
}

void EngineHost::setActiveTune(ActiveTune tune) {
  const std::lock_guard lock(m_mutex);
  m_tune = std::move(tune);
}
void EngineHost::clearActiveTune() {
  const std::lock_guard lock(m_mutex);
  m_tune = {};
}
EngineHost::ActiveTune EngineHost::activeTune() const {
  const std::lock_guard lock(m_mutex);
  return m_tune;
}

}  // namespace scalewright::ui
