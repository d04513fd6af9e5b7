#include "engine/tune/sample_answer.h"

#include <algorithm>

#include "engine/tune/memory_plan.h"

namespace scalewright {
Result<std::unique_ptr<SampleAnswer>> SampleAnswer::create(std::shared_ptr<const Model> model, Backend& backend,
                                                           const TuneRecipe& recipe) {
  if (recipe.sample_prompt.empty() || model->tokenizer == nullptr) return std::unique_ptr<SampleAnswer>();
  std::vector<Message> messages;
  if (!recipe.system_prompt.empty()) messages.push_back({"system", recipe.system_prompt});
  messages.push_back({"user", recipe.sample_prompt});
  const auto chat_template = model->chat_template ? model->chat_template : ChatTemplate::plain();
  SW_ASSIGN(const Rendered rendered, chat_template->render(messages, RenderOptions{.add_generation_prompt = true,
                                                                                   .bos_token = model->bos_token,
                                                                                   .eos_token = model->eos_token,
                                                                                   .variables = {}}));
  // A template that writes the BOS itself must not get a second one.
  const bool has_bos = !model->bos_token.empty() && rendered.text.starts_with(model->bos_token);
  std::vector<int32_t> prompt = model->tokenizer->encode_ids(
      rendered.text, EncodeOptions{.parse_special = true, .add_bos = model->add_bos && !has_bos});
  SW_ASSIGN(auto session, Session::create(model, backend, sample_session_options(*model)));
  const auto room = static_cast<size_t>(session->context());
  if (prompt.empty() || prompt.size() >= room) {
    return fail(ErrorCode::InvalidArgument, "The sample prompt has " + std::to_string(prompt.size()) +
                                                " tokens; choose one of fewer than " + std::to_string(room) +
                                                ", or none.");
  }
  return std::unique_ptr<SampleAnswer>(new SampleAnswer(std::move(model), std::move(session), std::move(prompt)));
}

Result<std::string> SampleAnswer::answer(std::stop_token stop) {
  session_->rewind(0);
  SW_TRY(session_->append(prompt_));
  std::vector<int32_t> ids;
  while (ids.size() < static_cast<size_t>(kSampleAnswerTokens) && !stop.stop_requested()) {
    int32_t id = 0;
    float logit = 0.0f;
    if (!session_->largest_logits(1, &logit, &id)) {
      const std::span<const float> logits = session_->logits();
      id = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    }
    if (std::find(model_->stop_ids.begin(), model_->stop_ids.end(), id) != model_->stop_ids.end()) break;
    ids.push_back(id);
    if (session_->position() >= session_->context()) break;
    SW_TRY(session_->append(std::span(&id, 1)));
  }
  return model_->tokenizer->decode(ids, true);
}

}  // namespace scalewright
