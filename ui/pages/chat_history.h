#pragma once
// Conversations that were kept, and the one at hand as a file.

#include <functional>

#include "ui/models/chat_log.h"

class QWidget;

namespace scalewright::ui {

class Settings;

// The kept conversations as a menu below `at`; `open` gets the one that is chosen.
void showKeptChats(QWidget* at, const ChatStore& store, const std::function<void(const ChatLog&)>& open);
// Asks for a file (.md or .json) and writes it. Empty: done or given up; else what went wrong and what to do.
QString saveChatAs(QWidget* parent, Settings& settings, const ChatLog& log);

}  // namespace scalewright::ui
