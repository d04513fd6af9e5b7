#pragma once
// Conversations as JSON files: [{"role": ..., "content": ...}, ...] or {"messages": [...]}.

#include <filesystem>
#include <vector>

#include "engine/core/error.h"
#include "engine/text/chat_template.h"

namespace scalewright::cli {

Result<std::vector<Message>> read_messages(const std::filesystem::path& path);

}  // namespace scalewright::cli
