#pragma once
// The greedy answer to one prompt at a validation, from the scales that the model's records hold at that moment.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/model/session.h"
#include "engine/tune/recipe.h"

namespace scalewright {

inline constexpr int kSampleAnswerTokens = 96;  // at most; a glance is enough, and training waits for it

class SampleAnswer {
 public:
  // Null where the recipe has no sample prompt or the model no tokenizer. Memory is taken here, once.
  static Result<std::unique_ptr<SampleAnswer>> create(std::shared_ptr<const Model> model, Backend& backend,
                                                      const TuneRecipe& recipe);
  // Text so far when stopped.
  Result<std::string> answer(std::stop_token stop);

 private:
  SampleAnswer(std::shared_ptr<const Model> model, std::unique_ptr<Session> session, std::vector<int32_t> prompt)
      : model_(std::move(model)), session_(std::move(session)), prompt_(std::move(prompt)) {}
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Session> session_;
  std::vector<int32_t> prompt_;
};

}  // namespace scalewright
