#include "ui/settings/project.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLockFile>
#include <QSaveFile>
#include <QStandardPaths>

#include "ui/settings/settings.h"

namespace scalewright::ui {
namespace {

constexpr int kVersion = 1;
constexpr int kAgain = 2000;  // milliseconds

QString fileOf(const QString& folder) { return QDir(folder).filePath(QStringLiteral("project.json")); }

QStringList strings(const QJsonValue& value) {
  QStringList list;
  for (const QJsonValue& item : value.toArray())
    if (!item.toString().isEmpty()) list << item.toString();
  return list;
}

}  // namespace

Project::Project(Settings& settings, QObject* parent) : QObject(parent), m_settings(settings) {
  m_again.setInterval(kAgain);
  connect(&m_again, &QTimer::timeout, this, &Project::tryLock);
  const QString last = settings.projectFolder();
  if (!last.isEmpty() && QFileInfo(last).isDir()) open(last);
}

Project::~Project() = default;

QString Project::name() const { return m_folder.isEmpty() ? tr("No project yet") : QDir(m_folder).dirName(); }
QString Project::runsFolder() const { return m_folder.isEmpty() ? QString() : QDir(m_folder).filePath(QStringLiteral("runs")); }

bool Project::open(const QString& folder, QString* error) {
  const QString path = QDir(folder).absolutePath();
  if (!QDir().mkpath(path)) {
    if (error) *error = tr("The folder %1 cannot be made. Choose one that you may write to.").arg(path);
    return false;
  }
  const QString before = m_folder;
  m_folder = path;
  if (!read(error)) {
    m_folder = before;
    return false;
  }
  lock();
  m_settings.setProjectFolder(path);
  emit changed();
  return true;
}

bool Project::ensureOpen(QString* error) {
  if (isOpen()) return true;
  const QString base = QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/scalewright/projects/");
  return open(base + tr("My project"), error);
}

void Project::lock() {
  m_lock = std::make_unique<QLockFile>(QDir(m_folder).filePath(QStringLiteral(".in-use")));
  m_lock->setStaleLockTime(0);  // a program that was killed is known by its process, not by its age
  tryLock();
}

void Project::tryLock() {
  m_inUse = !m_lock->tryLock(0) && m_lock->error() == QLockFile::LockFailedError;
  m_inUse ? m_again.start() : m_again.stop();
}

void Project::close() {
  m_folder.clear();
  m_lock.reset();
  m_again.stop();
  m_inUse = false;
  m_models.clear();
  m_datasets.clear();
  m_settings.setProjectFolder({});
  emit changed();
}

bool Project::read(QString* error) {
  m_models.clear();
  m_datasets.clear();
  QFile file(fileOf(m_folder));
  if (!file.exists()) return write(error);
  if (!file.open(QIODevice::ReadOnly)) {
    if (error) *error = tr("%1 cannot be read: %2. Check its permissions.").arg(file.fileName(), file.errorString());
    return false;
  }
  QJsonParseError parse;
  const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &parse);
  if (!document.isObject()) {
    // The list of links is lost, the models and runs are not: keep the damaged file aside and begin a new one.
    const QString aside = file.fileName() + QStringLiteral(".damaged");
    QFile::remove(aside);
    QFile::copy(file.fileName(), aside);
    return write(error);
  }
  const QJsonObject object = document.object();
  m_models = strings(object.value(QStringLiteral("models")));
  m_datasets = strings(object.value(QStringLiteral("datasets")));
  return true;
}

bool Project::write(QString* error) const {
  QSaveFile file(fileOf(m_folder));
  if (file.open(QIODevice::WriteOnly)) {
    const QJsonObject object{{QStringLiteral("version"), kVersion},
                             {QStringLiteral("models"), QJsonArray::fromStringList(m_models)},
                             {QStringLiteral("datasets"), QJsonArray::fromStringList(m_datasets)}};
    file.write(QJsonDocument(object).toJson());
    if (file.commit()) return true;
  }
  if (error) *error = tr("%1 cannot be written: %2. Choose a folder that you may write to, on a disk with space.").arg(file.fileName(), file.errorString());
  return false;
}

void Project::addModel(const QString& path) {
  if (m_models.contains(path)) return;
  m_models.prepend(path);
  if (isOpen()) write();
  m_settings.addRecentModel(path);
  emit changed();
}
void Project::removeModel(const QString& path) {
  if (m_models.removeAll(path) == 0) return;
  if (isOpen()) write();
  emit changed();
}
void Project::addDataset(const QString& path) {
  if (m_datasets.contains(path)) return;
  m_datasets.prepend(path);
  if (isOpen()) write();
  emit changed();
}

}  // namespace scalewright::ui
