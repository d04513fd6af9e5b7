#pragma once
// Inference on a model: KV cache and activations, owned by the caller. Chat, generate, evaluation and export checks all use it.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "engine/backend/backend.h"
#include "engine/core/error.h"
#include "engine/model/model.h"

namespace scalewright {

struct SessionOptions {
  int64_t context = 0;                      // positions of the KV cache; 0: the model's context length, at most 4096
  Precision precision = Precision::Exact;   // Fast: int8 activations
  KvType kv = KvType::F32;                  // Fast sessions usually take F16
  int64_t chunk = 512;                      // tokens of a prompt computed at once
};

// A sequence that grows token by token gives what the whole sequence gives at once: where longrope passes its original context
// and changes its factors, the cache is computed anew, once. The one exception is the dynamic RoPE kind, whose base changes with
// every further token: older keys stay as they were turned, as in transformers.
class Session {
 public:
  // The backend and model must outlive it. OutOfMemory with the bytes needed where the machine lacks them.
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const Model> model, Backend& backend, const SessionOptions& options);
  ~Session();
  // What create() will allocate at most, the backend's workspace not counted.
  static uint64_t bytes(const Model& model, const SessionOptions& options);

  // rows [T, V] of logits for tokens first .. first + rows - 1 of the appended ids; valid during the call only.
  using LogitSink = std::function<void(int64_t first, int64_t rows, const float* logits)>;
  // Appends ids to the sequence. Without a sink only the last token's logits are computed, or are left to the calls below
  // (head_waits). InvalidArgument when the cache
  // is full or an id is not below the vocabulary.
  Result<void> append(std::span<const int32_t> ids, const LogitSink& sink = {});
  // -log p of each of targets [T] (< 0: skipped, 0 written) after ids [T], appended; nll [T].
  Result<void> append_nll(std::span<const int32_t> ids, std::span<const int32_t> targets, std::span<double> nll);
  // Appends up to most_rows() ids and keeps the logits behind each of them, for the calls with a row; those without one speak of
  // the last. What a guess at the next tokens is checked with: on the CPU the numbers are those of single tokens, to the bit.
  Result<void> append_rows(std::span<const int32_t> ids);
  int64_t most_rows() const noexcept;
  // Whether single tokens are played from recordings (CUDA graphs), which several at once are not.
  bool records() const noexcept;
  std::span<const float> row_logits(int64_t row) const;
  bool largest_row_logits(int64_t row, int count, float* values, int32_t* ids) const;

  std::span<const float> logits() const;    // [V] after the last appended token
  // The largest of them where the device finds them itself, `count` as Backend::largest gives them; false: it does not.
  bool largest_logits(int count, float* values, int32_t* ids);
  // Fast sessions on a device that finds the largest logits without computing all (Backend::largest_products): the head's
  // product waits until logits or largest_logits asks, and costs what they ask for.
  bool head_waits() const noexcept;
  uint64_t head_bytes() const noexcept;     // of the head, or of it and its sketch, that the last logits took
  int64_t position() const noexcept;        // tokens in the cache
  int64_t context() const noexcept;
  void rewind(int64_t position);            // forget what comes after; position <= position()

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace scalewright
