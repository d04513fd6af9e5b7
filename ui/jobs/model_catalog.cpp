#include "ui/jobs/model_catalog.h"

#include <QDir>
#include <QDirIterator>
#include <QFileInfo>
#include <QHash>
#include <QRegularExpression>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>

#include "engine/core/file.h"
#include "engine/core/part_name.h"
#include "engine/core/system.h"
#include "engine/tune/recipe.h"
#include "engine/tune/run_store.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"
#include "ui/jobs/engine_words.h"
#include "ui/jobs/job_queue.h"
#include "ui/settings/format.h"
#include "ui/settings/project.h"
#include "ui/settings/settings.h"

namespace scalewright::ui {
namespace {

namespace fs = std::filesystem;
constexpr int kDeepest = 4;
constexpr int kMost = 2000;  // models of one folder; more is a mistake of the person, not a library

fs::path toPath(const QString& path) { return fs::path(path.toStdString()); }

void fillFrom(const ModelSummary& summary, ModelEntry& entry) {
  entry.family = QString::fromStdString(summary.family);
  entry.type = QString::fromStdString(summary.type);
  entry.parameters = summary.parameters;
  entry.context = summary.context_length;
  entry.bits = summary.bits_per_weight;
  entry.bytes = summary.file_bytes;
  entry.state = summary.quantized ? ModelState::Quantized : ModelState::FullPrecision;
  entry.problem = QString::fromStdString(summary.unsupported);
  if (!summary.unsupported.empty()) entry.state = ModelState::Unusable;
}

// The names that people gave to runs, by folder.
QHash<QString, QString> namesOfRuns() {
  QHash<QString, QString> names;
  const auto store = RunStore::open_existing(RunStore::default_file());
  const auto runs = store ? (*store)->runs() : Result<std::vector<RunRow>>(fail(ErrorCode::Io, {}));
  if (runs)
    for (const RunRow& run : *runs) names.insert(QString::fromStdString(run.folder), QString::fromStdString(run.name));
  return names;
}

ModelEntry readRun(const QString& path) {
  ModelEntry entry;
  entry.path = path;
  entry.name = QFileInfo(path).fileName();
  entry.state = ModelState::Unusable;
  const auto text = read_text_file(toPath(path) / "recipe.json");
  if (!text) {
    entry.problem = inWords(text.error());
    return entry;
  }
  const auto recipe = recipe_from_json(*text);
  if (!recipe) {
    entry.problem = inWords(recipe.error());
    return entry;
  }
  entry.basePath = QString::fromStdString(recipe->model.string());
  entry.detail = ModelCatalog::tr("Pack on %1").arg(QFileInfo(entry.basePath).fileName());
  auto summary = summarize_model(recipe->model);
  if (!summary) {
    entry.problem = ModelCatalog::tr("Its base model cannot be read. %1").arg(inWords(summary.error()));
    return entry;
  }
  fillFrom(*summary, entry);
  if (entry.state == ModelState::Unusable) return entry;
  entry.state = ModelState::Tuned;
  entry.summary = std::make_shared<const ModelSummary>(std::move(*summary));
  return entry;
}

}  // namespace

bool looksLikeModelFolder(const QString& folder) {
  const QDir dir(folder);
  return dir.exists(QStringLiteral("config.json")) && !dir.entryList({QStringLiteral("*.safetensors")}, QDir::Files).isEmpty();
}

ModelEntry readModelEntry(const QString& path) {
  if (is_run_folder(toPath(path))) return readRun(path);
  ModelEntry entry;
  const QFileInfo info(path);
  entry.path = entry.basePath = path;
  entry.name = info.fileName();
  entry.detail = folderText(info.absolutePath());
  entry.state = ModelState::Unusable;
  if (!info.exists()) {
    entry.problem = ModelCatalog::tr("%1 is not there any more. Bring it back, or remove it from the list.").arg(path);
    return entry;
  }
  entry.bytes = info.isDir() ? 0 : quint64(info.size());
  auto summary = summarize_model(toPath(path));
  if (!summary) {
    entry.problem = inWords(summary.error());
    if (summary.error().code == ErrorCode::Incomplete) entry.state = ModelState::Incomplete;
    return entry;
  }
  fillFrom(*summary, entry);
  if (info.isDir()) entry.detail = QStringLiteral("%1, %2").arg(entry.detail, containerText(summary->container));
  entry.learned = summary->tuned;
  entry.summary = std::make_shared<const ModelSummary>(std::move(*summary));
  return entry;
}

QStringList findModels(const QString& folder) {
  static const QRegularExpression laterPart(QStringLiteral("-\\d{5}-of-\\d{5}\\.gguf$"));
  QStringList found;
  std::function<void(const QString&, int)> walk = [&](const QString& path, int depth) {
    if (depth > kDeepest || found.size() >= kMost) return;
    if (looksLikeModelFolder(path)) {
      found << path;
      return;
    }
    const QDir dir(path);
    for (const QFileInfo& file : dir.entryInfoList({QStringLiteral("*.gguf")}, QDir::Files, QDir::Name)) {
      if (laterPart.match(file.fileName()).hasMatch() && !file.fileName().contains(QLatin1String("-00001-of-"))) continue;
      found << file.absoluteFilePath();
    }
    for (const QFileInfo& sub : dir.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot | QDir::NoSymLinks, QDir::Name))
      if (!is_part(sub.fileName().toStdString())) walk(sub.absoluteFilePath(), depth + 1);  // what is being written is no model yet
  };
  walk(QDir(folder).absolutePath(), 0);
  return found;
}

