#pragma once
// Every byte that a run will hold, before it holds them; and the most activations kept that the memory allows.

#include <cstdint>
#include <optional>

#include "engine/backend/backend.h"
#include "engine/model/session.h"
#include "engine/model/train_graph.h"
#include "engine/tune/trainer.h"

namespace scalewright {

// What stands before the arena is taken: measured, not guessed.
struct HeldMemory {
  uint64_t resident_bytes = 0;  // of the process, with model and data open and unused memory given back
  uint64_t peak_bytes = 0;      // its highest until now
  uint64_t dataset_bytes = 0;   // of both, in it
};

// Of the numbers of a run's steps (loss, norm, rate), that are kept, and at its end written as a report. Room is taken for
// no more steps than kMostKept at once.
inline constexpr int64_t kMostKept = int64_t{1} << 20;
uint64_t history_bytes(int64_t steps);

struct MemoryChoice {
  TrainShape shape;
  MemoryLedger ledger;
  uint64_t graph_bytes = 0;      // of the arena, for TrainGraph
  uint64_t optimizer_bytes = 0;  // of the arena, for ScaleOptimizer
};

// TrainShape::loss_chunk where memory does not matter.
int64_t usual_loss_chunk(const Backend& backend);

// `fixed`: the shape of a run that is resumed; without it kept_layers is the largest that fits.
// Never fails: a ledger that does not fit says so and carries remedies.
MemoryChoice plan_memory(const Model& model, const Backend& backend, const TuneRecipe& recipe,
                         const TrainableLayout& layout, int64_t steps, const HeldMemory& held,
                         const std::optional<TrainShape>& fixed);

// Bytes of the halves that snapshot_scales keeps.
uint64_t snapshot_bytes(const Model& model, const TrainableLayout& layout);
// How the sample prompt is answered.
SessionOptions sample_session_options(const Model& model);
// Of a ledger that does not fit: what would, the smallest change first; else the least that the run can be made to need.
std::string remedy_words(const MemoryLedger& ledger);
// "1.23 GB", "456 MB"; decimal, as disks and memory are sold.
std::string readable_bytes(uint64_t bytes);

}  // namespace scalewright
