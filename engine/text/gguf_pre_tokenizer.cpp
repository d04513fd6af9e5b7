// The names of tokenizer.ggml.pre.

#include <algorithm>

#include "engine/text/pretokenizer.h"

namespace scalewright::text {

Result<GgufPreTokenizer> gguf_pre_tokenizer(const std::string& name) {
  const auto one_of = [&name](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  GgufPreTokenizer result;
  const auto add = [&result](const char* pattern) -> Result<void> {
    SW_ASSIGN(auto step, regex_split(pattern, SplitBehavior::Isolated, false));
    result.steps.push_back(std::move(step));
    return {};
  };
  if (one_of({"gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jina-es", "jina-de", "roberta-bpe"})) {
    SW_TRY(add(kGpt2Pattern));
  } else if (one_of({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"})) {
    result.steps.push_back(digits_split(true));
    SW_TRY(add(kGpt2Pattern));
  } else if (one_of({"llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral"})) {
    result.ignore_merges = true;
    SW_TRY(add(kLlama3Pattern));
  } else if (one_of({"dbrx", "smaug-bpe"})) {
    SW_TRY(add(kLlama3Pattern));
  } else if (one_of({"qwen2", "deepseek-r1-qwen", "megrez", "stablelm2"})) {
    result.nfc = name != "stablelm2";
    SW_TRY(add(kQwen2Pattern));
  } else if (name == "tekken") {
    result.ignore_merges = true;
    SW_TRY(add(kTekkenPattern));
  } else if (one_of({"gpt-4o", "llama4"})) {
    SW_TRY(add(kGpt4oPattern));
  } else if (name.empty() || name == "default") {
    // What files from before this key (and llama.cpp, in its words "default") use.
    SW_TRY(add(R"([\p{P}\$\+<=>\^~\|]+)"));
    SW_TRY(add(kGpt2Pattern));
    SW_TRY(add(R"(\p{N}+)"));
    SW_TRY(add(R"([0-9][0-9][0-9])"));
  } else {
    return fail(
        ErrorCode::Unsupported,
        "The file's pre-tokenizer is \"" + name +
            "\" (tokenizer.ggml.pre), which Scalewright does not know. Known are gpt-2, smollm, starcoder, refact, "
            "command-r, llama-bpe, dbrx, qwen2, stablelm2, tekken, gpt-4o and default.");
  }
  return result;
}

}  // namespace scalewright::text
