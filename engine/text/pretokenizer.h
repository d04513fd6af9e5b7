#pragma once
// Pre-tokenizers: steps that cut text into words before the merges. The published ones are scanners written by hand;
// any other regular expression goes through ICU.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/text/mapped_text.h"

namespace scalewright::text {

struct Range {
  uint32_t begin = 0, end = 0;  // bytes
  friend bool operator==(const Range&, const Range&) = default;
};

// A text and the words found in it so far.
struct Pieces {
  MappedText text;
  std::vector<Range> ranges;
};

class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  virtual void apply(Pieces& pieces) const = 0;
};
using PreTokenizer = std::vector<std::shared_ptr<const PreTokenizerStep>>;

// The regular expressions of published models, to recognize them and for those that run through ICU.
extern const char* const kGpt2Pattern;
extern const char* const kLlama3Pattern;
extern const char* const kQwen2Pattern;
extern const char* const kTekkenPattern;
extern const char* const kGpt4oPattern;

enum class SplitBehavior { Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous };

// `pattern` is Oniguruma's dialect as tokenizer.json writes it; \s means White_Space.
Result<std::shared_ptr<const PreTokenizerStep>> regex_split(const std::string& pattern, SplitBehavior behavior,
                                                            bool invert);
std::shared_ptr<const PreTokenizerStep> literal_split(std::string literal, SplitBehavior behavior, bool invert);
std::shared_ptr<const PreTokenizerStep> digits_split(bool individual);
std::shared_ptr<const PreTokenizerStep> punctuation_split(SplitBehavior behavior);
// ByteLevel's own part: a space before words that have none (byte mapping is the model's matter).
std::shared_ptr<const PreTokenizerStep> prefix_space();
enum class PrependScheme { Always, First, Never };
std::shared_ptr<const PreTokenizerStep> metaspace(std::string replacement, PrependScheme scheme, bool split);
// Cuts before every `space` that does not follow another one.
std::shared_ptr<const PreTokenizerStep> split_before_words(std::string space);

// The steps of a GGUF `tokenizer.ggml.pre` name and what else the name implies.
struct GgufPreTokenizer {
  PreTokenizer steps;
  bool ignore_merges = false;
  bool nfc = false;
};
Result<GgufPreTokenizer> gguf_pre_tokenizer(const std::string& name);

}  // namespace scalewright::text
