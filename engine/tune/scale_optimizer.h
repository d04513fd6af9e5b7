#pragma once
// The learned numbers of a run and AdamW's moments, all in the run's arena.
//   relative: parameters theta, values s = s0 (1 + theta), gradient s0 * dL/ds
//   raw:      parameters and values are one array, gradient dL/ds
// P: TrainableLayout::total.

#include <cstddef>
#include <cstdint>

#include "engine/backend/backend.h"
#include "engine/model/train_graph.h"
#include "engine/model/transformer_arena.h"
#include "engine/tune/recipe.h"

namespace scalewright {

class ScaleOptimizer {
 public:
  // Bytes taken from the arena for P = `count`.
  static size_t bytes(size_t count, Parametrization parametrization);
  // Starts at the values that the model's records hold.
  ScaleOptimizer(const Model& model, const TrainableLayout& layout, Parametrization parametrization,
                 ArenaCursor& arena);

  size_t count() const noexcept { return count_; }
  const float* values() const noexcept { return values_; }    // [P] what the forward pass uses
  float* gradient() const noexcept { return gradient_; }      // [P]
  float* parameters() const noexcept { return parameters_; }  // [P]; call refresh() after writing them
  float* first_moment() const noexcept { return m_; }         // [P]
  float* second_moment() const noexcept { return v_; }        // [P]

  void clear_gradient(Backend& backend);
  // Turns dL/d(values) into the gradient of the parameters, in place; its Euclidean norm.
  double finish_gradient(Backend& backend);
  void update(Backend& backend, const AdamStep& step);
  void refresh();  // values from parameters

  // False when a scale has become too large for the fp16 it will be stored in (or is no number).
  bool storable(Backend& backend) const;
  // [P] the values as records and packs hold them: rounded to fp16 (Group), as they are (Row). Overwrites the gradient.
  const float* stored_values();

 private:
  size_t count_ = 0;
  Parametrization parametrization_;
  Granularity granularity_;
  float largest_ = 0.0f;  // that a value may become
  float *parameters_ = nullptr, *gradient_ = nullptr, *m_ = nullptr, *v_ = nullptr, *values_ = nullptr,
        *start_ = nullptr;
};

}  // namespace scalewright
