#pragma once
// How far a changed model is from what it was: the Kullback-Leibler divergence of what the two expect next, token by
// token. It is never below zero and needs few tokens, where a difference of two perplexities drowns in chance; of small
// changes that do not depend on each other the divergences add up. For text that the original predicts well it is what
// the mean -log p rises by.

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/model/model.h"

namespace scalewright {

// The likeliest next tokens after each token of a text, as a model sees them.
class Expectations {
 public:
  // Of windows of `context` tokens. Fewer where stopped.
  static Result<Expectations> of(std::shared_ptr<const Model> model, Backend& backend, std::span<const int32_t> ids,
                                 int64_t context, std::stop_token stop);
  // Mean over the tokens of sum p log(p / q), natural logarithm: p as kept here, q as `model` expects now. Tokens that
  // were not among the likeliest count as one, so it is at most what all of them would give.
  Result<double> divergence(std::shared_ptr<const Model> model, Backend& backend, std::stop_token stop) const;

 private:
  struct After {
    std::vector<int32_t> ids;    // the likeliest
    std::vector<double> log_p;   // of each, and of all others together
  };
  std::vector<int32_t> ids_;
  int64_t context_ = 0;
  std::vector<After> after_;  // each token of ids_
};

}  // namespace scalewright
