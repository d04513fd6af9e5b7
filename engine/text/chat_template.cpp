#include "engine/text/chat_template.h"

#include <new>

#include "engine/text/jinja/from_json.h"
#include "engine/text/jinja/interpreter.h"
#include "engine/text/jinja/parser.h"
#include "engine/text/learned_spans.h"
#include "engine/text/utf8.h"

namespace scalewright {

using jinja::Value;

struct ChatTemplate::Impl {
  jinja::Block block;
};

namespace {

constexpr size_t kLongestSource = size_t{4} << 20;  // bytes

Value message_value(const Message& message) {
  auto dict = jinja::make_flat<jinja::Dict>();
  dict->set("role", message.role);
  dict->set("content", message.content);
  return Value(std::shared_ptr<const jinja::Dict>(std::move(dict)));
}

Error template_error(const jinja::Failure& failure, int line) {
  if (failure.kind == "TemplateError") {
    return {ErrorCode::InvalidArgument, "The chat template refuses this conversation: " + failure.message};
  }
  return {ErrorCode::InvalidArgument, "The chat template failed at its line " + std::to_string(line) + ": " +
                                          failure.message + " (" + failure.kind + ")."};
}

// What every rendering of one call shares: the variables of the person and the special tokens.
Result<std::vector<std::pair<std::string, Value>>> context_of(const RenderOptions& options) {
  std::vector<std::pair<std::string, Value>> context;
  context.emplace_back("tools", jinja::None{});
  context.emplace_back("documents", jinja::None{});
  if (!options.bos_token.empty()) context.emplace_back("bos_token", options.bos_token);
  if (!options.eos_token.empty()) context.emplace_back("eos_token", options.eos_token);
  for (const auto& [name, json] : options.variables) {
    SW_ASSIGN(Value value, jinja::from_json(json, "The template variable \"" + name + "\""));
    std::erase_if(context, [&name](const auto& entry) { return entry.first == name; });
    context.emplace_back(name, std::move(value));
  }
  return context;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string source, std::unique_ptr<Impl> impl)
    : source_(std::move(source)), impl_(std::move(impl)) {}
ChatTemplate::~ChatTemplate() = default;

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::parse(std::string source) {
  if (source.size() > kLongestSource) {
    return fail(ErrorCode::Format, "The chat template has " + std::to_string(source.size()) +
                                       " bytes; the longest that is read has 4 MiB.");
  }
  if (!text::is_valid_utf8(source))
    return fail(ErrorCode::Format, "The chat template is not UTF-8 text; the file is damaged.");
  auto impl = std::make_unique<Impl>();
  try {
    impl->block = jinja::parse_template(source);
  } catch (const jinja::SyntaxFailure& failure) {
    return fail(ErrorCode::Format, "The chat template does not read at line " + std::to_string(failure.line) +
                                       ", column " + std::to_string(failure.column) + ": " + failure.message);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory, "There is not enough memory for the chat template.");
  }
  return std::shared_ptr<const ChatTemplate>(new ChatTemplate(std::move(source), std::move(impl)));
}

Result<Rendered> ChatTemplate::render(const std::vector<Message>& messages, const RenderOptions& options) const {
  std::vector<Value> values;
  values.reserve(messages.size());
  for (const Message& message : messages) {
    if (!text::is_valid_utf8(message.content) || !text::is_valid_utf8(message.role)) {
      return fail(ErrorCode::InvalidArgument, "A message of the conversation is not UTF-8 text.");
    }
    values.push_back(message_value(message));
  }
  return render_values(values, options);
}

Result<Rendered> ChatTemplate::render_json(std::string_view messages_json, const RenderOptions& options) const {
  SW_ASSIGN(const Value messages, jinja::from_json(messages_json, "The conversation"));
  if (!messages.is_list()) return fail(ErrorCode::InvalidArgument, "The conversation is not a JSON list of messages.");
  return render_values(messages.items(), options);
}

Result<Rendered> ChatTemplate::render_values(const std::vector<Value>& messages, const RenderOptions& options) const {
  SW_ASSIGN(const auto context, context_of(options));
  const auto render_once = [&](const std::vector<Value>& part, bool prompt) -> Result<text::RenderedOnce> {
    auto variables = context;
    std::erase_if(variables, [](const auto& entry) { return entry.first == "messages"; });
    variables.emplace_back("messages", Value::list(part));
    variables.emplace_back("add_generation_prompt", prompt);
    jinja::Interpreter interpreter(std::move(variables));
    try {
      std::string rendered = interpreter.run(impl_->block);
      return text::RenderedOnce{std::move(rendered), interpreter.generated()};
    } catch (const jinja::Failure& failure) {
      return tl::unexpected<Error>(template_error(failure, interpreter.line()));
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::OutOfMemory, "There is not enough memory to render this conversation.");
    }
  };
  SW_ASSIGN(auto full, render_once(messages, options.add_generation_prompt));
  Rendered result;
  if (full.generated.empty()) {
    result.learned = text::learned_spans(messages, full.text, options, render_once);
  } else {
    result.learned = std::move(full.generated);
  }
  result.text = std::move(full.text);
  return result;
}

std::shared_ptr<const ChatTemplate> ChatTemplate::plain() {
  static const std::shared_ptr<const ChatTemplate> instance = [] {
    auto parsed = parse(
        "{{ bos_token }}"
        "{%- for message in messages %}"
        "{%- if message.role == 'system' %}{{ message.content ~ '\\n\\n' }}"
        "{%- elif message.role == 'assistant' %}{{ 'Assistant: ' ~ message.content ~ eos_token ~ '\\n' }}"
        "{%- else %}{{ message.role | capitalize ~ ': ' ~ message.content ~ '\\n' }}{%- endif %}"
        "{%- endfor %}"
        "{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}");
    return parsed ? *parsed : nullptr;
  }();
  return instance;
}

}  // namespace scalewright
