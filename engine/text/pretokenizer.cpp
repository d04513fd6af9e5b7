#include "engine/text/pretokenizer.h"

#include <algorithm>
#include <optional>

#include "engine/text/regex.h"
#include "engine/text/utf8.h"
#include "engine/text/word_scanner.h"

namespace scalewright::text {

const char* const kGpt2Pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const char* const kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kGpt4oPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

class KnownSplit final : public PreTokenizerStep {
 public:
  explicit KnownSplit(KnownPattern pattern) : pattern_(pattern) {}
  void apply(Pieces& pieces) const override {
    const std::string_view text = pieces.text.text();
    std::vector<Range> out;
    out.reserve(pieces.ranges.size() + text.size() / 4);
    for (const Range range : pieces.ranges) scan_words(pattern_, text, range, out);
    pieces.ranges = std::move(out);
  }

 private:
  KnownPattern pattern_;
};

// What remains is common to every splitter: it finds matches, the behavior says what becomes of them.
class MatchSplit : public PreTokenizerStep {
 public:
  MatchSplit(SplitBehavior behavior, bool invert) : behavior_(behavior), invert_(invert) {}
  void apply(Pieces& pieces) const final {
    const std::string_view text = pieces.text.text();
    std::vector<Range> out, matches;
    for (const Range range : pieces.ranges) {
      matches.clear();
      find(text.substr(range.begin, range.end - range.begin), matches);
      divide(range, matches, out);
    }
    pieces.ranges = std::move(out);
  }

 protected:
  // Matches in order, not empty, not overlapping; positions within `text`.
  virtual void find(std::string_view text, std::vector<Range>& matches) const = 0;

 private:
  struct Part {
    Range range;
    bool match;
  };
  void divide(Range range, const std::vector<Range>& matches, std::vector<Range>& out) const {
    std::vector<Part> parts;
    uint32_t at = range.begin;
    for (const Range match : matches) {
      const Range found{range.begin + match.begin, range.begin + match.end};
      if (found.begin > at) parts.push_back({{at, found.begin}, invert_});
      parts.push_back({found, !invert_});
      at = found.end;
    }
    if (at < range.end) parts.push_back({{at, range.end}, invert_});

    const size_t first = out.size();
    bool previous_match = false;
    for (size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      const bool joins = out.size() > first && out.back().end == part.range.begin;
      switch (behavior_) {
        case SplitBehavior::Isolated:
          out.push_back(part.range);
          break;
        case SplitBehavior::Removed:
          if (!part.match) out.push_back(part.range);
          break;
        case SplitBehavior::Contiguous:
          if (joins && part.match == previous_match) {
            out.back().end = part.range.end;
          } else {
            out.push_back(part.range);
          }
          break;
        case SplitBehavior::MergedWithPrevious:
          if (joins && part.match && !previous_match) {
            out.back().end = part.range.end;
          } else {
            out.push_back(part.range);
          }
          break;
        case SplitBehavior::MergedWithNext:
          if (joins && !part.match && previous_match) {
            out.back().end = part.range.end;
          } else {
            out.push_back(part.range);
          }
          break;
      }
      previous_match = part.match;
    }
  }
  SplitBehavior behavior_;
  bool invert_;
};

class RegexSplit final : public MatchSplit {
 public:
  RegexSplit(Regex regex, SplitBehavior behavior, bool invert)
      : MatchSplit(behavior, invert), regex_(std::move(regex)) {}

 protected:
  void find(std::string_view text, std::vector<Range>& matches) const override {
    regex_.find_all(text, [&](uint32_t begin, uint32_t end) { matches.push_back({begin, end}); });
  }

 private:
  Regex regex_;
};

class LiteralSplit final : public MatchSplit {
 public:
  LiteralSplit(std::string literal, SplitBehavior behavior, bool invert)
      : MatchSplit(behavior, invert), literal_(std::move(literal)) {}

 protected:
  void find(std::string_view text, std::vector<Range>& matches) const override {
    if (literal_.empty()) return;
    for (size_t at = text.find(literal_); at != std::string_view::npos;
         at = text.find(literal_, at + literal_.size())) {
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + literal_.size())});
    }
  }

 private:
  std::string literal_;
};

class ClassSplit final : public MatchSplit {
 public:
  ClassSplit(uint8_t bits, SplitBehavior behavior) : MatchSplit(behavior, false), bits_(bits) {}

 protected:
  void find(std::string_view text, std::vector<Range>& matches) const override {
    const CharClasses classes;
    const char* const base = text.data();
    for (const char* p = base; p != base + text.size();) {
      const char* const start = p;
      const uint32_t c = next_code_point(p);
      // ASCII symbols such as $ and + count as punctuation here, though Unicode files them under symbols.
      const bool symbol = (bits_ & kPunctuation) && c > 0x20 && c < 0x7F && !(classes(c) & (kLetter | kNumber));
      if (symbol || (classes(c) & bits_)) {
        matches.push_back({static_cast<uint32_t>(start - base), static_cast<uint32_t>(p - base)});
      }
    }
  }

 private:
  uint8_t bits_;
};

