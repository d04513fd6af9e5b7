#pragma once
// Chat templates: the one renderer that training, chat, evaluation and export share.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace scalewright {

namespace jinja {
class Value;
}

struct Message {
  std::string role;     // system, user, assistant, tool
  std::string content;  // UTF-8
  friend bool operator==(const Message&, const Message&) = default;
};

struct RenderOptions {
  bool add_generation_prompt = false;
  std::string bos_token, eos_token;                            // empty: not defined in the template
  std::vector<std::pair<std::string, std::string>> variables;  // name -> JSON text (enable_thinking=false, tools=[...])
};

struct Rendered {
  std::string text;
  // Byte ranges of `text` that the model should learn to write: each assistant answer and its end-of-turn token.
  std::vector<std::pair<size_t, size_t>> learned;
};

class ChatTemplate {
 public:
  // Parses once; a template that does not parse is a Format error with line and column.
  static Result<std::shared_ptr<const ChatTemplate>> parse(std::string source);
  ~ChatTemplate();
  const std::string& source() const noexcept { return source_; }
  // raise_exception in the template is an InvalidArgument error with its message. Steps and output are capped.
  Result<Rendered> render(const std::vector<Message>& messages, const RenderOptions& options) const;
  // Messages as JSON text (tool calls, content lists), for `render` and the recorded cases; fills `learned` as well.
  Result<Rendered> render_json(std::string_view messages_json, const RenderOptions& options) const;
  // The template used where a model has none: plain "User: ... Assistant: ..." turns ended by eos.
  static std::shared_ptr<const ChatTemplate> plain();

 private:
  struct Impl;
  Result<Rendered> render_values(const std::vector<jinja::Value>& messages, const RenderOptions& options) const;
  ChatTemplate(std::string source, std::unique_ptr<Impl> impl);
  std::string source_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
