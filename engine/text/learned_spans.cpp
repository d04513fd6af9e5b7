#include "engine/text/learned_spans.h"

#include <algorithm>
#include <optional>

#include "engine/text/jinja/python_text.h"
#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

using jinja::Value;
using Messages = std::vector<Value>;

// U+F8FF twice around a word: private, and not in anybody's text. Its ends are letters to no one, so nothing strips it.
const std::string kMark =
    "\xEF\xA3\xBF"
    "swmark"
    "\xEF\xA3\xBF";

size_t common_prefix(std::string_view a, std::string_view b) {
  const auto [left, right] =
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return static_cast<size_t>(left - a.begin());
}

bool blank(std::string_view text) {
  return jinja::stripped(text, true, true).empty();
}

// The text of a message's content, where it is plain text.
const std::string* content_of(const Value& message) {
  if (!message.is_dict()) return nullptr;
  const Value* content = message.dict().find("content");
  return content != nullptr && content->is_string() ? &content->string() : nullptr;
}

bool is_answer(const Value& message) {
  if (!message.is_dict()) return false;
  const Value* role = message.dict().find("role");
  return role != nullptr && role->is_string() && role->string() == "assistant";
}

Value with_content(const Value& message, std::string content) {
  auto dict = jinja::make_flat<jinja::Dict>(message.dict());
  dict->set("content", std::move(content));
  return Value(std::shared_ptr<const jinja::Dict>(std::move(dict)));
}

// The bytes [begin, end) of a text without the white space at its sides.
struct Core {
  size_t begin = 0, end = 0;
};
Core core_of(const std::string& content) {
  return {content.size() - jinja::stripped(content, true, false).size(), jinja::stripped(content, false, true).size()};
}

// Renders a message with a mark at one byte of its content.
class Marker {
 public:
  Marker(const Messages& messages, size_t which, size_t place, const RenderOnce& render)
      : which_(which), render_(render) {
    const std::string* content = content_of(messages[which]);
    if (content == nullptr || blank(*content) || place > content->size()) return;
    marked_ = with_content(messages[which], content->substr(0, place) + kMark + content->substr(place));
  }

  // The marked rendering of the first `count` messages: what comes before and behind the mark.
  struct Found {
    std::string before, behind;
  };
  std::optional<Found> find(const Messages& messages, size_t count, bool prompt) const {
    if (!marked_) return std::nullopt;
    Messages part(messages.begin(), messages.begin() + static_cast<ptrdiff_t>(count));
    part[which_] = *marked_;
    const auto rendered = render_(part, prompt);
    if (!rendered) return std::nullopt;
    const size_t at = rendered->text.find(kMark);
    if (at == std::string::npos || rendered->text.find(kMark, at + kMark.size()) != std::string::npos)
      return std::nullopt;
    return Found{rendered->text.substr(0, at), rendered->text.substr(at + kMark.size())};
  }

 private:
  size_t which_;
  const RenderOnce& render_;
  std::optional<Value> marked_;
};

// A tag such as <|im_ that the texts share only in part belongs to what comes next.
size_t without_broken_tag(std::string_view text, size_t agreed) {
  if (agreed >= text.size()) return agreed;
  while (agreed > 0 && !begins_character(text[agreed])) --agreed;
  const size_t open = text.substr(0, agreed).rfind('<');
  if (open == std::string_view::npos || agreed - open > 64) return agreed;
  const std::string_view inside = text.substr(open, agreed - open);
  return inside.find_first_of("> \n") == std::string_view::npos ? open : agreed;
}

class SpanFinder {
 public:
  SpanFinder(const Messages& messages, const std::string& full, const RenderOptions& options, const RenderOnce& render)
      : messages_(messages), full_(full), options_(options), render_(render) {}

  std::optional<std::pair<size_t, size_t>> find(size_t which) const {
    const std::optional<size_t> begin = find_begin(which);
    if (!begin) return std::nullopt;
    const std::optional<size_t> end = find_end(which, *begin);
    if (!end || *end <= *begin) return std::nullopt;
    return std::pair{*begin, *end};
  }

 private:
  Messages first(size_t count) const { return {messages_.begin(), messages_.begin() + static_cast<ptrdiff_t>(count)}; }

