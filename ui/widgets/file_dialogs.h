#pragma once
// The dialogs for files and folders. Each begins where the last one of its purpose ended, and remembers where this one ends.

#include <QString>
#include <QStringList>

#include "ui/settings/folders.h"

class QWidget;

namespace scalewright::ui {

// Empty: given up.
QString askToOpen(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& filter);
QStringList askToOpenMany(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& filter);
QString askForFolder(QWidget* parent, Settings& settings, Purpose purpose, const QString& title);
// `name`: suggested, without a folder. The dialog has asked whether a file of the name may be replaced.
QString askToSave(QWidget* parent, Settings& settings, Purpose purpose, const QString& title, const QString& name, const QString& filter);

}  // namespace scalewright::ui