class PrefixSpace final : public PreTokenizerStep {
 public:
  void apply(Pieces& pieces) const override {
    const std::string_view text = pieces.text.text();
    const auto lacks = [&](Range r) { return r.end > r.begin && text[r.begin] != ' '; };
    if (std::none_of(pieces.ranges.begin(), pieces.ranges.end(), lacks)) return;
    Pieces changed;
    uint32_t at = 0;
    for (const Range range : pieces.ranges) {
      if (lacks(range)) {
        changed.text.append_changed(pieces.text, range.begin, range.begin, " ");
      }
      changed.text.append(pieces.text, range.begin, range.end);
      const auto end = static_cast<uint32_t>(changed.text.text().size());
      changed.ranges.push_back({at, end});
      at = end;
    }
    pieces = std::move(changed);
  }
};

class Metaspace final : public PreTokenizerStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)), scheme_(scheme), split_(split) {}
  void apply(Pieces& pieces) const override {
    const std::string_view text = pieces.text.text();
    Pieces changed;
    for (const Range range : pieces.ranges) {
      auto at = static_cast<uint32_t>(changed.text.text().size());
      const std::string_view piece = text.substr(range.begin, range.end - range.begin);
      const bool begins = piece.starts_with(' ') || piece.starts_with(replacement_);
      const bool wanted = scheme_ == PrependScheme::Always ||
                          (scheme_ == PrependScheme::First && pieces.text.source_begin(range.begin) == 0);
      if (!piece.empty() && wanted && !begins) {
        changed.text.append_changed(pieces.text, range.begin, range.begin, replacement_);
      }
      for (uint32_t i = range.begin; i < range.end;) {
        if (text[i] == ' ') {
          changed.text.append_changed(pieces.text, i, i + 1, replacement_);
          ++i;
          continue;
        }
        const uint32_t stop = static_cast<uint32_t>(std::min<size_t>(text.find(' ', i), range.end));
        changed.text.append(pieces.text, i, stop);
        i = stop;
      }
      const auto end = static_cast<uint32_t>(changed.text.text().size());
      if (end == at) continue;
      if (!split_) {
        changed.ranges.push_back({at, end});
        continue;
      }
      // Every piece begins with the visible space that precedes it.
      const std::string_view now = changed.text.text();
      while (at < end) {
        const size_t next = now.find(replacement_, at + 1);
        const auto stop = static_cast<uint32_t>(std::min<size_t>(next, end));
        changed.ranges.push_back({at, stop});
        at = stop;
      }
    }
    pieces = std::move(changed);
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
};

class WordStarts final : public PreTokenizerStep {
 public:
  explicit WordStarts(std::string space) : space_(std::move(space)) {}
  void apply(Pieces& pieces) const override {
    const std::string_view text = pieces.text.text();
    std::vector<Range> out;
    for (const Range range : pieces.ranges) {
      uint32_t begin = range.begin;
      size_t behind_space = std::string_view::npos;  // where the last one ended
      for (size_t at = text.find(space_, begin); at < range.end; at = text.find(space_, at + space_.size())) {
        if (at != begin && at != behind_space) {
          out.push_back({begin, static_cast<uint32_t>(at)});
          begin = static_cast<uint32_t>(at);
        }
        behind_space = at + space_.size();
      }
      out.push_back({begin, range.end});
    }
    pieces.ranges = std::move(out);
  }

 private:
  std::string space_;
};

// The gpt2 pattern is published in two spellings.
std::optional<KnownPattern> known_pattern(const std::string& pattern) {
  if (pattern == kGpt2Pattern ||
      pattern == R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)") {
    return KnownPattern::Gpt2;
  }
  if (pattern == kLlama3Pattern) return KnownPattern::Llama3;
  if (pattern == kQwen2Pattern) return KnownPattern::Qwen2;
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const PreTokenizerStep>> regex_split(const std::string& pattern, SplitBehavior behavior,
                                                            bool invert) {
  // A known pattern matches everything, so each word is one piece whatever is done with what lies between.
  if (const auto known = known_pattern(pattern);
      known && ((behavior == SplitBehavior::Isolated) || (behavior == SplitBehavior::Removed && invert))) {
    return std::make_shared<const KnownSplit>(*known);
  }
  SW_ASSIGN(Regex regex, Regex::compile(pattern));
  return std::make_shared<const RegexSplit>(std::move(regex), behavior, invert);
}

std::shared_ptr<const PreTokenizerStep> literal_split(std::string literal, SplitBehavior behavior, bool invert) {
  return std::make_shared<const LiteralSplit>(std::move(literal), behavior, invert);
}

std::shared_ptr<const PreTokenizerStep> digits_split(bool individual) {
  return std::make_shared<const ClassSplit>(kNumber, individual ? SplitBehavior::Isolated : SplitBehavior::Contiguous);
}

std::shared_ptr<const PreTokenizerStep> punctuation_split(SplitBehavior behavior) {
  return std::make_shared<const ClassSplit>(kPunctuation, behavior);
}

std::shared_ptr<const PreTokenizerStep> prefix_space() {
  return std::make_shared<const PrefixSpace>();
}

std::shared_ptr<const PreTokenizerStep> metaspace(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_shared<const Metaspace>(std::move(replacement), scheme, split);
}

std::shared_ptr<const PreTokenizerStep> split_before_words(std::string space) {
  return std::make_shared<const WordStarts>(std::move(space));
}

}  // namespace scalewright::text
