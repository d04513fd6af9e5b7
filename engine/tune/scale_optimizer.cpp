#include "engine/tune/scale_optimizer.h"

#include <algorithm>
#include <cmath>

namespace scalewright {

namespace {

constexpr float kLargestHalf = 65504.0f;
constexpr float kOffsetRoom = 256.0f;  // an offset that moves with its scale is up to 2^bits times as large

float largest_value(const Model& model, const TrainableLayout& layout) {
  if (layout.granularity == Granularity::Group) return kLargestHalf / kOffsetRoom;
  // A row's factor multiplies everything that the row's records hold.
  float largest = 0.0f;
  const std::vector<const Linear*> linears = model.weights.linears();
  for (const TrainableEntry& entry : layout.entries) {
    for (const uint16_t half : linears[entry.linear]->weight.quant().scale_halves()) {
      largest = std::max(largest, std::abs(kernels::half_to_float(half)));
    }
  }
  return largest > 0.0f ? kLargestHalf / largest : kLargestHalf;
}

}  // namespace

size_t ScaleOptimizer::bytes(size_t count, Parametrization parametrization) {
  ArenaCursor counter(nullptr);
  for (int i = 0; i < (parametrization == Parametrization::Relative ? 6 : 4); ++i) {
    counter.take<float>(static_cast<int64_t>(count));
  }
  return counter.used();
}

ScaleOptimizer::ScaleOptimizer(const Model& model, const TrainableLayout& layout, Parametrization parametrization,
                               ArenaCursor& arena)
    : count_(layout.total),
      parametrization_(parametrization),
      granularity_(layout.granularity),
      largest_(largest_value(model, layout)) {
  const auto count = static_cast<int64_t>(count_);
  parameters_ = arena.take<float>(count);
  gradient_ = arena.take<float>(count);
  m_ = arena.take<float>(count);
  v_ = arena.take<float>(count);
  std::fill_n(m_, count_, 0.0f);
  std::fill_n(v_, count_, 0.0f);
  if (parametrization == Parametrization::Raw) {
    values_ = parameters_;
    initial_scales(model, layout, parameters_);
    return;
  }
  values_ = arena.take<float>(count);
  start_ = arena.take<float>(count);
  initial_scales(model, layout, start_);
  std::fill_n(parameters_, count_, 0.0f);
  refresh();
}

void ScaleOptimizer::clear_gradient(Backend& backend) {
  backend.zero(gradient_, static_cast<int64_t>(count_));
}

double ScaleOptimizer::finish_gradient(Backend& backend) {
  const bool relative = parametrization_ == Parametrization::Relative;
  return std::sqrt(backend.scaled_squares(gradient_, relative ? start_ : nullptr, static_cast<int64_t>(count_)));
}

void ScaleOptimizer::update(Backend& backend, const AdamStep& step) {
  const auto n = static_cast<int64_t>(count_);
  backend.adamw(step, gradient_, parameters_, m_, v_, n);
  if (parametrization_ == Parametrization::Relative) backend.relative_values(start_, parameters_, values_, n);
}

bool ScaleOptimizer::storable(Backend& backend) const {
  return backend.largest_magnitude(values_, static_cast<int64_t>(count_)) <= largest_;
}

const float* ScaleOptimizer::stored_values() {
  if (granularity_ == Granularity::Row) return values_;
  for (size_t i = 0; i < count_; ++i) gradient_[i] = kernels::half_to_float(kernels::float_to_half(values_[i]));
  return gradient_;
}

void ScaleOptimizer::refresh() {
  if (parametrization_ == Parametrization::Raw) return;
  for (size_t i = 0; i < count_; ++i) values_[i] = start_[i] * (1.0f + parameters_[i]);
}

}  // namespace scalewright
