#pragma once
// Why a format cannot hold a model, in the words of a person who knows nothing of codes: what it cannot hold, and what to do instead.

#include <QString>
#include <string>

#include "engine/export/exporter.h"

namespace scalewright::ui {

// `refusal` as check_export() says it, for a place under the name of the target. What is not known here comes as the engine says it, in the language of the window.
QString plainReason(ExportTarget target, const std::string& refusal);

}  // namespace scalewright::ui
