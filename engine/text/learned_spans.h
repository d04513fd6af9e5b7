#pragma once
// Which bytes of a rendered conversation the model should learn to write.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/chat_template.h"
#include "engine/text/jinja/value.h"

namespace scalewright::text {

struct RenderedOnce {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generated;  // {% generation %} blocks
};
// Renders some messages, with or without the generation prompt.
using RenderOnce = std::function<Result<RenderedOnce>(const std::vector<jinja::Value>&, bool)>;

// A template does not say which part of its text is an answer, so it is asked, in this order:
//
// 1. Begin. The messages before the answer, rendered with the generation prompt, are what the model will see when it is
// asked.
//    Where that is a prefix of the whole text, the answer begins behind it. A template without a generation prompt
//    would count the header of the answer too; then, and where the prompt is no prefix (a prompt that opens <think>
//    which the history leaves out), the answer begins where its content does, found with a mark put before it.
// 2. End. The messages up to and with the answer, rendered with and without a generation prompt, agree to the end of
// the turn
//    and no further. Where what they agree on is a prefix of the whole text, the answer ends there; else a mark put
//    behind the content is looked for in all three, and the end is as far as they agree behind it. Line breaks behind
//    the end-of-turn token are left out; line breaks that are all there is behind an answer stay, because they end it.
//
// A mark is a private character that occurs nowhere else; a rendering counts only if it equals the text once the mark
// is taken out. An answer that neither way finds is left out.
std::vector<std::pair<size_t, size_t>> learned_spans(const std::vector<jinja::Value>& messages, const std::string& full,
                                                     const RenderOptions& options, const RenderOnce& render);

}  // namespace scalewright::text