  // Where a mark at this byte of the content stands in the whole text, if the text is otherwise unchanged.
  std::optional<size_t> place(size_t which, size_t content_byte) const {
    const auto found = Marker(messages_, which, content_byte, render_)
                           .find(messages_, messages_.size(), options_.add_generation_prompt);
    if (!found || found->before.size() + found->behind.size() != full_.size()) return std::nullopt;
    if (!full_.starts_with(found->before) || !full_.ends_with(found->behind)) return std::nullopt;
    return found->before.size();
  }

  std::optional<size_t> content_end(size_t which) const {
    const std::string* content = content_of(messages_[which]);
    return content ? place(which, core_of(*content).end) : std::nullopt;
  }

  // Where the content begins. Some templates leave a part of it out (thoughts of earlier turns): then it is searched
  // for from its end, as far as text and content agree.
  std::optional<size_t> content_begin(size_t which) const {
    const std::string* content = content_of(messages_[which]);
    if (content == nullptr) return std::nullopt;
    const Core core = core_of(*content);
    if (const auto found = place(which, core.begin)) return found;
    const auto end = content_end(which);
    if (!end) return std::nullopt;
    size_t from = core.end;
    for (size_t at = *end; at > 0 && from > core.begin && full_[at - 1] == (*content)[from - 1]; --at) --from;
    constexpr int kTries = 16;  // agreement can run a few bytes into what was left out
    for (int i = 0; i < kTries && from < core.end; ++i, ++from) {
      if (!begins_character((*content)[from])) continue;
      if (const auto found = place(which, from)) return found;
    }
    return std::nullopt;
  }

  std::optional<size_t> find_begin(size_t which) const {
    const auto prompt = render_(first(which), true);
    if (prompt && full_.starts_with(prompt->text)) {
      const auto plain = render_(first(which), false);
      const bool prompts = plain && plain->text != prompt->text;
      if (prompts) return prompt->text.size();
      const auto content = content_begin(which);
      if (!content || *content < prompt->text.size()) return prompt->text.size();
      const std::string_view between =
          std::string_view(full_).substr(prompt->text.size(), *content - prompt->text.size());
      return blank(between) ? prompt->text.size() : *content;
    }
    return content_begin(which);
  }

  std::optional<size_t> find_end(size_t which, size_t begin) const {
    const std::string* content = content_of(messages_[which]);
    const std::string core = content ? jinja::stripped(*content, true, true) : std::string();
    const Messages turn = first(which + 1);
    const auto plain = render_(turn, false), prompted = render_(turn, true);
    if (plain && prompted) {
      const size_t agreed = without_broken_tag(plain->text, common_prefix(plain->text, prompted->text));
      if (agreed > begin && common_prefix(plain->text, full_) >= agreed) return trimmed(begin, agreed, core);
    }
    const auto last = content_end(which);
    if (!last || *last < begin) return std::nullopt;
    const Marker marker(messages_, which, core_of(*content).end, render_);
    const auto plain_tail = marker.find(messages_, which + 1, false),
               prompted_tail = marker.find(messages_, which + 1, true);
    size_t agreed = 0;
    if (plain_tail && prompted_tail) {
      const std::string_view tail = std::string_view(full_).substr(*last);
      const size_t shared =
          std::min(common_prefix(plain_tail->behind, prompted_tail->behind), common_prefix(plain_tail->behind, tail));
      agreed =
          without_broken_tag(shared < plain_tail->behind.size() ? std::string_view(plain_tail->behind) : tail, shared);
    }
    return trimmed(begin, *last + agreed, core);
  }

  size_t trimmed(size_t begin, size_t end, const std::string& core) const {
    const std::string kept = jinja::stripped(std::string_view(full_).substr(begin, end - begin), false, true);
    if (!core.empty() && kept.ends_with(core)) return end;  // the white space is all that ends the answer
    return begin + kept.size();
  }

  const Messages& messages_;
  const std::string& full_;
  const RenderOptions& options_;
  const RenderOnce& render_;
};

}  // namespace

std::vector<std::pair<size_t, size_t>> learned_spans(const Messages& messages, const std::string& full,
                                                     const RenderOptions& options, const RenderOnce& render) {
  std::vector<std::pair<size_t, size_t>> spans;
  const SpanFinder finder(messages, full, options, render);
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!is_answer(messages[i])) continue;
    const auto span = finder.find(i);
    // Answers come in order; one that claims bytes of the one before was not found rightly.
    if (span && (spans.empty() || span->first >= spans.back().second)) spans.push_back(*span);
  }
  return spans;
}

}  // namespace scalewright::text
