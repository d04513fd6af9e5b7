#pragma once
// The engine speaks English. What a person meets most is known here by its sentences and shown in the language of the window; what is
// not known is shown as the engine says it.

#include <QString>
#include <string>

#include "engine/core/error.h"

namespace scalewright::ui {

QString inWords(const std::string& engineText);
inline QString inWords(const Error& error) { return inWords(error.message); }
// Whether the whole of it is known, up to names and numbers; for tests.
bool isKnown(const std::string& engineText);

}  // namespace scalewright::ui