QStringList findRuns(const QString& runsFolder) {
  QStringList found;
  if (runsFolder.isEmpty()) return found;
  for (const QFileInfo& sub : QDir(runsFolder).entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Time))
    if (QFile::exists(sub.absoluteFilePath() + QStringLiteral("/tuned.safetensors")) && is_run_folder(toPath(sub.absoluteFilePath()))) found << sub.absoluteFilePath();
  return found;
}

ModelCatalog::ModelCatalog(Settings& settings, Project& project, JobQueue& jobs, QObject* parent)
    : QObject(parent), m_settings(settings), m_project(project), m_jobs(jobs) {
  connect(&project, &Project::changed, this, &ModelCatalog::refresh);
  connect(&jobs, &JobQueue::jobDone, this, [this](Job* job) {
    if (job->place() == Place::Tune || job->place() == Place::Quantize || job->place() == Place::Export) refresh();
  });
}

int ModelCatalog::usableCount() const {
  return int(std::count_if(m_table.entries().begin(), m_table.entries().end(), [](const ModelEntry& entry) { return entry.usable(); }));
}

int ModelCatalog::folderCount() const {
  QSet<QString> folders;
  for (const ModelEntry& entry : m_table.entries())
    if (entry.usable()) folders << QFileInfo(entry.path).absolutePath();
  return int(folders.size());
}

QStringList ModelCatalog::known(const QString& present) const {
  QStringList paths = m_settings.recentModels() + m_project.models();
  for (const ModelEntry& entry : m_table.entries())
    if (entry.usable() && !entry.run()) paths << entry.path;
  paths << QString::fromStdString(sample_model_path().string());
  if (!present.isEmpty() && !paths.contains(present)) paths.prepend(present);
  paths.removeDuplicates();
  // Nor what was taken off the list, or was read and cannot be used.
  paths.removeIf([&](const QString& path) {
    const ModelEntry* entry = m_table.find(path);
    return path != present && (m_hidden.contains(path) || (entry && !entry->usable()));
  });
  paths.removeIf([&](const QString& path) { return (path != present && !QFileInfo::exists(path)) || is_run_folder(toPath(path)); });
  return paths;
}

QString ModelCatalog::offered(const std::function<bool(const ModelEntry&)>& suits) const {
  if (const ModelEntry* entry = m_table.find(m_chosen); entry && entry->usable() && suits(*entry)) return m_chosen;
  QStringList all;
  for (const ModelEntry& entry : m_table.entries())
    if (entry.usable() && suits(entry)) all << entry.path;
  return all.size() == 1 ? all.first() : QString();
}

