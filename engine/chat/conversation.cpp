#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/chat/generator.h"
#include "engine/chat/text_guess.h"

namespace scalewright {
namespace {

// What one more token costs that is checked along with another, as a share of what one alone takes: `bench --rows` with
// AVX2. Weights are read once; exact products are three times the work of fast ones.
constexpr double kGuessCostFast = 0.3, kGuessCostExact = 0.4;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

struct Conversation::Impl {
  std::shared_ptr<const Model> model;
  std::unique_ptr<Session> session;
  std::vector<int32_t> cached;    // ids whose keys and values the session holds
  std::vector<int32_t> stop_ids;  // sorted
  std::optional<TextGuess> guesses;
  int64_t chunk = 512;  // tokens of a prompt between two looks at the stop token

  bool stops(int32_t id) const { return std::binary_search(stop_ids.begin(), stop_ids.end(), id); }

  // What the session holds is not known token by token: begin afresh next time.
  void lose() {
    session->rewind(0);
    cached.clear();
  }

  Result<void> append(std::span<const int32_t> ids) {
    auto done = session->append(ids);
    if (done)
      cached.insert(cached.end(), ids.begin(), ids.end());
    else
      lose();
    return done;
  }

  std::vector<float> largest_logits;
  std::vector<int32_t> largest_ids;
  std::vector<Sampler::Candidate> candidates;

  // The token behind the last one, or behind a row of those that append_rows appended. A device that finds the largest
  // logits itself gives only those.
  int32_t pick(Sampler& sampler, std::optional<int64_t> row = {}) {
    const auto count = static_cast<size_t>(sampler.candidates_wanted(model->config.vocabulary));
    largest_logits.resize(count);
    largest_ids.resize(count);
    const auto find = [&] {
      float* values = largest_logits.data();
      int32_t* ids = largest_ids.data();
      const int n = static_cast<int>(count);
      return row ? session->largest_row_logits(*row, n, values, ids) : session->largest_logits(n, values, ids);
    };
    if (count == 0 || !find()) return sampler.pick(row ? session->row_logits(*row) : session->logits(), cached);
    candidates.resize(count);
    for (size_t i = 0; i < count; ++i) candidates[i] = {largest_logits[i], largest_ids[i]};
    return sampler.pick_from(candidates);
  }

  // The tokens behind id: one, and as many before it as the guess began with. Each is drawn as it would be without a guess,
  // so that a guess changes nothing but the time (Session::append_rows says how exactly).
  Result<std::vector<int32_t>> say(int32_t id, std::span<const int32_t> guess, Sampler& sampler) {
    if (guess.empty()) {
      SW_TRY(append(std::span(&id, 1)));
      return std::vector<int32_t>{pick(sampler)};
    }
    std::vector<int32_t> rows = {id};
    rows.insert(rows.end(), guess.begin(), guess.end());
    if (auto done = session->append_rows(rows); !done) {
      lose();
      return tl::unexpected<Error>(done.error());
    }
    std::vector<int32_t> said;
    for (size_t row = 0; row < rows.size(); ++row) {
      cached.push_back(rows[row]);
      said.push_back(pick(sampler, static_cast<int64_t>(row)));
      if (stops(said.back()) || (row + 1 < rows.size() && said.back() != rows[row + 1])) break;
    }
    session->rewind(static_cast<int64_t>(cached.size()));
    return said;
  }

