#include "engine/text/tokenizer_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/text/json_access.h"
#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;  // nesting of the parts that we follow

struct Pattern {
  bool regex = false;
  std::string text;
};
Result<Pattern> pattern_at(const json& step, const std::string& where) {
  const json* pattern = member(step, "pattern");
  if (pattern != nullptr && pattern->is_object()) {
    if (const json* text = member(*pattern, "Regex"); text && text->is_string())
      return Pattern{true, text->get<std::string>()};
    if (const json* text = member(*pattern, "String"); text && text->is_string()) {
      return Pattern{false, text->get<std::string>()};
    }
  }
  return damaged(where, "a step has no pattern (Regex or String).");
}

Result<void> add_normalizers(const json& step, const std::string& where, int depth, Normalizer& out) {
  if (depth > kDeepest) return damaged(where, "the normalizer is nested too deeply.");
  if (!step.is_object()) return damaged(where, "the normalizer is not an object.");
  const std::string type = text_at(step, "type");
  const auto form = [&](UnicodeForm which) -> Result<void> {
    SW_ASSIGN(auto made, unicode_form(which));
    out.push_back(std::move(made));
    return {};
  };
  if (type == "Sequence") {
    const json* steps = member(step, "normalizers");
    if (steps == nullptr || !steps->is_array()) return damaged(where, "a normalizer sequence has no list of steps.");
    for (const json& inner : *steps) SW_TRY(add_normalizers(inner, where, depth + 1, out));
    return {};
  }
  if (type == "NFC") return form(UnicodeForm::Nfc);
  if (type == "NFD") return form(UnicodeForm::Nfd);
  if (type == "NFKC") return form(UnicodeForm::Nfkc);
  if (type == "NFKD") return form(UnicodeForm::Nfkd);
  if (type == "Prepend") {
    out.push_back(prepend(text_at(step, "prepend")));
  } else if (type == "Lowercase") {
    out.push_back(lowercase());
  } else if (type == "Strip") {
    out.push_back(strip(flag_at(step, "strip_left", true), flag_at(step, "strip_right", true)));
  } else if (type == "Replace") {
    SW_ASSIGN(const Pattern pattern, pattern_at(step, where));
    const std::string content = text_at(step, "content");
    if (pattern.regex) {
      SW_ASSIGN(auto made, replace_regex(pattern.text, content));
      out.push_back(std::move(made));
    } else {
      out.push_back(replace_literal(pattern.text, content));
    }
  } else {
    return unsupported(where, "its normalizer \"" + type + "\" is not one that Scalewright knows.");
  }
  return {};
}

Result<SplitBehavior> behavior_at(const json& step, const std::string& where) {
  const std::string name = text_at(step, "behavior", "Isolated");
  if (name == "Isolated") return SplitBehavior::Isolated;
  if (name == "Removed") return SplitBehavior::Removed;
  if (name == "MergedWithPrevious") return SplitBehavior::MergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::MergedWithNext;
  if (name == "Contiguous") return SplitBehavior::Contiguous;
  return damaged(where, "a pre-tokenizer step has the unknown behavior \"" + name + "\".");
}

struct PreTokenizerRead {
  PreTokenizer steps;
  bool byte_level = false, metaspace = false, metaspace_prefix = false;
  std::string signature;  // what was read, to name it for GGUF
};

