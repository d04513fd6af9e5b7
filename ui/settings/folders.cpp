#include "ui/settings/folders.h"

#include <QFileInfo>

#include "engine/core/system.h"
#include "ui/settings/settings.h"

namespace scalewright::ui {
namespace {

QString keyOf(Purpose purpose) {
  switch (purpose) {
    case Purpose::Model: return QStringLiteral("folders/model");
    case Purpose::Text: return QStringLiteral("folders/text");
    case Purpose::Data: return QStringLiteral("folders/data");
    case Purpose::Chart: return QStringLiteral("folders/chart");
    case Purpose::Report: return QStringLiteral("folders/report");
    case Purpose::Chat: return QStringLiteral("folders/chat");
    case Purpose::Project: return QStringLiteral("folders/project");
  }
  return {};
}

}  // namespace

QString lastFolder(const Settings& settings, Purpose purpose, const QString& otherwise) {
  const QString last = settings.value(keyOf(purpose)).toString();
  if (!last.isEmpty() && QFileInfo(last).isDir()) return last;
  if (!otherwise.isEmpty() || purpose != Purpose::Model) return otherwise;
  const QString own = QString::fromStdString((data_folder() / "models").string());
  return QFileInfo(own).isDir() ? own : QString();
}

void keepFolder(Settings& settings, Purpose purpose, const QString& chosen) {
  if (chosen.isEmpty()) return;
  const QFileInfo info(chosen);
  settings.setValue(keyOf(purpose), info.isDir() ? info.absoluteFilePath() : info.absolutePath());
}

}  // namespace scalewright::ui
