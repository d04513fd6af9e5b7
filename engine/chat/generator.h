#pragma once
// From a prompt to an answer: sampling, stop tokens, streaming. A conversation keeps its KV cache between turns.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/model/session.h"
#include "engine/text/chat_template.h"

namespace scalewright {

struct SamplingOptions {
  double temperature = 0.7;  // 0: greedy
  int top_k = 40;            // 0: off
  double top_p = 0.95, min_p = 0.05, repeat_penalty = 1.0;
  int repeat_window = 64;  // tokens that repeat_penalty looks back at
  int64_t max_tokens = 512;
  // Most tokens guessed from what was said before and checked at once (text_guess.h), 0: none. Left to itself as many as a session
  // takes, and none where it plays recordings of single tokens: beside those guesses have not been measured.
  std::optional<int64_t> guess_ahead;
  uint64_t seed = 1;
};
enum class StopReason { EndOfTurn, MaxTokens, ContextFull, Cancelled };
struct Generation {
  std::string text;
  std::vector<int32_t> ids;  // without the stop token
  int64_t prompt_tokens = 0, reused_tokens = 0;
  int64_t guessed_tokens = 0, right_guesses = 0;  // checked at once with others; of them, said
  double prompt_seconds = 0.0, decode_seconds = 0.0;
  double prompt_tokens_per_second() const {
    return prompt_seconds > 0 ? (prompt_tokens - reused_tokens) / prompt_seconds : 0.0;
  }
  double tokens_per_second() const { return decode_seconds > 0 ? ids.size() / decode_seconds : 0.0; }
  StopReason reason = StopReason::EndOfTurn;
};
// Called on the engine's thread with text that is whole UTF-8; must not block.
using TextSink = std::function<void(std::string_view)>;

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);
  // Picks a token from logits [V]; `history` are the ids so far. Same seed, same logits: same token.
  int32_t pick(std::span<const float> logits, std::span<const int32_t> history);
  // The same from the largest logits alone, larger first and of equal ones the lower id (NaN as minus infinity), where
  // so many are enough: candidates_wanted(V) of V, at least 1. 0: it takes them all.
  using Candidate = std::pair<float, int32_t>;
  int candidates_wanted(int64_t vocabulary) const;
  int32_t pick_from(std::span<const Candidate> largest);

 private:
  SamplingOptions options_;
  uint64_t state_[4];
  std::vector<Candidate> candidates_;
};

class Conversation {
 public:
  static Result<std::unique_ptr<Conversation>> create(std::shared_ptr<const Model> model, Backend& backend,
                                                      const SessionOptions& options);
  ~Conversation();
  // Answers the messages (the last one is the user's). Tokens shared with the last call are not computed again.
  Result<Generation> answer(const std::vector<Message>& messages, const SamplingOptions& sampling, const TextSink& sink,
                            std::stop_token stop);
  // Goes on from raw text, without template, or from tokens as prompt_ids() gives them.
  Result<Generation> complete(std::string_view prompt, const SamplingOptions& sampling, const TextSink& sink,
                              std::stop_token stop);
  Result<Generation> complete(const std::vector<int32_t>& prompt, const SamplingOptions& sampling,
                              const TextSink& sink, std::stop_token stop);
  // A text that an answer may be like, as those of before are: guesses are taken from it (text_guess.h).
  void expect(std::span<const int32_t> ids);
  // The tokens that answer() and complete() begin with.
  Result<std::vector<int32_t>> prompt_ids(const std::vector<Message>& messages) const;
  std::vector<int32_t> prompt_ids(std::string_view prompt) const;
  void forget();                // scales changed: the cache is void
  int64_t tokens_used() const;  // of context()
  int64_t context() const;

 private:
  struct Impl;
  explicit Conversation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