Result<void> add_pre_tokenizers(const json& step, const std::string& where, int depth, PreTokenizerRead& out) {
  if (depth > kDeepest) return damaged(where, "the pre-tokenizer is nested too deeply.");
  if (!step.is_object()) return damaged(where, "the pre-tokenizer is not an object.");
  const std::string type = text_at(step, "type");
  if (type == "Sequence") {
    const json* steps = member(step, "pretokenizers");
    if (steps == nullptr || !steps->is_array()) return damaged(where, "a pre-tokenizer sequence has no list of steps.");
    for (const json& inner : *steps) SW_TRY(add_pre_tokenizers(inner, where, depth + 1, out));
    return {};
  }
  if (type == "ByteLevel") {
    out.byte_level = true;
    if (flag_at(step, "add_prefix_space", true)) {
      out.steps.push_back(prefix_space());
      out.signature += "prefix;";
    }
    if (flag_at(step, "use_regex", true)) {
      SW_ASSIGN(auto made, regex_split(kGpt2Pattern, SplitBehavior::Isolated, false));
      out.steps.push_back(std::move(made));
      out.signature += std::string(kGpt2Pattern) + ";";
    }
  } else if (type == "Split") {
    SW_ASSIGN(const Pattern pattern, pattern_at(step, where));
    SW_ASSIGN(const SplitBehavior behavior, behavior_at(step, where));
    const bool invert = flag_at(step, "invert", false);
    if (pattern.regex) {
      SW_ASSIGN(auto made, regex_split(pattern.text, behavior, invert).map_error([&](Error error) {
        error.message = where + ": " + error.message;
        return error;
      }));
      out.steps.push_back(std::move(made));
    } else {
      out.steps.push_back(literal_split(pattern.text, behavior, invert));
    }
    out.signature += pattern.text + ";";
  } else if (type == "Digits") {
    const bool individual = flag_at(step, "individual_digits", false);
    out.steps.push_back(digits_split(individual));
    out.signature += individual ? "digits;" : "numbers;";
  } else if (type == "Punctuation") {
    SW_ASSIGN(const SplitBehavior behavior, behavior_at(step, where));
    out.steps.push_back(punctuation_split(behavior));
    out.signature += "punctuation;";
  } else if (type == "Metaspace") {
    out.metaspace = true;
    PrependScheme scheme = flag_at(step, "add_prefix_space", true) ? PrependScheme::Always : PrependScheme::Never;
    const std::string name = text_at(step, "prepend_scheme");
    if (name == "first") scheme = PrependScheme::First;
    if (name == "never") scheme = PrependScheme::Never;
    if (name == "always") scheme = PrependScheme::Always;
    out.metaspace_prefix = scheme != PrependScheme::Never;
    const std::string replacement = text_at(step, "replacement", std::string(kMetaSpace));
    if (replacement.empty()) return damaged(where, "the Metaspace step replaces spaces by nothing.");
    out.steps.push_back(metaspace(replacement, scheme, flag_at(step, "split", true)));
    out.signature += "metaspace;";
  } else {
    return unsupported(where, "its pre-tokenizer \"" + type + "\" is not one that Scalewright knows.");
  }
  return {};
}

std::string gguf_name_of(const std::string& signature) {
  const std::string gpt2 = std::string(kGpt2Pattern) + ";";
  if (signature == gpt2) return "gpt-2";
  if (signature == "digits;" + gpt2) return "smollm";
  if (signature == std::string(kLlama3Pattern) + ";") return "llama-bpe";
  if (signature == std::string(kQwen2Pattern) + ";") return "qwen2";
  if (signature == std::string(kTekkenPattern) + ";") return "tekken";
  if (signature == std::string(kGpt4oPattern) + ";") return "gpt-4o";
  return {};
}

Result<void> read_decoder(const json& step, const std::string& where, int depth, BpeDecoder& out, bool& byte_level) {
  if (depth > kDeepest) return damaged(where, "the decoder is nested too deeply.");
  if (!step.is_object()) return damaged(where, "the decoder is not an object.");
  const std::string type = text_at(step, "type");
  if (type == "Sequence") {
    const json* steps = member(step, "decoders");
    if (steps == nullptr || !steps->is_array()) return damaged(where, "a decoder sequence has no list of steps.");
    for (const json& inner : *steps) SW_TRY(read_decoder(inner, where, depth + 1, out, byte_level));
    return {};
  }
  if (type == "ByteLevel") {
    byte_level = true;
  } else if (type == "ByteFallback") {
    out.byte_fallback = true;
  } else if (type == "Fuse") {
    // All steps here work on the joined text already.
  } else if (type == "Metaspace") {
    out.space = text_at(step, "replacement", std::string(kMetaSpace));
    if (text_at(step, "prepend_scheme", "always") != "never") out.strip_left = 1;
  } else if (type == "Replace") {
    SW_ASSIGN(const Pattern pattern, pattern_at(step, where));
    if (pattern.regex || text_at(step, "content") != " ") {
      return unsupported(where, "its decoder replaces text in a way that Scalewright does not know.");
    }
    out.space = pattern.text;
  } else if (type == "Strip") {
    const json* start = member(step, "start");
    const json* stop = member(step, "stop");
    const bool plain =
        text_at(step, "content", " ") == " " && (!stop || (stop->is_number() && stop->get<double>() == 0));
    if (!plain || (start && !start->is_number_unsigned())) {
      return unsupported(where, "its decoder strips text in a way that Scalewright does not know.");
    }
    out.strip_left = start ? start->get<size_t>() : 0;
  } else {
    return unsupported(where, "its decoder \"" + type + "\" is not one that Scalewright knows.");
  }
  return {};
}

