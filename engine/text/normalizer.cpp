#include "engine/text/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "engine/text/regex.h"
#include "engine/text/utf8.h"

namespace scalewright::text {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The `tokenizers` package normalizes by Unicode 9: to it, what was added later neither decomposes nor changes places.
// Null: ICU has no data for it.
const icu::UnicodeSet* unicode_9() {
  static const std::unique_ptr<const icu::UnicodeSet> set = [] {
    UErrorCode status = U_ZERO_ERROR;
    auto made = std::make_unique<icu::UnicodeSet>(icu::UnicodeString("[:age=9.0:]"), status);
    if (U_FAILURE(status)) made.reset();
    if (made) made->freeze();
    return made;
  }();
  return set.get();
}

class UnicodeNormalizer final : public NormalizerStep {
 public:
  UnicodeNormalizer(const icu::Normalizer2& form, const icu::UnicodeSet& known) : form_(form, known) {}
  void apply(MappedText& text) const override {
    const std::string_view source = text.text();
    UErrorCode status = U_ZERO_ERROR;
    const icu::StringPiece piece(source.data(), static_cast<int32_t>(source.size()));
    if (is_ascii(source) || (form_.isNormalizedUTF8(piece, status) && U_SUCCESS(status))) return;
    std::string normalized;
    icu::StringByteSink<std::string> sink(&normalized);
    icu::Edits edits;
    status = U_ZERO_ERROR;
    form_.normalizeUTF8(0, piece, sink, &edits, status);
    if (U_FAILURE(status)) return;
    MappedText changed;
    auto edit = edits.getFineIterator();
    while (edit.next(status) && U_SUCCESS(status)) {
      const auto from = static_cast<size_t>(edit.sourceIndex()), to = static_cast<size_t>(edit.destinationIndex());
      const size_t end = from + static_cast<size_t>(edit.oldLength());
      if (edit.hasChange()) {
        changed.append_changed(text, from, end,
                               std::string_view(normalized).substr(to, static_cast<size_t>(edit.newLength())));
      } else {
        changed.append(text, from, end);
      }
    }
    text = std::move(changed);
  }

 private:
  icu::FilteredNormalizer2 form_;  // over ICU's own, which live for ever
};

class Prepend final : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(MappedText& text) const override {
    if (text.text().empty()) return;
    MappedText changed;
    changed.append_changed(text, 0, 0, prefix_);
    changed.append(text, 0, text.text().size());
    text = std::move(changed);
  }

 private:
  std::string prefix_;
};

class ReplaceLiteral final : public NormalizerStep {
 public:
  ReplaceLiteral(std::string literal, std::string replacement)
      : literal_(std::move(literal)), replacement_(std::move(replacement)) {}
  void apply(MappedText& text) const override {
    const std::string_view source = text.text();
    size_t at = literal_.empty() ? std::string_view::npos : source.find(literal_);
    if (at == std::string_view::npos) return;
    MappedText changed;
    size_t done = 0;
    for (; at != std::string_view::npos; at = source.find(literal_, done)) {
      changed.append(text, done, at);
      done = at + literal_.size();
      changed.append_changed(text, at, done, replacement_);
    }
    changed.append(text, done, source.size());
    text = std::move(changed);
  }

 private:
  std::string literal_, replacement_;
};

class ReplaceRegex final : public NormalizerStep {
 public:
  ReplaceRegex(Regex regex, std::string replacement) : regex_(std::move(regex)), replacement_(std::move(replacement)) {}
  void apply(MappedText& text) const override {
    MappedText changed;
    size_t done = 0;
    bool any = false;
    regex_.find_all(text.text(), [&](uint32_t begin, uint32_t end) {
      any = true;
      changed.append(text, done, begin);
      changed.append_changed(text, begin, end, replacement_);
      done = end;
    });
    if (!any) return;
    changed.append(text, done, text.text().size());
    text = std::move(changed);
  }

 private:
  Regex regex_;
  std::string replacement_;
};

class Lowercase final : public NormalizerStep {
 public:
  void apply(MappedText& text) const override {
    const std::string_view source = text.text();
    MappedText changed;
    const char* const base = source.data();
    for (const char* p = base; p != base + source.size();) {
      const auto begin = static_cast<size_t>(p - base);
      const uint32_t c = next_code_point(p);
      icu::UnicodeString lower(static_cast<UChar32>(c));
      lower.toLower(icu::Locale::getRoot());
      std::string bytes;
      lower.toUTF8String(bytes);
      changed.append_changed(text, begin, static_cast<size_t>(p - base), bytes);
    }
    text = std::move(changed);
  }
};

class Strip final : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  void apply(MappedText& text) const override {
    const std::string_view source = text.text();
    const CharClasses classes;
    size_t begin = source.size(), end = 0;
    const char* const base = source.data();
    for (const char* p = base; p != base + source.size();) {
      const auto at = static_cast<size_t>(p - base);
      if (classes(next_code_point(p)) & kSpace) continue;
      begin = std::min(begin, at);
      end = static_cast<size_t>(p - base);
    }
    if (!left_) begin = 0;
    if (!right_) end = source.size();
    if (begin == 0 && end == source.size()) return;
    text = text.part(std::min(begin, end), end);
  }

 private:
  bool left_, right_;
};

}  // namespace

Result<std::shared_ptr<const NormalizerStep>> unicode_form(UnicodeForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = nullptr;
  switch (form) {
    case UnicodeForm::Nfc:
      normalizer = icu::Normalizer2::getNFCInstance(status);
      break;
    case UnicodeForm::Nfd:
      normalizer = icu::Normalizer2::getNFDInstance(status);
      break;
    case UnicodeForm::Nfkc:
      normalizer = icu::Normalizer2::getNFKCInstance(status);
      break;
    case UnicodeForm::Nfkd:
      normalizer = icu::Normalizer2::getNFKDInstance(status);
      break;
  }
  const icu::UnicodeSet* const known = unicode_9();
  if (U_FAILURE(status) || normalizer == nullptr || known == nullptr) {
    return fail(ErrorCode::Unsupported, std::string("The ICU library has no data for Unicode normalization (") +
                                            u_errorName(status) + "). Reinstall ICU.");
  }
  return std::make_shared<const UnicodeNormalizer>(*normalizer, *known);
}

std::shared_ptr<const NormalizerStep> prepend(std::string prefix) {
  return std::make_shared<const Prepend>(std::move(prefix));
}

std::shared_ptr<const NormalizerStep> replace_literal(std::string literal, std::string replacement) {
  return std::make_shared<const ReplaceLiteral>(std::move(literal), std::move(replacement));
}

Result<std::shared_ptr<const NormalizerStep>> replace_regex(const std::string& pattern, std::string replacement) {
  SW_ASSIGN(Regex regex, Regex::compile(pattern));
  return std::make_shared<const ReplaceRegex>(std::move(regex), std::move(replacement));
}

std::shared_ptr<const NormalizerStep> lowercase() {
  return std::make_shared<const Lowercase>();
}

std::shared_ptr<const NormalizerStep> strip(bool left, bool right) {
  return std::make_shared<const Strip>(left, right);
}

}  // namespace scalewright::text