void ModelCatalog::refresh() {
  QStringList folders = m_settings.modelFolders();
  // What the set-up brought is there too, beside the person's own. Alone it is offered by the first start.
  const QString own = QString::fromStdString((data_folder() / "models").string());
  if ((!m_project.models().isEmpty() || !folders.isEmpty()) && !folders.contains(own) && QFileInfo(own).isDir()) folders << own;
  read(m_project.models(), folders, false);
}

void ModelCatalog::add(const QStringList& paths) {
  QStringList models, folders;
  for (const QString& given : paths) {
    QFileInfo info(given);
    // A weight file or the config of a model folder means the folder.
    if (info.isFile() && (info.suffix() == QLatin1String("safetensors") || info.fileName() == QLatin1String("config.json"))) info.setFile(info.absolutePath());
    const QString path = info.absoluteFilePath();
    m_hidden.remove(path);
    if (info.isDir() && !looksLikeModelFolder(path) && !is_run_folder(toPath(path)))
      folders << path;
    else
      models << path;
  }
  if (!folders.isEmpty()) {
    QStringList known = m_settings.modelFolders();
    for (const QString& folder : folders)
      if (!known.contains(folder)) known << folder;
    m_settings.setModelFolders(known);
  }
  if (!models.isEmpty()) m_project.ensureOpen();
  {
    // One reading for all, not one a path.
    const QSignalBlocker block(&m_project);
    for (const QString& model : models) m_project.addModel(model);
  }
  if (!models.isEmpty()) emit m_project.changed();
  read(models, folders, true);
}

void ModelCatalog::remove(const QString& path) {
  m_hidden.insert(path);
  m_project.removeModel(path);
  m_table.remove(path);
  emit changed();
}
void ModelCatalog::restore(const QString& path) {
  m_hidden.remove(path);
  m_project.addModel(path);
}

void ModelCatalog::read(const QStringList& models, const QStringList& folders, bool tell) {
  ++m_reading;
  const QString runs = m_project.runsFolder();
  const auto entries = EventStream<ModelEntry>([this](std::vector<ModelEntry> batch) {
    for (const ModelEntry& entry : batch)
      if (!m_hidden.contains(entry.path)) m_table.upsert(entry);
    emit changed();
  });
  struct Found { QStringList all, empty; };
  auto job = std::make_shared<WorkJob<Found>>(
      tr("Reading models"), Place::None,
      [models, folders, runs, entries](JobContext& context) -> Result<Found> {
        Found found;
        QStringList paths = models;
        for (const QString& folder : folders) {
          const QStringList in = findModels(folder);
          if (in.isEmpty()) found.empty << folder;
          paths << in;
        }
        paths << findRuns(runs);
        paths.removeDuplicates();
        std::optional<QHash<QString, QString>> names;
        for (const QString& path : paths) {
          if (context.stopRequested()) break;
          ModelEntry entry = readModelEntry(path);
          if (entry.run()) {
            if (!names) names = namesOfRuns();
            if (const QString given = names->value(path); !given.isEmpty()) entry.name = given;
          }
          entries.push(std::move(entry));
        }
        found.all = paths;
        return found;
      },
      this,
      [this, models, tell](Result<Found> found) {
        --m_reading;
        if (!found) return;
        if (tell) {
          for (const QString& path : models)
            if (const ModelEntry* entry = m_table.find(path)) {
              if (entry->usable()) choose(path);
              emit added(path, entry->problem);
            }
          for (const QString& folder : found->empty) emit nothingFound(folder);
        } else {
          // What is not there any more leaves the table, unless the person added it by hand: then its line says so.
          QStringList gone;
          for (const ModelEntry& entry : m_table.entries())
            if (!found->all.contains(entry.path)) gone << entry.path;
          for (const QString& path : gone) m_table.remove(path);
        }
        emit changed();
      });
  job->listen(entries);
  m_jobs.start(job, Lane::Quick);
}

}  // namespace scalewright::ui