Result<std::vector<std::string>> read_vocabulary(const json& model, const std::string& where) {
  const json* vocabulary = member(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object()) return damaged(where, "the model has no vocabulary.");
  const int64_t limit = static_cast<int64_t>(vocabulary->size()) * 2 + 65536;
  int64_t highest = -1;
  for (const auto& [token, id] : vocabulary->items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= limit) {
      return damaged(where, "the token \"" + token + "\" has no usable id.");
    }
    highest = std::max(highest, id.get<int64_t>());
  }
  std::vector<std::string> tokens(static_cast<size_t>(highest + 1));
  std::vector<bool> taken(tokens.size());
  for (const auto& [token, id] : vocabulary->items()) {
    const auto at = id.get<size_t>();
    if (taken[at]) {
      return damaged(where, "the tokens \"" + tokens[at] + "\" and \"" + token + "\" have the same id " +
                                std::to_string(at) + ".");
    }
    taken[at] = true;
    tokens[at] = token;
  }
  return tokens;
}

Result<std::vector<std::pair<std::string, std::string>>> read_merges(const json& model, const std::string& where) {
  std::vector<std::pair<std::string, std::string>> merges;
  const json* list = member(model, "merges");
  if (list == nullptr) return merges;
  if (!list->is_array()) return damaged(where, "the merges are not a list.");
  merges.reserve(list->size());
  for (const json& merge : *list) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
        merges.emplace_back(text.substr(0, space), text.substr(space + 1));
        continue;
      }
    }
    return damaged(where, "merge " + std::to_string(merges.size()) + " is not a pair of tokens.");
  }
  return merges;
}

// Added tokens with their ids settled against the vocabulary.
Result<std::vector<AddedToken>> read_added(const json& document, const BpeModel& model, const std::string& where) {
  std::vector<AddedToken> added;
  const json* list = member(document, "added_tokens");
  if (list == nullptr) return added;
  if (!list->is_array()) return damaged(where, "added_tokens is not a list.");
  std::unordered_map<int32_t, std::string> owner;
  for (const json& entry : *list) {
    const json* id = entry.is_object() ? member(entry, "id") : nullptr;
    if (id == nullptr || !id->is_number_integer() || id->get<int64_t>() < 0 || id->get<int64_t>() > kLargestAddedId) {
      return damaged(where, "added token " + std::to_string(added.size()) + " has no usable id.");
    }
    AddedToken token = added_token(entry);
    token.id = id->get<int32_t>();
    if (token.content.empty()) continue;
    if (const int32_t known = model.find(token.content); known >= 0) token.id = known;
    const bool other_in_model =
        token.id < model.size() && !model.token(token.id).empty() && model.token(token.id) != token.content;
    const auto [at, fresh] = owner.try_emplace(token.id, token.content);
    if (other_in_model || (!fresh && at->second != token.content)) {
      return damaged(where, "the added token \"" + token.content + "\" has the id " + std::to_string(token.id) +
                                ", which \"" + (other_in_model ? model.token(token.id) : at->second) + "\" has too.");
    }
    if (fresh) added.push_back(std::move(token));
  }
  return added;
}

// SentencePiece's pieces have a visible space only at their beginning. Where no merge makes another kind of piece, none
// reaches over a space that follows something else, and the text can be cut there: words are faster than one long text.
bool words_are_apart(const std::vector<std::pair<std::string, std::string>>& merges, const std::string& space) {
  for (const auto& [left, right] : merges) {
    const std::string token = left + right;
    bool only_spaces = true;
    for (size_t i = 0; i < token.size();) {
      const bool here = token.compare(i, space.size(), space) == 0;
      if (here && !only_spaces) return false;
      only_spaces = only_spaces && here;
      i += here ? space.size() : 1;
    }
  }
  return true;
}

// The special token that a post-processor puts before the text, or "".
std::string prefix_token(const json& processor, int depth) {
  if (depth > kDeepest || !processor.is_object()) return {};
  if (text_at(processor, "type") == "Sequence") {
    const json* list = member(processor, "processors");
    if (list == nullptr || !list->is_array()) return {};
    for (const json& inner : *list) {
      if (std::string found = prefix_token(inner, depth + 1); !found.empty()) return found;
    }
    return {};
  }
  if (text_at(processor, "type") != "TemplateProcessing") return {};
  const json* single = member(processor, "single");
  if (single == nullptr || !single->is_array() || single->empty() || !single->front().is_object()) return {};
  const json* special = member(single->front(), "SpecialToken");
  return special != nullptr && special->is_object() ? text_at(*special, "id") : std::string();
}

