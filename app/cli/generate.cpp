// generate: one answer, streamed. chat: a conversation in the terminal, alone or base beside tuned.

#include <iostream>

#include "app/cli/context.h"
#include "app/cli/interruption.h"
#include "app/cli/messages.h"
#include "app/cli/model_argument.h"
#include "app/cli/standard_input.h"
#include "engine/chat/generator.h"
#include "engine/core/file.h"
#include "engine/tune/scale_pack.h"
#include "engine/tune/trainer.h"

namespace scalewright::cli {
namespace {

struct Options {
  std::string model, prompt, messages, system, pack;
  bool raw = false, fast = false, compare = false;
  int64_t context = 0;
  SamplingOptions sampling;
};

SessionOptions session_options(const Options& options) {
  SessionOptions session;
  session.context = options.context;
  session.precision = options.fast ? Precision::Fast : Precision::Exact;
  session.kv = KvType::F16;
  return session;
}

void add_sampling(CLI::App* verb, const std::shared_ptr<Options>& o) {
  verb->add_option("--max-tokens", o->sampling.max_tokens, "Longest answer, in tokens")->check(above_zero())->capture_default_str();
  verb->add_option("--temperature", o->sampling.temperature, "0: always the likeliest token")->check(between(0.0, 100.0))->capture_default_str();
  verb->add_option("--top-k", o->sampling.top_k, "Only the k likeliest tokens; 0: all")->check(at_least_zero())->capture_default_str();
  verb->add_option("--top-p", o->sampling.top_p, "Only the likeliest tokens that make up this probability")->check(between(0.0, 1.0))->capture_default_str();
  verb->add_option("--min-p", o->sampling.min_p, "Only tokens at least this likely against the likeliest")->check(between(0.0, 1.0))->capture_default_str();
  verb->add_option("--repeat-penalty", o->sampling.repeat_penalty, "Above 1: repeat less")->check(between(0.01, 100.0))->capture_default_str();
  verb->add_option("--guess-ahead", o->sampling.guess_ahead, "Most tokens to guess from what was said before and check at once: the same answer, sooner where it repeats. 0 to 3, 0: none; default: 3, on a graphics card 0")->check(whole(0, 3));
  verb->add_option("--context", o->context, "Tokens the conversation may have; default: what the model was made for, at most 4096")->check(whole(0, int64_t{1} << 20));
  verb->add_flag("--fast", o->fast, "Activations in 8 bits: faster prompts, answers may differ from the exact ones");
}

// A prompt that leaves no room to answer in, and how much would; empty where it leaves some.
std::string too_long(int64_t prompt, const Conversation& conversation, const Model& model, const SamplingOptions& sampling, const std::string& what) {
  if (prompt < conversation.context()) return {};
  const int64_t made_for = model.config.context_length, wanted = prompt + std::max<int64_t>(1, sampling.max_tokens);
  std::string words = what + " has " + std::to_string(prompt) + " tokens, but the context holds " + std::to_string(conversation.context()) + ". ";
  if (made_for <= 0) return words + "Give it more with --context " + std::to_string(wanted) + ".";
  words += "The model was made for " + std::to_string(made_for) + ": ";
  if (prompt < made_for) return words + "give it more with --context " + std::to_string(std::min(wanted, made_for)) + ".";
  return words + "shorten it; --context " + std::to_string(wanted) + " would hold it, with worse answers.";
}

Result<int> generate(const Context& context, Options options) {
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  options.sampling.seed = context.seed;
  std::vector<Message> messages;
  if (!options.messages.empty()) {
    SW_ASSIGN(messages, read_messages(options.messages));
  } else {
    if (!options.system.empty()) messages.push_back({"system", options.system});
    messages.push_back({"user", options.prompt});
  }
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  SW_ASSIGN(const std::shared_ptr<Model> model, open_model_or_run(options.model, observer, context.stop));
  warn_of_context(observer, options.context, model->config.context_length);
  observer.finish();
  SW_ASSIGN(const auto conversation, Conversation::create(model, *backend, session_options(options)));
  std::vector<int32_t> prompt;
  if (options.raw) {
    prompt = conversation->prompt_ids(options.prompt);
  } else {
    SW_ASSIGN(prompt, conversation->prompt_ids(messages));
  }
  const std::string problem = too_long(static_cast<int64_t>(prompt.size()), *conversation, *model, options.sampling, "The prompt");
  if (!problem.empty()) return fail(ErrorCode::InvalidArgument, problem);
  const TextSink sink = [&](std::string_view text) {
    if (!context.json) std::cout << text << std::flush;
  };
  SW_ASSIGN(const Generation answer, conversation->complete(prompt, options.sampling, sink, context.stop));
  context.print("");
  context.print_json({{"text", answer.text},
                      {"tokens", answer.ids},
                      {"prompt_tokens", answer.prompt_tokens},
                      {"tokens_per_second", answer.tokens_per_second()},
                      {"guessed_tokens", answer.guessed_tokens},
                      {"right_guesses", answer.right_guesses},
                      {"prompt_tokens_per_second", answer.prompt_tokens_per_second()},
                      {"stopped", answer.reason == StopReason::EndOfTurn ? "end of turn" : answer.reason == StopReason::MaxTokens ? "max tokens" : answer.reason == StopReason::ContextFull ? "context full" : "cancelled"}});
  if (!context.json)
    std::cerr << "(" << answer.ids.size() << " tokens, " << format_number(answer.tokens_per_second(), 1) << " a second"
              << (answer.right_guesses > 0 ? ", " + std::to_string(answer.right_guesses) + " guessed right from what stood before" : std::string()) << "; prompt "
              << answer.prompt_tokens << " tokens, " << format_number(answer.prompt_tokens_per_second(), 1) << " a second)\n";
  return answer.reason == StopReason::Cancelled ? kExitInterrupted : 0;
}

// Base and tuned share one copy of the codes: before an answer its scales are written in place.
struct Side {
  std::string title;
  std::vector<std::vector<uint16_t>> scales;
  std::unique_ptr<Conversation> conversation;
  std::vector<Message> messages;
  std::vector<int32_t> prompt;  // of the messages, the last one the person's
};

Result<int> chat(const Context& context, Options options) {
  if (context.json) return fail(ErrorCode::InvalidArgument, "chat is a conversation with a person and prints no JSON. Use generate --json, with --messages for what was said before.");
  SW_TRY(check_model_argument(options.model, Takes::ModelOrRun));
  options.sampling.seed = context.seed;
  SW_ASSIGN(const std::unique_ptr<Backend> backend, context.backend());
  ProgressObserver observer;
  std::shared_ptr<Model> model;
  std::vector<std::vector<uint16_t>> base;
  const bool run = is_run_folder(options.model);
  if (run) {
    SW_ASSIGN(OpenRun open, open_run(options.model, observer, context.stop));
    model = open.model;
    base = std::move(open.base_scales);
  } else {
    SW_ASSIGN(model, load_model(options.model, observer, context.stop));
  }
  observer.finish();
  const TrainableLayout layout = trainable_layout(*model, Granularity::Group);
  if (!run) base = snapshot_scales(*model, layout);
  if (!options.pack.empty()) {
    SW_TRY(check_pack_argument(options.pack));
    SW_ASSIGN(const ScalePack pack, ScalePack::load(options.pack, *model));
    pack.apply(*model, base);
  }
  if (options.compare && !run && options.pack.empty())
    return fail(ErrorCode::InvalidArgument, "--compare needs something to compare with: give the folder of a run, or --pack PACK.");

  std::vector<Side> sides;
  if (options.compare) sides.push_back({"original", base, nullptr, {}, {}});
  sides.push_back({options.compare ? "tuned" : "", snapshot_scales(*model, layout), nullptr, {}, {}});
  for (Side& side : sides) {
    SW_ASSIGN(side.conversation, Conversation::create(model, *backend, session_options(options)));
    if (!options.system.empty()) side.messages.push_back({"system", options.system});
  }
  const std::string who = model->name + (run ? ", tuned by " + own_name(options.model)
                                         : !options.pack.empty() ? ", tuned by " + own_name(options.pack) : std::string());
  std::cout << "Talking to " << who << ". /help names the few words that are not for the model. Ctrl+C stops an answer; an empty line or Ctrl+D ends the conversation.\n";
  LineReader lines;
  bool interrupted = false;
  const auto next_line = [&] {
    const Interruption::Part waiting(*context.interruption);
    const std::optional<std::string> line = lines.next(waiting.stop());
    interrupted = waiting.stop().stop_requested();
    return line.value_or("");
  };
  while (!context.stop.stop_requested()) {
    std::cout << "\nyou> " << std::flush;
    const std::string line = next_line();
    if (line.empty() || line == "/quit" || line == "/exit") break;
    if (line.starts_with("/") && line.find('/', 1) == std::string::npos) {
      if (line == "/new") {
        for (Side& side : sides) std::erase_if(side.messages, [](const Message& message) { return message.role != "system"; });
        std::cout << "  A new conversation; the model has forgotten the last one.\n";
        continue;
      }
      if (line != "/help") std::cout << "  " << line << " is not known here.\n";
      std::cout << "  /new begins a new conversation, /quit ends it, /help says this. Everything else goes to the model; a line that is to begin with a slash, after a space.\n";
      continue;
    }
    std::string problem;
    for (Side& side : sides) {
      side.messages.push_back({"user", line});
      SW_ASSIGN(side.prompt, side.conversation->prompt_ids(side.messages));
      if (problem.empty()) problem = too_long(static_cast<int64_t>(side.prompt.size()), *side.conversation, *model, options.sampling, "With that the conversation");
    }
    if (!problem.empty()) {
      for (Side& side : sides) side.messages.pop_back();
      std::cout << "  " << problem << " /new begins a new conversation.\n";
      continue;
    }
    for (Side& side : sides) {
      restore_scales(*model, layout, side.scales);
      if (!side.title.empty()) std::cout << "\n[" << side.title << "]\n";
      const Interruption::Part part(*context.interruption);
      SW_ASSIGN(const Generation answer, side.conversation->complete(side.prompt, options.sampling,
                                                                     [](std::string_view text) { std::cout << text << std::flush; }, part.stop()));
      side.messages.push_back({"assistant", answer.text});
      std::cout << "\n  (" << (answer.reason == StopReason::Cancelled ? "stopped; " : "") << format_number(answer.tokens_per_second(), 1) << " tokens/s, " << side.conversation->tokens_used() << " of "
                << side.conversation->context() << " tokens used)\n";
    }
  }
  std::cout << '\n';
  return interrupted || context.stop.stop_requested() ? kExitInterrupted : 0;
}

}  // namespace

void add_generate(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "generate", "Answer a prompt; the text streams");
  auto g = std::make_shared<Options>();
  verb->add_option("MODEL", g->model, "A model, or the folder of a run")->required();
  const CLI::Option* prompt = verb->add_option("--prompt", g->prompt, "What to answer (as the user's turn), or with --raw what to go on from; -: standard input, also where nothing is given and another program writes there");
  CLI::Option* messages = verb->add_option("--messages", g->messages, "JSON file: [{\"role\": ..., \"content\": ...}, ...]");
  verb->add_option("--system", g->system, "System prompt");
  verb->add_flag("--raw", g->raw, "Without the chat template");
  add_sampling(verb, g);
  verb->callback([&context, g, prompt, messages] {
    if (prompt->count() > 0 && g->prompt.empty()) throw CLI::ValidationError("--prompt", "the prompt is empty; give a text to answer, or - for standard input");
    const bool nothing_given = prompt->count() == 0 && messages->count() == 0;
    if (g->prompt == kStandardInput || (nothing_given && !input_is_terminal())) g->prompt = read_standard_input(context.stop);
    if (context.stop.stop_requested()) {
      context.command = [] { return kExitInterrupted; };
      return;
    }
    if (g->prompt.empty() == g->messages.empty())
      throw CLI::ValidationError("generate", "needs one of --prompt TEXT, a text on standard input, and --messages FILE");
    context.command = [&context, g] { return generate(context, *g); };
  });

  CLI::App* chat_verb = add_verb(app, context, "chat", "A conversation in the terminal");
  auto c = std::make_shared<Options>();
  chat_verb->add_option("MODEL", c->model, "A model, or the folder of a run")->required();
  chat_verb->get_option("--json")->group("");  // refused, with what to use
  chat_verb->add_option("--pack", c->pack, "Scale pack to talk to");
  chat_verb->add_option("--system", c->system, "System prompt");
  chat_verb->add_flag("--compare", c->compare, "Original and tuned answer the same question");
  add_sampling(chat_verb, c);
  chat_verb->callback([&context, c] { context.command = [&context, c] { return chat(context, *c); }; });
}

}  // namespace scalewright::cli
