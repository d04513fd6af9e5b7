#include "ui/settings/settings.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStandardPaths>
#include <algorithm>
#include <cmath>

namespace scalewright::ui {

namespace {

constexpr int kRecent = 12;

QString defaultFile() {
  return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + QStringLiteral("/scalewright/scalewright.ini");
}

}  // namespace

Settings::Settings(const QString& file, QObject* parent)
    : QObject(parent), m_store(file.isEmpty() ? defaultFile() : file, QSettings::IniFormat) {
  m_store.setFallbacksEnabled(false);
  if (m_store.status() == QSettings::FormatError) {
    const QString aside = m_store.fileName() + QStringLiteral(".damaged");
    QFile::remove(aside);
    QFile::copy(m_store.fileName(), aside);
    m_warning = tr("The settings file could not be read and was set back. The old one is kept as %1.").arg(aside);
    m_store.clear();
  }
  const int version = m_store.value(QStringLiteral("version"), 0).toInt();
  if (version > kVersion) {
    const QString aside = m_store.fileName() + QStringLiteral(".v%1").arg(version);
    if (!QFile::exists(aside)) QFile::copy(m_store.fileName(), aside);
    m_warning = tr("The settings were written by a newer version. What is known was taken over; a copy is kept as %1.").arg(aside);
  }
  if (version != kVersion) m_store.setValue(QStringLiteral("version"), kVersion);
}

void Settings::write(const QString& key, const QVariant& value) {
  if (m_store.value(key) == value && m_store.contains(key)) return;
  m_store.setValue(key, value);
  emit changed(key);
}

QVariant Settings::value(const QString& key, const QVariant& fallback) const { return m_store.value(key, fallback); }
void Settings::setValue(const QString& key, const QVariant& value) { write(key, value); }

ThemeMode Settings::themeMode() const {
  const QString mode = value(QStringLiteral("look/theme")).toString();
  return mode == QLatin1String("light") ? ThemeMode::Light : mode == QLatin1String("dark") ? ThemeMode::Dark : ThemeMode::System;
}
void Settings::setThemeMode(ThemeMode mode) {
  write(QStringLiteral("look/theme"), mode == ThemeMode::Light  ? QStringLiteral("light")
                                      : mode == ThemeMode::Dark ? QStringLiteral("dark")
                                                                : QStringLiteral("system"));
}

double Settings::fontScale() const {
  const double scale = value(QStringLiteral("look/font_scale"), 1.0).toDouble();
  return std::isfinite(scale) ? std::clamp(scale, kSmallestScale, kLargestScale) : 1.0;
}
void Settings::setFontScale(double scale) { write(QStringLiteral("look/font_scale"), std::clamp(scale, kSmallestScale, kLargestScale)); }

QString Settings::language() const { return value(QStringLiteral("look/language")).toString(); }
void Settings::setLanguage(const QString& code) { write(QStringLiteral("look/language"), code); }

int Settings::threads() const { return std::clamp(value(QStringLiteral("engine/threads"), 0).toInt(), 0, 1024); }
void Settings::setThreads(int threads) { write(QStringLiteral("engine/threads"), std::clamp(threads, 0, 1024)); }

QString Settings::device() const {
  const QString device = value(QStringLiteral("engine/device"), QStringLiteral("auto")).toString();
  return device == QLatin1String("cpu") || device == QLatin1String("cuda") || device == QLatin1String("cuda:all") ? device : QStringLiteral("auto");
}
void Settings::setDevice(const QString& device) { write(QStringLiteral("engine/device"), device); }

QString Settings::projectFolder() const { return value(QStringLiteral("project/current")).toString(); }
void Settings::setProjectFolder(const QString& folder) {
  if (!folder.isEmpty()) {
    QStringList recent = recentProjects();
    recent.removeAll(folder);
    recent.prepend(folder);
    write(QStringLiteral("project/recent"), QStringList(recent.mid(0, kRecent)));
  }
  write(QStringLiteral("project/current"), folder);
}
QStringList Settings::recentProjects() const { return value(QStringLiteral("project/recent")).toStringList(); }

QStringList Settings::modelFolders() const { return value(QStringLiteral("models/folders")).toStringList(); }
void Settings::setModelFolders(const QStringList& folders) { write(QStringLiteral("models/folders"), folders); }

QStringList Settings::recentModels() const { return value(QStringLiteral("models/recent")).toStringList(); }
void Settings::addRecentModel(const QString& path) {
  QStringList recent = recentModels();
  recent.removeAll(path);
  recent.prepend(path);
  write(QStringLiteral("models/recent"), QStringList(recent.mid(0, kRecent)));
}

QByteArray Settings::geometry() const { return value(QStringLiteral("window/geometry")).toByteArray(); }
void Settings::setGeometry(const QByteArray& bytes) { write(QStringLiteral("window/geometry"), bytes); }
QByteArray Settings::state(const QString& name) const { return value(QStringLiteral("state/") + name).toByteArray(); }
void Settings::setState(const QString& name, const QByteArray& bytes) { write(QStringLiteral("state/") + name, bytes); }

bool Settings::notifyWhenDone() const { return value(QStringLiteral("jobs/notify"), true).toBool(); }
void Settings::setNotifyWhenDone(bool on) { write(QStringLiteral("jobs/notify"), on); }

bool Settings::save() {
  m_store.sync();
  return m_store.status() == QSettings::NoError;
}

}  // namespace scalewright::ui
