#pragma once
// A backend that passes every call on and shows the inputs of chosen matrices to an observer first.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/backend/forwarding_backend.h"

namespace scalewright::quant {

class TapBackend : public ForwardingBackend {
 public:
  using Tap = std::function<void(const float* x, int64_t ldx, int64_t T)>;

  using ForwardingBackend::ForwardingBackend;
  void clear() { taps_.clear(); }
  // Calls `tap` before each product with the matrix whose numbers begin at `data`; or, where nobody reads the product,
  // instead of it.
  void watch(const void* data, Tap tap, bool instead = false) { taps_.push_back({data, std::move(tap), instead}); }
  static const void* data_of(const WeightView& w) {
    return w.quantized ? static_cast<const void*>(w.quant.records) : w.dense.data;
  }

  void linear(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, int64_t ldy,
              Precision precision) override {
    bool wanted = true;
    for (const Watched& watched : taps_) {
      if (watched.data != data_of(w)) continue;
      inner().synchronize();  // the tap reads what calls before this one write
      watched.tap(x, ldx, T);
      wanted &= !watched.instead;
    }
    if (wanted) inner().linear(x, ldx, T, w, bias, y, ldy, precision);
  }
  // What is done in one go is taken apart, so that each product shows its input.
  void linear_set(const float* x, int64_t ldx, int64_t T, std::span<const LinearPart> parts, int64_t ldy,
                  Precision precision) override {
    Backend::linear_set(x, ldx, T, parts, ldy, precision);
  }
  void linear_normed(const float* x, int64_t ldx, int64_t T, const float* weight, float epsilon, float* normed,
                     float* inv_rms, std::span<const LinearPart> parts, int64_t ldy, Precision precision) override {
    Backend::linear_normed(x, ldx, T, weight, epsilon, normed, inv_rms, parts, ldy, precision);
  }
  void linear_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                    float* activated, const WeightView& w, const float* bias, float* y, int64_t ldy,
                    Precision precision) override {
    Backend::linear_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, ldy, precision);
  }
  void linear_add(const float* x, int64_t ldx, int64_t T, const WeightView& w, const float* bias, float* y, float* room,
                  Precision precision) override {
    Backend::linear_add(x, ldx, T, w, bias, y, room, precision);
  }
  void linear_add_gated(const float* gate, int64_t ldg, const float* up, int64_t ldu, int64_t T, Activation act,
                        float* activated, const WeightView& w, const float* bias, float* y, float* room,
                        Precision precision) override {
    Backend::linear_add_gated(gate, ldg, up, ldu, T, act, activated, w, bias, y, room, precision);
  }
  bool begin_recording() override { return false; }  // calls that are repeated would pass by the taps

 private:
  struct Watched {
    const void* data;
    Tap tap;
    bool instead;
  };
  std::vector<Watched> taps_;
};

}  // namespace scalewright::quant
