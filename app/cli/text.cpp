// tokenize: text to ids and back. render: a chat template on a conversation, and what of it is learned.

#include <iostream>
#include <sstream>

#include "app/cli/context.h"
#include "app/cli/model_argument.h"
#include "engine/core/file.h"
#include "engine/core/json.h"
#include "engine/model/model.h"

namespace scalewright::cli {
namespace {

struct TokenizeOptions {
  std::string model, text, file, decode;
  bool special = false, bos = false, has_text = false;
};

Result<std::vector<int32_t>> parse_ids(const std::string& text) {
  std::vector<int32_t> ids;
  std::string number;
  std::istringstream stream(text);
  while (std::getline(stream, number, ',')) {
    std::istringstream fields(number);
    std::string word;
    while (fields >> word) {
      try {
        size_t used = 0;
        ids.push_back(std::stoi(word, &used));
        if (used != word.size()) throw std::invalid_argument(word);
      } catch (const std::exception&) {
        return fail(ErrorCode::InvalidArgument, "--decode: \"" + word + "\" is no token id. Give numbers divided by commas, as 1,2,3.");
      }
    }
  }
  return ids;
}

Result<int> tokenize(const Context& context, const TokenizeOptions& options) {
  if (!std::filesystem::is_directory(options.model)) SW_TRY(check_model_argument(options.model, Takes::Model));  // a folder may hold a tokenizer alone
  SW_ASSIGN(const std::shared_ptr<const Tokenizer> tokenizer, load_tokenizer(options.model));
  if (!options.decode.empty()) {
    SW_ASSIGN(const std::vector<int32_t> ids, parse_ids(options.decode));
    for (const int32_t id : ids)
      if (id < 0 || id >= tokenizer->size())
        return fail(ErrorCode::InvalidArgument, "--decode: token " + std::to_string(id) + " is not in the vocabulary of " + std::to_string(tokenizer->size()) + " tokens.");
    const std::string text = tokenizer->decode(ids, false);
    context.print_json({{"ids", ids}, {"text", text}});
    context.print(text);
    return 0;
  }
  std::string text = options.text;
  if (!options.file.empty()) {
    SW_ASSIGN(text, read_text_file(options.file));
  }
  const std::vector<int32_t> ids = tokenizer->encode_ids(text, {.parse_special = options.special, .add_bos = options.bos});
  context.print_json({{"ids", ids}, {"text", tokenizer->decode(ids, false)}});
  if (!context.json) {
    for (size_t i = 0; i < ids.size(); ++i) std::cout << (i ? " " : "") << ids[i];
    std::cout << '\n';
  }
  return 0;
}

struct RenderVerbOptions {
  std::string model, template_file, messages, bos, eos;
  std::vector<std::string> set;
  bool generation_prompt = false;
};

Result<int> render(const Context& context, const RenderVerbOptions& options) {
  if (options.model.empty() == options.template_file.empty())
    return fail(ErrorCode::InvalidArgument, "render needs either a MODEL or --template FILE.");
  RenderOptions settings;
  settings.add_generation_prompt = options.generation_prompt;
  std::shared_ptr<const ChatTemplate> chat_template;
  if (!options.template_file.empty()) {
    SW_ASSIGN(std::string source, read_text_file(options.template_file));
    SW_ASSIGN(chat_template, ChatTemplate::parse(std::move(source)));
  } else {
    SW_TRY(check_model_argument(options.model, Takes::Model));
    ProgressObserver observer;
    SW_ASSIGN(const std::shared_ptr<Model> model, load_model(options.model, observer, context.stop));
    if (!model->chat_template) return fail(ErrorCode::InvalidArgument, options.model + " has no chat template. Give one with --template FILE.");
    chat_template = model->chat_template;
    settings.bos_token = model->bos_token;
    settings.eos_token = model->eos_token;
  }
  if (!options.bos.empty()) settings.bos_token = options.bos;
  if (!options.eos.empty()) settings.eos_token = options.eos;
  for (const std::string& entry : options.set) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorCode::InvalidArgument, "--set: \"" + entry + "\" should be NAME=JSON, as enable_thinking=false.");
    settings.variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  SW_ASSIGN(const std::string messages, read_text_file(options.messages));
  SW_TRY(parse_json(messages, options.messages));
  SW_ASSIGN(const Rendered rendered, chat_template->render_json(messages, settings));
  Json learned = Json::array();
  for (const auto& [begin, end] : rendered.learned) learned.push_back({begin, end});
  context.print_json({{"text", rendered.text}, {"learned", learned}});
  if (!context.json) std::cout << rendered.text << std::flush;
  return 0;
}

}  // namespace

void add_text(CLI::App& app, Context& context) {
  CLI::App* verb = add_verb(app, context, "tokenize", "Text to token ids, or ids to text", Uses::Nothing);
  auto t = std::make_shared<TokenizeOptions>();
  verb->add_option("MODEL", t->model, "A model, or a folder with tokenizer files alone")->required();
  auto* group = verb->add_option_group("input");
  group->add_option("--text", t->text, "Text to split");
  group->add_option("--file", t->file, "File to split");
  group->add_option("--decode", t->decode, "Ids to join, as 1,2,3");
  group->require_option(1);
  verb->add_flag("--special", t->special, "Special tokens written in the text are parsed");
  verb->add_flag("--bos", t->bos, "Begin with the model's first token");
  verb->callback([&context, t] { context.command = [&context, t] { return tokenize(context, *t); }; });

  CLI::App* render_verb = add_verb(app, context, "render", "A conversation as the model reads it", Uses::Nothing);
  auto r = std::make_shared<RenderVerbOptions>();
  render_verb->add_option("MODEL", r->model, "A model with a chat template");
  render_verb->add_option("--template", r->template_file, "A Jinja template instead");
  render_verb->add_option("--messages", r->messages, "JSON file: [{\"role\": ..., \"content\": ...}, ...]")->required();
  render_verb->add_flag("--generation-prompt", r->generation_prompt, "End where the model would begin to answer");
  render_verb->add_option("--bos", r->bos, "Text of bos_token");
  render_verb->add_option("--eos", r->eos, "Text of eos_token");
  render_verb->add_option("--set", r->set, "NAME=JSON: a variable of the template")->allow_extra_args(false);
  render_verb->callback([&context, r] { context.command = [&context, r] { return render(context, *r); }; });
}

}  // namespace scalewright::cli
