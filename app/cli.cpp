// scalewright-cli: everything the window does, from a terminal. The contract of its words is in README.md, "Command line".

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/context.h"
#include "app/cli/interruption.h"

namespace {

using Json = scalewright::cli::Json;
using scalewright::ErrorCode;
using scalewright::Result;
using scalewright::cli::Context;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

Result<int> run_guarded(const Context& context) {
  try {
    return context.command();
  } catch (const std::bad_alloc&) {
    return scalewright::fail(ErrorCode::OutOfMemory, "This machine has too little free memory for that. Close other programs or choose smaller settings.");
  } catch (const std::exception& error) {
    return scalewright::fail(ErrorCode::InvalidArgument, std::string("Internal error: ") + error.what() + ". Please report it with the command you ran.");
  }
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* find_verb(const CLI::App& app, int argc, char** argv) {
  for (const CLI::App* verb : verbs_of(app))
    if (argc > 1 && verb->get_name() == argv[1]) return verb;
  return nullptr;
}

// What the parser says, as one sentence; a word that is no verb by its name.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (argc > 1 && argv[1][0] != '-' && find_verb(app, argc, argv) == nullptr) {
    std::string verbs;
    for (const CLI::App* verb : verbs_of(app)) verbs += (verbs.empty() ? "" : ", ") + verb->get_name();
    return "\"" + std::string(argv[1]) + "\" is no command. The commands are " + verbs + ".";
  }
  // What is not known comes before what is missing: a mistyped option is often both.
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    for (const CLI::App* verb : app.get_subcommands()) {
      for (const std::string& word : verb->remaining())
        if (word.size() > 1 && word[0] == '-') return "The following argument was not expected: " + word;
    }
  }
  // An option that help does not show has no name for the parser.
  std::string problem = error.what();
  for (const std::string unnamed : {": ", "Could not convert:  = "}) {
    if (!problem.starts_with(unnamed)) continue;
    std::string names;
    for (const CLI::App* verb : app.get_subcommands())
      for (const CLI::Option* option : verb->get_options())
        if (option->get_group().empty() && option->count() > 0) names += (names.empty() ? "--" : ", --") + option->get_lnames().front();
    return unnamed == ": " ? names + problem : "Could not convert: " + names + problem.substr(unnamed.size() - 3);
  }
  return problem;
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const std::string problem = usage_problem(app, error, argc, argv);
  const CLI::App* verb = find_verb(app, argc, argv);
  std::cerr << "scalewright-cli: " << problem << "\nRun \"scalewright-cli " << (verb != nullptr ? verb->get_name() + " " : "") << "--help\" for what there is.\n";
  const auto asked = [](const char* word) { return std::string_view(word) == "--json"; };
  if (std::any_of(argv + 1, argv + argc, asked))
    std::cout << Json{{"error", problem}}.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  return kExitUsage;
}

// What was printed and did not arrive is a failure like any other (a full disk behind "> file").
int checked_output(int code) {
  std::cout.flush();
  if (std::cout) return code;
  std::cerr << "scalewright-cli: the output could not be written (is the disk full, or the reader gone?); what is missing in it was computed all the same.\n";
  return code == 0 ? kExitFailed : code;
}

}  // namespace

int main(int argc, char** argv) {
  static scalewright::cli::Interruption interruption;  // its thread outlives main
  interruption.watch();

  Context context;
  context.interruption = &interruption;
  context.stop = interruption.stop();
  CLI::App app{"Scalewright: quantize a language model, tune only its scales, talk to it, take it anywhere.\n"
               "MODEL is a .gguf file or a folder of safetensors; RUN is the folder of a tuning run.", "scalewright-cli"};
  app.set_version_flag("--version", std::string("scalewright-cli ") + SCALEWRIGHT_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  using namespace scalewright::cli;
  add_inspect(app, context);
  add_quantize(app, context);
  add_tune(app, context);
  add_evaluate(app, context);
  add_generate(app, context);
  add_logits(app, context);
  add_text(app, context);
  add_export(app, context);
  add_runs(app, context);
  add_bench(app, context);
  add_demo(app, context);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return checked_output(app.exit(error));  // --help, --version
    return usage_error(app, error, argc, argv);
  }

  const Result<int> result = run_guarded(context);
  if (!result) {
    std::cerr << "scalewright-cli: " << result.error().message << '\n';
    if (context.json) context.print_json(Json{{"error", result.error().message}});
    return context.stop.stop_requested() ? kExitInterrupted : checked_output(kExitFailed);
  }
  // Who reads JSON gets an object also of what was interrupted before it had anything to say.
  if (*result == kExitInterrupted && !context.answered) context.print_json(Json{{"interrupted", true}});
  return checked_output(*result);
}
