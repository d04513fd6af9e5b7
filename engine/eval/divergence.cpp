#include "engine/eval/divergence.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/model/session.h"

namespace scalewright {
namespace {

constexpr int64_t kLikeliest = 256;  // of a token; in text they hold nearly all of the probability
constexpr double kLeast = 1e-12;     // probability that the others together have at least

using Row = std::function<void(int64_t token, std::span<const float> logits)>;

Result<void> for_each_row(std::shared_ptr<const Model> model, Backend& backend, std::span<const int32_t> ids,
                          int64_t context, std::stop_token stop, const Row& row) {
  const auto vocabulary = static_cast<size_t>(model->config.vocabulary);
  const auto total = static_cast<int64_t>(ids.size());
  SW_ASSIGN(const std::unique_ptr<Session> session,
            Session::create(std::move(model), backend, {.context = std::min(context, total)}));
  for (int64_t begin = 0; begin < total && !stop.stop_requested(); begin += context) {
    session->rewind(0);
    const auto window = ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(std::min(context, total - begin)));
    SW_TRY(session->append(window, [&](int64_t first, int64_t rows, const float* logits) {
      for (int64_t i = 0; i < rows; ++i)
        row(begin + first + i, std::span(logits + static_cast<size_t>(i) * vocabulary, vocabulary));
    }));
  }
  return {};
}

double log_sum(std::span<const float> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  return most + std::log(sum);
}

// log p of `ids`, and of all others together.
std::vector<double> log_probabilities(std::span<const float> logits, std::span<const int32_t> ids) {
  const double whole = log_sum(logits);
  std::vector<double> log_p;
  double rest = 1.0;
  for (const int32_t id : ids) {
    log_p.push_back(static_cast<double>(logits[static_cast<size_t>(id)]) - whole);
    rest -= std::exp(log_p.back());
  }
  log_p.push_back(std::log(std::max(rest, kLeast)));
  return log_p;
}

}  // namespace

Result<Expectations> Expectations::of(std::shared_ptr<const Model> model, Backend& backend, std::span<const int32_t> ids,
                                      int64_t context, std::stop_token stop) {
  Expectations made;
  made.ids_.assign(ids.begin(), ids.end());
  made.context_ = context;
  made.after_.resize(ids.size());
  std::vector<int32_t> order(static_cast<size_t>(model->config.vocabulary));
  const auto kept = std::min<std::ptrdiff_t>(kLikeliest, std::ssize(order) - 1);
  SW_TRY(for_each_row(std::move(model), backend, ids, context, stop, [&](int64_t token, std::span<const float> logits) {
    std::iota(order.begin(), order.end(), 0);
    std::nth_element(order.begin(), order.begin() + kept, order.end(), [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    After& after = made.after_[static_cast<size_t>(token)];
    after.ids.assign(order.begin(), order.begin() + kept);
    after.log_p = log_probabilities(logits, after.ids);
  }));
  return made;
}

Result<double> Expectations::divergence(std::shared_ptr<const Model> model, Backend& backend, std::stop_token stop) const {
  double sum = 0.0;
  int64_t tokens = 0;
  SW_TRY(for_each_row(std::move(model), backend, ids_, context_, stop, [&](int64_t token, std::span<const float> logits) {
    const After& after = after_[static_cast<size_t>(token)];
    if (after.ids.empty()) return;
    const std::vector<double> log_q = log_probabilities(logits, after.ids);
    for (size_t i = 0; i < log_q.size(); ++i) sum += std::exp(after.log_p[i]) * (after.log_p[i] - log_q[i]);
    ++tokens;
  }));
  return tokens > 0 ? sum / static_cast<double>(tokens) : 0.0;
}

}  // namespace scalewright
