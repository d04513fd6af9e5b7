#pragma once
// What the person chose, kept between starts in one INI file. Typed access only; every key has its default here.

#include <QByteArray>
#include <QObject>
#include <QSettings>
#include <QStringList>

namespace scalewright::ui {

enum class ThemeMode { System, Light, Dark };

class Settings : public QObject {
  Q_OBJECT
 public:
  // Empty: the user's configuration folder. A file of a newer version is copied aside once and read as far as it is known.
  explicit Settings(const QString& file = {}, QObject* parent = nullptr);

  ThemeMode themeMode() const;
  void setThemeMode(ThemeMode mode);
  static constexpr double kSmallestScale = 0.8, kLargestScale = 2.0;
  double fontScale() const;  // 1 is the desktop's size
  void setFontScale(double scale);
  QString language() const;  // "" follows the system, else "en", "de"
  void setLanguage(const QString& code);

  int threads() const;  // 0: one a physical processor
  void setThreads(int threads);
  QString device() const;  // "auto" | "cpu" | "cuda" | "cuda:all"
  void setDevice(const QString& device);

  QString projectFolder() const;  // empty: none yet
  void setProjectFolder(const QString& folder);
  QStringList recentProjects() const;  // newest first
  QStringList modelFolders() const;    // scanned for models
  void setModelFolders(const QStringList& folders);
  QStringList recentModels() const;
  void addRecentModel(const QString& path);

  QByteArray geometry() const;
  void setGeometry(const QByteArray& bytes);
  // State of a header, splitter or page, by name: "models/table".
  QByteArray state(const QString& name) const;
  void setState(const QString& name, const QByteArray& bytes);
  QVariant value(const QString& key, const QVariant& fallback = {}) const;  // pages' own small choices: "page/<name>/..."
  void setValue(const QString& key, const QVariant& value);

  bool notifyWhenDone() const;
  void setNotifyWhenDone(bool on);

  QString file() const { return m_store.fileName(); }
  QString warning() const { return m_warning; }  // what was found wrong in the file, for a banner; empty: nothing
  bool save();                                   // false: the file cannot be written

  static constexpr int kVersion = 1;

 signals:
  void changed(const QString& key);

 private:
  void write(const QString& key, const QVariant& value);

  QSettings m_store;
  QString m_warning;
};

}  // namespace scalewright::ui