  Result<Generation> generate(const std::vector<int32_t>& prompt, const SamplingOptions& sampling, const TextSink& sink,
                              std::stop_token stop);
};

Result<Generation> Conversation::Impl::generate(const std::vector<int32_t>& prompt, const SamplingOptions& sampling,
                                                const TextSink& sink, std::stop_token stop) {
  if (prompt.empty()) return fail(ErrorCode::InvalidArgument, "The prompt is empty. Write at least one word.");
  const int64_t context = session->context();
  if (static_cast<int64_t>(prompt.size()) >= context) {
    return fail(ErrorCode::InvalidArgument, "The conversation has " + std::to_string(prompt.size()) +
                                                " tokens, but the context holds " + std::to_string(context) +
                                                ". Start a new conversation, or choose a longer context.");
  }
  Generation out;
  out.prompt_tokens = static_cast<int64_t>(prompt.size());
  const auto prompt_start = std::chrono::steady_clock::now();
  // The last token of the prompt is computed again in any case: its logits are what the answer begins with.
  const auto differs = std::mismatch(cached.begin(), cached.end(), prompt.begin(), prompt.end() - 1).first;
  cached.erase(differs, cached.end());
  session->rewind(static_cast<int64_t>(cached.size()));
  out.reused_tokens = static_cast<int64_t>(cached.size());
  while (cached.size() < prompt.size()) {
    if (stop.stop_requested()) {
      out.reason = StopReason::Cancelled;
      out.prompt_seconds = seconds_since(prompt_start);
      return out;
    }
    const size_t count = std::min(prompt.size() - cached.size(), static_cast<size_t>(chunk));
    SW_TRY(append(std::span(prompt).subspan(cached.size(), count)));
  }
  out.prompt_seconds = seconds_since(prompt_start);

  const auto decode_start = std::chrono::steady_clock::now();
  Sampler sampler(sampling);
  StreamDecoder decoder(*model->tokenizer);
  const auto emit = [&](const std::string& text) {
    if (text.empty()) return;
    out.text += text;
    if (sink) sink(text);
  };
  const int64_t most = sampling.max_tokens > 0 ? sampling.max_tokens : context;
  const int64_t possible = session->most_rows() - 1;
  const int64_t most_guessed = std::min(sampling.guess_ahead.value_or(session->records() ? 0 : possible), possible);
  guesses->begin(prompt);
  std::vector<int32_t> said = {pick(sampler)};  // drawn, not looked at; all but the last are in the cache
  for (size_t next = 0;;) {
    if (stop.stop_requested()) {
      out.reason = StopReason::Cancelled;
      break;
    }
    const int32_t id = said[next++];
    guesses->add(std::span(&id, 1));
    if (stops(id)) {
      out.reason = StopReason::EndOfTurn;
      break;
    }
    out.ids.push_back(id);
    emit(decoder.push(id));
    const int64_t left = most - static_cast<int64_t>(out.ids.size()), room = context - session->position();
    if (left <= 0) {
      out.reason = StopReason::MaxTokens;
      break;
    }
    if (next < said.size()) continue;
    if (room <= 0) {
      out.reason = StopReason::ContextFull;
      break;
    }
    const std::vector<int32_t> guess = guesses->next(std::min({left - 1, room - 1, most_guessed}));
    SW_ASSIGN(said, say(id, guess, sampler));
    next = 0;
    const auto right = static_cast<int64_t>(said.size()) - 1;
    guesses->judge(right);
    out.guessed_tokens += static_cast<int64_t>(guess.size());
    out.right_guesses += right;
  }
  emit(decoder.flush());
  out.decode_seconds = seconds_since(decode_start);
  return out;
}

Conversation::Conversation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Conversation::~Conversation() = default;

Result<std::unique_ptr<Conversation>> Conversation::create(std::shared_ptr<const Model> model, Backend& backend,
                                                           const SessionOptions& options) {
  if (!model->tokenizer) {
    return fail(
        ErrorCode::InvalidArgument,
        model->name +
            " has no tokenizer, so it cannot be talked to. Put tokenizer.json or tokenizer.model into its folder.");
  }
  auto impl = std::make_unique<Impl>();
  SW_ASSIGN(impl->session, Session::create(model, backend, options));
  const double guess_cost = options.precision == Precision::Fast ? kGuessCostFast : kGuessCostExact;
  impl->guesses.emplace(impl->session->most_rows() - 1, guess_cost);
  impl->chunk = std::max<int64_t>(options.chunk, 1);
  impl->stop_ids = model->stop_ids;
  if (model->tokenizer->eos() >= 0) impl->stop_ids.push_back(model->tokenizer->eos());
  std::sort(impl->stop_ids.begin(), impl->stop_ids.end());
  impl->model = std::move(model);
  return std::unique_ptr<Conversation>(new Conversation(std::move(impl)));
}

Result<std::vector<int32_t>> Conversation::prompt_ids(const std::vector<Message>& messages) const {
  const Model& model = *impl_->model;
  const auto chat_template = model.chat_template ? model.chat_template : ChatTemplate::plain();
  RenderOptions options;
  options.add_generation_prompt = true;
  options.bos_token = model.bos_token;
  options.eos_token = model.eos_token;
  SW_ASSIGN(const Rendered rendered, chat_template->render(messages, options));
  return prompt_ids(rendered.text);
}

std::vector<int32_t> Conversation::prompt_ids(std::string_view prompt) const {
  const Model& model = *impl_->model;
  const bool bos_written = !model.bos_token.empty() && prompt.starts_with(model.bos_token);
  return model.tokenizer->encode_ids(prompt, {.parse_special = true, .add_bos = model.add_bos && !bos_written});
}

Result<Generation> Conversation::answer(const std::vector<Message>& messages, const SamplingOptions& sampling,
                                        const TextSink& sink, std::stop_token stop) {
  SW_ASSIGN(const std::vector<int32_t> ids, prompt_ids(messages));
  return complete(ids, sampling, sink, std::move(stop));
}

Result<Generation> Conversation::complete(std::string_view prompt, const SamplingOptions& sampling,
                                          const TextSink& sink, std::stop_token stop) {
  return complete(prompt_ids(prompt), sampling, sink, std::move(stop));
}

Result<Generation> Conversation::complete(const std::vector<int32_t>& prompt, const SamplingOptions& sampling,
                                          const TextSink& sink, std::stop_token stop) {
  return impl_->generate(prompt, sampling, sink, std::move(stop));
}

void Conversation::expect(std::span<const int32_t> ids) {
  impl_->guesses->begin(ids);
}

void Conversation::forget() {
  impl_->session->rewind(0);
  impl_->cached.clear();
}

int64_t Conversation::tokens_used() const {
  return impl_->session->position();
}
int64_t Conversation::context() const {
  return impl_->session->context();
}

}  // namespace scalewright
