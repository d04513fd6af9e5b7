#include "ui/widgets/file_dialogs.h"

#include <QDir>
#include <QFileDialog>

namespace scalewright::ui {
namespace {

QString kept(Settings& settings, Purpose purpose, const QString& path) {
  keepFolder(settings, purpose, path);
  return path;
}

}  // namespace

QString askToOpen(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& filter) {
  return kept(settings, purpose, QFileDialog::getOpenFileName(parent, title, lastFolder(settings, purpose), filter));
}

QStringList askToOpenMany(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& filter) {
  const QStringList paths = QFileDialog::getOpenFileNames(parent, title, lastFolder(settings, purpose), filter);
  kept(settings, purpose, paths.value(0));
  return paths;
}

QString askForFolder(QWidget* parent, Settings& settings, Purpose purpose, const QString& title) {
  return kept(settings, purpose, QFileDialog::getExistingDirectory(parent, title, lastFolder(settings, purpose)));
}

QString askToSave(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& name, const QString& filter) {
  const QString folder = lastFolder(settings, purpose);
  const QString suggested = folder.isEmpty() ? name : QDir(folder).filePath(name);
  return kept(settings, purpose, QFileDialog::getSaveFileName(parent, title, suggested, filter));
}

}  // namespace scalewright::ui