Result<void> check_model(const json& model, const std::string& where) {
  const std::string type = text_at(model, "type", member(model, "merges") != nullptr ? "BPE" : "");
  if (type != "BPE") {
    return unsupported(
        where, "its model is \"" + (type.empty() ? std::string("unknown") : type) +
                   "\"; Scalewright reads BPE from tokenizer.json, and others from a tokenizer.model beside it.");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!text_at(model, key).empty()) return unsupported(where, std::string("its model uses ") + key + ".");
  }
  if (const json* dropout = member(model, "dropout"); dropout && dropout->is_number() && dropout->get<double>() > 0) {
    return unsupported(where, "its model drops merges at random (dropout), which is meant for training a tokenizer.");
  }
  return {};
}

}  // namespace

Result<TokenizerJson> parse_tokenizer_json(const json& document, const FolderTokenizerConfig& config,
                                           const std::string& where) {
  const json* model = document.is_object() ? member(document, "model") : nullptr;
  if (model == nullptr || !model->is_object()) return damaged(where, "this is not a tokenizer.json: it has no model.");
  SW_TRY(check_model(*model, where));

  Normalizer normalizer;
  if (const json* step = member(document, "normalizer")) SW_TRY(add_normalizers(*step, where, 0, normalizer));
  PreTokenizerRead pre;
  if (const json* step = member(document, "pre_tokenizer")) SW_TRY(add_pre_tokenizers(*step, where, 0, pre));
  BpeDecoder decoder;
  bool byte_level_decoder = false;
  if (const json* step = member(document, "decoder")) {
    SW_TRY(read_decoder(*step, where, 0, decoder, byte_level_decoder));
  }
  decoder.byte_level = byte_level_decoder;

  SW_ASSIGN(std::vector<std::string> tokens, read_vocabulary(*model, where));
  SW_ASSIGN(auto merges, read_merges(*model, where));
  BpeOptions options;
  options.byte_level = pre.byte_level;
  options.byte_fallback = flag_at(*model, "byte_fallback", false);
  options.ignore_merges = flag_at(*model, "ignore_merges", false);
  options.fuse_unknown = flag_at(*model, "fuse_unk", false);
  if (const std::string unknown = token_text_at(*model, "unk_token"); !unknown.empty()) {
    const auto at = std::find(tokens.begin(), tokens.end(), unknown);
    if (at == tokens.end()) return damaged(where, "the unknown token \"" + unknown + "\" is not in the vocabulary.");
    options.unknown = static_cast<int32_t>(at - tokens.begin());
  }
  const std::vector<std::pair<std::string_view, std::string_view>> views(merges.begin(), merges.end());
  SW_ASSIGN(BpeModel bpe, BpeModel::make(std::move(tokens), views, options, where));
  SW_ASSIGN(std::vector<AddedToken> added, read_added(document, bpe, where));

  const auto id_of = [&](const std::string& token) -> int32_t {
    if (token.empty()) return -1;
    for (const AddedToken& candidate : added) {
      if (candidate.content == token) return candidate.id;
    }
    return bpe.find(token);
  };
  const json* processor = member(document, "post_processor");
  const std::string prefix = processor != nullptr ? prefix_token(*processor, 0) : std::string();
  int32_t bos = id_of(config.bos), eos = id_of(config.eos);
  if (bos < 0) bos = id_of(prefix);
  if (bos < 0 && config.bos.empty()) bos = config.bos_id;
  if (eos < 0 && config.eos.empty()) eos = config.eos_id;
  int32_t highest = bpe.size() - 1;
  for (const AddedToken& token : added) highest = std::max(highest, token.id);
  if (bos > highest || eos > highest) {
    return damaged(where, "config.json names a bos or eos id beyond the vocabulary of " + std::to_string(highest + 1) +
                              " tokens.");
  }

  const std::string name = gguf_name_of(pre.signature);
  const bool sentencepiece = !pre.byte_level && !decoder.space.empty();
  if (sentencepiece && !options.ignore_merges && bpe.find(decoder.space) >= 0 &&
      words_are_apart(merges, decoder.space)) {
    pre.steps.push_back(split_before_words(decoder.space));
  }
  const std::string kind = pre.byte_level  ? "byte-level BPE (" + (name.empty() ? std::string("custom") : name) + ")"
                           : sentencepiece ? "SentencePiece BPE (tokenizer.json)"
                                           : "BPE";
  const bool adds_bos = config.add_bos.value_or(!prefix.empty());
  const bool prefix_space = pre.metaspace ? pre.metaspace_prefix : decoder.strip_left > 0;
  return TokenizerJson{BpeTokenizerParts{std::move(bpe), std::move(added), std::move(normalizer), std::move(pre.steps),
                                         decoder, bos, eos, -1, adds_bos, kind},
                       name, sentencepiece, prefix_space, std::move(merges)};
}

}  // namespace scalewright::text
