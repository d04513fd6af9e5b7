#pragma once
// Where file dialogs begin: the folder that was chosen last for the same purpose.

#include <QString>

namespace scalewright::ui {

class Settings;

enum class Purpose { Model, Text, Data, Chart, Report, Chat, Project };

// The folder chosen last, where it still is; else `otherwise`; for models without that, the folder of the program's own models.
QString lastFolder(const Settings& settings, Purpose purpose, const QString& otherwise = {});
void keepFolder(Settings& settings, Purpose purpose, const QString& chosen);  // a file in it, or the folder

}  // namespace scalewright::ui
